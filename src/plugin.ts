// The one door for connectors: the interface they implement, what the gateway gives them, and the
// pure words and tables they may use. A plugin imports this file and its own folder, nothing else.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Router } from 'express'
import type { Logger } from 'pino'
import type { z } from 'zod'
import type { Clock } from './clock.ts'
import type { Host, MessageView } from './host.ts'
import type { Account, OwnNumber } from './model/account.ts'
import type { Address } from './model/address.ts'
import type { Bind } from './model/bind.ts'
import type { FailureFacts } from './model/failure.ts'
import type { AccountId, BindId, Message, MessageId, Submission } from './model/message.ts'
import type { MessageState } from './model/life.ts'
import type { Receipt, Report } from './model/receipt.ts'
import type { Resource, Resources } from './model/resource.ts'
import type { BindTrace, TraceProtocol } from './model/trace.ts'
import type { Outbound } from './outbound.ts'
import type { Charset } from './text/charsets.ts'
import type { Segment } from './text/segment.ts'

export type { Clock } from './clock.ts'
export { systemClock } from './clock.ts'
export { createDrain, sessionCloses, type Drain } from './drain.ts'
export { occasional, type Occasional } from './log.ts'
export { Named, Numbered } from './numbered.ts'
export * from './model/account.ts'
export * from './model/address.ts'
export * from './model/bind.ts'
export * from './model/body.ts'
export * from './model/caller.ts'
export * from './model/credential.ts'
export * from './model/failure.ts'
export * from './model/life.ts'
export * from './model/message.ts'
export * from './model/network.ts'
export { isPermission, twilioPermissions } from './model/permission.ts'
export { defaultClientPolicy, defaultPolicy } from './model/policy.ts'
export * from './model/receipt.ts'
export * from './model/resource.ts'
export * from './model/route.ts'
export * from './model/tenancy.ts'
export * from './model/trace.ts'
export * from './model/usage.ts'
export * from './text/index.ts'
export { newSid, idTime } from './ids.ts'
export * from './host.ts'
export * from './outbound.ts'
export type { Logger } from 'pino'

/** What a connector is. Its folder's index exports one, named like the folder. */
export interface Connector<C = unknown> {
  /** = its folder */
  name: string
  /**
   * The settings of a bind, for each side that one may have: validates, types, documents. Fields
   * marked by `.meta({ secret: true })` are sealed in the store and never shown.
   */
  config: { readonly supplier?: z.ZodType; readonly client?: z.ZodType }
  /** Peers open the sessions of client binds (Gateway.attach); by this name they say which they mean (a system_id). Unique within an account. Undefined: this one we dial. */
  claim?(config: unknown): string | undefined
  /**
   * The claims, best first, by which one of this account's client binds is reached under an internet
   * address (`bob@acme.example`, or `bob`); empty: the address is the account's own, but nobody's.
   * Undefined: it is somewhere else.
   */
  addressed?(account: AccountId, address: string): readonly string[] | undefined
  /** For which of an account's services, which are resources of this connector, a number sends. */
  serviceOf?(resources: Resources, number: OwnNumber): string | undefined
  /** What of its resources a document may declare, by the name of the list that an account has them in. */
  declares?: Readonly<Record<string, Declared>>
  /** Settings that a number whose target is a bind of this connector carries. */
  number?: z.ZodType<Record<string, string>>
  can: {
    /** whole: the peer splits. segments: the gateway does, by the bind's policy. */
    text: 'whole' | 'segments'
    mms: boolean
    /** The peer sends receipts: a message is awaited after it was sent. */
    receipts: boolean
  }
  /** Of `text: 'segments'`: the charset in which a bind with these settings wants texts, where they fit it; GSM 7-bit when absent. */
  charset?(config: unknown): Charset
  /**
   * Reaches the peer: resolves when bound, rejects with a Failure; a session that needs nobody's yes is there
   * at once. Called by the supervisor once per session and again, with backoff, after `closed`. Aborted when
   * the bind is stopped. Client binds that have a `claim` are never dialled: their peers reach us.
   */
  dial?(gateway: Gateway<C>, signal: AbortSignal, peer?: number): Promise<Session> | Session
  /** Its client binds do nothing until somebody is to be told something: they are dialled then. Absent: as soon as they are configured. */
  dialsWhenAsked?: true
  /**
   * How many addresses a supplier bind is bound to at once; each has `policy.sessions` sessions and a
   * backoff of its own, and `dial` hears from 0 which one is meant. 0: none is dialled. Absent: 1.
   */
  peers?(config: unknown): number
  /** Of a supplier bind whose peer connects to us: how it introduces itself (SMPP outbind). Its session is attached. */
  caller?(config: unknown): string | undefined
  /** Its sessions feed Gateway.trace; absent: its binds cannot be traced. */
  trace?: TraceProtocol
  /** The peer reaches us by HTTP: mounted at the root of the server, once per process. */
  http?(host: Host): HttpSide
  /** Who has registered with it just now, in no order. */
  registrations?(): Iterable<Registration>
  /** Starts and stops with the process, for whatever needs no bind (a simulator's own listener). */
  listen?(host: Host, signal: AbortSignal): Promise<void>
}

