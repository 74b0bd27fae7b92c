// How messages are written and read: the fields that a profile, a trunk and a user have alike.
import { z } from 'zod'
import type { Transport } from '../engine/engine.ts'

const dialects = ['standard', 'restcomm', 'opensips-hex', '3gpp'] as const
const receiptStyles = ['imdn', 'x-header', 'text', 'none'] as const
/** WebSocket peers come to us. */
export const dialledTransports = ['udp', 'tcp', 'tls'] as const satisfies readonly Transport[]

const dialect = z
  .enum(dialects)
  .describe(
    'How what is no plain text is said: `standard` X-SMS headers, the same as `restcomm` writes them, `opensips-hex` (UTF-16 as hex text), or `3gpp` (SMS over IMS).',
  )
const defaultCoding = z
  .union([z.literal(0), z.literal(1), z.literal(2)])
  .describe('X-SMS-CODING of a request that has none: 0 GSM 7-bit, 1 8-bit, 2 UCS-2.')
const receipts = z
  .enum(receiptStyles)
  .describe(
    'How it is told what became of a message: `imdn` where asked for (RFC 5438), a MESSAGE with an `x-header`, SMPP-like `text`, or `none`.',
  )
const answer = z
  .union([z.literal(200), z.literal(202)])
  .describe('The success answer to a MESSAGE. 202 says what is true: accepted, not delivered.')
const passHeaders = z
  .array(
    z
      .string()
      .max(60)
      .regex(/^[Xx]-[A-Za-z0-9_-]+$/, 'expected a name such as X-Campaign'),
  )
  .max(16)
  .describe('X- headers that pass both ways beside our own; in other protocols they are extras `sip.x-name`.')
const ims = z
  .strictObject({
    serviceCentre: z
      .string()
      .regex(/^\+\d{3,20}$/, 'expected a number such as +447785016005')
      .optional()
      .describe('The service centre that phones are shown (RP-Originator Address).'),
    identity: z
      .string()
      .max(300)
      .regex(/^(?:sips?|tel):\S+$/, 'expected a URI such as sip:ipsmgw.ims.example')
      .optional()
      .describe('Our URI, as the IMS core knows us.'),
    answerMs: z.int().min(1000).max(300_000).default(40_000).describe('So long a phone has for its RP-ACK.'),
    quarters: z.int().min(-48).max(56).default(0).describe('Quarters of an hour east of UTC, in which phones are told the time.'),
    country: z
      .string()
      .regex(/^[A-Z]{2}$/, 'expected a country such as GB')
      .optional()
      .describe('Whose national numbers phones dial; those are routed as dialled when absent.'),
  })
  .describe('SMS over IMS, where the dialect is `3gpp`.')

/** Few trunks know what to make of receipts, and fewer send them. */
export const trunkReceipts = receipts.default('none')

/** With their defaults. */
export const messageFields = {
  dialect: dialect.default('standard'),
  defaultCoding: defaultCoding.default(0),
  receipts: receipts.default('imdn'),
  answer: answer.default(202),
  passHeaders: passHeaders.default([]),
  ims: ims.optional(),
}

/** Where absent means as the profile or the trunk has it. */
export const otherwiseFields = {
  dialect: dialect.optional(),
  defaultCoding: defaultCoding.optional(),
  receipts: receipts.optional(),
  answer: answer.optional(),
  passHeaders: passHeaders.optional(),
  ims: ims.optional(),
}
