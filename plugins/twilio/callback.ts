// Status callbacks: a report as the parameters that Twilio posts to a message's StatusCallback.
import { type Gateway, type Message, messageStates, type Outcome, type Report } from '../../src/plugin.ts'
import { encode, type SignedForm } from './form.ts'
import { messageSid, twilioFailure, twilioStatus } from './mapping.ts'
import { apiVersion } from './render.ts'
import { restcommCallback } from './restcomm/callback.ts'
import { idempotencyToken, placeCall, type Webhook, type WebhookResult } from './webhook.ts'

/** Written in one pass, as there are two for every message; in the form Twilio's order, in the signature the alphabet's. */
export function callbackForm(message: Message, report: Report): SignedForm {
  const sid = messageSid(message)
  const status = twilioStatus(message.direction, report.state)
  const failure = twilioFailure(report.state, report.failure)
  const { account } = message
  const to = message.to.value
  const from = message.from.value
  let form = `MessageSid=${sid}&SmsSid=${sid}&MessageStatus=${status}&SmsStatus=${status}&To=${encode(to)}&From=${encode(from)}&AccountSid=${account}&ApiVersion=${apiVersion}`
  let sorted = `AccountSid${account}ApiVersion${apiVersion}`
  if (failure) {
    form += `&ErrorCode=${failure.code}&ErrorMessage=${encode(failure.message)}`
    sorted += `ErrorCode${failure.code}ErrorMessage${failure.message}`
  }
  sorted += `From${from}MessageSid${sid}MessageStatus${status}`
  if (message.service !== undefined) {
    form += `&MessagingServiceSid=${message.service}`
    sorted += `MessagingServiceSid${message.service}`
  }
  if (report.doneAt !== undefined && (status === 'delivered' || status === 'undelivered')) {
    const date = doneDate(report.doneAt)
    form += `&RawDlrDoneDate=${date}`
    sorted += `RawDlrDoneDate${date}`
  }
  sorted += `SmsSid${sid}SmsStatus${status}To${to}`
  return { form, sorted }
}

let minute = Number.NaN
let written = ''

/** YYMMDDhhmm, GMT, as SMPP receipts write it. The newest minute is remembered. */
function doneDate(ms: number): string {
  const at = Math.floor(ms / 60_000)
  if (at === minute) return written
  const iso = new Date(ms).toISOString()
  minute = at
  written = iso.slice(2, 4) + iso.slice(5, 7) + iso.slice(8, 10) + iso.slice(11, 13) + iso.slice(14, 16)
  return written
}

/** `told` is called once. */
export function postCallback(
  gateway: Gateway,
  message: Message,
  report: Report,
  signal: AbortSignal,
  told: (outcome: Outcome) => void,
): void {
  const { report: wish } = message
  const url = wish?.['url']
  if (!url) return told({ ok: true, refs: [], wire: ['no StatusCallback'] })
  // The sender was told `sent` when it was; there is nothing new in Twilio's words.
  if (report.state === 'unconfirmed')
    return told({ ok: true, refs: [], wire: ['unconfirmed is sent in Twilio’s words, and that was told'] })
  const account = gateway.account()
  const hook: Webhook = {
    url,
    method: wish?.['method'] === 'GET' ? 'GET' : 'POST',
    params: wish?.['shape'] === 'restcomm' ? restcommCallback(message, report) : callbackForm(message, report),
    token: account.token,
    idempotencyToken: idempotencyToken(message.id, messageStates.indexOf(report.state)),
    allowPrivate: account.privateWebhooks,
    unread: true,
    signal,
  }
  placeCall(gateway.outbound, gateway.clock, hook, [], (result) => told(outcomeOf(result)))
}

function outcomeOf(result: WebhookResult): Outcome {
  return result.ok ? { ok: true, refs: [], wire: result.wire } : { ok: false, failure: result.failure, wire: result.wire }
}
