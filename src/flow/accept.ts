// Accept: a submission becomes a message with its decision, durable before anyone is answered.
import type { OwnNumber } from '../model/account.ts'
import type { Bind, ReportLevel } from '../model/bind.ts'
import type { FailureCode } from '../model/failure.ts'
import type { Address } from '../model/address.ts'
import { alphaSenderFault } from '../model/alpha.ts'
import type { Life, LifeEntry } from '../model/life.ts'
import { finish } from '../model/transition.ts'
import { localBindId } from '../model/configuration.ts'
import type { AccountId, BindId, Message, MessageId, OptOutType, ReceiptWish, Submission } from '../model/message.ts'
import type { Candidate, Decision } from '../model/route.ts'
import { AcceptRefused } from '../plugin.ts'
import { decide, decideInbound, inboundNumber } from '../routing/decide.ts'
import type { Question } from '../routing/question.ts'
import { type Joined, type NewMessage, StoreUnavailable } from '../store/store.ts'
import { bodyFault, countSegments, maxParts } from '../text/index.ts'
import { isDownTooLong } from './downtime.ts'
import { refuseAddresses, refuseLength, validUntilOf } from './filter.ts'
import { isSuspended, type Core } from './core.ts'
import { heardKeyword, noteKeyword, refuseOptedOut, replyTo, type Heard } from './optout.ts'

/** Two gateways that route a number at each other hand a message on so often; no true way is so long. */
const mostHops = 10

export interface AcceptOptions {
  /** The inbound parts that the submission was joined from. */
  joins?: Joined
  /** Its parts were acknowledged already: it is accepted all the same, and ends at once for this. */
  refused?: AcceptRefused
  /** It was taken back before all of its parts had come: it ends at once, as canceled. */
  canceled?: true
  /** It answers such a word: neither the bind's filters nor an opt-out stop it. */
  answers?: OptOutType
  /** Told the lane that the message waits on. */
  onLane?(lane: BindId): void
}

/**
 * MT on a client bind, MO on a supplier bind, but for what is in transit there. Rejects with AcceptRefused. An MT without a route is
 * refused, so the sender hears at once; an MO for nobody is kept as failed, since the carrier has
 * done its part and would only send it again.
 */
