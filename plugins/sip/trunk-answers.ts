// What the hops of a trunk answered, counted for metrics.
import type { Sent } from './engine/engine.ts'

export interface TrunkAnswers {
  add(sent: Sent): void
  /** By `2xx` … `6xx`, `timeout`, `unsent`, `lost`; only rising. */
  counts(): ReadonlyMap<string, number>
}

export function createTrunkAnswers(): TrunkAnswers {
  const counts = new Map<string, number>()
  return {
    add(sent) {
      const name = sent.kind === 'answered' ? `${Math.floor(sent.status / 100)}xx` : sent.kind
      counts.set(name, (counts.get(name) ?? 0) + 1)
    },
    counts: () => counts,
  }
}
