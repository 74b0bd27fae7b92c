// One webhook, with Twilio's headers, signature, timeouts and retries. What went wrong is told twice:
// as Twilio's code for the fallback request, and as our failure for the flow. A failure of the
// receiver is temporary, so that the flow comes again; only what could never be requested is permanent.
import {
  OutboundError,
  type Clock,
  type FailureFacts,
  type Outbound,
  type OutboundErrorKind,
  type OutboundRequest,
  type OutboundResponse,
} from '../../src/plugin.ts'
import { endpoint, type Endpoint } from './endpoint.ts'
import type { SignedForm } from './form.ts'
import { sign } from './signature.ts'

export interface Webhook {
  url: string
  method: 'GET' | 'POST'
  params: SignedForm
  /** The account's auth token. */
  token: string
  /** The same on every retry. */
  idempotencyToken: string
  allowPrivate: boolean
  signal: AbortSignal
}

export type WebhookResult = { ok: true; response: OutboundResponse } | { ok: false; code: number; failure: FailureFacts }

/** Twilio cuts answers at 64 kB (11750). */
const maxAnswerBytes = 65_536
const redirects = 10

const codes: Record<OutboundErrorKind, number> = {
  connect: 11205,
  'connect-timeout': 11205,
  'read-timeout': 11200,
  'total-timeout': 11200,
  refused: 11210,
  tls: 11220,
  protocol: 11206,
  'too-large': 11750,
  'too-many-redirects': 11215,
  aborted: 11200,
  'bad-url': 11210,
}

const failures: Record<OutboundErrorKind, Pick<FailureFacts, 'kind' | 'code'>> = {
  connect: { kind: 'temporary', code: 'connection-lost' },
  'connect-timeout': { kind: 'temporary', code: 'peer-timeout' },
  'read-timeout': { kind: 'temporary', code: 'peer-timeout' },
  'total-timeout': { kind: 'temporary', code: 'peer-timeout' },
  refused: { kind: 'permanent', code: 'not-permitted' },
  tls: { kind: 'temporary', code: 'peer-error' },
  protocol: { kind: 'temporary', code: 'peer-error' },
  'too-large': { kind: 'temporary', code: 'peer-error' },
  'too-many-redirects': { kind: 'temporary', code: 'peer-error' },
  // Ours: the bind is being stopped.
  aborted: { kind: 'offline', code: 'connection-lost' },
  'bad-url': { kind: 'permanent', code: 'invalid-destination' },
}

/** Appends a line to `wire` for each try. Never rejects. */
export async function callWebhook(outbound: Outbound, clock: Clock, hook: Webhook, wire: string[]): Promise<WebhookResult> {
  const to = endpoint(hook.url)
  if (!to) {
    wire.push(`${hook.method} an invalid URL: not requested`)
    return { ok: false, code: 11210, failure: { kind: 'permanent', code: 'invalid-destination', peer: 'the webhook URL is not valid' } }
  }
  if (to.notes.length > 0) wire.push(...to.notes)
  const request = requestOf(hook, to)
  const startedAt = clock.now()
  for (let tried = 0, triedAt = startedAt; ; tried++) {
    let failed: Failed
    try {
      const response = await outbound.request(request)
      if (response.status < 400) {
        wire.push(`${hook.method} ${to.shown} → HTTP ${response.status} in ${clock.now() - triedAt} ms`)
        return { ok: true, response }
      }
      failed = failedAnswer(response)
    } catch (error) {
      failed = failedRequest(error)
    }
    const now = clock.now()
    wire.push(`${hook.method} ${to.shown} → ${failed.said} in ${now - triedAt} ms`)
    const { tt, rc, rp } = to.overrides
    if (failed.why === undefined || !rp.has(failed.why) || tried >= rc || now - startedAt >= tt) return failed.result
    request.totalTimeoutMs = tt - (now - startedAt)
    triedAt = now
  }
}

function requestOf({ method, params, token, idempotencyToken: idempotency, allowPrivate, signal }: Webhook, to: Endpoint): OutboundRequest {
  const { ct, rt, tt } = to.overrides
  const post = method === 'POST'
  const query = post ? '' : (to.signed.includes('?') ? '&' : '?') + params.form
  const headers: Record<string, string> = {
    'user-agent': 'TwilioProxy/1.1',
    accept: '*/*',
    'i-twilio-idempotency-token': idempotency,
    'x-home-region': 'us1',
    'x-twilio-signature': sign(token, to.signed + (post ? params.sorted : query)),
  }
  const request: OutboundRequest = {
    method,
    url: post ? to.url : to.url + query,
    headers,
    connectTimeoutMs: ct,
    readTimeoutMs: rt,
    totalTimeoutMs: tt,
    allowPrivate,
    maxBytes: maxAnswerBytes,
    redirects,
    // By the idempotency token.
    repeatable: true,
    signal,
  }
  if (post) {
    headers['content-type'] = 'application/x-www-form-urlencoded; charset=utf-8'
    request.body = params.form
  }
  return request
}

/** `why` names the retry policy that covers this failure; `said` is what the trace shows. */
interface Failed {
  result: WebhookResult & { ok: false }
  why: string | undefined
  said: string
}

function failedRequest(error: unknown): Failed {
  if (!(error instanceof OutboundError))
    return { result: { ok: false, code: 11200, failure: { kind: 'temporary', code: 'peer-error' } }, why: undefined, said: 'error' }
  const { kind } = error
  const why = kind === 'connect' || kind === 'connect-timeout' || kind === 'tls' ? 'ct' : kind === 'read-timeout' ? 'rt' : undefined
  return { result: { ok: false, code: codes[kind], failure: { ...failures[kind], peer: kind } }, why, said: kind }
}

function failedAnswer({ status, headers }: OutboundResponse): Failed {
  const said = `HTTP ${status}`
  const failure: FailureFacts = { kind: 'temporary', code: 'peer-error', peer: said }
  const wait = Number(headers['retry-after'])
  if (wait > 0 && wait <= 3600) failure.retryAfterMs = wait * 1000
  return { result: { ok: false, code: 11200, failure }, why: status < 500 ? '4xx' : '5xx', said }
}

/** A UUID that is the same for every try of one event of a message: the id with its last octet replaced. */
export function idempotencyToken(messageId: string, event: number): string {
  const hex = messageId.slice(0, 30) + event.toString(16).padStart(2, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
