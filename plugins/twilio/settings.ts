// What a bind of this connector and a number that leads to it can be told.
import { z } from 'zod'
import { isWebhookUrl } from './endpoint.ts'

/** Nothing yet: everything is the account's or the number's. */
export interface TwilioConfig {}

export const config: z.ZodType<TwilioConfig> = z
  .strictObject({})
  .describe('The Twilio-compatible API of an account: no settings of its own')

const webhook = z
  .string()
  .refine((text) => text === '' || isWebhookUrl(text), { error: 'expected an http or https URL such as https://example.com/sms' })
const method = z.enum(['GET', 'POST'], { error: 'expected GET or POST' })

/** Names as in Twilio's IncomingPhoneNumbers, in camel case. */
export const numberSettings = z.strictObject({
  smsUrl: webhook.optional().describe('Asked with every inbound message; its TwiML is carried out. Empty: messages are stored only.'),
  smsMethod: method.optional().describe('POST unless GET'),
  smsFallbackUrl: webhook.optional().describe('Asked, with ErrorCode and ErrorUrl, when smsUrl fails'),
  smsFallbackMethod: method.optional().describe('POST unless GET'),
  smsApplicationSid: z
    .string()
    .regex(/^(?:AP[0-9a-f]{32})?$/, 'expected AP and 32 lowercase hex digits')
    .optional()
    .describe('An application of the account, whose URLs go before those of the number'),
  statusCallback: webhook.optional().describe('Status callbacks of messages sent from this number that name none'),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, { error: 'expected two capital letters such as US (ISO 3166)' })
    .optional()
    .describe('Of a short code: whose handsets a messaging service prefers it for'),
}) as z.ZodType<Record<string, string>>
