// sip:, sips: and tel: URIs (RFC 3261 §19.1, RFC 3966): read, written, compared. Escapes are undone
// once, at reading; what is not a URI of these reads as undefined, and nothing is guessed.
import { isIPv6 } from 'node:net'
import { digits, isHostname, isUriParamCode, isUserCode } from './chars.ts'
import type { SipUri } from './types.ts'

const empty: ReadonlyMap<string, string> = new Map()
const percent = 37

/** The scheme in lower case; undefined where none stands (RFC 3986 §3.1). */
export function schemeOf(text: string): string | undefined {
  if (text.startsWith('sip:')) return 'sip'
  const colon = text.indexOf(':')
  if (colon < 1) return undefined
  const scheme = text.slice(0, colon).toLowerCase()
  return /^[a-z][a-z0-9+.-]*$/.test(scheme) ? scheme : undefined
}

export function readUri(text: string): SipUri | undefined {
  const scheme = schemeOf(text)
  if (scheme === 'sip' || scheme === 'sips') return readSip(text, scheme)
  return scheme === 'tel' ? readTel(text) : undefined
}

function readSip(text: string, scheme: 'sip' | 'sips'): SipUri | undefined {
  const from = scheme.length + 1
  // A user part may hold `;` and `?`; behind it no @ may stand unescaped, so the last one ends it.
  const at = text.lastIndexOf('@')
  const hostFrom = at === -1 ? from : at + 1
  const hostEnd = endOfHost(text, hostFrom)
  const colon = portColon(text, hostFrom, hostEnd)
  const host = readHost(text.slice(hostFrom, colon === -1 ? hostEnd : colon))
  if (host === undefined) return undefined
  const uri: SipUri = { scheme, host, params: empty }
  if (colon !== -1) {
    const port = digits(text, colon + 1, hostEnd, 65_535)
    if (Number.isNaN(port)) return undefined
    uri.port = port
  }
  if (at !== -1 && !readUser(uri, text, from, at)) return undefined
  let rest = hostEnd
  if (text.charCodeAt(rest) === 59) {
    const question = text.indexOf('?', rest)
    const end = question === -1 ? text.length : question
    const params = readUriParams(text, rest, end)
    if (params === undefined) return undefined
    uri.params = params
    rest = end
  }
  if (rest < text.length) {
    const headers = text.slice(rest + 1)
    if (!/^[-\w.!~*'()[\]/?:+$%&=]+$/.test(headers)) return undefined
    uri.headers = headers
  }
  return uri
}

/** The first `;` or `?` behind the host, or the end. */
function endOfHost(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 59 || code === 63) return i
  }
  return text.length
}

/** The colon of the port: behind `]` of IPv6, else the first; -1 if there is none. */
function portColon(text: string, from: number, to: number): number {
  const start = text.charCodeAt(from) === 91 ? text.indexOf(']', from) : from
  if (start === -1) return -1
  const colon = text.indexOf(':', start)
  return colon === -1 || colon >= to ? -1 : colon
}

/** In lower case, IPv6 without its brackets; undefined when it is neither name nor address. */
export function readHost(text: string): string | undefined {
  if (text.charCodeAt(0) === 91) {
    if (!text.endsWith(']')) return undefined
    // RFC 5118 §4.10: the grammar of RFC 3261 asks for three colons where two are right.
    const address = text.slice(1, -1).toLowerCase().replace(':::', '::')
    return isIPv6(address) ? address : undefined
  }
  return isHostname(text) ? text.toLowerCase() : undefined
}

/** As it stands in a URI or a Via; settings may have it as it stands there. */
export const writeHost = (host: string): string => (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host)

function readUser(uri: SipUri, text: string, from: number, at: number): boolean {
  const colon = text.indexOf(':', from)
  const end = colon === -1 || colon > at ? at : colon
  if (end === from) return false
  const user = readUserPart(text, from, end)
  if (user === undefined) return false
  uri.user = user
  if (end === at) return true
  const password = readUserPart(text, end + 1, at)
  if (password === undefined) return false
  uri.password = password
  return true
}

function readUserPart(text: string, from: number, to: number): string | undefined {
  let escaped = false
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i)
    if (code === percent) escaped = true
    else if (!isUserCode(code)) return undefined
  }
  const part = text.slice(from, to)
  return escaped ? unescaped(part) : part
}

