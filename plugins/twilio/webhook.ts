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
import { writeForm } from './form.ts'
import { signature } from './signature.ts'

export interface Webhook {
  url: string
  method: 'GET' | 'POST'
  params: Readonly<Record<string, string>>
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
  const { tt, rc, rp } = to.overrides
  if (to.notes.length > 0) wire.push(...to.notes)
  const request = requestOf(hook, to)
  const startedAt = clock.now()
  for (let tried = 0, triedAt = startedAt; ; tried++) {
    const judged = await tryOnce(outbound, request)
    const now = clock.now()
    wire.push(`${hook.method} ${to.shown} → ${judged.said} in ${now - triedAt} ms`)
    const { result, why } = judged
    if (result.ok || why === undefined || !rp.has(why) || tried >= rc || now - startedAt >= tt) return result
    request.totalTimeoutMs = tt - (now - startedAt)
    triedAt = now
  }
}

async function tryOnce(outbound: Outbound, request: OutboundRequest): Promise<Judged> {
  try {
    return judgeAnswer(await outbound.request(request))
  } catch (error) {
    return judgeError(error)
  }
}

function requestOf({ method, params, token, idempotencyToken: idempotency, allowPrivate, signal }: Webhook, to: Endpoint): OutboundRequest {
  const { ct, rt, tt } = to.overrides
  const form = writeForm(params)
  const joint = to.signed.includes('?') ? '&' : '?'
  const post = method === 'POST'
  const headers: Record<string, string> = {
    'user-agent': 'TwilioProxy/1.1',
    accept: '*/*',
    'i-twilio-idempotency-token': idempotency,
    'x-home-region': 'us1',
    'x-twilio-signature': post ? signature(token, to.signed, params) : signature(token, to.signed + joint + form),
  }
  if (post) headers['content-type'] = 'application/x-www-form-urlencoded; charset=utf-8'
  return {
    method,
    url: post ? to.url : to.url + joint + form,
    headers,
    ...(post ? { body: form } : {}),
    connectTimeoutMs: ct,
    readTimeoutMs: rt,
    totalTimeoutMs: tt,
    allowPrivate,
    maxBytes: maxAnswerBytes,
    redirects,
    signal,
  }
}

/** `why` names the retry policy that covers this failure; `said` is what the trace shows. */
interface Judged {
  result: WebhookResult
  why?: string
  said: string
}

function judgeError(error: unknown): Judged {
  if (!(error instanceof OutboundError))
    return { result: { ok: false, code: 11200, failure: { kind: 'temporary', code: 'peer-error' } }, said: 'error' }
  const { kind } = error
  const why = kind === 'connect' || kind === 'connect-timeout' || kind === 'tls' ? 'ct' : kind === 'read-timeout' ? 'rt' : undefined
  const result = { ok: false as const, code: codes[kind], failure: { ...failures[kind], peer: kind } }
  return { result, ...(why ? { why } : {}), said: kind }
}

function judgeAnswer(response: OutboundResponse): Judged {
  const { status } = response
  const said = `HTTP ${status}`
  if (status < 400) return { result: { ok: true, response }, said }
  const wait = Number(response.headers['retry-after'])
  const retryAfterMs = wait > 0 && wait <= 3600 ? wait * 1000 : undefined
  const failure: FailureFacts = { kind: 'temporary', code: 'peer-error', peer: said, ...(retryAfterMs ? { retryAfterMs } : {}) }
  return { result: { ok: false, code: 11200, failure }, why: status < 500 ? '4xx' : '5xx', said }
}

/** A UUID that is the same for every try of one event of a message: the id with its last octet replaced. */
export function idempotencyToken(messageId: string, event: number): string {
  const hex = messageId.slice(0, 30) + event.toString(16).padStart(2, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
