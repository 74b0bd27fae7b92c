// What a segment says: octets as a carrier hands them over become text, by the alphabet and, for
// GSM 7-bit, the national tables that the segment's own header names.
import { decodeGsm7, gsm7Alphabet } from './gsm7.ts'
import { decodeUcs2 } from './ucs2.ts'
import { shiftTablesOf } from './udh.ts'

/**
 * `data`: gsm7 septets one an octet, or UTF-16BE octets, without the header. `udh`: the header's
 * elements. `part`: one of several, so a surrogate cut off at its edge is kept for the join.
 */
export function decodeText(alphabet: 'gsm7' | 'ucs2', data: Uint8Array, udh?: Uint8Array, part = false): string {
  if (alphabet === 'ucs2') return decodeUcs2(data, part)
  if (!udh) return decodeGsm7(data)
  const { locking, single } = shiftTablesOf(udh)
  return decodeGsm7(data, gsm7Alphabet(locking, single))
}
