// How much waits on each lane, known without asking the store each time, and which binds rest: a
// member of a trunk with too much waiting, or more than a carrier that throttles takes soon, is passed
// over until it has little again.
import { bindState } from '../binds/supervisor.ts'
import type { LiveBind, Supervisor } from '../binds/supervisor.ts'
import type { BindId } from '../model/message.ts'
import type { TrunkLoad } from '../routing/question.ts'
import type { Store } from '../store/store.ts'

export interface Load extends TrunkLoad {
  /** Messages and reports on the lane, about. */
  waiting(lane: BindId): number
  /** Of what the lane may hold, or its bind sends in a minute, so much waits, in percent; 0 where it has no such limit. */
  fullness(lane: BindId): number
  /** One more was put there. */
  added(lane: BindId): void
  /** One was taken off. */
  left(lane: BindId): void
  /** As the store has it now. */
  refresh(): Promise<void>
}

/** Of a carrier that throttles: it rests with more waiting than this many seconds' worth, until it has this many. */
const restAboveSeconds = 2
const restUntilSeconds = 0.5
/** A lane whose bind needs so long for what waits on it is full. */
const fullSeconds = 60
/** A pause of which so much is left is none of those between two segments. */
const restPauseMs = 500

export function createLoad(parts: { store: Pick<Store, 'depths'>; binds: Pick<Supervisor, 'get'> }): Load {
  let depths = new Map<BindId, number>()
  /** Since the last look. */
  let changes = new Map<BindId, number>()
  const resting = new Set<BindId>()
  const throttled = new Set<BindId>()
  const turns = new Map<string, number>()

  function isThrottled(id: BindId, { bind, rate }: LiveBind, depth: number): boolean {
    const perSecond = rate.perSecond()
    // Another limit than the configured one was learned from the carrier.
    const learned = perSecond > 0 && perSecond !== bind.policy.segmentsPerSecond
    const pausedMs = rate.pausedMs()
    if (pausedMs >= restPauseMs || (learned && depth > perSecond * restAboveSeconds)) throttled.add(id)
    else if (pausedMs === 0 && (!learned || depth <= perSecond * restUntilSeconds)) throttled.delete(id)
    return throttled.has(id)
  }

  const waiting = (lane: BindId): number => Math.max(0, (depths.get(lane) ?? 0) + (changes.get(lane) ?? 0))

  return {
    waiting,
    fullness(lane) {
      const depth = waiting(lane)
      const live = depth === 0 ? undefined : parts.binds.get(lane)
      if (!live) return 0
      const perSecond = live.rate.perSecond()
      const most = live.bind.policy.mostQueued
      const ofTime = perSecond > 0 ? depth / (perSecond * fullSeconds) : 0
      return Math.min(100, Math.floor(Math.max(ofTime, most > 0 ? depth / most : 0) * 100))
    },
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
      const depth = waiting(id)
      if (restAbove > 0) {
        if (depth > restAbove) resting.add(id)
        else if (depth <= restUntil) resting.delete(id)
        if (resting.has(id)) return 'resting'
      }
      return isThrottled(id, live, depth) ? 'resting' : 'ready'
    },
  }
}
