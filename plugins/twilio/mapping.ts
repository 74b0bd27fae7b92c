// The model's words in Twilio's: states, directions, and why a message was not delivered.
import {
  countSegments,
  idTime,
  isTerminal,
  type FailureCode,
  type FailureFacts,
  type Message,
  type MessageState,
  type MessageView,
  type Submission,
} from '../../src/plugin.ts'

export type TwilioStatus =
  | 'accepted'
  | 'scheduled'
  | 'queued'
  | 'sending'
  | 'sent'
  | 'delivered'
  | 'undelivered'
  | 'failed'
  | 'canceled'
  | 'received'

const statuses: Record<MessageState, TwilioStatus> = {
  scheduled: 'scheduled',
  queued: 'queued',
  held: 'sending',
  sent: 'sent',
  delivered: 'delivered',
  undelivered: 'undelivered',
  failed: 'failed',
  expired: 'failed',
  canceled: 'canceled',
  // The carrier took it and will say no more: to Twilio's clients that is `sent`.
  unconfirmed: 'sent',
}

export function twilioStatus(direction: Message['direction'], state: MessageState): TwilioStatus {
  return direction === 'mo' ? 'received' : statuses[state]
}

function twilioDirection(message: Message): 'inbound' | 'outbound-api' | 'outbound-reply' {
  if (message.direction === 'mo') return 'inbound'
  return message.origin === 'outbound-reply' || message.keyword !== undefined ? 'outbound-reply' : 'outbound-api'
}

export interface TwilioFailure {
  code: number
  message: string
}

const titles: Record<number, string> = {
  21610: 'Attempt to send to unsubscribed recipient',
  30001: 'Queue overflow',
  30002: 'Account suspended',
  30003: 'Unreachable destination handset',
  30004: 'Message blocked',
  30005: 'Unknown destination handset',
  30006: 'Landline or unreachable carrier',
  30007: 'Message filtered',
  30008: 'Unknown error',
  30017: 'Carrier network congestion',
  30019: 'Content size exceeds carrier limit',
  30024: 'Numeric Sender ID Not Provisioned on Carrier',
  30036: 'Validity Period Expired',
  30410: 'Provider Timeout Error',
}

const codes: Record<FailureCode, number> = {
  'no-route': 30006,
  'account-suspended': 30002,
  'bind-down': 30006,
  'peer-error': 30008,
  'peer-busy': 30017,
  'peer-timeout': 30410,
  'connection-lost': 30410,
  throttled: 30017,
  'queue-full': 30001,
  'invalid-source': 30024,
  'invalid-destination': 30005,
  'invalid-body': 30008,
  'too-long': 30019,
  'unknown-subscriber': 30005,
  'absent-subscriber': 30003,
  landline: 30006,
  blocked: 30004,
  filtered: 30007,
  rejected: 30008,
  'not-permitted': 30004,
  'opted-out': 21610,
  expired: 30036,
  canceled: 30008,
  purged: 30008,
  'attempts-exhausted': 30008,
  undeliverable: 30008,
  'outcome-unknown': 30008,
  'no-receipt': 30008,
}

/** The error of a message that ended badly; undefined for every other state. */
export function twilioFailure(state: MessageState, failure: FailureFacts | undefined): TwilioFailure | undefined {
  if (!isTerminal(state) || state === 'delivered' || state === 'canceled' || state === 'unconfirmed') return undefined
  const code = state === 'expired' ? 30036 : failure ? codes[failure.code] : 30008
  return { code, message: titles[code] ?? 'Unknown error' }
}

/** SM and the message's id; MM for a multimedia message. */
export function messageSid(message: Message): string {
  return (message.body.kind === 'mms' ? 'MM' : 'SM') + message.id
}

/** The id in a SID, where it can be one. */
export function messageId(sid: string): string | undefined {
  return /^[SM]M[0-9a-fA-F]{32}$/.test(sid) ? sid.slice(2).toLowerCase() : undefined
}

/** A message's fields as both formats write them: every one a string or null, but the integer error code. */
export interface Fields {
  /** What links begin with. */
  base: string
  sid: string
  accountSid: string
  to: string
  service?: string | undefined
  /** Empty in the answer to who had a service choose it. */
  from: string
  body: string
  status: TwilioStatus
  segments: number
  media: number
  direction: ReturnType<typeof twilioDirection>
  createdAt: number
  updatedAt: number
  sentAt: number | undefined
  failure: TwilioFailure | undefined
}

export function fieldsOf(view: MessageView, base: string): Fields {
  const { message } = view
  const inbound = message.direction === 'mo'
  return {
    base,
    sid: messageSid(message),
    accountSid: message.account,
    to: message.to.value,
    service: message.service,
    from: message.from.value,
    body: view.redacted ? '' : bodyText(message),
    status: twilioStatus(message.direction, view.state),
    segments: message.segments,
    media: message.body.kind === 'mms' ? message.body.parts.length : 0,
    direction: twilioDirection(message),
    createdAt: message.acceptedAt,
    updatedAt: view.updatedAt,
    sentAt: inbound ? message.acceptedAt : view.sentAt,
    failure: inbound ? undefined : twilioFailure(view.state, view.failure),
  }
}

/** As the API makes it: a text. */
export type TextSubmission = Submission & { body: { kind: 'text'; text: string } }

/** Of what was accepted just now, as its sender is told. */
export function freshFields(submission: TextSubmission, id: string, account: string, base: string, now: number): Fields {
  // Ids only rise: after the clock was set back, and the gateway started anew, they are ahead of the time.
  const ofId = idTime(id)
  const createdAt = ofId > now + 1000 ? now : ofId
  return {
    base,
    sid: `SM${id}`,
    accountSid: account,
    to: submission.to.value,
    service: submission.service,
    from: submission.from.value,
    body: submission.body.text,
    status: submission.deliverAfter === undefined ? 'queued' : 'scheduled',
    segments: countSegments(submission.body),
    media: 0,
    direction: 'outbound-api',
    createdAt,
    updatedAt: createdAt,
    sentAt: undefined,
    failure: undefined,
  }
}

/** Binary bodies have no text in this API. */
export function bodyText({ body }: Message): string {
  return body.kind === 'text' ? body.text : body.kind === 'mms' ? (body.subject ?? '') : ''
}
