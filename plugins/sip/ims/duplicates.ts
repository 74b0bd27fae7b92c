// TP-RD (TS 23.040 §9.2.3.25): a phone that is not sure whether its SMS-SUBMIT came through repeats it with
// the same TP-MR and asks that a duplicate be refused. In memory, for a while.
import type { Clock } from '../../../src/plugin.ts'

export interface Duplicates {
  /** Whether this came lately; remembered either way. `forget` where it was not taken after all. */
  seen(from: string, to: string, mr: number): boolean
  forget(from: string, to: string, mr: number): void
}

const keptMs = 600_000
const most = 50_000

export function createDuplicates(clock: Clock): Duplicates {
  const until = new Map<string, number>()

  return {
    seen(from, to, mr) {
      const now = clock.now()
      const key = keyOf(from, to, mr)
      const known = (until.get(key) ?? 0) > now
      until.delete(key)
      until.set(key, now + keptMs)
      // The oldest is first.
      for (const [oldest, ends] of until) {
        if (ends > now && until.size <= most) break
        until.delete(oldest)
      }
      return known
    },
    forget(from, to, mr) {
      until.delete(keyOf(from, to, mr))
    },
  }
}

function keyOf(from: string, to: string, mr: number): string {
  return `${from}\0${to}\0${mr}`
}
