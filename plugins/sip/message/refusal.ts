// Why a MESSAGE is not taken, as the response that says so: a status that tells whether to try again,
// and a Warning in words for whoever reads the peer's log.
import { AcceptRefused, type RefusalWhy } from '../../../src/plugin.ts'
import type { HeaderLines } from '../codec/types.ts'
import { warning } from '../codec/warning.ts'
import type { Reply } from '../engine/engine.ts'

export interface Refusal {
  status: number
  why: string
  /** Beside the Warning. */
  headers?: HeaderLines
}

export function refusal(status: number, why: string, headers?: HeaderLines): Refusal {
  return headers === undefined ? { status, why } : { status, why, headers }
}

export function isRefusal(read: object): read is Refusal {
  return 'status' in read && 'why' in read
}

export function replyOf({ status, why, headers = [] }: Refusal): Reply {
  return { status, headers: ['Warning', warning(why), ...headers] }
}

/**
 * 503 sends a trunk to its next hop and a phone to its next try; 480 is about this destination, which
 * has no room left. Whatever cannot come right by waiting is a 4xx without Retry-After.
 */
const statuses: Record<RefusalWhy, { status: number; retryAfterSeconds?: number }> = {
  'no-route': { status: 404 },
  suspended: { status: 403 },
  busy: { status: 503, retryAfterSeconds: 5 },
  invalid: { status: 400 },
  'source-not-allowed': { status: 403 },
  'destination-not-allowed': { status: 403 },
  'opted-out': { status: 403 },
  'too-short': { status: 400 },
  'too-long': { status: 413 },
  validity: { status: 400 },
  throttled: { status: 503, retryAfterSeconds: 1 },
  'queue-full': { status: 480, retryAfterSeconds: 10 },
  quota: { status: 480, retryAfterSeconds: 3600 },
  loop: { status: 482 },
}

/** What Gateway.accept, part and receipt reject with. What is no refusal is our own fault, and may pass. */
export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof AcceptRefused)) return refusal(500, 'An error of ours: try again later.', ['Retry-After', '5'])
  const { status, retryAfterSeconds } = statuses[error.why]
  return refusal(status, error.message, retryAfterSeconds === undefined ? undefined : ['Retry-After', String(retryAfterSeconds)])
}
