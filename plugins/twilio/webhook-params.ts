// What a form says of webhooks (SmsUrl, SmsMethod …), as the settings of a number, a short code or an
// application, and those settings in the names of the answers.
import { isWebhookUrl } from './endpoint.ts'
import { Refused } from './errors.ts'
import { one, type Form } from './form.ts'

/** By setting: the parameter's name. */
export const smsParams = {
  smsUrl: 'SmsUrl',
  smsMethod: 'SmsMethod',
  smsFallbackUrl: 'SmsFallbackUrl',
  smsFallbackMethod: 'SmsFallbackMethod',
} as const

/** The settings whose parameters are there. An empty URL, or its method with it, removes the setting. */
export function readWebhooks(form: Form, params: Readonly<Record<string, string>>): Record<string, string> {
  const settings: Record<string, string> = {}
  for (const [setting, name] of Object.entries(params)) {
    const text = one(form, name)?.trim()
    if (text === undefined) continue
    if (name.endsWith('Method')) settings[setting] = verb(name, text)
    else if (text !== '' && !isWebhookUrl(text)) throw new Refused(21402, `${name}: ${text}`)
    else settings[setting] = text
  }
  return settings
}

function verb(name: string, text: string): string {
  const upper = text.toUpperCase()
  if (upper !== 'GET' && upper !== 'POST' && upper !== '') throw new Refused(20422, `${name}: GET or POST expected, got ${text}`)
  return upper
}

/** No longer than the core keeps names. */
const longestName = 64

/** Undefined where the form names none. */
export function readFriendlyName(form: Form): string | undefined {
  const name = one(form, 'FriendlyName')
  if (name !== undefined && name.length > longestName) throw new Refused(20422, `FriendlyName: at most ${longestName} characters expected`)
  return name
}

/** `none` stands for a URL that is not set: empty for numbers, null for the others, as Twilio has it. */
export function showSms(settings: Readonly<Record<string, unknown>>, none: '' | null) {
  const text = (name: string): string | undefined => (typeof settings[name] === 'string' ? settings[name] : undefined)
  return {
    sms_url: text('smsUrl') ?? none,
    sms_method: text('smsMethod') ?? 'POST',
    sms_fallback_url: text('smsFallbackUrl') ?? none,
    sms_fallback_method: text('smsFallbackMethod') ?? 'POST',
  }
}
