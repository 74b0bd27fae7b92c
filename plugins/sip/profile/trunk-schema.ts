// What may stand in a file of sip-profiles/<profile>/, and in the settings of a bind that is a trunk
// by itself: a peer that needs not register.
import { z } from 'zod'
import { readUri } from '../codec/uri.ts'
import { dialledTransports, messageFields, trunkReceipts } from './message-fields.ts'
import { named, range } from './schema.ts'
import type { Trunk } from './types.ts'

const hop = z
  .string()
  .max(300)
  .refine((text) => {
    const uri = readUri(text)
    return uri !== undefined && uri.scheme !== 'tel' && uri.headers === undefined
  }, 'expected a URI such as sip:pbx.example;transport=tcp')
const domain = named('expected a domain')

/** Without their defaults. */
const bare = {
  nextHops: z
    .array(hop)
    .min(1)
    .max(10)
    .describe('Where requests go, tried in order (names by RFC 3263): the next on 503, without a connection or an answer.'),
  route: z
    .array(hop)
    .max(5)
    .describe('Route in front: outbound proxies such as `sip:proxy.example;lr`. The next hops still say where requests are sent.'),
  username: z
    .string()
    .max(255)
    .describe("For the peer's challenges, the strongest of several (SHA-512-256, SHA-256, MD5); empty: they are failures."),
  password: z.string().max(255).describe('Its password.').meta({ secret: true }),
  addresses: z
    .array(range)
    .max(200)
    .describe("Addresses and ranges of the peer's requests, taken without a challenge; none: it only receives."),
  from: z
    .strictObject({
      user: z.string().min(1).max(64).default('*').describe("User of From; `*`: the message's sender."),
      domain: domain.optional().describe('Its host; ours, when absent.'),
    })
    .describe('From of what is sent.'),
  to: z
    .strictObject({
      scheme: z.enum(['sip', 'tel']).default('sip').describe('Of the Request-URI and To.'),
      domain: domain.optional().describe("Host of the Request-URI; the next hop's, when absent."),
      plus: z.boolean().default(true).describe('Numbers keep their +.'),
      userPhone: z.boolean().default(false).describe('With `;user=phone`.'),
    })
    .describe('Request-URI and To of what is sent.'),
  transport: z.enum(dialledTransports).describe('For next hops that name none; by RFC 3263 when absent.'),
  attemptMs: z.int().min(100).max(600_000).describe("Time for one hop's answer."),
  pingSeconds: z
    .int()
    .min(0)
    .max(86_400)
    .describe('OPTIONS so often; when no hop answers, the bind is down and others take over. 0: never, the bind is always up.'),
}

const trunkFields = {
  nextHops: bare.nextHops,
  route: bare.route.default([]),
  username: bare.username.default(''),
  password: bare.password.default(''),
  addresses: bare.addresses.default([]),
  from: bare.from.prefault({}),
  to: bare.to.prefault({}),
  transport: bare.transport.optional(),
  attemptMs: bare.attemptMs.default(5000),
  pingSeconds: bare.pingSeconds.default(30),
  ...messageFields,
  receipts: trunkReceipts,
}

/** In the settings of a bind, which may be no trunk at all. */
export const bindTrunkFields = {
  nextHops: bare.nextHops.optional(),
  route: bare.route.optional(),
  username: bare.username.optional(),
  addresses: bare.addresses.optional(),
  from: bare.from.optional(),
  to: bare.to.optional(),
  transport: bare.transport.optional(),
  attemptMs: bare.attemptMs.optional(),
  pingSeconds: bare.pingSeconds.optional(),
}

export const trunkFile = z.strictObject({
  enabled: z.boolean().default(true).describe('`false`: binds that name it are down.'),
  accounts: z
    .array(z.string().min(1).max(64))
    .min(1)
    .max(1000)
    .default(['root'])
    .describe('Accounts whose binds may name it: `root`, SIDs, or names.'),
  ...trunkFields,
})
export type TrunkFile = z.infer<typeof trunkFile>

type Fields = Omit<TrunkFile, 'enabled' | 'accounts'>

/** The settings of a bind that is a trunk by itself, with its defaults. */
export function inlineTrunk(profile: string, settings: object): Trunk {
  return trunkOf(profile, inlineFields.parse(settings))
}
const inlineFields = z.object(trunkFields)

/** Without what is absent. */
export function imsOf(ims: NonNullable<Fields['ims']>): NonNullable<Trunk['ims']> {
  const { serviceCentre, identity, answerMs, quarters, country } = ims
  return {
    answerMs,
    quarters,
    ...(serviceCentre === undefined ? {} : { serviceCentre }),
    ...(identity === undefined ? {} : { identity }),
    ...(country === undefined ? {} : { country }),
  }
}

/** Without the empty words that stand for absent ones. */
export function trunkOf(profile: string, fields: Fields): Trunk {
  const { username, password, from, to, transport } = fields
  const trunk: Trunk = {
    profile,
    nextHops: fields.nextHops,
    route: fields.route,
    addresses: fields.addresses,
    from: from.domain === undefined ? { user: from.user } : { user: from.user, domain: from.domain },
    to: { scheme: to.scheme, plus: to.plus, userPhone: to.userPhone },
    attemptMs: fields.attemptMs,
    pingSeconds: fields.pingSeconds,
    dialect: fields.dialect,
    defaultCoding: fields.defaultCoding,
    receipts: fields.receipts,
    answer: fields.answer,
    passHeaders: fields.passHeaders,
  }
  if (fields.ims) trunk.ims = imsOf(fields.ims)
  if (to.domain !== undefined) trunk.to.domain = to.domain
  if (username !== '') trunk.username = username
  if (password !== '') trunk.password = password
  if (transport !== undefined) trunk.transport = transport
  return trunk
}
