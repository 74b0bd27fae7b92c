// What may stand in a file of sip-profiles/: every field with its meaning, its bounds and its default.
// read.ts makes a Profile of it.
import { readRange } from '../../../src/plugin.ts'
import { isIP } from 'node:net'
import { z } from 'zod'
import { messageFields } from './message-fields.ts'
import type { End } from '../engine/engine.ts'

const plainForm = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([0-9.]{7,15})):(\d{1,5})$/

/** `127.0.0.1:5060`, `[::1]:5060`; port 0 is any free one. Undefined for anything else. */
export function readEnd(text: string): End | undefined {
  const match = plainForm.exec(text)
  const address = match?.[1] ?? match?.[2] ?? ''
  const port = Number(match?.[3])
  return match && isIP(address) !== 0 && port <= 65_535 ? { address, port } : undefined
}

const namedForm = /^([A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?):(\d{1,5})$/

/** The same, or a name: `drachtio.example:9022`. Of what we connect to. */
export function readServer(text: string): End | undefined {
  const match = namedForm.exec(text)
  const port = Number(match?.[2])
  const named = match && /[A-Za-z]/.test(match[1]!) && port <= 65_535 ? { address: match[1]!, port } : undefined
  const found = readEnd(text) ?? named
  return found && found.port > 0 ? found : undefined
}

const end = z
  .string()
  .max(60)
  .refine((text) => readEnd(text) !== undefined, 'expected an address and a port such as 127.0.0.1:5060 or [::1]:5060')
const server = z
  .string()
  .max(262)
  .refine((text) => readServer(text) !== undefined, 'expected a host and a port such as drachtio.example:9022 or 127.0.0.1:9022')
/** A name, or an address as URIs have it. */
export const named = (expected: string): z.ZodString =>
  z
    .string()
    .max(255)
    .regex(/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$|^\[[0-9a-fA-F:.]+\]$/, expected)
const host = named('expected a host name or an address')
export const range = z
  .string()
  .max(60)
  .refine((text) => readRange(text) !== undefined, 'expected an IP address or a range such as 192.0.2.0/24')
const whole = (min: number, max: number) => z.int().min(min).max(max)

const listen = z.strictObject({
  udp: end.optional().describe('Where SIP is taken by UDP.'),
  tcp: end.optional().describe('The same by TCP.'),
  tls: end.optional().describe('The same by TLS, usually port 5061; wants `certificate` and `key`.'),
  ws: end.optional().describe('WebSocket (RFC 7118) on a port of its own.'),
  wss: end.optional().describe('The same over TLS.'),
  httpPath: z.boolean().default(false).describe('WebSocket at `/sip` of the HTTP port too. One profile may have it.'),
  external: z
    .strictObject({
      host: host.describe('Name or address.'),
      port: whole(1, 65_535).optional().describe('The bound one, when absent.'),
    })
    .optional()
    .describe('What Via says we are called, where that is not the bound address: behind NAT.'),
  certificate: z.string().max(1024).optional().describe('Path of a PEM file, from the directory of the profiles.'),
  key: z.string().max(1024).optional().describe('Path of the PEM file of its key.'),
  origins: z.array(z.string().max(255)).max(100).default([]).describe('Origins of web pages that are let in by WebSocket; none: any.'),
})

const domainName = z
  .string()
  .max(255)
  .regex(
    /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$|^[0-9a-f:.]*:[0-9a-f:.]*$/,
    'expected a domain in lower case, or an address, IPv6 without brackets: ::1',
  )
const owner = z.string().min(1).max(64).describe('`root`, the SID of an account, or its name where it has one of its own.')

const auth = z.strictObject({
  register: z
    .enum(['digest', 'trust'])
    .default('digest')
    .describe('`trust`: whoever `safety.allow` lets in registers as anyone, without a password; for closed networks only.'),
  message: z
    .enum(['digest', 'flow'])
    .default('digest')
    .describe(
      '`digest`: each MESSAGE is challenged. `flow`: taken without from where the sender registered; by UDP addresses can be forged.',
    ),
  nonceSeconds: whole(10, 86_400).default(300).describe('How long a nonce holds.'),
  algorithms: z
    .array(z.enum(['MD5', 'SHA-256']))
    .min(1)
    .max(2)
    .default(['MD5', 'SHA-256'])
    .describe('The first is offered, a phone may use any. Many phones know MD5 only.'),
})

const registrar = z.strictObject({
  minExpiresSeconds: whole(1, 86_400).default(60).describe('A shorter registration is refused with 423.'),
  maxExpiresSeconds: whole(1, 604_800).default(3600).describe('A longer one is shortened.'),
  defaultExpiresSeconds: whole(1, 604_800).default(3600).describe('For a phone that names none.'),
  contactsPerAor: whole(1, 100).default(10).describe('Phones of one user.'),
  pingSeconds: whole(0, 86_400)
    .default(0)
    .describe('OPTIONS to each phone so often, which keeps NAT open; one that does not answer is gone. 0: never.'),
  contacts: z
    .enum(['all', 'first'])
    .default('all')
    .describe('A message goes to `all` phones of a user (one that takes it is enough), or to the preferred one, then the next.'),
})

const safety = z.strictObject({
  allow: z.array(range).max(1000).default([]).describe('Addresses and ranges that are let in; none: all.'),
  deny: z.array(range).max(1000).default([]).describe('Those that are not; goes first.'),
  requestsPerSecondPerAddress: whole(1, 1_000_000).default(200).describe('Above it: 503. Trunks are not counted.'),
  messagesPerSecondPerAor: whole(1, 1_000_000).default(50).describe('Above it: 503.'),
  ban: z
    .strictObject({
      failures: whole(0, 100_000).default(20).describe('So many wrong passwords of one address; 0: never banned.'),
      withinSeconds: whole(1, 86_400).default(60).describe('… in so long …'),
      forSeconds: whole(1, 604_800).default(600).describe('… and nothing of it is answered for so long.'),
    })
    .prefault({})
    .describe('Guessing passwords.'),
  connections: whole(1, 1_000_000).default(10_000).describe('Open at a time.'),
  connectionsPerAddress: whole(1, 1_000_000).default(100).describe('Of one address.'),
  headerBytes: whole(512, 65_536).default(16_384).describe('Octets of a message before its body.'),
  headerCount: whole(8, 1000).default(100).describe('Header fields of a message.'),
  bodyBytes: whole(0, 1_048_576).default(65_536).describe('Octets of a body.'),
  idleSeconds: whole(10, 86_400).default(900).describe('A connection on which nothing comes for so long is closed.'),
  transactions: whole(100, 2_000_000).default(200_000).describe('Open or remembered at a time; above it: 503.'),
})

const timers = z.strictObject({
  t1: whole(10, 10_000).default(500).describe('Round trip; retransmissions by UDP start with it. RFC 3261 §17.1.1.2.'),
  t2: whole(10, 60_000).default(4000).describe('Their longest interval.'),
  t4: whole(10, 60_000).default(5000).describe('How long a datagram may stay on the way.'),
  f: whole(50, 600_000).optional().describe('When a transaction ends without an answer; 64 × t1 when absent.'),
})

const messages = z.strictObject({
  ...messageFields,
  accept: z
    .array(
      z
        .string()
        .min(3)
        .max(100)
        .regex(/^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+*-]+$/, 'expected a content type in lower case'),
    )
    .max(50)
    .default([
      'text/plain',
      'text/html',
      'text/vnd.wap.wml',
      'application/octet-stream',
      'message/cpim',
      'message/imdn+xml',
      'application/vnd.3gpp.sms',
    ])
    .describe('Content types that are taken; others are answered 415.'),
  repeatsWithinSeconds: whole(0, 3600)
    .default(0)
    .describe('The same text between the same ends within so long is one message, whatever its Call-ID. 0: never.'),
})

export const profileFile = z.strictObject({
  enabled: z.boolean().default(true).describe('`false`: nothing is listened on.'),
  engine: z
    .union([
      z.literal('embedded'),
      z.strictObject({
        drachtio: server.describe('Where the drachtio server takes applications, usually port 9022.'),
        secret: z.string().min(1).max(255).describe('Its secret.').meta({ secret: true }),
        tls: z.boolean().default(false).describe('TLS to it.'),
      }),
    ])
    .default('embedded')
    .describe('`embedded`: our own stack. Or a drachtio server, which listens itself as its own configuration says.'),
  listen: listen.prefault({}).describe('Addresses.'),
  domains: z
    .record(domainName, owner)
    .default({})
    .describe('Domain → account: its client binds are users there. A domain has one account. An IPv6 address is without brackets.'),
  auth: auth.prefault({}).describe('Who may register and send.'),
  registrar: registrar.prefault({}).describe('Registrations.'),
  safety: safety.prefault({}).describe('What strangers may do.'),
  timers: timers.prefault({}).describe('In ms.'),
  messages: messages.prefault({}).describe('How messages are written and read. A bind may say otherwise.'),
})

export type ProfileFile = z.infer<typeof profileFile>
