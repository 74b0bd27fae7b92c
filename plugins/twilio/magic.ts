// POST Messages with test credentials: everything is checked as always, but what happens is told by the
// numbers, as Twilio has it. Nothing is sent, stored, charged or reported, and no webhook is called.
import { type Gateway, type Host, type OwnNumber } from '../../src/plugin.ts'
import { submissionOf } from './create.ts'
import { Refused, type RefusalCode } from './errors.ts'
import { one, type Form } from './form.ts'
import { freshFields } from './mapping.ts'
import { show, type Target } from './messages.ts'
import { phoneNumber } from './numbers.ts'
import type { Answer } from './resource.ts'

/** The one sender that test credentials have. */
const sender = '+15005550006'
const bySender: Readonly<Record<string, RefusalCode>> = { '+15005550001': 21212, '+15005550007': 21606, '+15005550008': 21611 }
const byRecipient: Readonly<Record<string, RefusalCode>> = {
  '+15005550001': 21211,
  '+15005550002': 21612,
  '+15005550003': 21408,
  '+15005550004': 21610,
  '+15005550009': 21614,
}

/** `owner` is whose the test credentials are; `target.account` goes by their id. */
export function createAsTest(host: Host, owner: string, target: Target, form: Form): Answer {
  const { account, legacy, base } = target
  const real = host.gateway('twilio', owner)
  if (!real) throw new Refused(20010)
  // A failing sender is told before a failing recipient: each is tried with the other one good.
  refuse(bySender, one(form, 'From'), one(form, 'To'))
  const now = host.clock.now()
  const submission = submissionOf(form, asTest(real, account.id), now, legacy)
  refuse(byRecipient, submission.to.value, submission.from.value)
  return show(target, 201, freshFields(submission, real.newId(), account.id, base, now))
}

function refuse(codes: Readonly<Record<string, RefusalCode>>, text: string | undefined, other: string | undefined): void {
  const value = phoneNumber(text?.trim() ?? '')?.value ?? ''
  const code = Object.hasOwn(codes, value) ? codes[value] : undefined
  if (code !== undefined) throw new Refused(code, value, other ?? '')
}

/** The account's own senders are no test senders. */
function asTest(real: Gateway, account: string): Gateway {
  const number: OwnNumber = {
    value: sender,
    account,
    id: `PN${'0'.repeat(32)}`,
    name: sender,
    bind: `${account}/api`,
    settings: {},
    createdAt: 0,
    updatedAt: 0,
  }
  return { ...real, number: (value) => (value === sender ? number : undefined) }
}
