// Receipts that come by SIP, of what we sent: disposition notifications, MESSAGEs that X-SMS-Receipt
// marks, and SMPP-style text from a trunk that is set to it. They name the message by our Call-ID,
// which is its id; what names anything else is no receipt of ours.
import type { Receipt, ReceiptState } from '../../../src/plugin.ts'
import type { Headers } from '../codec/types.ts'
import { names, repeated } from './headers.ts'
import type { Notification } from './imdn.ts'
import { type Refusal, refusal } from './refusal.ts'
import { isReceiptState, readReceiptText } from './receipt-text.ts'

/** How our messages are called towards peers: their own ids (ids.ts of the gateway). */
const ours = /^[0-9a-f]{32}$/

/** Undefined: of something else, or of no news. Forbidden: the recipient does not tell; error: nobody knows. */
export function receiptOf(notification: Notification): Receipt | undefined {
  const { messageId, type, status, dateTime } = notification
  const at = messageId.indexOf('@')
  const ref = at < 0 ? messageId : messageId.slice(0, at)
  if (!ours.test(ref)) return undefined
  const state = type === 'processing' ? processing[status ?? ''] : type === undefined ? undefined : outcomes[status ?? '']
  if (state === undefined) return undefined
  const receipt: Receipt = { ref, state, final: type !== 'processing', wire: `IMDN ${messageId} ${type}: ${status}` }
  if (state === 'undeliverable') receipt.failure = { kind: 'permanent', code: 'undeliverable', peer: 'IMDN failed' }
  const submittedAt = Date.parse(dateTime ?? '')
  if (!Number.isNaN(submittedAt)) receipt.submittedAt = submittedAt
  return receipt
}

/** Who reads a message has it. */
const outcomes: Readonly<Record<string, ReceiptState | undefined>> = {
  delivered: 'delivered',
  displayed: 'delivered',
  failed: 'undeliverable',
}
const processing: Readonly<Record<string, ReceiptState | undefined>> = { processed: 'accepted', stored: 'enroute' }

/** `X-SMS-Receipt: delivered;err=000;done=2026-11-21T14:05:09Z`. Undefined: the MESSAGE is no receipt. */
export function markedReceipt(headers: Headers): Receipt | Refusal | undefined {
  const mark = headers.get(names.receipt)
  if (mark === undefined) return undefined
  const twice = repeated(headers, [names.receipt, names.messageId])
  if (twice !== undefined) return refusal(400, `${twice}: it is there twice, expected once`)
  const [state = '', ...params] = mark.split(';').map((each) => each.trim())
  if (!isReceiptState(state)) return refusal(400, `${names.receipt}: ${state.slice(0, 40)}: expected a state such as delivered`)
  const ref = refOf(headers)
  if (ref === undefined) return refusal(400, `${names.receipt}: expected In-Reply-To or ${names.messageId} to name the message`)
  const receipt: Receipt = { ref, state, final: !isPassing(state), wire: `${names.receipt}: ${state} ${ref}` }
  for (const param of params) {
    const equals = param.indexOf('=')
    const value = param.slice(equals + 1).slice(0, 40)
    if (param.startsWith('err=')) receipt.error = value
    else if (param.startsWith('done=') && !Number.isNaN(Date.parse(value))) receipt.doneAt = Date.parse(value)
  }
  return failed(receipt)
}

/** Text as SMSCs write it. Undefined: it is a person's. */
export function textReceipt(headers: Headers, text: string): Receipt | undefined {
  const read = readReceiptText(text)
  if (!read) return undefined
  const receipt: Receipt = {
    ref: refOf(headers) ?? read.id,
    state: read.state,
    final: !isPassing(read.state),
    wire: `receipt ${read.id} ${read.state}`,
  }
  if (read.error !== undefined) receipt.error = read.error
  return failed(receipt)
}

/** What is longer names nothing that we sent, and would be kept for days. */
const longestRef = 128

function refOf(headers: Headers): string | undefined {
  const replied = headers.get('in-reply-to')?.split(',', 1)[0]?.split('@', 1)[0]?.trim()
  const ref = replied !== undefined && replied !== '' ? replied : headers.get(names.messageId)
  return ref !== undefined && ref.length <= longestRef ? ref : undefined
}

function isPassing(state: ReceiptState): boolean {
  return state === 'enroute' || state === 'accepted' || state === 'scheduled'
}

function failed(receipt: Receipt): Receipt {
  const { state, error } = receipt
  if (!receipt.final || state === 'delivered') return receipt
  const code = state === 'expired' ? 'expired' : state === 'rejected' ? 'rejected' : 'undeliverable'
  receipt.failure = { kind: 'permanent', code, peer: error === undefined ? state : `${state} ${error}` }
  return receipt
}
