// What can be done to messages: by exact account for connectors, by subtree for people. An id from
// elsewhere is absent. Whatever ends a message goes through the store's own last step, so that its
// CDR and its report are never forgotten.
import type { Clock } from '../clock.ts'
import type { Bind } from '../model/bind.ts'
import { isWithin, localBindId, type Configuration } from '../model/configuration.ts'
import { parseAddress, type Address } from '../model/address.ts'
import { isTerminal } from '../model/life.ts'
import { finish, type Transition } from '../model/transition.ts'
import type { AccountId, BindId, Message, MessageId } from '../model/message.ts'
import type { Messages, Replacement } from '../plugin.ts'
import { refuseAddresses, refuseLength, validUntilOf } from '../flow/filter.ts'
import type { Recall, Rework } from '../flow/recall.ts'
import { decide, explain } from '../routing/decide.ts'
import type { RoutingTable } from '../routing/table.ts'
import type { MessageRecord, Store } from '../store/store.ts'
import { countSegments } from '../text/index.ts'
import type { AdminMessages, ExplainQuery } from './admin.ts'
import { Refused, type Caller, type Fault } from './caller.ts'
import { concealDecision, concealTrace, type Sees } from './conceal.ts'
import { messageView, search } from './search.ts'

/** Rules that are told of as not granted. */
const mostWithheld = 20

export interface MessageParts {
  store: Store
  clock: Clock
  configuration(): Configuration
  table(): RoutingTable
  /** Asks the carrier of a message that was sent to take it back. */
  recall?: Recall
  /** Asks it for another text in place of one that it has. */
  rework?: Rework
}

/** Thrown inside a last step to leave the message as it is: between the look and the step it went on. */
export class Moved extends Error {}

/** Undefined when `work` was given up by throwing one of these. */
export async function unless<T>(given: new () => Error, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof given) return undefined
    throw error
  }
}

/** How a trace tells of feedback; the newest counts. Who changes its mind for ever is not written down for ever. */
const feedbackMark = 'feedback: '
const mostFeedback = 10

/** The operations on one message that `sees` lets through. */
function operations({ store, clock, configuration, recall, rework }: MessageParts, sees: (account: AccountId) => boolean) {
  async function find(id: MessageId): Promise<MessageRecord | undefined> {
    if (!/^[0-9a-f]{32}$/.test(id)) return undefined
    const record = await store.get(id)
    return record && sees(record.message.account) ? record : undefined
  }
  return {
    find,
    async cancel(id: MessageId): Promise<'canceled' | 'too-late' | 'absent'> {
      const record = await find(id)
      if (!record) return 'absent'
      const { state } = record.life
      const isWaiting = state === 'scheduled' || state === 'queued'
      if (!isWaiting && !(await recall?.(record))) return 'too-late'
      const last = ({ message, decision, life }: MessageRecord): Transition => {
        if (isWaiting ? life.state !== 'scheduled' && life.state !== 'queued' : life.state !== 'sent') throw new Moved()
        return finish(message, decision, life, 'canceled', clock.now(), { failure: { kind: 'permanent', code: 'canceled' } })
      }
      const ended = await unless(Moved, () => store.end(id, last, !isWaiting))
      if (ended === 'absent') return 'absent'
      return ended === 'ended' ? 'canceled' : 'too-late'
    },
    async replace(id: MessageId, change: Replacement): Promise<'replaced' | 'too-late' | 'absent'> {
      const record = await find(id)
      if (!record) return 'absent'
      const allowed = allowedBy(configuration().binds.get(record.message.arrival), record, change, clock.now())
      const segments = change.body ? countSegments(change.body) : record.message.segments
      const anew = ({ message }: MessageRecord): Message => ({ ...message, ...allowed, segments })
      const isSent = record.life.state === 'sent'
      // A carrier is asked for another text, and told nothing else.
      if (isSent && !(change.body && (await rework?.(record, anew(record))))) return 'too-late'
      const amended = await store.amend(id, anew, isSent)
      if (amended === 'absent') return 'absent'
      return amended === 'amended' ? 'replaced' : 'too-late'
    },
    async redact(id: MessageId): Promise<'redacted' | 'not-ended' | 'absent'> {
      const record = await find(id)
      if (!record) return 'absent'
      if (!isTerminal(record.life.state)) return 'not-ended'
      return (await store.redact(id, clock.now())) ? 'redacted' : 'absent'
    },
    async feedback(id: MessageId, outcome: 'confirmed' | 'unconfirmed'): Promise<boolean> {
      if (!(await find(id))) return false
      const trace = await store.trace(id)
      const said = (trace?.entries ?? []).flatMap((entry) =>
        entry.what === 'note' && entry.text.startsWith(feedbackMark) ? [entry.text] : [],
      )
      const text = `${feedbackMark}${outcome}`
      if (said.at(-1) === text || said.length >= mostFeedback) return true
      return await store.note(id, clock.now(), text)
    },
    async remove(id: MessageId): Promise<'removed' | 'not-ended' | 'absent'> {
      const record = await find(id)
      if (!record) return 'absent'
      if (!isTerminal(record.life.state)) return 'not-ended'
      return (await store.remove(id)) ? 'removed' : 'absent'
    },
  }
}

