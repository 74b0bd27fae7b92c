// The pure steps of a message from state to state. The store runs them inside its transactions, so a
// message ends exactly once whichever way the news arrives.
import { cdrOf, type Cdr } from './cdr.ts'
import type { FailureFacts } from './failure.ts'
import { isTerminal, type Life, type LifeEntry, type MessageState, type SegmentProgress } from './life.ts'
import type { BindId, Message, MessageId } from './message.ts'
import type { Receipt, ReceiptState, Report } from './receipt.ts'
import type { Decision } from './route.ts'

/** What one step changes, written in one transaction. The queue item is removed unless `requeue` is there. */
export interface Transition {
  message: MessageId
  life: Life
  entries: LifeEntry[]
  /** Correlations that now hold: receipts of `bind` for `ref` are about this segment. */
  refs?: { bind: BindId; ref: string; segment: number }[]
  /** While waiting for receipts: give up then. */
  receiptBy?: number
  requeue?: { lane: BindId; due: number; attempt: number; candidate: number }
  /** Takes the place of the decision that is stored; `requeue` and the CDR are by this one. */
  decision?: Decision
  report?: Report
  cdr?: Cdr
  /** Statistics: one is added to each. */
  counts: Count[]
}

export interface Count {
  bind: BindId
  name: CountName
}
export type CountName =
  | 'accepted'
  | 'sent'
  | 'delivered'
  | 'undelivered'
  | 'failed'
  | 'expired'
  | 'canceled'
  | 'unconfirmed'
  | 'retried'
  | 'throttled'
  | 'unknown'
  | 'receipts'
  | 'parked'
  /** Parked receipts given up: too old, or too many. */
  | 'parkedLost'
  | 'duplicates'
  | 'reported'
  | 'reportsFailed'

/** Whether the sender wants to hear of this state. */
export function wantsReport(message: Message, state: MessageState): boolean {
  if (state === 'sent') return message.progress === true && message.receipt !== 'none'
  if (!isTerminal(state)) return false
  if (message.receipt === 'both') return true
  return message.receipt === (state === 'delivered' ? 'success' : 'failure')
}

/**
 * A copy to change. Field by field, here and below: each message passes several times, and an object
 * literal with a spread and more fields after it costs V8 of Node 20 fifty times as much.
 */
export function copyLife(life: Life): Life {
  const copy = unfailed(life)
  if (life.failure !== undefined) copy.failure = life.failure
  return copy
}

/** Likewise, without the failure that was. */
export function unfailed(life: Life): Life {
  const copy: Life = { state: life.state, segments: life.segments, attempts: life.attempts, updatedAt: life.updatedAt }
  if (life.bind !== undefined) copy.bind = life.bind
  if (life.sentAt !== undefined) copy.sentAt = life.sentAt
  if (life.finalAt !== undefined) copy.finalAt = life.finalAt
  return copy
}

/** The step into a terminal state: CDR always, report where the sender wants one. */
export function finish(
  message: Message,
  decision: Decision,
  life: Life,
  state: MessageState,
  at: number,
  more: {
    failure?: FailureFacts | undefined
    entries?: LifeEntry[]
    doneAt?: number | undefined
    error?: string | undefined
    extras?: Record<string, string> | undefined
  } = {},
): Transition {
  const { failure } = more
  const ended = copyLife(life)
  ended.state = state
  ended.updatedAt = at
  ended.finalAt = at
  const last: LifeEntry = { at, what: 'final', state }
  if (failure !== undefined) {
    ended.failure = failure
    last.failure = failure
  }
  const step: Transition = {
    message: message.id,
    life: ended,
    entries: more.entries ? [...more.entries, last] : [last],
    cdr: cdrOf(message, decision, ended),
    counts: [{ bind: life.bind ?? message.arrival, name: state as CountName }],
  }
  if (wantsReport(message, state)) {
    const report: Report = { state, at }
    if (failure !== undefined) report.failure = failure
    if (more.doneAt !== undefined) report.doneAt = more.doneAt
    if (more.error !== undefined) report.error = more.error
    if (more.extras !== undefined) report.extras = more.extras
    step.report = report
  }
  return step
}

/**
 * A receipt for one segment. Undefined when it changes nothing: a duplicate, an intermediate
 * state after a final one, or a message that has ended.
 */
