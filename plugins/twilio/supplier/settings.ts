// What an operator says about one use of Twilio, or of another Signalbox, as a carrier. Rate, window
// and retries are in the bind's policy, as with every connector.
import { z } from 'zod'
import { isWebhookUrl } from '../endpoint.ts'

const plain = (pattern: RegExp, expected: string): z.ZodString => z.string().regex(pattern, expected)

export const supplierConfig = z
  .strictObject({
    baseUrl: z
      .string()
      .max(500)
      .refine((text) => isWebhookUrl(text) && !/[?#@]|\/$/.test(text), {
        error: 'expected https://host, with neither a query nor a slash at its end',
      })
      .default('https://api.twilio.com')
      .describe("Where the API is; /2010-04-01 follows. Another Signalbox's public address will do."),
    accountSid: plain(/^AC[0-9a-fA-F]{32}$/, 'expected AC and 32 hex digits').describe('The account there.'),
    authToken: plain(/^[\x21-\x7e]{1,128}$/, 'expected 1 to 128 visible characters')
      .describe('Its auth token: by it the signatures of its callbacks are checked, and our requests are made where no key is given.')
      .meta({ secret: true }),
    secondaryAuthToken: plain(/^[\x21-\x7e]{1,128}$/, 'expected 1 to 128 visible characters')
      .optional()
      .describe('Another token whose signatures are good too: while the account’s token is being changed.')
      .meta({ secret: true }),
    keySid: plain(/^SK[0-9a-fA-F]{32}$/, 'expected SK and 32 hex digits')
      .optional()
      .describe('An API key for our requests, in place of the auth token.'),
    keySecret: plain(/^[\x21-\x7e]{1,128}$/, 'expected 1 to 128 visible characters')
      .optional()
      .describe("The API key's secret.")
      .meta({ secret: true }),
    from: plain(/^[\x20-\x7e]{1,50}$/, 'expected a number or a name')
      .optional()
      .describe('Every message is sent from this number or name. Absent: from its own sender.'),
    messagingServiceSid: plain(/^MG[0-9a-fA-F]{32}$/, 'expected MG and 32 hex digits')
      .optional()
      .describe('Messages are sent by this messaging service, which picks the number; with `from`, by that number of it.'),
    callbackSecret: plain(/^[A-Za-z0-9]{20,100}$/, 'expected 20 to 100 letters and digits')
      .describe('Made up by you; stands in the addresses that are called back, `/twilio/<secret>/…`, and is this bind’s alone.')
      .meta({ secret: true }),
    timeoutMs: z.int().min(100).max(120_000).default(30_000).describe('An answer is waited for so long; then the outcome is unknown.'),
  })
  .refine(({ keySid, keySecret }) => (keySid === undefined) === (keySecret === undefined), {
    path: ['keySecret'],
    error: 'keySid and keySecret are given together',
  })

export type SupplierConfig = z.infer<typeof supplierConfig>

/** `Basic …`, for our requests. */
export function authorizationOf({ accountSid, authToken, keySid, keySecret }: SupplierConfig): string {
  return `Basic ${Buffer.from(keySid === undefined ? `${accountSid}:${authToken}` : `${keySid}:${keySecret}`).toString('base64')}`
}