/** The change as the bind by which the message came takes it now; throws AcceptRefused where it takes no such message. */
function allowedBy(bind: Bind | undefined, { message }: MessageRecord, change: Replacement, now: number): Replacement {
  if (!bind) return change
  refuseAddresses(bind, message)
  if (change.body) refuseLength(bind, { body: change.body })
  if (change.validUntil === undefined) return change
  const from = message.deliverAfter ?? message.acceptedAt
  return { ...change, validUntil: validUntilOf(bind.policy, { ...message, validUntil: change.validUntil }, from, now) }
}

/** Scoped by exact account: what a connector's Host has. */
export function createHostMessages(parts: MessageParts): Messages {
  const of = (account: AccountId) => operations(parts, (owner) => owner === account)
  return {
    async get(account, id) {
      const record = await of(account).find(id)
      return record && messageView(record)
    },
    async list({ account, ...query }) {
      const page = await parts.store.list({ ...query, accounts: [account] })
      return { messages: page.records.map(messageView), ...(page.next === undefined ? {} : { next: page.next }) }
    },
    cancel: (account, id) => of(account).cancel(id),
    redact: (account, id) => of(account).redact(id),
    feedback: (account, id, outcome) => of(account).feedback(id, outcome),
    remove: (account, id) => of(account).remove(id),
    replace: (account, id, change) => of(account).replace(id, change),
  }
}

export function createAdminMessages(parts: MessageParts): AdminMessages {
  const { store, clock, configuration, table } = parts
  const seesOf =
    (caller: Caller): Sees =>
    (owner) =>
      isWithin(configuration(), owner, caller.account)
  const of = (caller: Caller) => operations(parts, seesOf(caller))

  function accountsOf(caller: Caller, account: AccountId, below: boolean): AccountId[] {
    const now = configuration()
    if (!now.accounts.has(account) || !isWithin(now, account, caller.account))
      throw new Refused('absent', `There is no account ${account}.`)
    return below ? [...now.accounts.keys()].filter((id) => isWithin(now, id, account)) : [account]
  }

  return {
    async search(caller, { account = caller.account, below = true, ...query }) {
      return search(store, configuration(), seesOf(caller), accountsOf(caller, account, below), query)
    },
    async trace(caller, id) {
      const trace = (await of(caller).find(id)) && (await store.trace(id))
      return trace && concealTrace(trace, seesOf(caller))
    },
    explain(caller, query) {
      const [account] = accountsOf(caller, query.account ?? caller.account, false)
      const sees = seesOf(caller)
      const question = questionOf(query, account!, clock.now(), (bind) => {
        const known = configuration().binds.get(bind)
        return known !== undefined && sees(known.account)
      })
      const decided = concealDecision(decide(table(), question), sees)
      const withheld = table()
        .ungranted(question)
        .filter((rule) => sees(rule.account))
      const decision = withheld.length > 0 ? { ...decided, tried: [...withheld.slice(0, mostWithheld), ...decided.tried] } : decided
      return {
        decision,
        lines: [...refusedRecipient(question.to, configuration().binds.get(question.arrival)), ...explain(decision, configuration())],
      }
    },
    cancel: (caller, id) => of(caller).cancel(id),
    redact: (caller, id) => of(caller).redact(id),
    remove: (caller, id) => of(caller).remove(id),
    async release(caller, id, how) {
      const record = await of(caller).find(id)
      if (!record) return 'absent'
      if (record.life.state !== 'held') return 'not-held'
      return (await letGo(parts, id, how)) ? 'released' : 'not-held'
    },
  }
}

