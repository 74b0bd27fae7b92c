// How much waits on each lane, and of it how many messages for each account: what is durable.
import type { LaneDepth } from '../store.ts'
import type { QueueKey, QueueRow } from './ops.ts'
import type { DepthRow } from './reads.ts'

export interface Depths {
  /** An item came onto its lane (1) or left it (-1). */
  deepen(key: QueueKey | QueueRow, by: number): void
  list(laneOf: (lane: number) => string): LaneDepth[]
}

export function createDepths(known: readonly DepthRow[], wait: (account: number, by: number) => void): Depths {
  const depths = new Map<number, { deliver: number; report: number }>()
  for (const [lane, account, deliver, report] of known) {
    const depth = depthOf(lane)
    depth.deliver += deliver
    depth.report += report
    if (deliver !== 0) wait(account, deliver)
  }

  function depthOf(lane: number): { deliver: number; report: number } {
    let depth = depths.get(lane)
    if (!depth) depths.set(lane, (depth = { deliver: 0, report: 0 }))
    return depth
  }

  return {
    deepen(key, by) {
      const depth = depthOf(key[0])
      if (key[2] < 4) {
        depth.deliver += by
        wait(key[1], by)
      } else depth.report += by
    },
    list: (laneOf) =>
      [...depths].filter(([, depth]) => depth.deliver + depth.report > 0).map(([lane, depth]) => ({ lane: laneOf(lane), ...depth })),
  }
}
