// The store's promise: what it acknowledged is on disk. Two implementations keep it, one suite
// (test/contract/store.ts) tests both.
//
// Words: an *item* is one thing to do on a lane (deliver a message, or report on one). A *lane*
// is the queue of one bind. A *grain* is what only one run at a time may touch: the destination
// address for deliveries (across all lanes), with the sender's of what handsets write to us, so that no
// handset waits for another; the message for reports. A *run* is up to four items
// of one grain, one account and one lane, claimed together, oldest first. Times are epoch ms.
import type { Life, LifeEntry, MessageState } from '../model/life.ts'
import type { CountName, Transition } from '../model/transition.ts'
import type { AccountId, BindId, Direction, Message, MessageId } from '../model/message.ts'
import type { OptOut } from '../model/optout.ts'
import type { Receipt } from '../model/receipt.ts'
import type { RefForm } from '../model/ref.ts'
import type { Decision } from '../model/route.ts'
import type { UsageRow } from '../model/usage.ts'
import type { ConfigurationChange, ConfigurationPage, ConfigurationRow, Revision } from './revisions.ts'
import type { Run, Settlement } from './run.ts'
import type { Limit, Submitted } from './submitted.ts'

export * from './revisions.ts'
export type { DeliverItem, Item, ItemId, ReportItem, Run, Settlement } from './run.ts'
export type { Limit, Submitted, Used } from './submitted.ts'

export interface NewMessage {
  message: Message
  decision: Decision
  life: Life
  entries: LifeEntry[]
  /** Absent when the message ended at once (no route): then `ended` is its last step. */
  queue?: { lane: BindId; due: number; candidate: number }
  ended?: Pick<Transition, 'report' | 'cdr' | 'counts'>
  idempotencyKey?: string
  /** Absent: nothing limits its account. */
  limit?: Limit
  /** The inbound parts that this message was joined from; removed in the same transaction. One that came again since stays. */
  joins?: Joined
  /** Noted, or lifted, in the same transaction: what an inbound keyword says. Not where the message is a duplicate. */
  optOut?: OptOut
  optIn?: readonly OptOutKey[]
  /** From now on `message.service` writes to `message.to` from `message.from`: noted in the same transaction. */
  sticky?: boolean
}

export type OptOutKey = Pick<OptOut, 'account' | 'sender' | 'handset'>

export interface Joined {
  key: string
  parts: [index: number, at: number][]
}

export type Accepted = { as: 'new' } | { as: 'duplicate'; of: MessageId }

export type ReceiptResult =
  /** `sentAt`: when the last segment of the message was taken; absent while some still wait to be sent. */
  | { as: 'matched'; message: MessageId; form: RefForm; state: MessageState; sentAt?: number }
  | { as: 'duplicate' }
  /** No attempt has this ref yet: kept until one has, or until it is swept. */
  | { as: 'parked' }

export interface MessageRecord {
  message: Message
  decision: Decision
  life: Life
  redactedAt?: number
}
/** One that waits, as it is about to be changed. */
export interface WaitingRecord extends MessageRecord {
  /** As of a DeliverItem. */
  interrupted?: boolean
}
export interface MessageTrace extends MessageRecord {
  entries: LifeEntry[]
}

/** Which messages, a page at a time. */
export interface MessageQuery {
  to?: string
  from?: string
  direction?: Direction
  state?: MessageState
  /** acceptedAt, both inclusive. */
  after?: number
  before?: number
  limit: number
  /** As returned by the page before. */
  cursor?: string
}
export interface ListQuery extends MessageQuery {
  /** Exactly these accounts. */
  accounts: AccountId[]
}
export interface ListPage {
  records: MessageRecord[]
  /** Absent on the last page. */
  next?: string
}

export interface Part {
  /** Names the long message: bind, from, to, reference, total. Whose it is stands before the first comma. */
  key: string
  index: number
  total: number
  at: number
  /** The connector's submission, as the flow wants it back. */
  data: string
  /** By this it is found while it waits. */
  called?: string
}

export interface CdrRow {
  /** Rises with the order of ending. */
  sequence: number
  message: MessageId
  account: AccountId
  /** A Cdr (model/cdr.ts), as the JSON that it was written as, in UTF-8. */
  json: Buffer
}

export interface StatisticsQuery {
  binds?: BindId[]
  /** Minutes that begin in this span, both ends inclusive. */
  from: number
  to: number
  /** One row a bind and name, of all these minutes, instead of one a minute. */
  totals?: boolean
}
export interface StatisticsRow {
  bind: BindId
  /** Start of the minute; of totals, the query's `from`. */
  minute: number
  name: CountName
  count: number
}