export function afterReceipt(
  message: Message,
  decision: Decision,
  life: Life,
  at: number,
  news: { bind: BindId; segment: number; form: string; receipt: Receipt },
): Transition | undefined {
  const { bind, segment, receipt } = news
  const known = life.segments[segment]
  if (!known || known.final || isTerminal(life.state) || known.bind !== bind) return undefined
  if (!receipt.final && known.state === receipt.state) return undefined
  const segments = life.segments.slice()
  const changed: SegmentProgress = { state: receipt.state, bind, final: receipt.final, at }
  if (known.ref !== undefined) changed.ref = known.ref
  if (receipt.error !== undefined) changed.error = receipt.error
  segments[segment] = changed
  const next = copyLife(life)
  next.segments = segments
  next.updatedAt = at
  const entry: LifeEntry = { at, what: 'receipt', bind, ref: receipt.ref, segment, state: receipt.state, final: receipt.final }
  if (receipt.error !== undefined) entry.error = receipt.error
  if (news.form !== 'same') entry.form = news.form
  if (receipt.wire !== undefined) entry.wire = receipt.wire
  const counts: Count[] = [{ bind, name: 'receipts' }]
  // A segment may be receipted while its siblings still wait to be sent: the attempt decides then.
  const waiting = life.state !== 'sent' || segments.some((s) => !s.final)
  if (receipt.failure && life.failure === undefined) next.failure = receipt.failure
  if (waiting) return { message: message.id, life: next, entries: [entry], counts }
  return afterAllReceipts(message, decision, next, at, receipt, { bind, entries: [entry], counts })
}

/** Every segment has its final state: delivered, or the next candidate where the route asks for it, or undelivered. */
function afterAllReceipts(
  message: Message,
  decision: Decision,
  life: Life,
  at: number,
  last: Pick<Receipt, 'state' | 'doneAt' | 'error' | 'extras'>,
  so: { bind: BindId; entries: LifeEntry[]; counts: Count[] },
): Transition {
  const { bind, entries, counts } = so
  const delivered = life.segments.every((s) => s.state === 'delivered')
  if (delivered) {
    const done = finish(message, decision, unfailed(life), 'delivered', at, {
      entries,
      doneAt: last.doneAt,
      error: last.error,
      extras: last.extras,
    })
    done.counts.push(...counts)
    return done
  }
  const after = decision.candidates.findIndex((c) => c.bind === bind) + 1
  const other = decision.candidates[after]
  if (decision.failoverOnReceipt && other && at < message.validUntil) {
    const fresh = unfailed(life)
    fresh.state = 'queued'
    fresh.segments = []
    return {
      message: message.id,
      life: fresh,
      entries: [...entries, { at, what: 'failover', from: bind, to: other.bind, why: `the receipt says ${last.state}` }],
      requeue: { lane: other.bind, due: at, attempt: 0, candidate: after },
      counts: [...counts, { bind, name: 'retried' }],
    }
  }
  const failure = life.failure ?? { kind: 'permanent' as const, code: 'undeliverable' as const }
  const done = finish(message, decision, life, 'undelivered', at, {
    failure,
    entries,
    doneAt: last.doneAt,
    error: last.error,
    extras: last.extras,
  })
  done.counts.push(...counts)
  return done
}

/**
 * An attempt's step, computed from the life as it was claimed, on top of the life as it is now:
 * receipts that came meanwhile for segments of an earlier attempt stay. When with this attempt
 * every segment has its final state, the message ends, or fails over, here.
 */
export function mergeReceipts(message: Message, decision: Decision, current: Life, step: Transition, at: number): Transition {
  let failed: ReceiptState | undefined
  let kept = false
  const segments = step.life.segments.map((segment, i) => {
    const known = current.segments[i]
    const same = known !== undefined && known.ref === segment.ref && known.bind === segment.bind
    if (!same || known.state === segment.state || known.state === 'unsent' || known.state === 'sent') return segment
    kept = true
    if (known.final && known.state !== 'delivered') failed = known.state
    return known
  })
  if (!kept) return step
  const failure = step.life.failure ?? (failed ? current.failure : undefined)
  const life = copyLife(step.life)
  life.segments = segments
  if (failure !== undefined) life.failure = failure
  if (life.state !== 'sent' || segments.some((s) => !s.final)) return { ...step, life }
  const bind = life.bind ?? message.arrival
  const ended = afterAllReceipts(
    message,
    decision,
    life,
    at,
    { state: failed ?? 'delivered' },
    { bind, entries: step.entries, counts: step.counts },
  )
  if (step.refs) ended.refs = step.refs
  return ended
}

/** No receipt came in time: the message ends with what is known. */
export function afterReceiptTimeout(message: Message, decision: Decision, life: Life, at: number): Transition {
  const failed = life.segments.some((s) => s.final && s.state !== 'delivered')
  if (failed)
    return finish(message, decision, life, 'undelivered', at, { failure: life.failure ?? { kind: 'permanent', code: 'undeliverable' } })
  return finish(message, decision, life, 'unconfirmed', at, { failure: { kind: 'unknown', code: 'no-receipt' } })
}
