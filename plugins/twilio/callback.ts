// Status callbacks: a report as the parameters that Twilio posts to a message's StatusCallback.
import type { Gateway, Message, MessageState, Outcome, Report } from '../../src/plugin.ts'
import { messageSid, twilioFailure, twilioStatus } from './mapping.ts'
import { apiVersion } from './render.ts'
import { callWebhook, idempotencyToken } from './webhook.ts'

/** States in a fixed order: their place is part of the idempotency token. */
const states: MessageState[] = [
  'scheduled',
  'queued',
  'sent',
  'held',
  'delivered',
  'undelivered',
  'failed',
  'expired',
  'canceled',
  'unconfirmed',
]

export function callbackParams(message: Message, report: Report): Record<string, string> {
  const sid = messageSid(message)
  const status = twilioStatus(message.direction, report.state)
  const failure = twilioFailure(report.state, report.failure)
  const params: Record<string, string> = {
    MessageSid: sid,
    SmsSid: sid,
    MessageStatus: status,
    SmsStatus: status,
    To: message.to.value,
    From: message.from.value,
    AccountSid: message.account,
    ApiVersion: apiVersion,
  }
  if (failure) {
    params['ErrorCode'] = String(failure.code)
    params['ErrorMessage'] = failure.message
  }
  if (report.doneAt !== undefined && (status === 'delivered' || status === 'undelivered'))
    params['RawDlrDoneDate'] = doneDate(report.doneAt)
  return params
}

/** YYMMDDhhmm, GMT, as SMPP receipts write it. */
function doneDate(ms: number): string {
  const iso = new Date(ms).toISOString()
  return iso.slice(2, 4) + iso.slice(5, 7) + iso.slice(8, 10) + iso.slice(11, 13) + iso.slice(14, 16)
}

export async function postCallback(gateway: Gateway, message: Message, report: Report, signal: AbortSignal): Promise<Outcome> {
  const url = message.report?.['url']
  if (!url) return { ok: true, refs: [], wire: ['no StatusCallback'] }
  // The sender was told `sent` when it was; there is nothing new in Twilio's words.
  if (report.state === 'unconfirmed') return { ok: true, refs: [], wire: ['unconfirmed is sent in Twilio’s words, and that was told'] }
  const account = gateway.account()
  const wire: string[] = []
  const result = await callWebhook(
    gateway.outbound,
    gateway.clock,
    {
      url,
      method: message.report?.['method'] === 'GET' ? 'GET' : 'POST',
      params: callbackParams(message, report),
      token: account.token,
      idempotencyToken: idempotencyToken(message.id, states.indexOf(report.state)),
      allowPrivate: account.privateWebhooks,
      signal,
    },
    wire,
  )
  return result.ok ? { ok: true, refs: [], wire } : { ok: false, failure: result.failure, wire }
}
