// What Twilio's webhook for an inbound message says, as a submission.
import { alphanumericSender, shortCode, type Address, type Submission } from '../../../src/plugin.ts'
import { one, type Form } from '../form.ts'
import { phoneNumber } from '../numbers.ts'

/** Twilio sends ten at most. */
const maxMedia = 10
const maxSid = 64

/** Where it is no message that we could take: what is wrong with it. `bind` makes one peer's SIDs its own. */
export function inboundSubmission(form: Form, bind: string): Submission | string {
  const sid = one(form, 'MessageSid') ?? one(form, 'SmsSid') ?? ''
  if (sid === '' || sid.length > maxSid) return 'MessageSid: 1 to 64 characters expected'
  const from = address(one(form, 'From'))
  if (!from) return 'From: a number expected'
  const to = address(one(form, 'To'))
  if (!to) return 'To: a number expected'
  return {
    from,
    to,
    body: { kind: 'text', text: textOf(form) },
    ref: sid,
    priority: 1,
    receipt: 'none',
    // It comes again where our answer was lost.
    idempotencyKey: `${bind} ${sid}`,
  }
}

function address(text: string | undefined): Address | undefined {
  const written = text?.trim() ?? ''
  return phoneNumber(written) ?? shortCode(written) ?? alphanumericSender(written)
}

/** Media is at Twilio, for whoever has the account's credentials: its addresses follow the text. */
function textOf(form: Form): string {
  const lines = [one(form, 'Body') ?? '']
  for (let i = 0; i < maxMedia; i++) {
    const url = one(form, `MediaUrl${i}`)
    if (url) lines.push(url)
  }
  return lines.filter((line) => line !== '').join('\n')
}
