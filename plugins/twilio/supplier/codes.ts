// What Twilio's codes mean to the flow, of a refused request and of a message that failed later. What
// is not in the table is judged by its HTTP status alone; a bind's `actions` say otherwise by code.
import type { FailureCode, FailureFacts, FailureKind } from '../../../src/plugin.ts'

type Meaning = readonly [FailureKind, FailureCode]

/** permanent: the same message will meet the same answer here. offline: nothing will be taken until the bind's settings, or ours, are put right. */
const meanings: Readonly<Record<number, Meaning>> = {
  10001: ['offline', 'account-suspended'],
  20003: ['offline', 'not-permitted'],
  20005: ['offline', 'account-suspended'],
  20006: ['offline', 'not-permitted'],
  20010: ['offline', 'not-permitted'],
  21470: ['offline', 'not-permitted'],
  21471: ['offline', 'not-permitted'],
  21472: ['offline', 'account-suspended'],
  // The key may not send.
  70051: ['offline', 'not-permitted'],
  // The StatusCallback, which is our own address.
  21609: ['offline', 'rejected'],

  14107: ['throttled', 'throttled'],
  20429: ['throttled', 'throttled'],
  21611: ['throttled', 'queue-full'],
  30001: ['throttled', 'queue-full'],
  30022: ['throttled', 'throttled'],

  20500: ['temporary', 'peer-error'],
  20503: ['temporary', 'peer-busy'],
  30017: ['temporary', 'peer-busy'],
  30020: ['temporary', 'peer-error'],
  30021: ['temporary', 'peer-error'],
  30023: ['temporary', 'throttled'],
  30027: ['temporary', 'throttled'],
  30410: ['temporary', 'peer-timeout'],

  10002: ['permanent', 'not-permitted'],
  20008: ['permanent', 'not-permitted'],
  20403: ['permanent', 'not-permitted'],
  20409: ['permanent', 'rejected'],
  20413: ['permanent', 'too-long'],
  20422: ['permanent', 'rejected'],
  21211: ['permanent', 'invalid-destination'],
  21212: ['permanent', 'invalid-source'],
  21217: ['permanent', 'invalid-destination'],
  21265: ['permanent', 'invalid-destination'],
  21266: ['permanent', 'invalid-source'],
  21401: ['permanent', 'invalid-destination'],
  21407: ['permanent', 'invalid-source'],
  21408: ['permanent', 'not-permitted'],
  21421: ['permanent', 'invalid-destination'],
  21601: ['permanent', 'invalid-source'],
  21602: ['permanent', 'invalid-body'],
  21603: ['permanent', 'invalid-source'],
  21604: ['permanent', 'invalid-destination'],
  21605: ['permanent', 'too-long'],
  21606: ['permanent', 'invalid-source'],
  21607: ['permanent', 'invalid-source'],
  21608: ['permanent', 'not-permitted'],
  21610: ['permanent', 'blocked'],
  21612: ['permanent', 'no-route'],
  21613: ['permanent', 'not-permitted'],
  21614: ['permanent', 'landline'],
  21615: ['permanent', 'not-permitted'],
  21616: ['permanent', 'invalid-source'],
  21617: ['permanent', 'too-long'],
  21618: ['permanent', 'invalid-body'],
  21619: ['permanent', 'invalid-body'],
  21624: ['permanent', 'expired'],
  21635: ['permanent', 'landline'],
  21659: ['permanent', 'invalid-source'],
  21660: ['permanent', 'invalid-source'],
  21701: ['permanent', 'invalid-source'],
  21702: ['permanent', 'invalid-source'],
  21703: ['permanent', 'invalid-source'],
  21704: ['permanent', 'invalid-source'],
  21705: ['permanent', 'invalid-source'],
  21708: ['permanent', 'invalid-source'],
  21709: ['permanent', 'invalid-source'],

  30002: ['permanent', 'account-suspended'],
  30003: ['permanent', 'absent-subscriber'],
  30004: ['permanent', 'blocked'],
  30005: ['permanent', 'unknown-subscriber'],
  30006: ['permanent', 'landline'],
  30007: ['permanent', 'filtered'],
  30008: ['permanent', 'undeliverable'],
  30010: ['permanent', 'rejected'],
  30011: ['permanent', 'invalid-body'],
  30012: ['permanent', 'expired'],
  30013: ['permanent', 'expired'],
  30014: ['permanent', 'invalid-destination'],
  30018: ['permanent', 'invalid-source'],
  30019: ['permanent', 'too-long'],
  30024: ['permanent', 'invalid-source'],
  30032: ['permanent', 'invalid-source'],
  30033: ['permanent', 'not-permitted'],
  30034: ['permanent', 'invalid-source'],
  30035: ['permanent', 'invalid-source'],
  30036: ['permanent', 'expired'],
  30038: ['permanent', 'filtered'],
  30450: ['permanent', 'blocked'],
}

/** Ours, of a wait that the peer asks for: an hour. */
const longestWaitMs = 3_600_000

/** Of an answer that is no success. `code` is Twilio's, where the answer had one; `now` is epoch ms. */
export function refusal(status: number, code: number | undefined, retryAfter: string | undefined, now: number): FailureFacts {
  const [kind, word] = (code === undefined ? undefined : meanings[code]) ?? byStatus(status)
  const facts: FailureFacts = {
    kind,
    code: word,
    peer: code === undefined ? `HTTP ${status}` : `HTTP ${status}, code ${code}`,
    peerCode: String(code ?? status),
  }
  const waitMs = retryAfter === undefined ? 0 : /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - now
  if (waitMs > 0) facts.retryAfterMs = Math.min(waitMs, longestWaitMs)
  return facts
}

/** A 403 without a code may be of a firewall that dislikes one text: that text alone is the worse for it. */
function byStatus(status: number): Meaning {
  if (status === 401) return ['offline', 'not-permitted']
  if (status === 413) return ['permanent', 'too-long']
  if (status === 429) return ['throttled', 'throttled']
  if (status === 503) return ['temporary', 'peer-busy']
  if (status >= 500 || status < 400 || status === 403 || status === 404 || status === 408) return ['temporary', 'peer-error']
  return ['permanent', 'rejected']
}

/** Whether a code is one of those known here. */
export function isKnown(code: number): boolean {
  return Object.hasOwn(meanings, code)
}

/** Of a message that was taken, and failed then: another try here would be another message. */
export function laterFailure(code: number | undefined): FailureFacts {
  const word = (code === undefined ? undefined : meanings[code]?.[1]) ?? 'undeliverable'
  return code === undefined
    ? { kind: 'permanent', code: word }
    : { kind: 'permanent', code: word, peer: `code ${code}`, peerCode: String(code) }
}
