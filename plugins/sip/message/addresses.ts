// Who a MESSAGE is from and whom it is for, as addresses of ours: numbers in their many SIP forms,
// users by their address of record, and names that lead to one bind. What an account does not own it
// cannot send as; what is another account's looks like nothing at all.
import { type Address, e164, international, rewriteDestination, shortCode } from '../../../src/plugin.ts'
import type { Peer } from '../access/peer.ts'
import { splitList } from '../codec/list.ts'
import { readNameAddr } from '../codec/name-addr.ts'
import type { Headers, SipUri } from '../codec/types.ts'
import { escapedUser, readHost, readUri, writeHost, writeUri } from '../codec/uri.ts'
import type { Directory } from './directory.ts'
import { type Refusal, refusal } from './refusal.ts'

/** E.164 and a little less: numbers of short numbering plans. */
const international5to15 = /^\+[1-9]\d{4,14}$/
const dialed = /^\+?[\d*#]{1,20}$/
/** Telephone subscribers in a user part (RFC 3261 §19.1.6): separators, and parameters behind `;`. */
const visual = /[-.()]/g

export interface Destination {
  to: Address
  /** Send by the bind of this name (`+49…@name._smpp.domain`). */
  via?: string
}

/** Of a user part or a `tel:`: what was dialled, without what is only for the eye; undefined when it is no number. */
function dialedNumber(uri: SipUri): string | undefined {
  const { user } = uri
  if (user === undefined) return undefined
  if (dialed.test(user)) return user
  const semicolon = user.indexOf(';')
  const number = (semicolon < 0 ? user : user.slice(0, semicolon)).replaceAll(visual, '')
  return dialed.test(number) ? number : undefined
}

function numberAddress(number: string): Address {
  if (number.startsWith('+')) return international(number)
  return shortCode(number) ?? { value: number, ton: 'unknown', npi: 'e164' }
}

const userAddress = (aor: string): Address => ({ value: aor, ton: 'unknown', npi: 'internet' })

/** `alice@acme.example`; undefined of a URI without user or host. */
function aorOf({ user, host }: SipUri): string | undefined {
  return user === undefined || host === '' ? undefined : `${user}@${host}`.toLowerCase()
}

export function destinationOf(requestUri: string, { gateway }: Peer, directory: Directory): Destination | Refusal {
  const uri = readUri(requestUri)
  if (!uri) return refusal(416, 'the Request-URI is no sip:, sips: or tel: URI')
  const { bind } = gateway
  const number = dialedNumber(uri)
  const aor = aorOf(uri)
  const isPhone = uri.params.get('user') === 'phone'
  // An extension, 1001@acme.example, is a user before it is a short code.
  if (aor !== undefined && !isPhone && !(number?.startsWith('+') ?? false) && directory.isUser(aor, bind.account))
    return { to: userAddress(aor) }
  if (number === undefined) {
    const shown = (uri.user ?? requestUri).slice(0, 60)
    return refusal(404, `${shown}: expected a number, such as +491511234567, or a user of this account`)
  }
  const rewritten = rewriteDestination(number, bind.policy.destinationRewrites)
  const meant = rewritten === number ? (inContext(uri, number) ?? number) : rewritten
  if (meant.startsWith('+') && !international5to15.test(meant)) return refusal(484, `${meant}: expected + and 5 to 15 digits`)
  const to = numberAddress(meant)
  const via = viaOf(uri.host)
  return via === undefined ? { to } : { to, via }
}

/**
 * RFC 3966 §5.1.5: a local number in the context of a prefix (`tel:07700900123;phone-context=+44`) is a global one where
 * both together are that; of 911 in +1 they are not.
 */
function inContext({ user = '', params }: SipUri, number: string): string | undefined {
  if (!/^\d+$/.test(number)) return undefined
  const context = params.get('phone-context') ?? /;phone-context=([^;]*)/i.exec(user)?.[1]
  const prefix = context?.replaceAll(visual, '')
  return prefix !== undefined && /^\+[1-9]\d{0,14}$/.test(prefix) ? e164(`${prefix}${number}`)?.value : undefined
}

/** CommuniGate's `name._smpp`, under whatever domain. Of its `number@smpp` the account's routes decide, as of any number. */
function viaOf(host: string): string | undefined {
  const at = host.indexOf('._smpp')
  if (at < 1) return undefined
  const end = at + '._smpp'.length
  return end === host.length || host[end] === '.' ? host.slice(0, at) : undefined
}

/** Of a client: a number, a sender or the AOR of its account. Of a supplier: whoever it says. */
export function senderOf(headers: Headers, peer: Peer, to: Address, directory: Directory, from = readFrom(headers)): Address | Refusal {
  const uri = senderUri(headers, peer, from)
  if (!uri) return refusal(400, 'From: expected a sip:, sips: or tel: URI')
  const { gateway } = peer
  const number = dialedNumber(uri)
  const aor = aorOf(uri)
  if (gateway.bind.side === 'supplier') return strangerOf(uri, number, aor)
  if (aor === peer.name) {
    const own = to.npi === 'internet' ? undefined : directory.numberOf(gateway)
    return own === undefined ? userAddress(aor) : numberAddress(own)
  }
  const owned = number === undefined ? undefined : (gateway.number(number) ?? gateway.number(`+${number}`))
  if (owned) return numberAddress(owned.value)
  if (peer.kind === 'trunk' && aor !== undefined && directory.isUser(aor, gateway.bind.account)) return userAddress(aor)
  // Other senders are for the operator to allow, by the bind's policy: the core asks it.
  if (gateway.bind.policy.sources.allow.length > 0) return strangerOf(uri, number, aor)
  const shown = (uri.user ?? uri.host).slice(0, 60)
  return refusal(403, `From ${shown}: expected ${peer.kind === 'aor' ? `${peer.name} or ` : ''}a number of this account`)
}

/** From; of a trunk that hides it, what it asserts (RFC 3325). */
function senderUri(headers: Headers, peer: Peer, { uri: from }: From): SipUri | undefined {
  if (peer.kind !== 'trunk' || (from !== undefined && from.host !== 'anonymous.invalid' && from.user !== 'anonymous')) return from
  return readField(assertedBy(headers)).uri ?? from
}

/** What a trunk asserts: a number, where one of its URIs is that; a sip: and a tel: may be there, in one field or two (RFC 3325 §9.1). */
export function assertedBy(headers: Headers): string | undefined {
  if (headers.get('p-asserted-identity') === undefined) return undefined
  const all = splitList(headers.all('p-asserted-identity'))
  for (const each of all) {
    const { uri } = readField(each)
    if (uri && dialedNumber(uri) !== undefined) return each
  }
  return all[0]
}

export interface From {
  /** As written; '' of what is no name-addr. */
  text: string
  /** Undefined: none that is known here. */
  uri: SipUri | undefined
}

export const readFrom = (headers: Headers): From => readField(headers.get('from'))

function readField(field: string | undefined): From {
  const text = field === undefined ? '' : (readNameAddr(field)?.uri ?? '')
  return { text, uri: readUri(text) }
}

function strangerOf({ user }: SipUri, number: string | undefined, aor: string | undefined): Address | Refusal {
  if (number !== undefined) return numberAddress(number)
  // TS 23.040 §9.1.2.5: up to eleven characters are a name on a handset.
  if (user !== undefined && /^[A-Za-z0-9 +\-_&]{1,11}$/.test(user)) return { value: user, ton: 'alphanumeric', npi: 'unknown' }
  return aor === undefined ? refusal(400, 'From: expected a number, a name or a user') : userAddress(aor)
}

export interface Style {
  scheme: 'sip' | 'tel'
  host: string
  /** A leading + is kept. */
  plus: boolean
  userPhone: boolean
}

/** Undefined where what is behind the @ is no host: others than SIP name whom they like, and it would end the URI. */
function userUri(user: string, end: string): string | undefined {
  const host = readHost(end) ?? readHost(`[${end}]`)
  if (host !== undefined) return `sip:${escapedUser(user)}@${writeHost(host)}`
  const uri = readUri(`sip:${escapedUser(user)}@${end}`)
  return uri?.port !== undefined && uri.params.size === 0 && uri.headers === undefined ? writeUri(uri) : undefined
}

/** An address as a URI towards a peer. `user`: instead of the address's own value. */
export function addressUri({ value, ton, npi }: Address, { scheme, host, plus, userPhone }: Style): string {
  if (npi === 'internet') {
    const at = value.lastIndexOf('@')
    const uri = at > 0 ? userUri(value.slice(0, at), value.slice(at + 1)) : undefined
    if (uri !== undefined) return uri
  }
  const shown = plus || !value.startsWith('+') ? value : value.slice(1)
  // tel: has no names (RFC 3966 §3).
  if (ton === 'alphanumeric' || !dialed.test(shown)) return `sip:${escapedUser(shown)}@${writeHost(host)}`
  if (scheme === 'tel') return shown.startsWith('+') ? `tel:${shown}` : `tel:${shown};phone-context=${host}`
  return `sip:${shown.replaceAll('#', '%23')}@${writeHost(host)}${userPhone ? ';user=phone' : ''}`
}
