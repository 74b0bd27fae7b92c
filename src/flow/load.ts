// How much waits on each lane, known without asking the store each time, and which binds rest: a
// member of a trunk with too much waiting is passed over until it has little again.
import { bindState } from '../binds/supervisor.ts'
import type { Supervisor } from '../binds/supervisor.ts'
import type { BindId } from '../model/message.ts'
import type { TrunkLoad } from '../routing/question.ts'
import type { Store } from '../store/store.ts'

export interface Load extends TrunkLoad {
  /** Messages and reports on the lane, about. */
  waiting(lane: BindId): number
  /** One more was put there. */
  added(lane: BindId): void
  /** One was taken off. */
  left(lane: BindId): void
  /** As the store has it now. */
  refresh(): Promise<void>
}

export function createLoad(parts: { store: Pick<Store, 'depths'>; binds: Pick<Supervisor, 'get'> }): Load {
  let depths = new Map<BindId, number>()
  /** Since the last look. */
  let changes = new Map<BindId, number>()
  const resting = new Set<BindId>()
  const turns = new Map<string, number>()

  const waiting = (lane: BindId): number => Math.max(0, (depths.get(lane) ?? 0) + (changes.get(lane) ?? 0))

  return {
    waiting,
    added(lane) {
      changes.set(lane, (changes.get(lane) ?? 0) + 1)
    },
    left(lane) {
      changes.set(lane, (changes.get(lane) ?? 0) - 1)
    },
    async refresh() {
      const now = await parts.store.depths()
      depths = new Map(now.map(({ lane, deliver, report }) => [lane, deliver + report]))
      changes = new Map()
    },
    turn(trunk) {
      const turn = turns.get(trunk) ?? 0
      turns.set(trunk, turn + 1)
      return turn
    },
    fitness(id) {
      const live = parts.binds.get(id)
      if (!live || live.bind.paused || bindState(live) !== 'bound') return 'down'
      const { restAbove, restUntil } = live.bind.policy
      if (restAbove > 0) {
        const depth = waiting(id)
        if (depth > restAbove) resting.add(id)
        else if (depth <= restUntil) resting.delete(id)
        if (resting.has(id)) return 'resting'
      }
      return 'ready'
    },
  }
}
