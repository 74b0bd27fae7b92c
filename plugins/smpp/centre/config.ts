// What an operator says about one client of our message centre. Window, rates, sessions, validity,
// filters and modes are in the bind's policy, as for every connector.
import { readRange } from '../../../src/plugin.ts'
import { z } from 'zod'
import { addressFields } from '../mapping/address-settings.ts'
import { encodingFields } from '../mapping/encoding-settings.ts'
import { receiptSettings } from '../mapping/receipt-settings.ts'
import { tlvFields } from '../mapping/tlvs.ts'
import { connectionFields, latin1, pem } from '../supplier-settings.ts'

export const clientConfig = z.strictObject({
  systemId: z.string().min(1).max(64).regex(latin1).describe('system_id that the client binds with. Other accounts may use the same.'),
  password: z
    .string()
    .min(1)
    .max(64)
    .regex(latin1)
    .describe('password of the system_id; SMPP itself has room for 8 characters, most clients for more.')
    .meta({ secret: true }),
  systemType: z.string().max(12).regex(latin1).default('').describe('system_type that the client must bind with; empty: any.'),
  addresses: z
    .array(
      z
        .string()
        .max(60)
        .refine((text) => readRange(text) !== undefined, 'expected an IP address or a range such as 192.0.2.0/24'),
    )
    .max(100)
    .default([])
    .describe('Addresses and ranges (192.0.2.0/24, 2001:db8::/32) that the client may bind from; none: from everywhere.'),
  bindTypes: z
    .array(z.enum(['transmitter', 'receiver', 'transceiver']))
    .min(1)
    .max(3)
    .default(['transmitter', 'receiver', 'transceiver'])
    .describe('How the client may bind.'),
  inactivityMs: z
    .int()
    .min(0)
    .max(86_400_000)
    .default(0)
    .describe('A session without a request other than enquire_link for so long, in either direction, is unbound. 0: never.'),
  enquireLinkMs: z
    .int()
    .min(100)
    .max(3_600_000)
    .default(30_000)
    .describe('Keep-alive: after so long without a PDU from the client, enquire_link is sent.'),
  responseTimeoutMs: z
    .int()
    .min(100)
    .max(600_000)
    .default(30_000)
    .describe('A delivery without a response for so long has an unknown outcome; an enquire_link closes the session.'),
  partialPduTimeoutMs: connectionFields.partialPduTimeoutMs,
  outbind: z
    .strictObject({
      host: z.string().min(1).max(255).describe("Where the client's ESME listens."),
      port: z.int().min(1).max(65_535).default(2775).describe('Its port.'),
      tls: z.boolean().default(false).describe('The connection is TLS; its certificate and the name in it are verified.'),
      tlsCa: pem.optional().describe("PEM of the authorities to trust in place of the system's."),
      tlsServername: z.string().min(1).max(253).optional().describe('The name that the certificate must be for, where it is not the host.'),
      tlsVerify: z
        .enum(['full', 'none'])
        .default('full')
        .describe('none: any certificate is taken, so anybody on the way can read and change everything. Logged at each call.'),
      systemId: z.string().max(64).regex(latin1).default('signalbox').describe('system_id of our outbind.'),
      password: z.string().max(64).regex(latin1).default('').describe('password of our outbind.').meta({ secret: true }),
    })
    .optional()
    .describe('When something waits for the client and it is not bound, we connect there and ask it by outbind to bind.'),
  ...addressFields,
  ...encodingFields,
  source: z.string().max(20).regex(latin1).default('').describe('Sender of messages that name none; empty: such messages are refused.'),
  tlvs: tlvFields.tlvs.describe(
    "TLVs by number: `in`, those of the client's that are kept with a message and handed on; `out`, those of a message from a handset that the client is sent. Tags (0x1400), ranges (0x1400-0x14ff), names, or * for all that are not our own.",
  ),
  hopsTlv: tlvFields.hopsTlv,
  broadcast: z
    .string()
    .max(20)
    .regex(latin1)
    .default('')
    .describe('Address that broadcast_sm is for, to which a route leads; empty: broadcasts are refused.'),
  deliverBy: z
    .enum(['deliver_sm', 'data_sm'])
    .default('deliver_sm')
    .describe('How the client is sent messages and receipts. A 3.3 client knows deliver_sm only.'),
  receipts: receiptSettings.prefault({}).describe('How receipts to the client are written.'),
})

export type ClientConfig = z.infer<typeof clientConfig>
