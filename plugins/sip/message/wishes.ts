// Which reports a CPIM wrapper asks for (RFC 5438 §7.1.1.3), both ways.
import type { ReceiptWish } from '../../../src/plugin.ts'

export function cpimWish(asked: readonly string[]): { receipt: ReceiptWish; progress: boolean } {
  const positive = asked.includes('positive-delivery')
  const negative = asked.includes('negative-delivery')
  const receipt = positive && negative ? 'both' : positive ? 'success' : negative ? 'failure' : 'none'
  return { receipt, progress: receipt !== 'none' && asked.includes('processing') }
}
