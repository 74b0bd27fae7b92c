// What a peer answered to our MESSAGE, and what it says of the message. `peerCode` is the status as
// text, so that a bind's `actions` can mean something else by it. What is not in the table: a 4xx may
// come right by itself, as a 5xx may; a 6xx and a redirection, which nobody follows here, will not.
import type { FailureCode, FailureFacts, FailureKind } from '../../../src/plugin.ts'
import { unquoted } from '../codec/params.ts'
import type { Headers } from '../codec/types.ts'
import type { Sent } from '../engine/engine.ts'

const table: Readonly<Record<number, readonly [FailureKind, FailureCode]>> = {
  400: ['permanent', 'invalid-body'],
  401: ['permanent', 'not-permitted'],
  402: ['permanent', 'rejected'],
  403: ['permanent', 'not-permitted'],
  404: ['permanent', 'unknown-subscriber'],
  405: ['permanent', 'rejected'],
  406: ['permanent', 'invalid-body'],
  407: ['permanent', 'not-permitted'],
  408: ['temporary', 'peer-timeout'],
  410: ['permanent', 'unknown-subscriber'],
  413: ['permanent', 'too-long'],
  414: ['permanent', 'invalid-destination'],
  415: ['permanent', 'invalid-body'],
  416: ['permanent', 'invalid-destination'],
  420: ['permanent', 'rejected'],
  421: ['permanent', 'rejected'],
  430: ['temporary', 'absent-subscriber'],
  480: ['temporary', 'absent-subscriber'],
  482: ['permanent', 'rejected'],
  483: ['permanent', 'rejected'],
  484: ['permanent', 'invalid-destination'],
  485: ['permanent', 'invalid-destination'],
  486: ['temporary', 'peer-busy'],
  488: ['permanent', 'invalid-body'],
  493: ['permanent', 'invalid-body'],
  501: ['permanent', 'rejected'],
  503: ['temporary', 'peer-busy'],
  504: ['temporary', 'peer-timeout'],
  505: ['permanent', 'rejected'],
  513: ['permanent', 'too-long'],
  604: ['permanent', 'unknown-subscriber'],
  606: ['permanent', 'invalid-body'],
  607: ['permanent', 'blocked'],
  608: ['permanent', 'filtered'],
}
const byClass: Readonly<Record<number, readonly [FailureKind, FailureCode]>> = {
  3: ['permanent', 'undeliverable'],
  4: ['temporary', 'peer-error'],
  5: ['temporary', 'peer-error'],
  6: ['permanent', 'rejected'],
}
/** A peer may ask for a day at most. */
const mostRetryAfterSeconds = 86_400

/** Of a final response that is no 2xx. */
function answeredFailure(status: number, reason: string, headers: Headers): FailureFacts {
  const [kind, code] = table[status] ?? byClass[Math.floor(status / 100)] ?? byClass[5]!
  const facts: FailureFacts = { kind, code, peer: `${status} ${reason}`, peerCode: String(status) }
  const why = headers.get('warning')
  // RFC 3261 §20.43: code, agent, text.
  const text = why === undefined ? undefined : /^\d{3} \S+ ("(?:[^"\\]|\\.)*")/.exec(why)?.[1]
  if (text !== undefined) facts.peer += `: ${unquoted(text).slice(0, 200)}`
  const seconds = /^\d{1,9}/.exec(headers.get('retry-after') ?? '')?.[0]
  if (seconds !== undefined && kind === 'temporary') facts.retryAfterMs = Math.min(Number(seconds), mostRetryAfterSeconds) * 1000
  return facts
}

/** Undefined: it was taken. */
export function failureOf(sent: Sent): FailureFacts | undefined {
  switch (sent.kind) {
    case 'answered':
      return sent.status >= 200 && sent.status < 300 ? undefined : answeredFailure(sent.status, sent.reason, sent.headers)
    case 'unsent':
      return { kind: 'offline', code: 'bind-down', peer: sent.why }
    case 'refused':
      return { kind: 'permanent', code: 'invalid-body', peer: sent.why }
    case 'timeout':
      return { kind: 'unknown', code: 'peer-timeout', peer: sent.why }
    case 'lost':
      return { kind: 'unknown', code: 'connection-lost', peer: sent.why }
  }
  return sent satisfies never
}