export interface UsageQuery {
  /** Exactly these accounts. */
  accounts: AccountId[]
  /** Days that begin in this span, both ends inclusive. */
  from: number
  to: number
}

export interface OptOutQuery {
  /** Exactly these accounts. */
  accounts: AccountId[]
  sender?: string
  handset?: string
  limit: number
  /** As returned by the page before. */
  cursor?: string
}

/** Addresses as model/optout.ts partyOf writes them. */
export interface OptOuts {
  /** None at all, of any account: nothing needs to be asked. */
  readonly empty: boolean
  /** At once, from memory: what is durable. */
  has(account: AccountId, sender: string, handset: string): boolean
  /** Resolves when durable; false: it was so already. Rejects with StoreUnavailable. */
  put(optOut: OptOut): Promise<boolean>
  /** Resolves when durable; false: there was none. Rejects with StoreUnavailable. */
  remove(key: OptOutKey): Promise<boolean>
  /** By account, sender and handset. Empty where the cursor is none of ours. */
  list(query: OptOutQuery): Promise<{ optOuts: OptOut[]; next?: string }>
}

/** From which sender a service writes to a handset. */
export interface Stickies {
  /** At once, from memory: what is durable. */
  of(account: AccountId, service: string, handset: string): string | undefined
}

export interface LaneDepth {
  lane: BindId
  /** Items waiting, by kind. */
  deliver: number
  report: number
}

export interface ParkedDepth {
  bind: BindId
  parked: number
  oldestAt: number
}
export interface ParkedReceipt {
  /** When it came. */
  at: number
  receipt: Receipt
}

export interface PurgeQuery {
  lane: BindId
  from?: string
  arrival?: BindId
  acceptedAfter?: number
  acceptedBefore?: number
}

/** Thrown when nothing more can be made durable (disk full, I/O error): refuse, keep what is there, try again later. */
export class StoreUnavailable extends Error {
  constructor(why: string, cause?: unknown) {
    super(`The store takes no more for now: ${why}`, { cause })
    this.name = 'StoreUnavailable'
  }
}

export interface Store {
  readonly durability: 'fsync' | 'fsync+replica' | 'replica' | 'weak'
  /** Why nothing can be made durable just now; `forGood`: until the process starts anew. */
  readonly trouble: { why: string; forGood: boolean } | undefined
  /** Ids must rise above this: the newest id ever accepted, or undefined. */
  readonly newest: MessageId | undefined

  /** Resolves when durable. Calls are gathered for about 2 ms into one transaction. Rejects with StoreUnavailable. */
  accept(message: NewMessage): Promise<Accepted>

  /**
   * Runs that are due on a lane, fair among its accounts (by weight), higher priority first, at most
   * `max` items, only of `kinds` where given. Durable mark first: an item claimed here and not
   * settled before a crash comes back `interrupted` until it is, however often it is released. At once where
   * all of it is in memory. Rejects with StoreUnavailable.
   */
  claim(lane: BindId, max: number, kinds?: 'deliver' | 'report'): Run[] | Promise<Run[]>
  settle(settlement: Settlement): Promise<void>
  /** Called when a lane may have something to claim. One listener. */
  onReady(listener: (lane: BindId) => void): void
  /** Called when a message has ended, durably. One listener; it must be quick. */
  onEnded(listener: (id: MessageId) => void): void
  /** Weight of an account in every lane; 1 when never told. */
  weigh(weights: ReadonlyMap<AccountId, number>): void
  /** Messages of these accounts stay on their lanes until they are left out again; reports on them go on. */
  hold(accounts: ReadonlySet<AccountId>): void

  /** Matches by (bind, ref in any form), applies model/transition.ts afterReceipt, or parks. Resolves when durable. */
  receipt(bind: BindId, receipt: Receipt): Promise<ReceiptResult>

  /**
   * Ends a message that waits: on a lane but in no run, held, or sent and past `receiptBy`.
   * `step` computes the last transition from what is stored; it runs on the caller's side. `recalled`: the
   * supplier has given a sent one back, so no receipt is awaited.
   */
  end(
    id: MessageId,
    step: (record: WaitingRecord) => Transition,
    recalled?: boolean,
  ): Promise<'ended' | 'in-flight' | 'terminal' | 'absent'>
  /** Moves a waiting or held message to another lane or time (failover of a bind that is down, release of a held one), or ends it. */
  move(id: MessageId, step: (record: WaitingRecord) => Transition): Promise<'moved' | 'in-flight' | 'terminal' | 'absent'>

