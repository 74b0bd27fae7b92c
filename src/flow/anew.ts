// Anew: a message whose decision may no longer be used is decided again by what holds now, as if it had
// just come, and keeps its place in the order of acceptance. Its trace has both decisions, its end and its
// CDR the newer. One that a carrier may have already is never decided again: it takes what is left of the
// decision it was sent by, or ends.
import type { LifeEntry } from '../model/life.ts'
import { copyLife, finish, type Transition } from '../model/transition.ts'
import type { FailureFacts } from '../model/failure.ts'
import type { BindId } from '../model/message.ts'
import type { Candidate, Decision } from '../model/route.ts'
import { decide, decideInbound } from '../routing/decide.ts'
import type { Question } from '../routing/question.ts'
import type { WaitingRecord } from '../store/store.ts'
import { diceOf, firstCandidate } from './accept.ts'
import type { Core } from './core.ts'
import { afterInterruption, isOnce, nextCandidate, noteInterruption } from './outcome.ts'

export interface Waiting extends WaitingRecord {
  lane: BindId
  /** Its place in the decision that is stored. */
  candidate: number
}

/** Whether a carrier may have it, or a part of it: the store is asked only where an attempt was made. */
export async function mayBeOut({ store }: Pick<Core, 'store'>, { message, life, interrupted }: WaitingRecord): Promise<boolean> {
  if (interrupted || life.segments.some((segment) => segment.state !== 'unsent')) return true
  if (life.bind === undefined) return false
  const trace = await store.trace(message.id)
  return trace === undefined || trace.entries.some((entry) => wasPerhapsTaken(entry, message.segments))
}

/** Of several segments, of those that were taken before the attempt failed not all were given an id. */
function wasPerhapsTaken(entry: LifeEntry, segments: number): boolean {
  if (entry.what !== 'attempt') return false
  if (entry.refs !== undefined || entry.outcome === 'ok' || entry.failure?.kind === 'unknown') return true
  return segments > 1 && entry.failure?.kind !== 'offline'
}

/** What becomes of one that an earlier process had begun to send, where it is not sent again by itself. */
export function afterBegun(core: Pick<Core, 'configuration'>, waiting: Waiting, now: number): Transition | undefined {
  const bind = waiting.interrupted ? core.configuration().binds.get(waiting.lane) : undefined
  return bind && afterInterruption(waiting, bind, now)
}

/** What would be decided of it now. No candidates: nothing takes it. */
export function decisionNow(core: Core, { message, decision }: Pick<WaitingRecord, 'message' | 'decision'>, now: number): Decision {
  const { account, arrival, from, to, body } = message
  const table = core.table()
  if (message.direction === 'mo') {
    const carrier = core.configuration().binds.get(arrival)
    const inbound = carrier && decideInbound(core.configuration(), table, carrier, to)
    // A number that is another account's by now hears nothing that was written to the one before.
    if (inbound?.candidates.every(({ bind }) => table.maySendBy(account, bind))) return inbound
    return { revision: table.revision, candidates: [], failoverOnReceipt: false, tried: [] }
  }
  const question: Question = { account, arrival, from, to, kind: body.kind, at: now, dice: diceOf(message.id), load: core.load }
  const via = namedBind(decision, to.value)
  if (via !== undefined) question.via = via
  return decide(table, question)
}

/** The bind that the sender named: no route is told then, and what was looked at is that name. */
function namedBind({ route, tried }: Decision, to: string): string | undefined {
  return route === undefined && tried.length === 1 && tried[0]!.route !== to ? tried[0]!.route : undefined
}

/** By a decision of now: `why` the one before may not be used. */
export function decidedAnew(core: Core, waiting: Waiting, decision: Decision, why: string, now: number): Transition {
  const { message, lane } = waiting
  const life = copyLife(waiting.life)
  life.updatedAt = now
  const entries: LifeEntry[] = [{ at: now, what: 'decided', why, before: waiting.decision }]
  const { candidates } = decision
  const candidate = Math.max(0, firstCandidate(core, candidates, now))
  const to = candidates[candidate]
  if (!to) {
    const failure: FailureFacts = { kind: 'permanent', code: 'no-route', peer: `${why}, and nothing else takes the message now` }
    const end = finish(message, decision, life, 'failed', now, { failure, entries })
    end.decision = decision
    return end
  }
  const due = Math.max(message.acceptedAt, message.deliverAfter ?? 0)
  life.state = due > now ? 'scheduled' : 'queued'
  life.segments = []
  return {
    message: message.id,
    life,
    entries,
    decision,
    requeue: { lane: to.bind, due, attempt: 0, candidate },
    counts: [{ bind: lane, name: 'retried' }],
  }
}

/** By what is left of the decision that it was sent by, where `may` says so; it ends where nothing is. */
export function decidedBefore(waiting: Waiting, why: string, now: number, may: (candidate: Candidate) => boolean): Transition {
  const { message, decision, lane, interrupted } = waiting
  const { candidates } = decision
  // What is tried once has been.
  let before = isOnce(message) ? candidates.length - 1 : waiting.candidate
  while (before + 1 < candidates.length && !may(candidates[before + 1]!)) before++
  const life = copyLife(waiting.life)
  life.updatedAt = now
  const entries = interrupted ? noteInterruption(life, lane, now) : []
  const isLast = candidates[before + 1] === undefined
  const failure: FailureFacts = {
    kind: 'unknown',
    code: 'outcome-unknown',
    peer: isLast ? `${why}, and a carrier may have the message` : why,
  }
  return nextCandidate({ item: { message, decision, candidate: before }, bind: { id: lane }, now }, life, entries, failure)
}
