// What can be done to messages, the lanes they wait on, and the handsets that take no more. Like every
// operation, only within the caller's own subtree.
import type { BodyKind } from '../model/body.ts'
import type { AccountId, BindId, MessageId } from '../model/message.ts'
import type { OptOut } from '../model/optout.ts'
import type { Decision } from '../model/route.ts'
import type { MessageView } from '../plugin.ts'
import type { MessageQuery, MessageTrace } from '../store/store.ts'
import type { Caller, Changed } from './caller.ts'

/** Its limit: 1–1000. */
export interface SearchQuery extends MessageQuery {
  /** Absent: the caller's account. */
  account?: AccountId
  /** Sub-accounts too; true. */
  below?: boolean
  /** Arrived on it, or its newest attempt was on it. Looked for page by page, as is `code`: see `search`. */
  bind?: BindId
  /** Of its failure. */
  code?: string
  /** A segment's id at its supplier, in any form: of binds that the caller may see. */
  carrierId?: string
}

export interface ExplainQuery {
  account?: AccountId
  from: string
  to: string
  kind?: BodyKind
  /** Id of the bind it would arrive on; `api`. */
  arrival?: string
  at?: number
  /** The supplier bind that the sender names, as in `number@bind._smpp.domain`. */
  via?: string
  /** 0 ≤ dice < 1; 0. */
  dice?: number
}

export interface Explanation {
  decision: Decision
  /** For people. */
  lines: string[]
}

export interface PurgeInput {
  from?: string
  /** The bind it arrived on: in full, or by its id in the lane's account. Refused (absent) where there is none. */
  arrival?: string
  acceptedAfter?: number
  acceptedBefore?: number
}

export interface LaneView {
  bind: BindId
  paused: boolean
  deliver: number
  report: number
}

export interface AdminMessages {
  /**
   * Newest first. With `bind` or `code` so many messages are looked at and no more: a page may be short, even empty, and
   * its `next` goes on from there. With `carrierId` all that fit are one page.
   */
  search(caller: Caller, query: SearchQuery): Promise<{ messages: MessageView[]; next?: string }>
  trace(caller: Caller, id: MessageId): Promise<MessageTrace | undefined>
  /** The decision for a message that is not sent. Throws Refused (invalid) for what is no address. */
  explain(caller: Caller, query: ExplainQuery): Explanation
  cancel(caller: Caller, id: MessageId): Promise<'canceled' | 'too-late' | 'absent'>
  redact(caller: Caller, id: MessageId): Promise<'redacted' | 'not-ended' | 'absent'>
  remove(caller: Caller, id: MessageId): Promise<'removed' | 'not-ended' | 'absent'>
  /** What to do with a message whose outcome is unknown: send it again on the same bind, or end it as failed. */
  release(caller: Caller, id: MessageId, how: 'resend' | 'fail'): Promise<'released' | 'not-held' | 'absent'>
}

export interface Lanes {
  depths(caller: Caller): Promise<LaneView[]>
  /** A paused lane keeps its messages and sends none. */
  pause(caller: Caller, bind: BindId): Promise<Changed<LaneView>>
  resume(caller: Caller, bind: BindId): Promise<Changed<LaneView>>
  /** Ends every waiting message that fits as canceled (`purged`), each with its CDR and report; resolves to how many. */
  purge(caller: Caller, bind: BindId, query: PurgeInput): Promise<number>
}

export interface OptOutSearch {
  /** Absent: the caller's account. */
  account?: AccountId
  /** Sub-accounts too; true. */
  below?: boolean
  sender?: string
  handset?: string
  /** 1–1000 */
  limit: number
  cursor?: string
}

/** `account`: the caller's, when absent. `sender`: a number, a name or the id of a service. */
export interface OptOutPair {
  account?: AccountId
  sender: string
  handset: string
}

/** One of a list that comes from elsewhere. */
export interface OptOutEntry extends OptOutPair {
  /** Epoch ms; the present, when absent or in the future. */
  at?: number
  /** What the handset wrote. */
  word?: string
}

export interface AdminOptOuts {
  /** By account, sender and handset. */
  list(caller: Caller, query: OptOutSearch): Promise<{ optOuts: OptOut[]; next?: string }>
  /** The handset takes no more from the sender; as it was where it had said so itself. Refused (invalid) where no message could be addressed so. */
  put(caller: Caller, pair: OptOutPair): Promise<{ created: boolean }>
  /** All of them or, where one is refused, none; as they were where they are there already. Of each account the audit log is told how many. */
  putAll(caller: Caller, entries: readonly OptOutEntry[]): Promise<{ created: number; known: number }>
  /** False when there was none. */
  remove(caller: Caller, pair: OptOutPair): Promise<boolean>
}
