// POST Messages: the form's parameters as a submission, or Twilio's refusal of the first that is wrong.
import {
  alphanumericSender,
  mostAheadMs,
  shortCode,
  transliterate,
  type Address,
  type Gateway,
  rewriteDestination,
} from '../../src/plugin.ts'
import { callbackOf, findApplication } from './applications.ts'
import { isoInstant } from './dates.ts'
import type { TextSubmission } from './mapping.ts'
import { isWebhookUrl } from './endpoint.ts'
import { Refused } from './errors.ts'
import { all, one, yesOrNo, type Form } from './form.ts'
import { phoneNumber, takesNames } from './numbers.ts'
import { senderBy, serviceAsked } from './services/sending.ts'

/** Characters, not UTF-16 units. */
const maxCharacters = 1600
const maxLegacyCharacters = 160
const maxMedia = 10
/** Seconds; the default is the longest. */
const maxValidity = 36_000
const soonestMs = 5 * 60_000

/** `now` is epoch ms; `legacy` is /SMS/Messages. */
export function submissionOf(form: Form, gateway: Gateway, now: number, legacy: boolean): TextSubmission {
  const to = recipient(one(form, 'To'), gateway)
  const service = serviceAsked(form, gateway)
  const selected = service && senderBy(service, form, gateway, to)
  const from = selected ? selected.from : sender(form, to, gateway)
  const text = bodyOf(form, legacy, service !== undefined && service.settings.smartEncoding)
  const deliverAfter = sendAt(form, now)
  const validity = validitySeconds(one(form, 'ValidityPeriod'), service ? service.settings.validityPeriod : maxValidity)
  const lent = service ? service.settings.statusCallback : gateway.number(from.value)?.settings['statusCallback']
  const url = statusCallback(form, gateway) ?? lent
  const maxPrice = one(form, 'MaxPrice')
  if (maxPrice && !Number.isFinite(Number(maxPrice))) throw new Refused(21627)
  const validUntil = (deliverAfter ?? now) + validity * 1000
  const body = { kind: 'text' as const, text }
  // Two literals and no spread: this runs for every message.
  const submission: TextSubmission = url
    ? { from, to, body, priority: 1, validUntil, receipt: 'both', progress: true, report: { url, method: 'POST' } }
    : { from, to, body, priority: 1, validUntil, receipt: 'none' }
  if (deliverAfter !== undefined) submission.deliverAfter = deliverAfter
  if (service) submission.service = service.sid
  if (selected?.isNew === true) submission.sticky = true
  return submission
}

function recipient(text: string | undefined, { bind }: Gateway): Address {
  const written = text?.trim()
  if (!written) throw new Refused(21604)
  const user = userNamed(written)
  if (user !== undefined) return { value: user, ton: 'unknown', npi: 'internet' }
  const trimmed = rewriteDestination(written, bind.policy.destinationRewrites)
  const address = phoneNumber(trimmed)
  if (address) return address
  throw shortCode(trimmed) ? new Refused(21265) : new Refused(21211, trimmed)
}

/** `client:bob`, `sip:bob@acme.example`: who is reached by an address on the internet. In lower case. */
function userNamed(text: string): string | undefined {
  const match = /^(?:client:([^\s@:;<>]{1,64})|sips?:([^\s@:;<>]{1,64}@[A-Za-z0-9.:[\]-]{1,255}))$/i.exec(text)
  return (match?.[1] ?? match?.[2])?.toLowerCase()
}

function sender(form: Form, to: Address, gateway: Gateway): Address {
  const text = one(form, 'From')?.trim()
  if (!text) throw new Refused(21603)
  const address = phoneNumber(text) ?? shortCode(text)
  if (address) {
    if (address.value === to.value) throw new Refused(21266)
    if (!gateway.number(address.value)) throw new Refused(21606, text)
    return address
  }
  const name = alphanumericSender(text)
  if (!name) throw new Refused(21212, text)
  if (!takesNames(to.value)) throw new Refused(21612, to.value, text)
  return name
}

/** `smart`: what holds where the message itself does not say. */
function bodyOf(form: Form, legacy: boolean, smart: boolean): string {
  media(form)
  if (one(form, 'ContentSid')) throw new Refused(21655)
  const text = one(form, 'Body')
  if (!text) throw new Refused(21602)
  if (legacy && longerThan(text, maxLegacyCharacters)) throw new Refused(21605)
  if (longerThan(text, maxCharacters)) throw new Refused(21617)
  if (!(yesOrNo(form, 'SmartEncoded') ?? smart)) return text
  const encoded = transliterate(text)
  if (encoded === '') throw new Refused(21618, 'nothing is left of it after smart encoding')
  return encoded
}

export function longerThan(text: string, characters: number): boolean {
  return text.length > characters && [...text].length > characters
}

/** Multimedia messages are not offered by this API yet: each way to ask for one has its refusal. */
function media(form: Form): void {
  if (!form.has('MediaUrl') && !form.has('SendAsMms')) return
  const urls = all(form, 'MediaUrl').filter((url) => url !== '')
  if (urls.length > maxMedia) throw new Refused(21623)
  const bad = urls.find((url) => !isWebhookUrl(url))
  if (bad !== undefined) throw new Refused(21620, bad)
  if (urls.length > 0 || yesOrNo(form, 'SendAsMms')) throw new Refused(21622)
}

/** The message's own, or its application's. */
function statusCallback(form: Form, gateway: Gateway): string | undefined {
  const url = one(form, 'StatusCallback')
  if (!url) {
    const sid = one(form, 'ApplicationSid')
    if (!sid) return undefined
    const application = findApplication(gateway.resources(), sid)
    if (!application) throw new Refused(20422, `ApplicationSid: there is no application ${sid}`)
    return callbackOf(application)
  }
  if (!isWebhookUrl(url)) throw new Refused(21609, url)
  return url
}

function validitySeconds(text: string | undefined, otherwise: number): number {
  if (!text) return otherwise
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (seconds < 1 || seconds > maxValidity) throw new Refused(21624, text)
  return seconds
}

/** Twilio schedules through a messaging service only; here a From will do. */
function sendAt(form: Form, now: number): number | undefined {
  const text = one(form, 'SendAt')
  const type = one(form, 'ScheduleType')
  if (!text && !type) return undefined
  if (type !== 'fixed') throw new Refused(35126, type ?? '')
  if (!text) throw new Refused(35111)
  const at = isoInstant(text)
  if (at === undefined || at < now + soonestMs || at > now + mostAheadMs) throw new Refused(35114, text)
  return at
}
