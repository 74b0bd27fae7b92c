// The shapes that nearly all fields have, checked octet by octet. What differs from them is left to
// the full readers (uri.ts, name-addr.ts, via.ts), and what passes here, passes there and says the same.
import { isHostname, isToken, isUriParamCode, isUserCode } from './chars.ts'
import type { Via } from './types.ts'

const table = (isIn: (code: number, character: string) => boolean): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, code) => (isIn(code, String.fromCharCode(code)) ? 1 : 0))

const tokenOctets = table((code, c) => code < 128 && isToken(c))
/** Hosts in lower case, so that nothing needs to be changed. */
const hostOctets = table((code, c) => code < 128 && isHostname(c) && !(code >= 65 && code <= 90))
/** Also where `:` would begin a password, `?` and `;` something else: those are left. */
const userOctets = table((code, c) => isUserCode(code) && !':;?'.includes(c))
/** What stands between brackets: anything visible but quotes and brackets. */
const visibleOctets = table((code, c) => code > 32 && code !== 127 && !'"<>'.includes(c))
/** Parameters without escapes. */
const paramOctets = table((code) => isUriParamCode(code))

const SP = 32
const quote = 34
const colon = 58
const semicolon = 59
const equals = 61
const less = 60
const greater = 62
const at = 64
const backslash = 92

function run(octets: Uint8Array, of: Uint8Array, from: number, to: number): number {
  let i = from
  while (i < to && of[octets[i]!] === 1) i++
  return i
}

/** `sip:user@host`, with a port, with one parameter. */
export function isPlainUri(octets: Uint8Array, from: number, to: number): boolean {
  if (!isScheme(octets, from)) return false
  let i = run(octets, userOctets, from + 4, to)
  if (octets[i] === at && i > from + 4) {
    const host = i + 1
    i = run(octets, hostOctets, host, to)
    if (i === host) return false
  } else {
    i = run(octets, hostOctets, from + 4, to)
    if (i === from + 4) return false
  }
  if (octets[i] === colon) {
    const port = portEnd(octets, i + 1, to)
    if (port === -1) return false
    i = port
  }
  if (i < to && octets[i] === semicolon) {
    const param = i + 1
    i = run(octets, paramOctets, param, to)
    if (i === param) return false
    if (octets[i] === equals) i = run(octets, paramOctets, i + 1, to)
  }
  return i === to
}

/** `sip:` in lower case. */
const isScheme = (octets: Uint8Array, from: number): boolean =>
  octets[from] === 115 && octets[from + 1] === 105 && octets[from + 2] === 112 && octets[from + 3] === colon

/** Behind a port of five digits or less; -1: none is there, or there is no such port. */
function portEnd(octets: Uint8Array, from: number, to: number): number {
  let i = from
  let port = 0
  while (i < to && i <= from + 5 && octets[i]! >= 48 && octets[i]! <= 57) port = port * 10 + octets[i++]! - 48
  return i === from || i > from + 5 || port > 65_535 ? -1 : i
}

/**
 * Of From and To, `"Display" <sip:…>;tag=…`: where the tag begins, which then runs to the end; `to`
 * where there is none; -1 where the field is not of this shape.
 */
export function plainTag(octets: Uint8Array, from: number, to: number): number {
  let i = from
  if (octets[i] === quote) {
    i++
    while (i < to && octets[i] !== quote && octets[i] !== backslash) i++
    if (octets[i] !== quote) return -1
    i++
    while (octets[i] === SP) i++
  }
  if (octets[i] !== less || !isScheme(octets, i + 1)) return -1
  i = run(octets, visibleOctets, i + 5, to)
  if (octets[i] !== greater) return -1
  i++
  if (i >= to) return i === to ? to : -1
  // ;tag=
  if (octets[i] !== semicolon || octets[i + 1] !== 116 || octets[i + 2] !== 97 || octets[i + 3] !== 103 || octets[i + 4] !== equals)
    return -1
  const tag = i + 5
  return tag < to && run(octets, tokenOctets, tag, to) === to ? tag : -1
}

/** `SIP/2.0/UDP host:port;branch=…;rport`, the parameters in any order. `text` is of the same octets. */
export function plainVia(octets: Uint8Array, text: string, from: number, to: number): Via | undefined {
  if (!text.startsWith('SIP/2.0/', from)) return undefined
  const transportTo = from + 11
  if (octets[transportTo] !== SP) return undefined
  const transport = transportOf(octets, from + 8)
  if (transport === undefined) return undefined
  const hostFrom = transportTo + 1
  const hostTo = run(octets, hostOctets, hostFrom, to)
  if (hostTo === hostFrom) return undefined
  let i = hostTo
  let port = -1
  if (octets[i] === colon) {
    const end = portEnd(octets, i + 1, to)
    if (end === -1) return undefined
    port = 0
    for (let digit = i + 1; digit < end; digit++) port = port * 10 + octets[digit]! - 48
    i = end
  }
  let branchFrom = -1
  let branchTo = -1
  let rportFrom = -1
  while (i < to) {
    if (octets[i] !== semicolon) return undefined
    i++
    if (branchFrom === -1 && text.startsWith('branch=', i)) {
      branchFrom = i + 7
      i = branchTo = run(octets, tokenOctets, branchFrom, to)
      if (branchTo === branchFrom) return undefined
    } else if (rportFrom === -1 && text.startsWith('rport', i)) {
      rportFrom = i
      i += 5
    } else return undefined
  }
  if (i !== to) return undefined
  const via: Via = {
    transport,
    host: text.slice(hostFrom, hostTo),
    value: text.slice(from, to),
    end: to - from,
    rportFrom: -1,
    rportTo: -1,
  }
  if (port !== -1) via.port = port
  if (branchFrom !== -1) via.branch = text.slice(branchFrom, branchTo)
  if (rportFrom !== -1) {
    via.rport = 0
    via.rportFrom = rportFrom - from
    via.rportTo = rportFrom - from + 5
  }
  return via
}

/** UDP, TCP, TLS. */
function transportOf(octets: Uint8Array, from: number): string | undefined {
  const [first, second, third] = [octets[from], octets[from + 1], octets[from + 2]]
  if (first === 85 && second === 68 && third === 80) return 'UDP'
  if (first !== 84) return undefined
  if (second === 67 && third === 80) return 'TCP'
  return second === 76 && third === 83 ? 'TLS' : undefined
}

/** `20 MESSAGE`: the number; -1 where it is not of this shape, or the method not that of the request. */
export function plainCSeq(octets: Uint8Array, from: number, to: number, methodFrom: number, methodTo: number): number {
  let i = from
  let number = 0
  while (i < to && octets[i]! >= 48 && octets[i]! <= 57) number = number * 10 + octets[i++]! - 48
  // Nine digits are below 2³².
  if (i === from || i > from + 9 || octets[i] !== SP || to - i - 1 !== methodTo - methodFrom) return -1
  for (let j = methodFrom, k = i + 1; j < methodTo; j++, k++) if (octets[j] !== octets[k]) return -1
  return number
}
