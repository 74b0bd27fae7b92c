// What an operator says about one SMPP bind. Everything that every connector has (window, rate,
// retries, concatenation) is in the bind's policy, not here.
import { z } from 'zod'

const tons = ['auto', 'unknown', 'international', 'national', 'network', 'subscriber', 'alphanumeric', 'abbreviated'] as const
const npis = ['auto', 'unknown', 'e164', 'data', 'telex', 'landMobile', 'national', 'private', 'ermes', 'internet', 'wap'] as const

/** Of what is one octet a character on the wire, and of what is not. */
const latin1 = /^[\x20-\xff]*$/

export const smppConfig = z.strictObject({
  host: z.string().min(1).describe("The carrier's host name or address."),
  port: z.int().min(1).max(65_535).default(2775).describe('TCP port.'),
  systemId: z.string().min(1).max(64).regex(latin1).describe('system_id, as the carrier gave it out.'),
  password: z.string().max(64).regex(latin1).default('').describe('password of the system_id.').meta({ secret: true }),
  systemType: z.string().max(12).regex(latin1).default('').describe('system_type; empty unless the carrier names one.'),
  mode: z
    .enum(['trx', 'tx', 'rx', 'tx+rx'])
    .default('trx')
    .describe(
      'trx: one transceiver. tx, rx: send only, receive only. tx+rx: a transmitter and a receiver, two connections as one session.',
    ),
  interfaceVersion: z
    .enum(['3.3', '3.4', '5.0'])
    .default('3.4')
    .describe('SMPP version offered. TLVs are sent from 3.4 on; 3.3 has no transceiver.'),
  addressRange: z.string().max(40).regex(latin1).default('').describe('address_range of the bind: the numbers whose messages we receive.'),
  sourceTon: z
    .enum(tons)
    .default('auto')
    .describe('TON of numeric senders. auto: what the address is. An alphanumeric sender is always 5.'),
  sourceNpi: z.enum(npis).default('auto').describe('NPI of senders. auto: what the address is.'),
  destinationTon: z.enum(tons).default('auto').describe('TON of recipients. auto: what the address is.'),
  destinationNpi: z.enum(npis).default('auto').describe('NPI of recipients. auto: what the address is.'),
  defaultAlphabet: z
    .enum(['gsm7', 'gsm7packed', 'latin1', 'ascii'])
    .default('gsm7')
    .describe('What data_coding 0 means to this carrier: GSM 03.38 one septet an octet, the same packed, ISO 8859-1, or ASCII.'),
  serviceType: z.string().max(5).regex(latin1).default('').describe('service_type of every message that names none.'),
  registeredDelivery: z
    .enum(['none', 'final', 'failure', 'intermediate'])
    .default('final')
    .describe('Receipts asked for. final: delivered or failed. failure: only failed. intermediate: final ones and states on the way.'),
  validity: z
    .enum(['none', 'relative', 'absolute'])
    .default('none')
    .describe(
      "How the message's validity is told to the carrier in validity_period; none: not at all (the gateway expires it either way).",
    ),
  bindTimeoutMs: z.int().min(100).max(120_000).default(10_000).describe('Connecting and binding together take at most so long.'),
  enquireLinkMs: z
    .int()
    .min(100)
    .max(3_600_000)
    .default(30_000)
    .describe('After so long without a PDU from the carrier, enquire_link is sent.'),
  responseTimeoutMs: z
    .int()
    .min(100)
    .max(600_000)
    .default(10_000)
    .describe('A request without a response for so long has an unknown outcome; an enquire_link closes the session.'),
})

export type SmppConfig = z.infer<typeof smppConfig>
