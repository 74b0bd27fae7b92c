// A bind: one configured use of a connector by an account. What every connector shares is here;
// what only its protocol knows is in `config`.
import type { Npi, Ton } from './address.ts'
import type { FailureKind } from './failure.ts'
import type { AccountId, BindId, MessagingMode } from './message.ts'

export type Side = 'supplier' | 'client'

/**
 * Accounts below the owner, each with everything below it. Absent: every account below. Empty: nobody
 * but the owner. Whatever it says, only accounts that inherit up to the owner use anything of it.
 */
export type Grant = readonly AccountId[]

/** What to do with an attempt whose outcome is unknown: the peer may have the message. */
export type UnknownPolicy = 'resend' | 'hold' | 'fail'

/** What one of the peer's codes means on this bind, over what its connector says. An absent field stays as it is. */
export interface PeerAction {
  as?: Exclude<FailureKind, 'offline'>
  retryAfterMs?: number
  /** Tries before the next candidate, instead of the bind's. */
  attempts?: number
  /** true: the next candidate at once, where there is one. false: never another candidate. */
  failover?: boolean
}

/** Which addresses may stand at one end. Each list that is not empty must hold; `deny` goes before `allow`. */
export interface AddressFilter {
  /** `+44` is a prefix, `ACME` a whole name; with `*` (any run) and `?` (one character) a pattern of the whole address. */
  allow: string[]
  deny: string[]
  tons: Ton[]
  npis: Npi[]
}

/** At most so many in any such span; 0 = no limit. */
export interface Limits {
  perSecond: number
  perMinute: number
  perHour: number
  perDay: number
}

/** What is reported of what was asked for: nothing, failures, successes, every end, or every end and states on the way. */
export type ReportLevel = 'none' | 'failure' | 'success' | 'all' | 'intermediate'

/** How parts of a long message are joined on this bind. `payload` sends it whole. */
export type Concatenation = 'udh8' | 'udh16' | 'sar' | 'payload'

export interface BindPolicy {
  /** Parallel sessions. */
  sessions: number
  /** Segments awaiting an answer, per session. */
  window: number
  /** Segments a second over all sessions; 0 = no limit. */
  segmentsPerSecond: number
  /** Learns the rate that the peer takes, below segmentsPerSecond, from its refusals, congestion and latency. */
  adaptiveRate: boolean
  /** Tries on this bind before the next candidate. */
  attempts: number
  /**
   * Delays after the first and the second failure, in ms; each further one is multiplied, up to the
   * cap; jitter ±20 %. Second 0: the first, multiplied.
   */
  retryFirstMs: number
  retrySecondMs: number
  retryMultiplier: number
  retryCapMs: number
  /** The same where the handset, or its queue at the peer, is busy. */
  busyFirstMs: number
  busySecondMs: number
  busyMultiplier: number
  busyCapMs: number
  /** By the peer's own code (`ESME_RSYSERR`, `0x00000403`), or `*` for every other: opaque words here. */
  actions: Record<string, PeerAction>
  /** Down longer than this, the next candidate is taken; 0 = wait for ever. */
  downLimitMs: number
  /** What has waited so long while the bind is down fails, where no candidate is left; 0 = waits for its validity. */
  relayLimitMs: number
  unknown: UnknownPolicy
  /** The peer is asked first what it knows of a message whose receipt never came, or whose outcome is unknown. */
  query: boolean
  /** Of what arrives here and names none. */
  mode: MessagingMode
  /** A transaction is answered at the latest after so long; a datagram is given up then. */
  modeLimitMs: number
  /** Validity of a message that names none, and the most for one that does, in seconds. */
  validitySeconds: number
  maxValiditySeconds: number
  aboveMaxValidity: 'cap' | 'refuse'
  /** Characters of a text, or octets, that may arrive here; 0 = no limit. */
  shortestText: number
  longestText: number
  sources: AddressFilter
  destinations: AddressFilter
  /** What may arrive here; above it a submission is refused as throttled. */
  messages: Limits
  segments: Limits
  /** What may wait on the bind's lane; above it, what would join it is refused, or takes another bind. 0 = no limit. */
  mostQueued: number
  /** What is reported to a client, of what it asked for. */
  reports: ReportLevel
  /** Rewrites the error codes of receipts that are reported here: `001` → `002`; `*` for every other. */
  errorCodes: Record<string, string>
  /** The trunk that a supplier bind is a member of, and its share of it. Empty = none. */
  trunk: string
  trunkWeight: number
  /** A member with more waiting rests until it has less than restUntil; 0 = never. */
  restAbove: number
  restUntil: number
  /** Who is at the other end, in a word of one's own: what came from a peer never goes back to it. Empty = nobody in particular. */
  peer: string
  /** Of a supplier bind: what it brings for no number of ours goes on by its account's routes, as what a client submits does. */
  transit: boolean
  /** How long after validity a receipt is waited for before the message ends `unconfirmed`. */
  receiptTimeoutSeconds: number
  concatenation: Concatenation
  /** Of a client bind: how its peers write destinations; the longest prefix is replaced (`001` → `+1`). */
  destinationRewrites: Record<string, string>
  /** National language tables (TS 23.038, 1–13) that may be used instead of UCS-2; empty = none. */
  nationalTables: number[]
  /** Incomplete inbound long messages: wait so long, then deliver what came, or drop it with a CDR. */
  partsTimeoutSeconds: number
  partsIncomplete: 'deliver' | 'drop'
}

export interface Bind<C = unknown> {
  id: BindId
  account: AccountId
  name: string
  connector: string
  side: Side
  enabled: boolean
  /** A paused lane keeps its messages and sends none. */
  paused: boolean
  /** Of a supplier bind: who may send through it, besides its owner; absent: every account that inherits it. */
  grant?: Grant
  policy: BindPolicy
  config: C
  createdAt: number
  updatedAt: number
}
