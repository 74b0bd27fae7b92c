// How addresses are written and read on one bind: TON, NPI, the plus and the characters of names.
import { z } from 'zod'

const tons = ['auto', 'unknown', 'international', 'national', 'network', 'subscriber', 'alphanumeric', 'abbreviated'] as const
const npis = ['auto', 'unknown', 'e164', 'data', 'telex', 'landMobile', 'national', 'private', 'ermes', 'internet', 'wap'] as const
const mostRules = 50

/** A kind of address, or the characters that it begins with. */
const match = z
  .string()
  .max(21)
  .regex(
    /^(?:\*|international|national|network|subscriber|abbreviated|alphanumeric|unknown|\+\d{0,20}|\d{1,20})$/,
    'expected *, a TON in words, or the first characters of a number',
  )

const addressRule = z
  .strictObject({
    match: match.describe('*, a TON in words (abbreviated is a short code), or the first characters of a number, with its plus: +44.'),
    ton: z.enum(tons).default('auto').describe('auto: what the address is.'),
    npi: z.enum(npis).default('auto').describe('auto: what the address is.'),
    plus: z.boolean().default(false).describe('An international number keeps its plus.'),
    replace: z
      .string()
      .regex(/^\+?\d{0,20}$/)
      .optional()
      .describe('What stands in place of the first characters that matched: 0 in place of +44.'),
  })
  .refine((rule) => rule.replace === undefined || isPrefix(rule.match), 'replace: expected the first characters of a number in match')
export type AddressRule = z.infer<typeof addressRule>

export function isPrefix(text: string): boolean {
  const first = text.charCodeAt(0)
  return first === 0x2b || (first >= 0x30 && first <= 0x39)
}

const rules = z.array(addressRule).max(mostRules).default([])

/** Of both sides. */
export const addressFields = {
  sourceTon: z
    .enum(tons)
    .default('auto')
    .describe(
      'TON of senders that no rule is for. auto: what the address is, a short code 3 (network specific). A name is 5 whatever is set.',
    ),
  sourceNpi: z.enum(npis).default('auto').describe('NPI of senders that no rule is for. auto: what the address is.'),
  sourceRules: rules.describe('How senders are written; the first rule that matches holds.'),
  destinationTon: z.enum(tons).default('auto').describe('TON of recipients that no rule is for. auto: what the address is.'),
  destinationNpi: z.enum(npis).default('auto').describe('NPI of recipients that no rule is for. auto: what the address is.'),
  destinationRules: rules.describe('How recipients are written; the first rule that matches holds.'),
  plus: z.boolean().default(false).describe('International numbers that no rule is for keep their plus.'),
  addressAlphabet: z
    .enum(['latin1', 'gsm7'])
    .default('latin1')
    .describe("Characters of names in address fields. gsm7: GSM 03.38, in which '@' is octet 0 and cannot be sent."),
  unknownTon: z
    .enum(tons)
    .default('auto')
    .describe('What the peer means by digits of TON 0. auto: a possible number of 10 digits or more, or one of ours, is international.'),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .optional()
    .describe('Country (GB) of numbers that the peer gives in national format; absent: they stay as they are.'),
}

/** Of a supplier only. */
export const senderFields = {
  sender: z
    .string()
    .min(1)
    .max(20)
    .regex(/^(?:\*|\+?\d+|[\x20-\x7e\xa1-\xff]{1,11})$/, 'expected *, a number, or a name of at most 11 characters')
    .default('*')
    .describe(
      "Sender of all messages: * the message's own; +4477… an international number; digits, with sourceTon and sourceNpi; anything else a name.",
    ),
}

const addressObject = z.object(addressFields)
export type Addressing = z.infer<typeof addressObject> & { sender?: string }
