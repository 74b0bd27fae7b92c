// A bind: one configured use of a connector by an account. What every connector shares is here;
// what only its protocol knows is in `config`.
import type { AccountId, BindId } from './message.ts'

export type Side = 'supplier' | 'client'

/** What to do with an attempt whose outcome is unknown: the peer may have the message. */
export type UnknownPolicy = 'resend' | 'hold' | 'fail'

/** How parts of a long message are joined on this bind. `payload` sends it whole. */
export type Concatenation = 'udh8' | 'udh16' | 'sar' | 'payload'

export interface BindPolicy {
  /** Parallel sessions. */
  sessions: number
  /** Segments awaiting an answer, per session. */
  window: number
  /** Segments a second over all sessions; 0 = no limit. */
  segmentsPerSecond: number
  /** Tries on this bind before the next candidate. */
  attempts: number
  /** Delay before the second try, in ms; each further one is multiplied, up to the cap; jitter ±20 %. */
  retryFirstMs: number
  retryMultiplier: number
  retryCapMs: number
  /** Down longer than this, the next candidate is taken; 0 = wait for ever. */
  downLimitMs: number
  unknown: UnknownPolicy
  /** Validity of a message that names none, and the cap for one that does, in seconds. */
  validitySeconds: number
  maxValiditySeconds: number
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
  policy: BindPolicy
  config: C
  createdAt: number
  updatedAt: number
}