/** Resources as a document has them, each with a name that is its own in its account, or an id. */
export interface Declared {
  kind: string
  /** With an id it may be without a name. */
  nameless?: true
  /** Numbers send for it: what handsets may say to them is written as its `optOut`. */
  hasSenders?: true
  /** What their ids begin with; 32 hex digits follow. */
  prefix: string
  /** What may be written of one besides `id`, `name` and, where it has senders, `optOut`. */
  item: z.ZodObject
  nameOf(settings: Resource['settings']): string
  /** What one that is written so shall be, its times being `now`. `fault` is told what cannot be. `number`: one of the account's own. */
  settings(
    asked: { name: string; item: unknown; was: Resource | undefined; now: number; number(value: string): OwnNumber | undefined },
    fault: (path: (string | number)[], message: string) => void,
  ): Resource['settings']
  /** What is written of one that is so, besides its name: `settings` of that gives the same again. */
  written(settings: Resource['settings']): Record<string, unknown>
  /** What cannot be of all of an account together. */
  faults?(all: Resources): Iterable<string>
}

/** One way to a user who registered: a phone of a client bind. Times are epoch ms. */
export interface Registration {
  bind: BindId
  /** `bob@acme.example` */
  user: string
  /** Where it registered: the profile. */
  listener: string
  /** What it is asked by: a SIP URI. */
  contact: string
  transport: string
  /** The address it came from. */
  remote: string
  registeredAt: number
  expiresAt: number
  /** What it calls itself. */
  agent?: string
}

export interface HttpSide {
  router: Router
  hot?: Hot
  /** A request to leave HTTP (WebSocket): true where it was this side's to answer; the socket is its own from then on. */
  upgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): boolean
}

/** The few hot requests, taken before express and, where they are plain, before node:http. Answered exactly as the router would. */
export interface Hot {
  takes(method: string, url: string): boolean
  /** Calls `answer` once. Never throws. */
  serve(request: HotRequest, answer: (said: HotAnswer) => void): void
}

export interface HotRequest {
  method: string
  url: string
  /** The first header of this name, which is in lower case. */
  header(name: string): string | undefined
  body: Buffer
  remoteAddress: string
}

export interface HotAnswer {
  status: number
  /** Names and values in turn; without Content-Length. */
  headers: readonly string[]
  body: string
}

/** What a connector is given to send. Segments that a peer already took are left out. */
export interface Outgoing {
  message: Message
  /** For `can.text: 'segments'`: what to send, in order; empty for `whole` and MMS. */
  segments: readonly Segment[]
  /** 0 on the first try. */
  attempt: number
}

/**
 * ok: `refs` has the peer's id per segment sent (one for a whole message; empty when the peer gives
 * none). Not ok: `refs` has those of the segments that were taken before the failure, by their
 * place in `Outgoing.segments`. `wire`: decoded PDUs or requests, one line each, bodies left out.
 * `final`: all that will be known of it: the peer has it itself, or will never tell.
 */
export type Outcome =
  | { ok: true; refs: string[]; final?: 'delivered' | 'unconfirmed'; wire?: string[] }
  | { ok: false; failure: FailureFacts; refs?: (string | undefined)[]; wire?: string[] }

/** What became of an operation on a segment that the peer has. A `permanent` failure: the peer does not know it or will not do it. */
export type Operated = { ok: true } | { ok: false; failure: FailureFacts }

/** One live connection of a bind, outwards. Its methods are called concurrently, up to the bind's window, and never reject. */
export interface Session {
  /** Absent on a receive-only session. */
  send?(out: Outgoing, signal: AbortSignal): Promise<Outcome>
  report?(message: Message, report: Report, signal: AbortSignal): Promise<Outcome>
  /**
   * What the peer knows of segments that it took under these ids (SMPP query_sm). Undefined in place
   * of one that it does not know or tell. Asked where the bind's policy has `query`.
   */
  query?(message: Message, refs: readonly string[], signal: AbortSignal): Promise<(Receipt | undefined)[]>
  /** Takes back a segment that the peer has as `ref` and has not delivered yet. Like `query` and `replace`, absent unless the peer is known to do it. */
  cancel?(message: Message, ref: string): Promise<Operated>
  /** Another text for it: `message` is as it shall be, `segment` its only one. */
  replace?(message: Message, ref: string, segment: Segment): Promise<Operated>
  /**
   * A handset whose absence made `of` fail may be reached again, as the carrier said. False: not told,
   * it is asked again on the next session. Absent where the peer cannot be told, or receives nothing.
   */
  alert?(of: Absentee, said: Availability | undefined): boolean
  /** Segments that it could take now without making them wait; may be negative. Absent: no bound. */
  free?(): number
  /** Resolves when the session is gone, with why. Every send still open has been settled by then. */
  closed: Promise<string>
  /** Drains: takes nothing new, waits for open answers for a while, unbinds. */
  close(): Promise<void>
}

