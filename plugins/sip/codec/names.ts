// Header names: each known one has a number, its kind, by which fields are found without comparing
// text. Compact forms and any case lead to it; what is unknown has none and is found by its name.

import { isTokenCode } from './chars.ts'

/** In lower case; the place is the kind. The first ten may stand once in a message. */
const known = [
  'from',
  'to',
  'call-id',
  'cseq',
  'max-forwards',
  'content-length',
  'content-type',
  'expires',
  'mime-version',
  'min-expires',
  'via',
  'contact',
  'route',
  'record-route',
  'path',
  'authorization',
  'proxy-authorization',
  'www-authenticate',
  'proxy-authenticate',
  'require',
  'proxy-require',
  'supported',
  'unsupported',
  'allow',
  'accept',
  'user-agent',
  'server',
  'date',
  'content-encoding',
  'content-disposition',
  'retry-after',
  'warning',
  'subject',
  'priority',
  'in-reply-to',
  'p-asserted-identity',
  'accept-contact',
  'request-disposition',
  'event',
  'x-sms-udh',
  'x-sms-coding',
  'x-sms-validity',
  'x-reg-delivery',
  'x-m-class',
  'x-smsc-id',
  'x-delivery_time',
  'x-sms-message-id',
  'x-sms-receipt',
] as const

const singles = 10
export const isSingle = (kind: number): boolean => kind >= 0 && kind < singles
/** As the RFCs write it. */
export const nameOf = (kind: number): string => spellings[kind]?.[1] ?? ''

/** RFC 3261 §7.3.3 and the registry of header fields. */
const compact: Readonly<Record<string, string>> = {
  a: 'accept-contact',
  b: 'referred-by',
  c: 'content-type',
  d: 'request-disposition',
  e: 'content-encoding',
  f: 'from',
  i: 'call-id',
  j: 'reject-contact',
  k: 'supported',
  l: 'content-length',
  m: 'contact',
  n: 'identity-info',
  o: 'event',
  r: 'refer-to',
  s: 'subject',
  t: 'to',
  u: 'allow-events',
  v: 'via',
  x: 'session-expires',
  y: 'identity',
}

/** As the RFCs write them. */
const written: Readonly<Record<string, string>> = {
  'call-id': 'Call-ID',
  cseq: 'CSeq',
  'mime-version': 'MIME-Version',
  'www-authenticate': 'WWW-Authenticate',
  'x-sms-udh': 'X-SMS-UDH',
  'x-sms-coding': 'X-SMS-CODING',
  'x-sms-validity': 'X-SMS-VALIDITY',
  'x-reg-delivery': 'X-REG-DELIVERY',
  'x-m-class': 'X-M-CLASS',
  'x-smsc-id': 'X-SMSC-ID',
  'x-delivery_time': 'X-DELIVERY_TIME',
  'x-sms-message-id': 'X-SMS-Message-ID',
  'x-sms-receipt': 'X-SMS-Receipt',
}

const usual = (name: string): string => written[name] ?? name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase())

const spellings = known.map((name) => [name, usual(name)])
const kinds = new Map(spellings.flatMap((spelled, kind) => spelled.map((each) => [each, kind] as const)))
const fullNames = new Map(Object.entries(compact))
for (const [short, name] of fullNames) {
  const kind = kinds.get(name)
  if (kind === undefined) continue
  kinds.set(short, kind)
  kinds.set(short.toUpperCase(), kind)
}

export const unknownKind = -1

/** Octet of a token to its lower case, anything else to 0. */
export const tokenLower = Uint8Array.from({ length: 256 }, (_, code) => {
  if (!isTokenCode(code)) return 0
  return code >= 65 && code <= 90 ? code + 32 : code
})

/** Open addressing over names in lower case, compact forms among them: the kind + 1, and the name. */
const slots = 512
const slotKinds = new Uint8Array(slots)
const slotNames: Uint8Array[] = Array.from({ length: slots }, () => new Uint8Array(0))
const slotOf = (length: number, first: number, last: number): number => (length * 37 + first * 5 + last * 131) & (slots - 1)

for (const [name, kind] of kinds) {
  if (name !== name.toLowerCase()) continue
  let slot = slotOf(name.length, name.charCodeAt(0), name.charCodeAt(name.length - 1))
  while (slotKinds[slot] !== 0) slot = (slot + 1) & (slots - 1)
  slotKinds[slot] = kind + 1
  slotNames[slot] = Buffer.from(name, 'latin1')
}

/** The kind of a name on the wire. */
export function kindOfOctets(octets: Buffer, from: number, to: number): number {
  const length = to - from
  if (length === 0) return unknownKind
  let slot = slotOf(length, tokenLower[octets[from]!]!, tokenLower[octets[to - 1]!]!)
  for (; slotKinds[slot] !== 0; slot = (slot + 1) & (slots - 1)) {
    const name = slotNames[slot]!
    if (name.length !== length) continue
    let i = 0
    while (i < length && tokenLower[octets[from + i]!] === name[i]) i++
    if (i === length) return slotKinds[slot]! - 1
  }
  return unknownKind
}

/** The usual spellings without another string; any other through its lower case. */
export function kindOf(name: string): number {
  return kinds.get(name) ?? kinds.get(name.toLowerCase()) ?? unknownKind
}

/** In lower case and full: `v` is `via`. */
export function fullName(name: string): string {
  const lower = name.toLowerCase()
  return fullNames.get(lower) ?? lower
}

/** Written as the RFCs do: `call-id` is `Call-ID`. For logs and for what we make from lower case. */
export const writtenName = (name: string): string => usual(fullName(name))

export const kind = {
  from: 0,
  to: 1,
  callId: 2,
  cseq: 3,
  maxForwards: 4,
  contentLength: 5,
  via: 10,
} as const
