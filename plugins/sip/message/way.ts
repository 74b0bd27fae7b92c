// How one MESSAGE reaches a peer, whoever that is: the contacts of a user, or a trunk hop by hop. What
// is said is the same for both, and for SMS over IMS.
import type { Address, Message, Outcome, Outgoing, Report } from '../../../src/plugin.ts'
import type { Peer } from '../access/peer.ts'
import type { HeaderLines } from '../codec/types.ts'
import type { Incoming, Reply, Sent } from '../engine/engine.ts'

/** A MESSAGE without its way. */
export interface Draft {
  /** The Request-URI towards a trunk; a user's is its contact. */
  uri: string
  /** name-addr */
  from: string
  to: string
  headers: HeaderLines
  body: Buffer
  callId: string
  /** Absent: 70. */
  maxForwards?: number
}

export interface Way {
  peer: Peer
  /** Receipts are asked of it, and come. */
  asksReceipts: boolean
  /** Our side of a message: a URI for From, for a CPIM wrapper the same. */
  fromUri(address: Address): string
  /** The peer's side: a URI for To and Request-URI. */
  toUri(address: Address): string
  /** One MESSAGE, challenges answered. Never rejects. Of several answers, the best. */
  ask(draft: Draft, signal: AbortSignal): Promise<Sent>
  /** Nobody looks whether the peer is there: what could not leave counts as a try. */
  mayStayUp?(): boolean
  /** To how many contacts it goes at once; absent: one. */
  forks?(): number
  /** What a 2xx says of the end: RFC 3428 §7, 200 is had, 202 is taken. Undefined: more will be heard. */
  final(status: number): 'delivered' | 'unconfirmed' | undefined
}

/** SMS over IMS, as ims/ does it: of peers whose dialect is 3gpp. */
export interface Ims {
  /** A MESSAGE with application/vnd.3gpp.sms. Answers once. */
  take(peer: Peer, request: Incoming, answer: (reply: Reply) => void): void
  /** Whether a phone submitted it so: it is told in the same way what became of it. */
  knows(message: Pick<Message, 'report'>): boolean
  /** Never reject. */
  send(out: Outgoing, way: Way, signal: AbortSignal): Promise<Outcome>
  report(message: Message, report: Report, way: Way, signal: AbortSignal): Promise<Outcome>
  /** What it was about to tell phones is not told any more. */
  close(): void
}