/** What the gateway is to a bind, inwards. */
export interface Gateway<C = unknown> {
  bind: Bind<C>
  log: Logger
  clock: Clock
  /**
   * Resolved = durable: now acknowledge the peer. Rejects with AcceptRefused when it cannot be
   * taken. On a client bind this is MT; on a supplier bind MO.
   */
  accept(submission: Submission): Promise<MessageId>
  /** An id that no message has: for a submission whose id its peer must be told in another form, or before it is complete. */
  newId(): MessageId
  /**
   * One inbound part of a long message; the gateway joins. Resolved = durable. The message has the id
   * of its first part, where that has one, and what the parts' `report` say taken together.
   */
  part(part: InboundPart): Promise<void>
  /** The id that parts of the same long message which wait already were given, before a restart; undefined at once where none wait. */
  begunAs(part: InboundPart): Promise<MessageId | undefined> | undefined
  /** The long message of this bind, not all parts of which have come, one part of which was `told` so: as a message that waits. */
  unfinished(told: string): MessageView | undefined
  /** Takes it back: it ends as canceled, and parts of it that come later are refused. False: there is none, or it has all its parts by now. */
  cancelUnfinished(told: string): Promise<boolean>
  /** Resolved = durable: now acknowledge the peer. */
  receipt(receipt: Receipt): Promise<'matched' | 'duplicate' | 'parked'>
  /**
   * Resolves once the message has ended, or with how it stands when the bind's `modeLimitMs` is over;
   * undefined when there is no such message. For transactions: ask before answering the submitter.
   */
  outcome(id: MessageId): Promise<MessageOutcome | undefined>
  /** How full the peer says it is, in percent (SMPP 5.0 §4.8.4.18 congestion_state): the bind's rate follows. */
  congestion(percent: number): void
  /** On a supplier bind: the peer says that this handset may be reached again. Whoever waits for that is told (Session.alert). */
  reachable(handset: Address, said: Availability | undefined): void
  /** On a client bind: a message of its failed since its handset was absent, and it wants to be told when that may be reached again. */
  awaitReachable(of: Absentee): void
  /** These failed on this bind since their handset was busy or full, and it is no more: those that still wait here for another try have it now. */
  tryAgain(ids: readonly MessageId[]): void
  /** How many messages and reports wait on the bind's lane, about. */
  waiting(): number
  /** How full the bind's way out is, in percent: what waits for the bind that its newest message was for, of what that holds or sends in a minute. */
  congested(): number
  /** The number that an address is, where this account owns it. */
  number(value: string): OwnNumber | undefined
  /** What connectors keep of this account, by id. */
  resources(): Resources
  /** The sender from which a service of this account writes to a handset: of the newest message that was `sticky`. At once. */
  sticky(service: string, handset: string): string | undefined
  /**
   * A session that the peer opened: the flow sends on it until it is `closed`. False when the bind
   * has as many as its policy allows, or was stopped: refuse the peer. When the bind is stopped or
   * its settings change, the session is closed.
   */
  attach(session: Session): boolean
  account(): Account
  outbound: Outbound
  /** The address under which the world reaches our HTTP, without a trailing slash. */
  publicUrl: string
  /** Absent: nobody can listen. */
  trace?: BindTrace
}

/** SMPP 5.0 §4.8.4.39 ms_availability_status, in words. */
export type Availability = 'available' | 'denied' | 'unavailable'

/** What of a message that failed since its handset was absent is needed to tell of that handset. */
export type Absentee = Pick<Message, 'from' | 'to' | 'report'>

export interface MessageOutcome {
  state: MessageState
  failure?: FailureFacts
}

/** `submission.body` holds this part only, its concatenation element already taken out. */
export interface InboundPart {
  reference: number
  total: number
  /** From 1. */
  index: number
  submission: Submission
  /** What the peer was told that this part is called: by it Gateway.unfinished finds the message while it waits for others. */
  told?: string
}

/**
 * Why a submission was not taken. Try again later: `busy` (disk full, closing), `throttled` (above the
 * rate of its bind or account), `queue-full` (too much waits already), `quota` (all that its account may
 * submit this day or month). The others are for good; `opted-out` until the
 * handset says otherwise.
 */
export type RefusalWhy =
  | 'no-route'
  | 'suspended'
  | 'busy'
  | 'invalid'
  | 'source-not-allowed'
  | 'destination-not-allowed'
  | 'opted-out'
  | 'too-short'
  | 'too-long'
  | 'validity'
  | 'throttled'
  | 'queue-full'
  | 'quota'
  | 'loop'

export class AcceptRefused extends Error {
  readonly why: RefusalWhy
  constructor(why: RefusalWhy, message: string) {
    super(message)
    this.name = 'AcceptRefused'
    this.why = why
  }
}
