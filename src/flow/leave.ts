// Leave: what waits for a bind that is gone goes elsewhere, or ends. A bind that is down too long or
// disabled loses its messages to their next candidate, or, where they have none, to what is decided of
// them now that the configuration has changed; a member of a trunk without a session loses them to another
// member at once; what has waited for a link longer than the bind allows fails; and what waits for a bind
// that was deleted, or that its account may not use any more, is decided anew.
import { bindState } from '../binds/supervisor.ts'
import { copyLife, type Transition } from '../model/transition.ts'
import type { BindId } from '../model/message.ts'
import type { Candidate } from '../model/route.ts'
import type { WaitingRecord } from '../store/store.ts'
import type { Core } from './core.ts'
import { isDownTooLong } from './downtime.ts'
import { afterBegun, decidedAnew, decisionNow, mayBeOut, type Waiting } from './anew.ts'
import { nextCandidate, noteInterruption } from './outcome.ts'
import { eachWaiting } from './waiting.ts'
import { leaveWithdrawn, moveUnchanged, withdrawn } from './withdrawn.ts'

/** Of lanes that were looked through: until when they are not again, unless the binds are otherwise than they were. */
export type Rests = Map<BindId, { until: number; binds: string }>

/** So many times as long as a look took: of a long backlog it reads every message, however long a carrier is down. */
const restTimes = 9

export async function leaveLostBinds(core: Core, rests: Rests = new Map()): Promise<void> {
  const now = core.clock.now()
  let binds: string | undefined
  for (const { lane, deliver } of await core.store.depths()) {
    const step = deliver === 0 ? undefined : stepFor(core, lane, now)
    if (!step) {
      rests.delete(lane)
      continue
    }
    binds ??= bindsNow(core, now)
    const rest = rests.get(lane)
    if (rest && rest.binds === binds && !step.hurries && core.clock.steady.now() < rest.until) continue
    const startedAt = performance.now()
    await eachWaiting(core, lane, (record) => leave(core, lane, record, step.of, now))
    rests.set(lane, { until: core.clock.steady.now() + restTimes * (performance.now() - startedAt), binds })
  }
}

/** What messages may be moved by: the configuration, and which binds take some. */
function bindsNow(core: Core, now: number): string {
  let text = `${core.table().revision} `
  for (const { bind } of core.binds.all())
    text += core.load.fitness(bind.id) === 'ready' ? '1' : isDownTooLong(core, bind.id, now) ? '2' : '0'
  return text
}

type Next = (fresh: WaitingRecord) => Transition
/** What is to be done with a message: this, or what is decided of it now, where that is something else. */
type Step = (record: WaitingRecord) => Next | 'anew' | undefined

/** What is to be done with the messages of a lane; undefined when they may wait. `hurries`: time alone ends some. */
function stepFor(core: Core, lane: BindId, now: number): { of: Step; hurries: boolean } | undefined {
  const bind = core.configuration().binds.get(lane)
  const live = core.binds.get(lane)
  const lost = bind === undefined || isDownTooLong(core, lane, now)
  const down = live !== undefined && bindState(live) === 'down' && !live.bind.paused
  const trunked = bind !== undefined && bind.policy.trunk !== '' && (down || lost)
  const limit = down ? live.bind.policy.relayLimitMs : 0
  const late = limit > 0 && now - live!.since >= limit
  if (!lost && !trunked && !late) return undefined
  const { revision } = core.table()
  const of: Step = (record) => {
    const { message, decision, life } = record
    const at = decision.candidates.findIndex((candidate) => candidate.bind === lane)
    const sibling = trunked ? siblingOf(core, record, at) : -1
    if (sibling >= 0) return (fresh) => toSibling(fresh, lane, sibling, now)
    const hasNext = decision.candidates[at + 1] !== undefined
    const waitsSince = Math.max(life.updatedAt, message.deliverAfter ?? 0, live?.since ?? 0)
    const tooLate = late && now - waitsSince >= limit
    if (tooLate || (hasNext && lost)) return (fresh) => onwards(fresh, lane, at, now)
    return lost && decision.revision !== revision ? 'anew' : undefined
  }
  return { of, hurries: late }
}

async function leave(core: Core, lane: BindId, record: WaitingRecord, step: Step, now: number): Promise<void> {
  // A bind that is back soon is looked at by the deliverer; for this one it may never be its turn.
  if (withdrawn(core, record.message, record.decision, lane) !== undefined) return leaveWithdrawn(core, record, lane)
  const found = step(record)
  const placed = (fresh: WaitingRecord): Waiting => {
    const candidate = fresh.decision.candidates.findIndex(({ bind }) => bind === lane)
    return { ...fresh, lane, candidate }
  }
  if (typeof found === 'function') await core.store.move(record.message.id, (fresh) => afterBegun(core, placed(fresh), now) ?? found(fresh))
  else if (found === 'anew') {
    const decision = decisionNow(core, record, now)
    const isElsewhere = decision.candidates.some(({ bind }) => bind !== lane && !isDownTooLong(core, bind, now))
    if (!isElsewhere || (await mayBeOut(core, record))) return
    await moveUnchanged(core, record, (fresh) => {
      if (fresh.interrupted) return undefined
      return decidedAnew(core, placed(fresh), decision, 'the bind is disabled, or down for longer than its limit', now)
    })
  }
}

/**
 * Another member of the trunk that is ready: one after it, or any when nothing was tried yet; the one
 * with the least waiting. -1: none, or a part of the message was taken already.
 */
function siblingOf(core: Core, { message, decision, life }: WaitingRecord, at: number): number {
  const own = decision.candidates[at]
  if (own?.trunk === undefined || life.segments.some((segment) => segment.state !== 'unsent')) return -1
  let best = -1
  decision.candidates.forEach((candidate: Candidate, i) => {
    if (i === at || candidate.trunk !== own.trunk || (i < at && life.attempts > 0)) return
    if (core.load.fitness(candidate.bind) !== 'ready' || !core.table().maySendBy(message.account, candidate.bind)) return
    if (best < 0 || core.load.waiting(candidate.bind) < core.load.waiting(decision.candidates[best]!.bind)) best = i
  })
  if (best >= 0) core.load.added(decision.candidates[best]!.bind)
  return best
}

function toSibling({ message, decision, life, interrupted }: WaitingRecord, lane: BindId, candidate: number, now: number): Transition {
  const to = decision.candidates[candidate]!.bind
  const next = copyLife(life)
  next.updatedAt = now
  const begun = interrupted ? noteInterruption(next, lane, now) : []
  return {
    message: message.id,
    life: next,
    entries: [...begun, { at: now, what: 'failover', from: lane, to, why: 'it has no session, and another member of its trunk has' }],
    requeue: { lane: to, due: Math.max(now, message.deliverAfter ?? 0), attempt: 0, candidate },
    counts: [{ bind: lane, name: 'retried' }],
  }
}

function onwards({ message, decision, life, interrupted }: WaitingRecord, lane: BindId, candidate: number, now: number): Transition {
  const next = copyLife(life)
  next.updatedAt = now
  const entries = interrupted ? noteInterruption(next, lane, now) : []
  return nextCandidate({ item: { message, decision, candidate }, bind: { id: lane }, now }, next, entries, {
    kind: 'permanent',
    code: 'bind-down',
    peer: 'the bind is down for longer than its limit',
  })
}
