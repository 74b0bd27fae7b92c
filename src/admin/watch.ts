// What can be seen: of binds their sessions, statistics, receipts and traces; of the configuration who changed
// what. Like every operation, only of the caller's own subtree.
import type { TruthScore } from '../flow/truth-score.ts'
import type { CountName } from '../model/transition.ts'
import type { AccountId, BindId } from '../model/message.ts'
import type { LearnedForm, RefForm } from '../model/ref.ts'
import type { DissectedField, TraceDirection } from '../model/trace.ts'
import type { Registration } from '../plugin.ts'
import type { ParkedReceipt, Revision, RevisionChange, ToldChange } from '../store/store.ts'
import type { Caller } from './caller.ts'

/** off: disabled, or nothing to dial. down: no session now. bound: at least one. */
export interface SessionsView {
  state: 'off' | 'down' | 'bound'
  sessions: number
  /** Since when it is in its state. */
  since: number
  lastError?: string
  /** Segments or reports awaiting an answer. */
  inFlight: number
  /** Segments a second that the bind sends at most now, where anything limits it, and what it learned of its peer. */
  rate?: { segmentsPerSecond: number; learned?: { why: string; at: number } }
}

/** Injected: what the supervisor says of a bind; undefined when it runs none. */
export type SessionsOf = (bind: BindId) => SessionsView | undefined

export interface StatisticsQuery {
  account?: AccountId
  /** Absent: every bind of the account and below. */
  bind?: BindId
  /** Epoch ms, both inclusive, at most 7 days apart. */
  from: number
  to: number
  /** One row a minute too. */
  series?: boolean
}

export type Counts = Partial<Record<CountName, number>>

export interface BindStatistics {
  bind: BindId
  name: string
  sums: Counts
  /** Minutes in which something happened. */
  series?: { minute: number; counts: Counts }[]
  sessions?: SessionsView
  depth: { deliver: number; report: number }
  receipts: BindReceipts
}

/** What is known of a bind by the receipts that came over it. */
export interface BindReceipts {
  /** How they name messages: times seen, and what was learned of it. */
  refForms: Partial<Record<RefForm, number>>
  refForm?: LearnedForm
  /** Those for ids that nothing was sent under. */
  parked: number
  oldestParkedAt?: number
  /** How far they can be believed; absent before the first. */
  truth?: TruthScore
}

/** Injected: the flow's truth score of a bind. */
export type TruthOf = (bind: BindId) => TruthScore | undefined

export interface Receipts {
  /** Refused (absent) for a bind outside the caller's subtree. */
  of(caller: Caller, bind: BindId): Promise<BindReceipts>
  /** Those that wait for their message, oldest first, at most 1000 a page. */
  parked(caller: Caller, bind: BindId, limit: number, cursor?: string): Promise<{ receipts: ParkedReceipt[]; next?: string }>
}

export interface RegistrationQuery {
  /** With all below it; the caller's, when absent. */
  account?: AccountId
  /** Only this one: `bob@acme.example`. */
  user?: string
  limit: number
  cursor?: string
}

export interface Registrations {
  /** By user. An account outside the caller's subtree has none. */
  list(caller: Caller, query: RegistrationQuery): { registrations: Registration[]; next?: string }
}

export interface Statistics {
  binds(caller: Caller, query: StatisticsQuery): Promise<BindStatistics[]>
}

/** Bounded: 3600 seconds, 100,000 PDUs; the newest 4 MB are held, until a quarter of an hour after the end. */
export interface TraceInput {
  /** 300, or 3600 where `pdus` is given. */
  seconds?: number
  pdus?: number
  /** What people wrote to each other too; hidden otherwise. Passwords are always hidden. */
  bodies?: boolean
}

export interface TraceView {
  bind: BindId
  running: boolean
  bodies: boolean
  by: string
  startedAt: number
  until: number
  /** It ends after so many PDUs. */
  limit: number
  /** Heard so far. */
  pdus: number
  /** Why it ended. */
  ended?: string
}

/** A PDU, or a note about its connection. */
export interface TraceLine {
  /** From 1. */
  n: number
  at: number
  local: string
  remote: string
  direction?: TraceDirection
  /** The command. */
  title?: string
  fields?: readonly DissectedField[]
  /** Hex, as on the wire but for what is hidden. */
  octets?: string
  /** Why it could not be read, or what happened to the connection. */
  note?: string
}

export type Followed = TraceLine | { missed: number } | { ended: string; pdus: number }

/** All throw Refused: absent where the bind is not the caller's, or not traced; forbidden where others' bodies would be shown. */
export interface AdminTraces {
  start(caller: Caller, bind: BindId, input: TraceInput): TraceView
  /** What was heard stays for a while. */
  stop(caller: Caller, bind: BindId): TraceView
  /** Stops, and drops what was heard. */
  forget(caller: Caller, bind: BindId): TraceView
  get(caller: Caller, bind: BindId): TraceView
  lines(caller: Caller, bind: BindId, after: number, most: number): { lines: TraceLine[]; missed: number }
  /** From after `n` until the trace ends, as it comes. */
  follow(caller: Caller, bind: BindId, after: number, signal: AbortSignal): AsyncIterable<Followed>
  /** A pcap file of what is held. */
  capture(caller: Caller, bind: BindId): Iterable<Uint8Array>
}

export interface AuditQuery {
  /** Of things of this account; absent: the caller's. */
  account?: AccountId
  /** Of sub-accounts too; true. */
  below?: boolean
  kind?: RevisionChange['kind']
  /** Of this thing, by its id in its account. */
  id?: string
  author?: string
  /** Both inclusive. */
  after?: number
  before?: number
  /** Entries, 1–1000. */
  limit: number
  /** `next` of the page before. */
  cursor?: number
}

export interface AuditEntry {
  revision: number
  at: number
  /** An account, a key, or the gateway itself; `outside` where that is neither of the caller's subtree nor below it. */
  author: string
  /** An address, or `start`. Absent where the author is outside. */
  source?: string
  changes: (Omit<ToldChange, 'by'> & { kind: RevisionChange['kind'] })[]
}

export interface Audit {
  /** Newest first. Follow `next` until it is absent: a page may have less than asked for. */
  list(caller: Caller, query: AuditQuery): Promise<{ entries: AuditEntry[]; next?: number }>
  /** Kinds and keys alone, newest first. */
  revisions(caller: Caller, limit: number, before?: number): Promise<Revision[]>
}