async function letGo({ store, clock }: MessageParts, id: MessageId, how: 'resend' | 'fail'): Promise<boolean> {
  const at = clock.now()
  if (how === 'fail') {
    const ended = await unless(Moved, () =>
      store.end(id, ({ message, decision, life }) => {
        if (life.state !== 'held') throw new Moved()
        return finish(message, decision, life, 'failed', at, { failure: { kind: 'unknown', code: 'outcome-unknown' } })
      }),
    )
    return ended === 'ended'
  }
  const resend = ({ message, decision, life }: MessageRecord): Transition => {
    if (life.state !== 'held') throw new Moved()
    const lane = life.bind ?? decision.candidates[0]!.bind
    const candidate = Math.max(
      0,
      decision.candidates.findIndex((one) => one.bind === lane),
    )
    return {
      message: message.id,
      life: { ...life, state: 'queued', updatedAt: at },
      entries: [{ at, what: 'note', text: `released: sent again through ${localBindId(lane)}` }],
      requeue: { lane, due: at, attempt: 0, candidate },
      counts: [{ bind: lane, name: 'retried' }],
    }
  }
  return (await unless(Moved, () => store.move(id, resend))) === 'moved'
}

/** Routes may take what the API refuses before it asks them. */
function refusedRecipient({ value, ton }: Address, arrival: Bind | undefined): string[] {
  const what = ton === 'alphanumeric' ? 'a name and no number' : ton === 'abbreviated' ? 'a short code' : undefined
  if (what === undefined || (arrival !== undefined && arrival.connector !== 'twilio')) return []
  const code = ton === 'alphanumeric' ? 21211 : 21265
  return [`· ${value} is ${what}: the Twilio-compatible API refuses it as a recipient (${code}). What follows is for other ways in.`]
}

function questionOf(query: ExplainQuery, account: AccountId, now: number, isBind: (id: BindId) => boolean) {
  const faults: Fault[] = []
  const address = (path: 'from' | 'to') => {
    const parsed = parseAddress(query[path])
    if (!parsed)
      faults.push({
        path,
        message: `expected a number such as +447700900123, a short code or a sender name, got ${JSON.stringify(query[path].slice(0, 40))}`,
      })
    return parsed
  }
  const [from, to] = [address('from'), address('to')]
  const arrival = query.arrival?.includes('/') ? query.arrival : `${account}/${query.arrival ?? 'api'}`
  if (query.arrival !== undefined && !isBind(arrival)) faults.push({ path: 'arrival', message: `there is no bind ${query.arrival}` })
  if (!from || !to || faults.length > 0) throw new Refused('invalid', 'That is no message.', faults)
  return {
    account,
    arrival,
    from,
    to,
    kind: query.kind ?? ('text' as const),
    at: query.at ?? now,
    dice: query.dice ?? 0,
    ...(query.via === undefined ? {} : { via: query.via }),
  }
}