/** Undone once. Undefined for a % without two hex digits and for octets that are no UTF-8. */
function unescaped(text: string): string | undefined {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** What reading undoes: for the user part of a URI that we write. */
export const escapedUser = (user: string): string => escapeBut(user, /[^-\w.!~*'()&=+$,;?/]/gu)
const escapedParam = (text: string): string => escapeBut(text, /[^-\w.!~*'()[\]/:&+$]/gu)

function escapeBut(text: string, others: RegExp): string {
  return text.replace(others, (c) => {
    let escaped = ''
    for (const octet of Buffer.from(c, 'utf8')) escaped += `%${octet.toString(16).toUpperCase().padStart(2, '0')}`
    return escaped
  })
}

function readUriParams(text: string, from: number, to: number): ReadonlyMap<string, string> | undefined {
  const params = new Map<string, string>()
  let at = from
  while (at < to) {
    const next = text.indexOf(';', at + 1)
    const end = next === -1 || next > to ? to : next
    const equals = text.indexOf('=', at)
    const split = equals === -1 || equals > end ? end : equals
    const name = readParamPart(text, at + 1, split)?.toLowerCase()
    const value = split === end ? '' : readParamPart(text, split + 1, end)
    if (name === undefined || name === '' || value === undefined || params.has(name)) return undefined
    params.set(name, value)
    at = end
  }
  return params
}

function readParamPart(text: string, from: number, to: number): string | undefined {
  let escaped = false
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i)
    if (code === percent) escaped = true
    else if (!isUriParamCode(code)) return undefined
  }
  const part = text.slice(from, to)
  return escaped ? unescaped(part) : part
}

/** The number without its visual separators (RFC 3966 §5.1.1). */
function readTel(text: string): SipUri | undefined {
  const semicolon = text.indexOf(';')
  const end = semicolon === -1 ? text.length : semicolon
  const number = text.slice(4, end)
  if (!/^\+?[-.()0-9A-Fa-f*#]+$/.test(number)) return undefined
  const user = number.replace(/[-.()]/g, '')
  if (user === '' || user === '+' || (number.startsWith('+') && !/^\+\d+$/.test(user))) return undefined
  const params = semicolon === -1 ? empty : readUriParams(text, semicolon, text.length)
  return params === undefined ? undefined : { scheme: 'tel', user, host: '', params }
}

export function writeUri(uri: SipUri): string {
  let text = `${uri.scheme}:`
  if (uri.scheme === 'tel') text += uri.user ?? ''
  else {
    if (uri.user !== undefined) {
      text += escapedUser(uri.user)
      if (uri.password !== undefined)
        text += `:${escapedUser(uri.password).replaceAll(/[;?/]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)}`
      text += '@'
    }
    text += writeHost(uri.host)
    if (uri.port !== undefined) text += `:${uri.port}`
  }
  for (const [name, value] of uri.params) text += value === '' ? `;${escapedParam(name)}` : `;${escapedParam(name)}=${escapedParam(value)}`
  return uri.headers === undefined ? text : `${text}?${uri.headers}`
}

/** Parameters that make two URIs differ when only one has them (RFC 3261 §19.1.4). */
const telling: ReadonlySet<string> = new Set(['user', 'ttl', 'method', 'maddr', 'transport'])

/** Whether both name the same (RFC 3261 §19.1.4, RFC 3966 §4): not whether they lead to the same. */
export function sameUri(a: SipUri, b: SipUri): boolean {
  if (a.scheme !== b.scheme || a.user !== b.user || a.password !== b.password || a.host !== b.host || a.port !== b.port) return false
  for (const [name, value] of a.params) {
    const other = b.params.get(name)
    if (other === undefined ? a.scheme === 'tel' || telling.has(name) : other.toLowerCase() !== value.toLowerCase()) return false
  }
  for (const name of b.params.keys()) {
    if (!a.params.has(name) && (a.scheme === 'tel' || telling.has(name))) return false
  }
  return sameHeaders(a.headers, b.headers)
}

function sameHeaders(a: string | undefined, b: string | undefined): boolean {
  if (a === b) return true
  if (a === undefined || b === undefined) return false
  const sorted = (headers: string): string => headers.split('&').toSorted().join('&').toLowerCase()
  return sorted(a) === sorted(b)
}
