// What an operator says about the connection to a carrier: where it is, how it is secured, who we
// are there and in which roles we bind. How texts and TLVs are written lies in mapping/.
import { z } from 'zod'
import { hostsOf, readHost } from './hosts.ts'

/** Of what is one octet a character on the wire, and of what is not. */
export const latin1 = /^[\x20-\xff]*$/
const mostHosts = 8
const mostPem = 65_536
export const pem = z
  .string()
  .max(mostPem)
  .regex(/^\s*-----BEGIN [A-Z0-9 ]+-----/, 'expected PEM, beginning with -----BEGIN')

const address = z
  .string()
  .max(300)
  .refine((text) => readHost(text) !== undefined, 'expected host:port, host, [IPv6]:port, or one of these after tls:')

const bindModes = {
  trx: ['trx', 'both', 'transceiver'],
  tx: ['tx', 'send-only', 'transmitter'],
  rx: ['rx', 'receive-only', 'receiver'],
  'tx+rx': ['tx+rx'],
  off: ['off'],
} as const
type BindMode = keyof typeof bindModes
type ModeWord = (typeof bindModes)[BindMode][number]

export const connectionFields = {
  address: address.optional().describe('Where the carrier listens: host:port; after tls: over TLS. Port 2775, over TLS 3550.'),
  addresses: z.array(address).min(1).max(mostHosts).optional().describe('Several addresses of one carrier, used as `addressUse` says.'),
  addressUse: z
    .enum(['standby', 'parallel'])
    .default('standby')
    .describe(
      "standby: each session is bound to the first address that takes it. parallel: to every address as many sessions as the bind's policy says.",
    ),
  returnAfterMs: z
    .int()
    .min(100)
    .max(86_400_000)
    .default(60_000)
    .describe(
      'So long after a session was bound to a later address, and again, the earlier ones are tried; the first that binds takes over.',
    ),
  host: z.string().min(1).max(255).optional().describe("The carrier's host name or address, in place of `address`."),
  port: z.int().min(1).max(65_535).optional().describe('TCP port, beside `host`. 2775, over TLS 3550.'),
  tls: z.boolean().default(false).describe('TLS to every address; the certificate and its name are verified.'),
  tlsCa: pem.optional().describe("PEM of the authorities to trust in place of the system's."),
  tlsServername: z.string().min(1).max(253).optional().describe('The name that the certificate must be for, where it is not the host.'),
  tlsCertificate: pem.optional().describe('PEM of our certificate and its chain, where the carrier asks for one.'),
  tlsKey: pem.optional().describe('PEM of its private key.').meta({ secret: true }),
  tlsVerify: z
    .enum(['full', 'none'])
    .default('full')
    .describe('none: any certificate is taken, so anybody on the way can read and change everything. Logged at each bind.'),
  systemId: z.string().min(1).max(77).regex(latin1).describe('system_id, as the carrier gave it out; systemId@systemType gives both.'),
  password: z.string().max(64).regex(latin1).default('').describe('password of the system_id.').meta({ secret: true }),
  systemType: z.string().max(12).regex(latin1).default('').describe('system_type; empty unless the carrier names one.'),
  mode: z
    .enum(Object.values(bindModes).flat() as [ModeWord, ...ModeWord[]])
    .default('trx')
    .describe(
      'trx, both: one transceiver. tx, send-only; rx, receive-only. tx+rx: a transmitter and a receiver, two connections as one session. off: nothing is dialled.',
    ),
  outbind: z
    .strictObject({
      systemId: z.string().min(1).max(64).regex(latin1).describe("system_id of the carrier's outbind."),
      password: z.string().min(1).max(64).regex(latin1).describe("password of the carrier's outbind.").meta({ secret: true }),
    })
    .optional()
    .describe('The carrier connects to our SMPP port and asks us by outbind to bind over that connection; we dial nobody.'),
  interfaceVersion: z
    .enum(['3.3', '3.4', '5.0'])
    .default('3.4')
    .describe(
      'SMPP version offered; the lower of ours and the sc_interface_version of the carrier holds. 3.3 has no TLVs and no transceiver.',
    ),
  addressRange: z.string().max(40).regex(latin1).default('').describe('address_range of the bind: the numbers whose messages we receive.'),
  bindTimeoutMs: z.int().min(100).max(120_000).default(10_000).describe('Connecting and binding together take at most so long.'),
  enquireLinkMs: z
    .int()
    .min(100)
    .max(3_600_000)
    .default(30_000)
    .describe('Keep-alive: after so long without a PDU from the carrier, enquire_link is sent.'),
  responseTimeoutMs: z
    .int()
    .min(100)
    .max(600_000)
    .default(10_000)
    .describe('A request without a response for so long has an unknown outcome; an enquire_link closes the session.'),
  partialPduTimeoutMs: z
    .int()
    .min(100)
    .max(600_000)
    .default(15_000)
    .describe('A PDU of which a part has come and the rest has not for so long closes the session.'),
}

const connectionObject = z.object(connectionFields)
export type Connection = z.infer<typeof connectionObject>

/** What the fields must be together. */
export function checkConnection(given: Connection, context: z.RefinementCtx): void {
  const fault = (field: string, message: string): void => context.addIssue({ code: 'custom', path: [field], message })
  const ways = (['address', 'addresses', 'host'] as const).filter((way) => given[way] !== undefined)
  const [first, second] = ways
  if (first && second) fault(second, `${first} says already where the carrier is; give one of them`)
  if (!first && given.mode !== 'off' && !given.outbind) fault('address', 'expected where the carrier listens, such as smsc.example:2775')
  if (first && given.outbind) fault('outbind', `the carrier connects to us, so ${first} has no meaning`)
  if (given.port !== undefined && given.host === undefined) fault('port', 'is for `host`; an address ends with its port')
  if (given.host !== undefined && hostsOf(given).length === 0) fault('host', 'expected a host name or an IP address')
  const { systemId, systemType } = credentialsOf(given)
  if (systemId.length > 64) fault('systemId', 'system_id: expected at most 64 characters')
  if (systemType.length > 12) fault('systemId', 'system_type, after the @: expected at most 12 characters')
  if ((given.tlsKey === undefined) !== (given.tlsCertificate === undefined))
    fault(given.tlsKey === undefined ? 'tlsKey' : 'tlsCertificate', 'a certificate and its key go together')
}

/** `id@type` is both, unless systemType is given, too: then the @ is a character of the id. */
export function credentialsOf({ systemId, systemType }: Pick<Connection, 'systemId' | 'systemType'>): {
  systemId: string
  systemType: string
} {
  const at = systemType === '' ? systemId.lastIndexOf('@') : -1
  return at <= 0 ? { systemId, systemType } : { systemId: systemId.slice(0, at), systemType: systemId.slice(at + 1) }
}

const modes = new Map(Object.entries(bindModes).flatMap(([mode, words]) => words.map((word) => [word as string, mode as BindMode])))

/** The mode that a word means, as the version allows: 3.3 has no transceiver. */
export function modeOf({ mode, interfaceVersion }: Pick<Connection, 'mode' | 'interfaceVersion'>): BindMode {
  const meant = modes.get(mode)!
  return meant === 'trx' && interfaceVersion === '3.3' ? 'tx+rx' : meant
}

/** How many addresses a session each is bound to. */
export function peersOf(config: Connection): number {
  if (config.outbind || modeOf(config) === 'off') return 0
  return config.addressUse === 'parallel' ? hostsOf(config).length : 1
}
