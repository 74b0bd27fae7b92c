// What may be written of an account, bind, route and number, by a document and by the API alike.
// docs/configuration.md describes each field; the limits are here, those of policies in policy.ts.
import { z } from 'zod'
import { claimRights, type AlphaSenders, type OptOutSetting, type OptOutWords } from '../model/account.ts'
import { longestWord, optOutFaults } from '../model/optout.ts'
import { capNames, type Caps } from '../model/caps.ts'
import { dayNames, isZone } from '../routing/window.ts'
import { whole } from './policy.ts'

const name = z.string().max(64)

/** Ids are file-name safe and stand in `<account>/<id>`. */
export const localId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'expected 1–63 letters, digits, dots, dashes or underscores')
export const accountId = z.string().regex(/^AC[0-9a-f]{32}$/, 'expected AC and 32 lowercase hex digits')

const word = z
  .string()
  .max(longestWord)
  .regex(/^\S(.*\S)?$/, 'expected a word without blanks around it')
const words = z.array(word).max(50).optional()
/** Ten segments of GSM 7-bit, as the longest text of the Twilio API. */
const reply = z.string().max(1600).optional()
export const optOutSetting = z.union([
  z.enum(['inherit', 'off', 'twilio']),
  z
    .strictObject({
      stop: words,
      start: words,
      help: words,
      replies: z.strictObject({ stop: reply, start: reply, help: reply }).optional(),
    })
    .superRefine((own, context) => {
      for (const fault of optOutFaults(own as OptOutWords)) context.addIssue({ code: 'custom', ...fault })
    }),
]) as z.ZodType<OptOutSetting | 'inherit', OptOutSetting | 'inherit'>
const cap = whole(0, 1_000_000_000).optional()
/** Of each that is 0 there is none. */
const capsInput = z.strictObject(Object.fromEntries(capNames.map((one) => [one, cap])) as Record<keyof Caps, typeof cap>)

/** A name is 1 to 11 characters of GSM 7-bit (3GPP TS 23.040 §9.1.2.5). */
const alphaName = z.string().regex(/^(?=.*[A-Za-z])[\x20-\x7e]{1,11}$/, 'expected 1–11 characters with a letter among them')
const prefix = z.string().regex(/^\+[1-9]\d{0,14}$/, 'expected a prefix such as +44')
export const alphaSenders = z.union([z.enum(['inherit', 'any']), z.record(alphaName, z.array(prefix).min(1).max(300))]) as z.ZodType<
  AlphaSenders | 'inherit',
  AlphaSenders | 'inherit'
>

const claimsInput = z.enum(['inherit', ...claimRights])

export const accountInput = z.strictObject({
  name: name.min(1).optional(),
  token: z
    .string()
    .regex(/^[0-9a-f]{32}$/, 'expected 32 lowercase hex digits')
    .optional()
    .meta({ secret: true }),
  status: z.enum(['active', 'suspended', 'closed']).optional(),
  inheritRoutes: z.boolean().optional(),
  weight: z.number().min(0.01).max(1000).optional(),
  concurrency: whole(0, 100_000).optional(),
  caps: capsInput.optional(),
  cdrUrl: z.union([z.literal(''), z.url({ protocol: /^https?$/, error: 'expected an http or https URL, or nothing' })]).optional(),
  privateWebhooks: z.boolean().optional(),
  optOut: optOutSetting.optional(),
  alphaSenders: alphaSenders.optional(),
  claims: claimsInput.optional(),
})

/** By which something may be known beforehand. */
export const chosenSid = (idPrefix: string) =>
  z
    .string()
    .regex(new RegExp(`^${idPrefix}[0-9a-f]{32}$`), `expected ${idPrefix} and 32 lowercase hex digits`)
    .optional()

/** Of every resource that a document declares. */
export const declaredInput = (of: { prefix: string; hasSenders?: true }) =>
  z.object({ id: chosenSid(of.prefix), ...(of.hasSenders ? { optOut: optOutSetting.optional() } : {}) })

/** Accounts below the owner, by SID or name. */
const grant = z.array(z.string().max(64)).max(10_000).optional()

export const bindInput = z.strictObject({
  name: name.optional(),
  connector: z.string(),
  side: z.enum(['supplier', 'client']).optional(),
  enabled: z.boolean().optional(),
  paused: z.boolean().optional(),
  grant,
  policy: z.record(z.string(), z.unknown()).optional(),
  config: z.unknown().optional(),
})

const clock = 'expected HH:MM'
const time = z.strictObject({
  days: z.array(z.enum(dayNames)).max(7).optional(),
  from: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, clock),
  to: z.string().regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, `${clock}, or 24:00`),
  zone: z.string().max(64).refine(isZone, 'expected a time zone such as Europe/Berlin or UTC'),
})

export const routeInput = z.strictObject({
  name: name.optional(),
  enabled: z.boolean().optional(),
  prefix: z
    .string()
    .max(64)
    .regex(
      /^(\+?\d*|[a-z][a-z0-9+.-]*:\S*)$/,
      'expected a prefix such as +44, digits of a short code, a URI such as sip:, or nothing for the default route',
    ),
  sender: z.string().min(1).max(64).optional(),
  account: z.string().optional(),
  arrival: z.string().optional(),
  kind: z.enum(['text', 'binary', 'mms']).optional(),
  time: time.optional(),
  split: z.record(z.string(), z.number().min(0.001).max(1_000_000)).optional(),
  to: z.array(z.string()).max(100).optional(),
  failoverOnReceipt: z.boolean().optional(),
  grant,
})

export const numberInput = z.strictObject({
  name: name.optional(),
  bind: z.string().optional(),
  settings: z.record(z.string(), z.string()).optional(),
  offered: z.boolean().optional(),
  optOut: z.boolean().optional(),
})
