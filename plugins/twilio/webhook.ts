// One webhook, with Twilio's headers, signature, timeouts and retries. What went wrong is told twice:
// as Twilio's code for the fallback request, and as our failure for the flow. A failure of the
// receiver is temporary, so that the flow comes again; only what could never be requested is permanent.
import type {
  Asker,
  Clock,
  FailureFacts,
  Outbound,
  OutboundError,
  OutboundErrorKind,
  OutboundRequest,
  OutboundResponse,
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
  /** Its answer says nothing but its status, so that it may be of any length. */
  unread?: boolean
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
  return new Promise((resolve) => placeCall(outbound, clock, hook, wire, resolve))
}

/** The same without a promise: there are two for every message. `told` is called once. */
export function placeCall(outbound: Outbound, clock: Clock, hook: Webhook, wire: string[], told: Call['told']): void {
  const to = endpoint(hook.url)
  if (!to) {
    wire.push(`${hook.method} an invalid URL: not requested`)
    const failure: FailureFacts = { kind: 'permanent', code: 'invalid-destination', peer: 'the webhook URL is not valid' }
    return told({ ok: false, code: 11210, failure, wire })
  }
  if (to.notes.length > 0) wire.push(...to.notes)
  outbound.ask(new Call(outbound, clock, to, requestOf(hook, to), wire, told))
}

/** Asks, and asks again, until there is a result. */
class Call implements Asker {
  request: OutboundRequest
  readonly told: (result: WebhookResult) => void
  private readonly outbound: Outbound
  private readonly clock: Clock
  private readonly to: Endpoint
  private readonly wire: string[]
  private readonly startedAt: number
  private triedAt: number
  private tried = 0

  constructor(outbound: Outbound, clock: Clock, to: Endpoint, request: OutboundRequest, wire: string[], told: Call['told']) {
    this.outbound = outbound
    this.clock = clock
    this.to = to
    this.request = request
    this.wire = wire
    this.told = told
    this.startedAt = this.triedAt = clock.now()
  }

  answered(response: OutboundResponse): void {
    const { status } = response
    if (status >= 400) return this.fell(failedAnswer(response))
    const { wire } = this
    wire.push(`${this.request.method} ${this.to.shown}: HTTP ${status} in ${this.clock.now() - this.triedAt} ms`)
    this.told({ ok: true, response, wire })
  }

  failed(error: OutboundError): void {
    this.fell(failedRequest(error))
  }

  private fell({ said, why, code, failure }: Failed): void {
    const { to, request, wire, startedAt } = this
    const now = this.clock.now()
    wire.push(`${request.method} ${to.shown}: ${said} in ${now - this.triedAt} ms`)
    const { tt, rc, rp } = to.overrides
    if (why === undefined || !rp.has(why) || this.tried >= rc || now - startedAt >= tt) return this.told({ ok: false, code, failure, wire })
    this.request = { ...request, totalTimeoutMs: tt - (now - startedAt) }
    this.triedAt = now
    this.tried++
    this.outbound.ask(this)
  }
}

function requestOf(
  { method, params, token, hops, idempotencyToken: idempotency, allowPrivate, unread, signal }: Webhook,
  to: Endpoint,
): OutboundRequest {
  const { ct, rt, tt } = to.overrides
  const post = method === 'POST'
  const query = post ? '' : (to.signed.includes('?') ? '&' : '?') + params.form
  const signed = sign(token, to.signed + (post ? params.sorted : query))
  // As lines, put together once.
  let headers = `user-agent: TwilioProxy/1.1\r\naccept: */*\r\ni-twilio-idempotency-token: ${idempotency}\r\nx-home-region: us1\r\nx-twilio-signature: ${signed}\r\n`
  if (hops !== undefined) headers += `${hopsHeader}: ${hopsAfter(hops)}\r\n`
  if (post) headers += 'content-type: application/x-www-form-urlencoded; charset=utf-8\r\n'
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
  if (unread) request.cut = true
  if (post) request.body = params.form
  return request
}

/** `why` names the retry policy that covers this failure; `said` is what the trace shows. */
interface Failed {
  code: number
  failure: FailureFacts
  why: string | undefined
  said: string
}

function failedRequest({ kind }: OutboundError): Failed {
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
