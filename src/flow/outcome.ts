// What follows from one attempt. Retried on the same bind: temporary and throttled failures, and
// unknown ones where the bind's policy is `resend`. Next candidate: permanent failures and attempts
// used up. Offline costs nothing: the message was never written. Anything past its validity expires.
// Datagrams and transactions are tried once.
import { backoffMs, busyShape, retryShape } from '../binds/backoff.ts'
import type { Bind } from '../model/bind.ts'
import type { FailureFacts } from '../model/failure.ts'
import type { BindId, Message } from '../model/message.ts'
import type { Life, LifeEntry, SegmentProgress } from '../model/life.ts'
import { finish, unfailed, wantsReport, type Count, type Transition } from '../model/transition.ts'
import type { Outcome } from '../plugin.ts'
import type { DeliverItem } from '../store/store.ts'
import { actionFor, isBusy } from './judge.ts'

export interface Attempted {
  item: Pick<DeliverItem, 'message' | 'decision' | 'life' | 'candidate' | 'attempt'>
  bind: Bind
  /** The connector sends receipts for what it took. */
  receipts: boolean
  /** Places in life.segments that this attempt sent, in order. */
  sent: readonly number[]
  /** Segments of the whole message on this bind. */
  total: number
  outcome: Outcome
  startedAt: number
  now: number
  /** How long the bind rests after this: what it sends next goes then. */
  restMs: number
  random: number
}

export function afterAttempt(attempt: Attempted): Transition {
  const { item, bind, outcome, now } = attempt
  const counted = outcome.ok || costsAttempt(outcome.failure)
  const segments = progress(attempt)
  const entry: LifeEntry = {
    at: now,
    what: 'attempt',
    n: item.life.attempts + 1,
    bind: bind.id,
    outcome: outcome.ok ? 'ok' : 'failed',
    tookMs: now - attempt.startedAt,
  }
  if (outcome.ok) entry.refs = outcome.refs
  else {
    entry.failure = outcome.failure
    const taken = outcome.refs?.filter((ref) => ref !== undefined)
    if (taken?.length) entry.refs = taken
  }
  if (outcome.wire) entry.wire = outcome.wire
  const life = unfailed(item.life)
  life.state = 'queued'
  life.segments = segments
  life.bind = bind.id
  if (counted) life.attempts++
  life.updatedAt = now
  const isTaken = outcome.ok && segments.every((segment) => segment.state !== 'unsent')
  const step = isTaken ? whenTaken(attempt, life, entry) : whenFailed(attempt, life, entry, outcome.ok ? unanswered : outcome.failure)
  const refs = refsOf(attempt)
  // With the segments gone (another candidate, a new start) their receipts mean nothing any more.
  if (refs.length > 0 && step.life.segments.length > 0) step.refs = refs
  return step
}

/** Nothing was written, or it came at a bad moment for the bind: the message is none the worse. */
function costsAttempt(failure: FailureFacts): boolean {
  return failure.kind !== 'offline' && (failure.kind !== 'throttled' || isBusy(failure))
}

const unanswered: FailureFacts = { kind: 'temporary', code: 'peer-error', peer: 'not every segment was answered' }

function refsOf({ outcome, sent, bind }: Attempted): { bind: string; ref: string; segment: number }[] {
  const refs: { bind: string; ref: string; segment: number }[] = []
  outcome.refs?.forEach((ref, i) => {
    const segment = sent[i]
    if (ref && segment !== undefined) refs.push({ bind: bind.id, ref, segment })
  })
  return refs
}

function whenTaken({ item: { message, decision }, bind, receipts, outcome, now }: Attempted, life: Life, entry: LifeEntry): Transition {
  life.sentAt = now
  const count: Count = { bind: bind.id, name: 'sent' }
  const known = outcome.ok ? outcome.final : undefined
  if (message.direction === 'mo' || !receipts || known !== undefined) {
    const state = message.direction === 'mo' ? 'delivered' : (known ?? 'unconfirmed')
    const end = finish(message, decision, life, state, now, { entries: [entry] })
    end.counts.push(count)
    return end
  }
  life.state = 'sent'
  const step: Transition = {
    message: message.id,
    life,
    entries: [entry],
    receiptBy: message.validUntil + bind.policy.receiptTimeoutSeconds * 1000,
    counts: [count],
  }
  if (wantsReport(message, 'sent')) step.report = { state: 'sent', at: now }
  return step
}

function progress(attempt: Attempted): SegmentProgress[] {
  const { item, bind, outcome, sent, total, now } = attempt
  const segments: SegmentProgress[] = []
  for (let i = 0; i < total; i++) segments.push(item.life.segments[i] ?? { state: 'unsent' })
  sent.forEach((place, i) => {
    const ref = outcome.refs?.[i]
    if (!outcome.ok && ref === undefined) return
    const taken: SegmentProgress = { state: 'sent', bind: bind.id, at: now }
    if (ref) taken.ref = ref
    segments[place] = taken
  })
  return segments
}