export async function accept(core: Core, bind: Bind, submission: Submission, options: AcceptOptions = {}): Promise<MessageId> {
  const segments = countSegments(submission.body)
  const { refused, canceled, answers } = options
  const ends = refused !== undefined || canceled === true
  if (!ends && answers === undefined) {
    if (segments > maxParts) throw new AcceptRefused('too-long', `The body needs ${segments} segments; ${maxParts} is the most.`)
    const fault = bodyFault(submission.body)
    if (fault !== undefined) throw new AcceptRefused('invalid', fault)
    if (submission.hops !== undefined && submission.hops >= mostHops)
      throw new AcceptRefused('loop', `It came through ${submission.hops} gateways: it goes round in a loop.`)
    refuseAddresses(bind, submission)
    refuseLength(bind, submission)
  }
  const now = core.clock.now()
  const id = submission.id ?? core.ids.next()
  const direction = isSubmitted(core, bind, submission.to) ? 'mt' : 'mo'
  let account = bind.account
  let decision: Decision
  let own: OwnNumber | undefined
  let heard: Heard | undefined
  if (ends) {
    decision = { revision: core.table().revision, candidates: [], failoverOnReceipt: false, tried: [] }
  } else if (direction === 'mt') {
    if (isSuspended(core, account)) throw new AcceptRefused('suspended', `Account ${account} is not active.`)
    const fault = alphaSenderFault(core.configuration(), account, submission.from, submission.to)
    if (fault !== undefined) throw new AcceptRefused('source-not-allowed', `The sender ${submission.from.value} ${fault}.`)
    if (answers === undefined) refuseOptedOut(core, account, submission)
    const question: Question = {
      account,
      arrival: bind.id,
      from: submission.from,
      to: submission.to,
      kind: submission.body.kind,
      at: now,
      dice: diceOf(id),
      load: core.load,
    }
    if (submission.via !== undefined) question.via = submission.via
    decision = decide(core.table(), question)
    if (decision.candidates.length === 0) throw noRoute(decision, account)
  } else {
    decision = decideInbound(core.configuration(), core.table(), bind, submission.to)
    own = inboundNumber(core.configuration(), core.table(), bind, submission.to)
    if (own) {
      account = own.account
      heard = heardKeyword(core, own, submission)
    }
  }
  const message = messageOf(submission, bind, { id, account, direction, segments }, now)
  const service = direction === 'mt' ? submission.service : core.serviceOf(account, own?.value ?? submission.to.value)
  if (service !== undefined) message.service = service
  const due = Math.max(now, submission.deliverAfter ?? 0)
  const life: Life = { state: due > now ? 'scheduled' : 'queued', segments: [], attempts: 0, updatedAt: now }
  const entries: LifeEntry[] = [{ at: now, what: 'accepted', via: bind.id }]
  const added: NewMessage = { message, decision, life, entries }
  if (direction === 'mt') {
    const limit = core.limits.of(account, ends || options.joins !== undefined || answers !== undefined)
    if (limit !== undefined) added.limit = limit
  }
  if (submission.idempotencyKey !== undefined) added.idempotencyKey = submission.idempotencyKey
  if (submission.sticky === true && service !== undefined) added.sticky = true
  if (options.joins !== undefined) added.joins = options.joins
  if (answers !== undefined) message.keyword = answers
  if (heard) noteKeyword(added, heard)
  if (decision.candidates.length > 0) {
    const candidate = firstCandidate(core, decision.candidates, now)
    if (candidate < 0) throw new AcceptRefused('queue-full', 'As much as may wait for the binds that could take this waits already.')
    added.queue = { lane: decision.candidates[candidate]!.bind, due, candidate }
  } else {
    const why = refused?.message ?? decision.tried[0]?.why
    const end = finish(message, decision, life, canceled ? 'canceled' : 'failed', now, {
      failure: {
        kind: 'permanent',
        code: canceled ? 'canceled' : refused ? (refusalCodes[refused.why] ?? 'rejected') : 'no-route',
        ...(why === undefined ? {} : { peer: why }),
      },
    })
    added.life = end.life
    added.entries = [...entries, ...end.entries]
    added.ended = end
  }
  try {
    const storing = core.store.accept(added)
    // Of the same tick: in one record with it, so that who opts out is also told so.
    const answered = heard && answer(core, bind, heard, submission)
    const accepted = await storing
    await answered
    if (accepted.as === 'duplicate') return accepted.of
    if (added.queue) {
      core.load.added(added.queue.lane)
      options.onLane?.(added.queue.lane)
    }
    return id
  } catch (error) {
    if (error instanceof StoreUnavailable) throw new AcceptRefused('busy', error.message)
    throw error
  }
}

/** From the number's own bind, by the account's routes; back by the carrier that brought the word where none fits. Never rejects. */
async function answer(core: Core, bind: Bind, heard: Heard, submission: Submission): Promise<void> {
  const reply = replyTo(heard, submission)
  const arrival = reply && core.configuration().binds.get(heard.number.bind)
  if (!arrival) return
  const options: AcceptOptions = { answers: heard.keyword.type }
  try {
    await accept(core, arrival, reply, options).catch((error: unknown) => {
      if (!(error instanceof AcceptRefused) || error.why !== 'no-route') throw error
      return accept(core, arrival, { ...reply, via: localBindId(bind.id) }, options)
    })
  } catch (error) {
    core.log.warn({ number: heard.number.value, keyword: heard.keyword.type, err: error }, 'the answer to a keyword could not be sent')
  }
}

