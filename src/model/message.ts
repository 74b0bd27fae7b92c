// A message is immutable once accepted and has one recipient. What happens to it later is its life.
import type { Address } from './address.ts'
import type { Body } from './body.ts'

/** 32 lowercase hex digits, rising with time; protocols prefix it (Twilio: SM…). */
export type MessageId = string
/** AC and 32 hex digits. */
export type AccountId = string
/** `<account id>/<id within the account>`. */
export type BindId = string

/** mt arrived on a client bind (towards a handset), mo on a supplier bind (from a handset). */
export type Direction = 'mt' | 'mo'

/** 0 bulk, 1 normal, 2 high, 3 urgent. */
export type Priority = 0 | 1 | 2 | 3

/**
 * store: kept and tried until its validity ends. datagram: tried once, given up after that.
 * transaction: tried once, and whoever submitted it is answered when its outcome is known.
 */
export type MessagingMode = 'store' | 'datagram' | 'transaction'

/** For which outcomes the sender wants a report. */
export type ReceiptWish = 'none' | 'failure' | 'success' | 'both'

/** What a handset asks for by a word: no more, again, or how. */
export type OptOutType = 'stop' | 'start' | 'help'

/** A time to send at is at most so far ahead (Twilio: Messages, SendAt). */
export const mostAheadMs = 35 * 86_400_000

/**
 * One recipient's message as a peer handed it over. Times are epoch milliseconds.
 * `report` is the origin connector's own note on where reports go (a webhook's URL);
 * `extras` is what must survive from one protocol to another and has no meaning here.
 */
export interface Submission {
  /** Made by Gateway.newId and used once; absent: given at accept. */
  id?: MessageId
  from: Address
  to: Address
  body: Body
  /** The submitter's own reference, given back in reports and CDRs. */
  ref?: string
  validUntil?: number
  deliverAfter?: number
  /** Absent: what the bind's policy says; on a message: store. */
  mode?: MessagingMode
  priority: Priority
  receipt: ReceiptWish
  /** Reports `sent` too, not only how it ended. */
  progress?: boolean
  report?: Record<string, string>
  extras?: Record<string, string>
  /** One message per key and account: a second submission with the same key finds the first. */
  idempotencyKey?: string
  /** What the origin's protocol calls this direction (Twilio: outbound-reply). */
  origin?: string
  /** The service of its account (a messaging service of the Twilio API) by which it is sent; of an MO, for which the number it came to sends. */
  service?: string
  /** `to` is written to from `from` by this service from now on. */
  sticky?: boolean
  /** The supplier bind by which it shall go, by its id in its account: that one, or it is refused. MT only; the decision keeps it. */
  via?: string
  /** Through how many gateways it came to us, as far as they say so. */
  hops?: number
}

export interface Message extends Omit<Submission, 'id' | 'idempotencyKey' | 'validUntil' | 'via' | 'sticky'> {
  id: MessageId
  account: AccountId
  direction: Direction
  arrival: BindId
  acceptedAt: number
  validUntil: number
  /** Segments by the text room's count; 1 for an MMS. */
  segments: number
  /** Of an MO: the word by which the handset opts out, opts in or asks for help. Of an MT: that it answers such a word, so that it passes. */
  keyword?: OptOutType
}

/** A list was asked to go on from a place that it never gave. */
export class CursorRefused extends Error {
  constructor() {
    super('expected the cursor of the page before')
    this.name = 'CursorRefused'
  }
}
