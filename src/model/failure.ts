// The closed list of ways in which a delivery fails. Each connector maps its peer's status to one
// of these in a table; the flow decides by `kind` alone. An unknown error is temporary.

/**
 * temporary: try again later here. throttled: too much for the peer just now; costs no attempt.
 * offline: nothing was written, the session is gone; costs no attempt. permanent: this
 * bind will never take it; the next candidate may. unknown: written, but no answer
 * came: the peer may have it (the bind's `unknown` policy decides).
 */
export type FailureKind = 'temporary' | 'throttled' | 'offline' | 'permanent' | 'unknown'

/** Why, in the model's own words. Connectors map them to their peer's codes (Twilio 30003 …). */
export type FailureCode =
  | 'no-route'
  | 'account-suspended'
  | 'bind-down'
  | 'peer-error'
  | 'peer-busy'
  | 'peer-timeout'
  | 'connection-lost'
  | 'throttled'
  | 'queue-full'
  | 'invalid-source'
  | 'invalid-destination'
  | 'invalid-body'
  | 'too-long'
  | 'unknown-subscriber'
  | 'absent-subscriber'
  | 'landline'
  | 'blocked'
  | 'filtered'
  | 'rejected'
  | 'not-permitted'
  | 'opted-out'
  | 'expired'
  | 'canceled'
  | 'purged'
  | 'attempts-exhausted'
  | 'undeliverable'
  | 'outcome-unknown'
  | 'no-receipt'

/** What is kept of a failure: plain data, fit for the store. `peer` is the peer's own words, e.g. `ESME_RINVDSTADR 0x0000000b`. */
export interface FailureFacts {
  kind: FailureKind
  code: FailureCode
  peer?: string
  /** The peer's code as one stable word, by which a bind's `actions` know it: `ESME_RINVDSTADR`, `0x00000403`, `21610`. */
  peerCode?: string
  /** The peer asked to wait this long. */
  retryAfterMs?: number
}

export class Failure extends Error {
  readonly facts: FailureFacts
  constructor(kind: FailureKind, code: FailureCode, peer?: string, more: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(`${kind} ${code}${peer ? `: ${peer}` : ''}`, more.cause === undefined ? undefined : { cause: more.cause })
    this.name = 'Failure'
    this.facts = {
      kind,
      code,
      ...(peer === undefined ? {} : { peer }),
      ...(more.retryAfterMs === undefined ? {} : { retryAfterMs: more.retryAfterMs }),
    }
  }
}

/** Any thrown thing as failure facts; what is no Failure is temporary. */
export function failureFacts(error: unknown): FailureFacts {
  if (error instanceof Failure) return error.facts
  return { kind: 'temporary', code: 'peer-error', peer: whyOf(error) }
}

/** In its own words, whatever was thrown. */
export const whyOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