const refusalCodes: Partial<Record<AcceptRefused['why'], FailureCode>> = {
  'no-route': 'no-route',
  suspended: 'account-suspended',
  invalid: 'invalid-body',
  'source-not-allowed': 'invalid-source',
  'destination-not-allowed': 'invalid-destination',
  'opted-out': 'opted-out',
  'too-long': 'too-long',
}

/** On a client bind; of what a carrier brings, what is in transit: for nobody here. */
function isSubmitted(core: Core, bind: Bind, to: Address): boolean {
  if (bind.side === 'client') return true
  if (!bind.policy.transit) return false
  if (to.npi === 'internet' && core.table().addressee(bind.account, to.value) !== undefined) return false
  return inboundNumber(core.configuration(), core.table(), bind, to) === undefined
}

/** Of a part that is submitted: what nobody would take is refused now, not once all parts are there. */
export function refuseUnroutable(core: Core, bind: Bind, submission: Submission): void {
  const { from, to, body, via } = submission
  const { account, id: arrival } = bind
  if (!isSubmitted(core, bind, to)) return
  if (isSuspended(core, account)) throw new AcceptRefused('suspended', `Account ${account} is not active.`)
  refuseOptedOut(core, account, submission)
  const question: Question = { account, arrival, from, to, kind: body.kind, at: core.clock.now(), dice: 0 }
  if (via !== undefined) question.via = via
  const decision = decide(core.table(), question)
  if (decision.candidates.length === 0) throw noRoute(decision, account)
}

/** Of the rules above the account it is told nothing. */
function noRoute({ tried }: Decision, account: AccountId): AcceptRefused {
  return new AcceptRefused('no-route', tried.find((rule) => rule.account === account)?.why ?? 'No route matches this destination.')
}

/** What picks among weighted targets: the same for a message whenever it is asked. */
export function diceOf(id: MessageId): number {
  return Number.parseInt(id.slice(14, 22), 16) / 2 ** 32
}

/** The first that is not down too long and has room; the first with room where all are down. -1: none has room. */
export function firstCandidate(core: Core, candidates: readonly Candidate[], now: number): number {
  let roomy = -1
  for (let i = 0; i < candidates.length; i++) {
    const { bind } = candidates[i]!
    const most = core.configuration().binds.get(bind)?.policy.mostQueued ?? 0
    if (most > 0 && core.load.waiting(bind) >= most) continue
    if (!isDownTooLong(core, bind, now)) return i
    if (roomy < 0) roomy = i
  }
  return roomy
}

/** What of the wish for reports the bind's level leaves. */
export function reportWish(level: ReportLevel, asked: ReceiptWish): ReceiptWish {
  if (level === 'all' || level === 'intermediate' || asked === 'none') return asked
  return level !== 'none' && (asked === 'both' || asked === level) ? level : 'none'
}

/** Field by field, see model/transition.ts copyLife. */
function messageOf(
  submission: Submission,
  bind: Bind,
  made: Pick<Message, 'id' | 'account' | 'direction' | 'segments'>,
  now: number,
): Message {
  const { policy } = bind
  const { from, to, body, priority, receipt, deliverAfter } = submission
  const mode = submission.mode ?? policy.mode
  const message: Message = {
    id: made.id,
    account: made.account,
    direction: made.direction,
    arrival: bind.id,
    acceptedAt: now,
    validUntil: validUntilOf(policy, submission, deliverAfter ?? now, now),
    segments: made.segments,
    from,
    to,
    body,
    priority,
    receipt: reportWish(policy.reports, receipt),
  }
  if (mode !== 'store') message.mode = mode
  if (deliverAfter !== undefined) message.deliverAfter = deliverAfter
  if (submission.ref !== undefined) message.ref = submission.ref
  if (submission.progress !== undefined) message.progress = submission.progress && policy.reports === 'intermediate'
  if (submission.report !== undefined) message.report = submission.report
  if (submission.extras !== undefined) message.extras = submission.extras
  if (submission.origin !== undefined) message.origin = submission.origin
  if (submission.hops !== undefined) message.hops = submission.hops
  return message
}
