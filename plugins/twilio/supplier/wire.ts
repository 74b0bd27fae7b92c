// What is asked of Twilio's API and what it answers, as data: no request is made here.
import { type FailureFacts, type Message, type OutboundRequest, type OutboundResponse } from '../../../src/plugin.ts'
import { encode } from '../form.ts'
import { hopsAfter, hopsHeader } from '../hops.ts'
import { refusal } from './codes.ts'
import { authorizationOf, type SupplierConfig } from './settings.ts'

/** Twilio's own, in seconds. */
const longestValidityS = 36_000
/** An answer about one message has about 1 kB. */
const maxAnswerBytes = 65_536
const longestConnectMs = 10_000
/** No SID: asked for to learn whether the API is there and takes our credentials. */
const nobody = `SM${'0'.repeat(32)}`

/**
 * Where a bind's peer calls us back. Twilio comes again at once where we cannot be reached or fail (the
 * fragment, which is neither sent nor signed); beyond 15 s it gives up, and `query` may ask instead.
 */
export function callbackUrl(publicUrl: string, secret: string): string {
  return `${publicUrl}/twilio/${secret}/status#rc=5&rp=5xx,ct,rt`
}

const messagesUrl = ({ baseUrl, accountSid }: SupplierConfig): string => `${baseUrl}/2010-04-01/Accounts/${accountSid}/Messages`

interface Terms {
  allowPrivate: boolean
  signal: { readonly aborted: boolean }
}

interface Named extends OutboundRequest {
  headers: Record<string, string>
}

function request(config: SupplierConfig, method: 'GET' | 'POST', url: string, { allowPrivate, signal }: Terms): Named {
  const { timeoutMs } = config
  return {
    method,
    url,
    headers: { authorization: authorizationOf(config), accept: 'application/json', 'user-agent': 'Signalbox' },
    connectTimeoutMs: Math.min(timeoutMs, longestConnectMs),
    readTimeoutMs: timeoutMs,
    totalTimeoutMs: timeoutMs,
    allowPrivate,
    maxBytes: maxAnswerBytes,
    // A redirect would carry the text, and maybe the credentials, to where nobody said they may go.
    redirects: 0,
    signal,
  }
}

/** Asks for a message that nobody has. */
export function probeRequest(config: SupplierConfig, terms: Terms): OutboundRequest {
  return request(config, 'GET', `${messagesUrl(config)}/${nobody}.json`, terms)
}

export function fetchRequest(config: SupplierConfig, sid: string, terms: Terms): OutboundRequest {
  return request(config, 'GET', `${messagesUrl(config)}/${encodeURIComponent(sid)}.json`, terms)
}

/** What is left of it, as far as the API has words for it. */
export function validitySeconds({ validUntil }: Message, now: number): number {
  return Math.min(longestValidityS, Math.max(1, Math.floor((validUntil - now) / 1000)))
}

/** Undefined for what the API has no words for. `now` is epoch ms. */
export function createRequest(
  config: SupplierConfig,
  message: Message,
  statusCallback: string,
  now: number,
  terms: Terms,
): OutboundRequest | undefined {
  if (message.body.kind !== 'text') return undefined
  const { from, messagingServiceSid } = config
  let form = `To=${encode(message.to.value)}`
  if (messagingServiceSid === undefined) form += `&From=${encode(from ?? message.from.value)}`
  else form += `&MessagingServiceSid=${messagingServiceSid}${from === undefined ? '' : `&From=${encode(from)}`}`
  form += `&Body=${encode(message.body.text)}&StatusCallback=${encode(statusCallback)}&ValidityPeriod=${validitySeconds(message, now)}`
  const asked = request(config, 'POST', `${messagesUrl(config)}.json`, terms)
  // Another Signalbox finds by it the message that it took already, where its answer was lost. Twilio passes over it.
  asked.headers = {
    ...asked.headers,
    'content-type': 'application/x-www-form-urlencoded',
    'idempotency-key': message.id,
    [hopsHeader]: hopsAfter(message.hops),
  }
  asked.body = form
  return asked
}

/** What is read of an answer. */
export interface Said {
  sid?: string
  /** Twilio's code of a refusal. */
  code?: number
  /** Of a message. */
  status?: string
  errorCode?: number
}

/** Empty for what is no JSON object; of the wrong type is as good as absent. */
export function readAnswer({ body }: OutboundResponse): Said {
  let json: unknown
  try {
    json = JSON.parse(body.toString('utf8'))
  } catch {
    return {}
  }
  if (typeof json !== 'object' || json === null) return {}
  const { sid, code, status, error_code: errorCode } = json as Record<string, unknown>
  const said: Said = {}
  if (typeof sid === 'string' && /^[A-Za-z0-9]{1,64}$/.test(sid)) said.sid = sid
  if (Number.isInteger(code)) said.code = code as number
  if (typeof status === 'string') said.status = status
  if (Number.isInteger(errorCode)) said.errorCode = errorCode as number
  return said
}

/** Of an answer that is no success. */
export function refusalOf(response: OutboundResponse, now: number): FailureFacts {
  const header = response.headers['retry-after']
  return refusal(response.status, readAnswer(response).code, typeof header === 'string' ? header : undefined, now)
}
