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
import { hopsAfter, hopsHeader } from './hops.ts'
import { sign } from './signature.ts'

export interface Webhook {
  url: string
  method: 'GET' | 'POST'
  params: SignedForm
  /** The account's auth token. */
  token: string
  /** Of an inbound message: through how many gateways it came. */
  hops?: number | undefined
  /** The same on every retry. */
  idempotencyToken: string
  allowPrivate: boolean
  signal: AbortSignal
}

/** With the lines of all tries. */
export type WebhookResult = ({ ok: true; response: OutboundResponse } | { ok: false; code: number; failure: FailureFacts }) & {
  wire: string[]
}

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
export function callWebhook(outbound: Outbound, clock: Clock, hook: Webhook, wire: string[]): Promise<WebhookResult> {
  const to = endpoint(hook.url)
  if (!to) {
    wire.push(`${hook.method} an invalid URL: not requested`)
    const failure: FailureFacts = { kind: 'permanent', code: 'invalid-destination', peer: 'the webhook URL is not valid' }
    return Promise.resolve({ ok: false, code: 11210, failure, wire })
  }
  if (to.notes.length > 0) wire.push(...to.notes)
  const startedAt = clock.now()
  return attempt({ outbound, clock, method: hook.method, to, request: requestOf(hook, to), wire, startedAt, triedAt: startedAt, tried: 0 })
}

interface Call {
  outbound: Outbound
  clock: Clock
  method: string
  to: Endpoint
  request: OutboundRequest
  wire: string[]
  startedAt: number
  triedAt: number
  tried: number
}

/** There are two for every message: no frames, and few closures. */
function attempt(call: Call): Promise<WebhookResult> {
  return call.outbound.request(call.request).then(
    (response) => answered(call, response),
    (error: unknown) => failed(call, failedRequest(error)),
  )
}

function answered(call: Call, response: OutboundResponse): WebhookResult | Promise<WebhookResult> {
  const { status } = response
  if (status >= 400) return failed(call, failedAnswer(response))
  const { method, to, wire, clock, triedAt } = call
  wire.push(`${method} ${to.shown} → HTTP ${status} in ${clock.now() - triedAt} ms`)
  return { ok: true, response, wire }
}

function failed(call: Call, { said, why, code, failure }: Failed): WebhookResult | Promise<WebhookResult> {
  const { method, to, request, wire, startedAt } = call
  const now = call.clock.now()
  wire.push(`${method} ${to.shown} → ${said} in ${now - call.triedAt} ms`)
  const { tt, rc, rp } = to.overrides
  if (why === undefined || !rp.has(why) || call.tried >= rc || now - startedAt >= tt) return { ok: false, code, failure, wire }
  request.totalTimeoutMs = tt - (now - startedAt)
  call.triedAt = now
  call.tried++
  return attempt(call)
}

function requestOf(
  { method, params, token, hops, idempotencyToken: idempotency, allowPrivate, signal }: Webhook,
  to: Endpoint,
): OutboundRequest {
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
  if (hops !== undefined) headers[hopsHeader] = hopsAfter(hops)
  if (post) {
    headers['content-type'] = 'application/x-www-form-urlencoded; charset=utf-8'
    request.body = params.form
  }
  return request
}

/** `why` names the retry policy that covers this failure; `said` is what the trace shows. */
interface Failed {
  code: number
  failure: FailureFacts
  why: string | undefined
  said: string
}

function failedRequest(error: unknown): Failed {
  if (!(error instanceof OutboundError))
    return { code: 11200, failure: { kind: 'temporary', code: 'peer-error' }, why: undefined, said: 'error' }
  const { kind } = error
  const why = kind === 'connect' || kind === 'connect-timeout' || kind === 'tls' ? 'ct' : kind === 'read-timeout' ? 'rt' : undefined
  return { code: codes[kind], failure: { ...failures[kind], peer: kind }, why, said: kind }
}

function failedAnswer({ status, headers }: OutboundResponse): Failed {
  const said = `HTTP ${status}`
  const failure: FailureFacts = { kind: 'temporary', code: 'peer-error', peer: said }
  const wait = Number(headers['retry-after'])
  if (wait > 0 && wait <= 3600) failure.retryAfterMs = wait * 1000
  return { code: 11200, failure, why: status < 500 ? '4xx' : '5xx', said }
}

/** A UUID that is the same for every try of one event of a message: the id with its last octet replaced. */
export function idempotencyToken(messageId: string, event: number): string {
  const hex = messageId.slice(0, 30) + event.toString(16).padStart(2, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