  /**
   * Changes a message that waits on a lane and is in no run: `change` gives it anew, with the same
   * id, account and recipient. It keeps its place in the queue. `atSupplier`: also one that was sent, since
   * its supplier has replaced it.
   */
  amend(
    id: MessageId,
    change: (record: MessageRecord) => Message,
    atSupplier?: boolean,
  ): Promise<'amended' | 'in-flight' | 'terminal' | 'absent'>

  /** Messages past validUntil that still wait, and those past receiptBy; at most `max` each call, oldest first where cheap. */
  overdue(now: number, max: number): Promise<{ expired: MessageId[]; unconfirmed: MessageId[] }>
  /** Messages waiting on a lane (not in a run), by query; pages by `cursor`. */
  waiting(query: PurgeQuery, max: number, cursor?: string): Promise<{ ids: MessageId[]; next?: string }>
  depths(): Promise<LaneDepth[]>

  get(id: MessageId): Promise<MessageRecord | undefined>
  trace(id: MessageId): Promise<MessageTrace | undefined>
  /** Rejects with CursorRefused. */
  list(query: ListQuery): Promise<ListPage>
  /** Messages of which a segment was sent under this id of a supplier, in any of its forms; newest first, at most 48. */
  sentAs(bind: BindId, ref: string): Promise<MessageRecord[]>
  /** Empties the body for good; the message stays. */
  redact(id: MessageId, at: number): Promise<boolean>
  /** Adds a line to the message's trace. Resolves when durable; false: there is no such message. */
  note(id: MessageId, at: number, text: string): Promise<boolean>
  /** Removes a terminal message from every list; its CDR stays. */
  remove(id: MessageId): Promise<boolean>

  /** An inbound part of a long message; `complete` has all parts, by index, when this was the last. */
  part(part: Part): Promise<{ complete?: Part[] }>
  /**
   * Long messages of which a part is older than `before`; complete ones (a crash came before they were
   * joined) only when all are: what has just become complete is being joined. Each call goes on where the last one
   * ended; fewer than `max` are the last of a round.
   */
  staleParts(before: number, max: number): Promise<Part[][]>
  dropParts(key: string): Promise<void>
  /** What is there of a long message that is not made yet, at once: from memory. */
  heldParts(key: string): readonly Part[]
  /** The same of the long message that a part of this name is one of. */
  heldAs(called: string): readonly Part[]

  /** CDRs in order of ending, from after `cursor`; at most `max`. */
  cdrs(max: number): Promise<CdrRow[]>
  /** Written to the file up to here; those of `hooked` accounts stay for their webhooks. */
  cdrsWritten(upTo: number, hooked: CdrRow[]): Promise<void>
  cdrHooks(account: AccountId, max: number): Promise<CdrRow[]>
  cdrHookDone(account: AccountId, upTo: number): Promise<void>
  /** Accounts for which CDRs wait. */
  cdrHookAccounts(): Promise<AccountId[]>

  readonly optOuts: OptOuts
  readonly submitted: Submitted
  readonly stickies: Stickies

  statistics(query: StatisticsQuery): Promise<StatisticsRow[]>
  /** By day, then direction and kind. Counted with the acceptance itself; kept for ever. */
  usage(query: UsageQuery): Promise<UsageRow[]>
  /** Learned id forms per bind: how often each was seen. */
  refForms(bind: BindId): Promise<Partial<Record<RefForm, number>>>
  /** How many receipts are parked, by bind, and since when the oldest. */
  parkedDepths(): Promise<ParkedDepth[]>
  /** Receipts of a bind that no attempt is known for, oldest first; pages by `cursor`. */
  parked(bind: BindId, max: number, cursor?: string): Promise<{ receipts: ParkedReceipt[]; next?: string }>

  /** A page of rows: the first, or the one after a row. By kind, then by key. */
  configuration(after?: Pick<ConfigurationRow, 'kind' | 'key'>): Promise<ConfigurationPage>
  /** Resolves to the new revision, durable. Rejects with RevisionConflict. */
  change(change: ConfigurationChange): Promise<number>
  revisions(limit: number, before?: number): Promise<Revision[]>

  /** One bounded step of deleting what is older than the retention; true when more is left. */
  sweep(limits: { messagesBefore: number; earlyBefore: number; statisticsBefore: number; idempotencyBefore: number }): Promise<boolean>
  /** Waits for what is gathered, then closes. */
  close(): Promise<void>
}
