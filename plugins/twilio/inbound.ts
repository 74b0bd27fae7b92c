// An inbound message goes to the webhook of the number it came for. If that fails, the fallback URL is
// asked with ErrorCode and ErrorUrl. The TwiML that comes back is carried out: its messages are
// submitted under keys made from the inbound message and their place, so that running it again after a
// crash answers nobody twice. The message counts as delivered once an application took it with a 2xx or
// 3xx, whatever it answered; otherwise the failure is temporary and the flow comes again.
import { type FailureFacts, type Gateway, type Message, type Outcome } from '../../src/plugin.ts'
import { endpoint } from './endpoint.ts'
import { writeForm } from './form.ts'
import { bodyText, messageSid } from './mapping.ts'
import { countryOf } from './numbers.ts'
import { apiVersion } from './render.ts'
import { busy, submitReply } from './reply.ts'
import { webhooksOf } from './services/receiving.ts'
import { sortedText } from './signature.ts'
import { readAnswer, type Verb } from './twiml.ts'
import { callWebhook, idempotencyToken, type Webhook } from './webhook.ts'

/** Documents fetched for one message at most (14106). */
const maxDocuments = 10
/** Replies to one message at most (14109). */
const maxReplies = 10

export function inboundParams(message: Message): Record<string, string> {
  const sid = messageSid(message)
  const params: Record<string, string> = {
    ToCountry: countryOf(message.to.value) ?? '',
    ToState: '',
    SmsMessageSid: sid,
    NumMedia: message.body.kind === 'mms' ? String(message.body.parts.length) : '0',
    ToCity: '',
    FromZip: '',
    SmsSid: sid,
    FromState: '',
    SmsStatus: 'received',
    FromCity: '',
    Body: bodyText(message),
    FromCountry: countryOf(message.from.value) ?? '',
    To: message.to.value,
    ToZip: '',
    NumSegments: String(message.segments),
    MessageSid: sid,
    AccountSid: message.account,
    From: message.from.value,
    ApiVersion: apiVersion,
  }
  if (message.service !== undefined) params['MessagingServiceSid'] = message.service
  if (message.keyword !== undefined) params['OptOutType'] = message.keyword.toUpperCase()
  return params
}

interface Step {
  url: string
  method: 'GET' | 'POST'
  params: Record<string, string>
}

/** What one document asks for next, and whether an application took the message. */
interface Fetched {
  taken: boolean
  verbs?: Verb[]
  error?: { code: number; failure: FailureFacts }
}

const verbMethod = (text: string | undefined): 'GET' | 'POST' => (text?.toUpperCase() === 'GET' ? 'GET' : 'POST')

export async function deliverInbound(gateway: Gateway, message: Message, signal: AbortSignal): Promise<Outcome> {
  const settings = webhooksOf(gateway, gateway.number(message.to.value))
  const { smsUrl, smsFallbackUrl } = settings
  if (!smsUrl) return { ok: true, refs: [], final: 'delivered', wire: [`no SmsUrl for ${message.to.value}: stored only`] }
  const wire: string[] = []
  const params = inboundParams(message)
  let step: Step | undefined = { url: smsUrl, method: verbMethod(settings['smsMethod']), params }
  let fallback: string | undefined = smsFallbackUrl
  let taken = false
  let replies = 0
  for (let documents = 0; step; documents++) {
    if (documents >= maxDocuments) {
      wire.push(`14106 more than ${maxDocuments} documents: stopped`)
      break
    }
    const current: Step = step
    const fetched = await fetchDocument(gateway, message, current, documents, signal, wire)
    taken ||= fetched.taken
    if (fetched.error) {
      if (fallback && fetched.error.failure.kind !== 'offline') {
        const { code } = fetched.error
        step = {
          url: fallback,
          method: verbMethod(settings['smsFallbackMethod']),
          params: { ...params, ErrorCode: String(code), ErrorUrl: errorUrl(current.url) },
        }
        fallback = undefined
        continue
      }
      if (!taken) return { ok: false, failure: fetched.error.failure, wire }
      break
    }
    step = undefined
    for (const verb of fetched.verbs ?? []) {
      if (verb.verb === 'redirect') {
        step = { url: resolved(verb.url, current.url), method: verbMethod(verb.method), params }
        break
      }
      if (replies >= maxReplies) {
        wire.push(`14109 more than ${maxReplies} replies: the rest is left out`)
        break
      }
      const callbackUrl = verb.statusCallback ? resolved(verb.statusCallback, current.url) : settings['statusCallback']
      const sid = await submitReply(gateway, message, verb, replies++, callbackUrl, wire)
      if (sid === busy) return { ok: false, failure: { kind: 'temporary', code: 'peer-busy', peer: 'the reply could not be stored' }, wire }
      if (sid && verb.action) {
        const sent = { MessageSid: sid, SmsSid: sid, MessageStatus: 'queued', SmsStatus: 'queued' }
        step = { url: resolved(verb.action, current.url), method: verbMethod(verb.method), params: { ...params, ...sent } }
        break
      }
    }
  }
  return { ok: true, refs: [], final: 'delivered', wire }
}

async function fetchDocument(
  gateway: Gateway,
  message: Message,
  step: Step,
  n: number,
  signal: AbortSignal,
  wire: string[],
): Promise<Fetched> {
  const account = gateway.account()
  const { url, method, params } = step
  const hook: Webhook = {
    url,
    method,
    params: { form: writeForm(params), sorted: sortedText(params) },
    token: account.token,
    idempotencyToken: idempotencyToken(message.id, 0x80 + n),
    hops: message.hops ?? 0,
    allowPrivate: account.privateWebhooks,
    signal,
  }
  const result = await callWebhook(gateway.outbound, gateway.clock, hook, wire)
  if (!result.ok) return { taken: false, error: result }
  const answer = readAnswer(result.response)
  if (!answer.ok) {
    wire.push(`${answer.code} ${answer.why}`)
    return { taken: true, error: { code: answer.code, failure: { kind: 'temporary', code: 'peer-error', peer: `${answer.code}` } } }
  }
  wire.push(...answer.notes)
  return { taken: true, verbs: answer.verbs }
}

/** Relative to the document it stands in; an empty one is that document. */
function resolved(url: string, documentUrl: string): string {
  const { url: base } = endpoint(documentUrl) ?? { url: documentUrl }
  return URL.canParse(url, base) ? new URL(url, base).href : url
}

const errorUrl = (url: string): string => endpoint(url)?.signed ?? url