function whenFailed(attempt: Attempted, life: Life, entry: LifeEntry, failure: FailureFacts): Transition {
  const { item, bind, now, random } = attempt
  const { message, decision } = item
  const failed: Life = { ...life, failure }
  const counts: Count[] = []
  const again = (due: number, tries: number, place = due): Transition => ({
    message: message.id,
    life: failed,
    entries: [entry, { at: now, what: 'retry', bind: bind.id, due }],
    requeue: { lane: bind.id, due: place, attempt: tries, candidate: item.candidate },
    counts: [...counts, { bind: bind.id, name: 'retried' }],
  })
  if (now >= message.validUntil)
    return finish(message, decision, failed, 'expired', now, { failure: { ...failure, code: 'expired' }, entries: [entry] })
  if (failure.kind === 'offline') return again(now, item.attempt)
  if (failure.kind === 'throttled') counts.push({ bind: bind.id, name: 'throttled' })
  if (failure.kind === 'unknown') counts.push({ bind: bind.id, name: 'unknown' })
  const fail = (facts: FailureFacts): Transition => {
    const end = finish(message, decision, failed, 'failed', now, { failure: facts, entries: [entry] })
    end.counts.push(...counts)
    return end
  }
  const once = isOnce(message)
  if (failure.kind === 'unknown' && (once || bind.policy.unknown === 'fail')) return fail({ ...failure, code: 'outcome-unknown' })
  if (once) return fail(failure)
  const action = actionFor(bind.policy, failure)
  const onwards = (): Transition => (action?.failover === false ? fail(failure) : nextCandidate(attempt, failed, [entry], failure))
  if (failure.kind === 'permanent') return onwards()
  if (failure.kind === 'unknown' && bind.policy.unknown === 'hold') {
    return {
      message: message.id,
      life: { ...failed, state: 'held' },
      entries: [entry, { at: now, what: 'held', why: 'the carrier may have it; release it to send again, or end it' }],
      counts,
    }
  }
  if (action?.failover === true && decision.candidates[item.candidate + 1]) return onwards()
  if (failure.kind === 'throttled' && !isBusy(failure)) {
    // Refused for the first time it keeps its place, before what came later; again, it makes room.
    const due = now + (failure.retryAfterMs ?? attempt.restMs)
    return item.life.failure?.kind === 'throttled' || failure.retryAfterMs !== undefined
      ? again(due, item.attempt)
      : again(due, item.attempt, Math.max(message.acceptedAt, message.deliverAfter ?? 0))
  }
  const tries = item.attempt + 1
  if (tries >= (action?.attempts ?? bind.policy.attempts)) return onwards()
  const shape = isBusy(failure) ? busyShape(bind.policy) : retryShape(bind.policy)
  return again(now + (failure.retryAfterMs ?? backoffMs(shape, item.attempt, random)), tries)
}

/** A datagram, or a transaction. */
export const isOnce = ({ mode }: Message): boolean => mode !== undefined && mode !== 'store'

const interruptedFailure = { kind: 'unknown', code: 'outcome-unknown', peer: 'the gateway stopped during this attempt' } as const

/** The attempt that was under way when an earlier process died, as the trace tells it. */
export function interruption({ attempts }: Life, bind: BindId, at: number): LifeEntry {
  return { at, what: 'attempt', n: attempts + 1, bind, outcome: 'failed', failure: interruptedFailure }
}

/** The same of a message that goes to another bind without having been tried since: its life knows of that attempt, too. */
export function noteInterruption(life: Life, bind: BindId, at: number): LifeEntry[] {
  life.bind = bind
  return [interruption(life, bind, at)]
}

/** What becomes of it where it is not sent again by itself: the bind's policy says so, or it is tried once. Undefined: it is. */
export function afterInterruption(
  { message, decision, life, candidate }: Pick<DeliverItem, 'message' | 'decision' | 'life' | 'candidate'>,
  bind: Bind,
  now: number,
): Transition | undefined {
  if (bind.policy.unknown === 'resend' && !isOnce(message)) return undefined
  const item = { message, decision, life, candidate, attempt: 0 }
  const total = life.segments.length
  const outcome: Outcome = { ok: false, failure: interruptedFailure }
  return afterAttempt({ item, bind, receipts: true, sent: [], total, outcome, startedAt: now, now, restMs: 0, random: 0 })
}

/** The next candidate of the stored decision gets the whole message anew; none left: it failed. */
export function nextCandidate(
  at: { item: Pick<DeliverItem, 'message' | 'decision' | 'candidate'>; bind: Pick<Bind, 'id'>; now: number },
  life: Life,
  entries: LifeEntry[],
  failure: FailureFacts,
): Transition {
  const { message, decision, candidate } = at.item
  const next = decision.candidates[candidate + 1]
  if (!next) return finish(message, decision, life, 'failed', at.now, { failure, entries })
  const due = Math.max(at.now, message.deliverAfter ?? 0)
  return {
    message: message.id,
    life: { ...life, state: due > at.now ? 'scheduled' : 'queued', segments: [], updatedAt: at.now },
    entries: [...entries, { at: at.now, what: 'failover', from: at.bind.id, to: next.bind, why: failure.peer ?? failure.code }],
    requeue: { lane: next.bind, due, attempt: 0, candidate: candidate + 1 },
    counts: [{ bind: at.bind.id, name: 'retried' }],
  }
}
