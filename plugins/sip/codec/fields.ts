// Where the header fields of one message lie: one pass over its octets, which also finds whatever may
// not stand among them. Makes one array of numbers, however many fields there are.
import { CR, HT, isTokenCode, LF, SP } from './chars.ts'
import { isSingle, kind, kindOfOctets, nameOf } from './names.ts'

/** See ReadHeaders: kind, start of the name, start and end of the value (negated where folded), field by field. */
export interface Fields {
  marks: number[]
  /** The mark of the first of each; -1. */
  via: number
  from: number
  to: number
  callId: number
  cseq: number
  contentLength: number
  moreVias: boolean
  ascii: boolean
}

const colon = 58
const backslash = 92

/** Octet of a token to its lower case, anything else to 0. */
const lower = Uint8Array.from({ length: 256 }, (_, code) => {
  if (!isTokenCode(code)) return 0
  return code >= 65 && code <= 90 ? code + 32 : code
})

/** From behind the start line to `end`, behind the last line end. Or what is wrong. */
export function readFields(octets: Buffer, start: number, end: number, headerCount: number): Fields | string {
  const marks: number[] = []
  const found: Fields = { marks, via: -1, from: -1, to: -1, callId: -1, cseq: -1, contentLength: -1, moreVias: false, ascii: true }
  let singles = 0
  let every = 0
  let i = start
  while (i < end) {
    const nameFrom = i
    let hash = 0
    for (let code = lower[octets[i]!]!; code !== 0; code = lower[octets[i]!]!) {
      hash = (Math.imul(hash, 31) + code) | 0
      i++
    }
    const nameTo = i
    // §7.3.1: blanks may stand in front of the colon.
    while (octets[i] === SP || octets[i] === HT) i++
    if (octets[i] !== colon) return withoutColon(octets, i, end)
    if (nameTo === nameFrom) return 'a header field without a name'
    i++
    while (octets[i] === SP || octets[i] === HT) i++
    const valueFrom = i
    let folded = false
    for (;;) {
      const octet = octets[i]!
      every |= octet
      if (octet > CR) i++
      else if (octet === CR) {
        if (octets[i + 1] !== LF) return 'a line end that is not CRLF'
        const next = i + 2 < end ? octets[i + 2] : 0
        if (next !== SP && next !== HT) break
        folded = true
        i += 3
      } else if (octet === LF) return 'a line end that is not CRLF'
      // In a quoted-pair it may stand (§25.1; RFC 4475 §3.1.1.2), anywhere else not.
      else if (octet === 0 && octets[i - 1] !== backslash) return 'a NUL in a header field'
      else i++
    }
    let valueTo = i
    while (valueTo > valueFrom && (octets[valueTo - 1] === SP || octets[valueTo - 1] === HT)) valueTo--
    i += 2
    const fieldKind = kindOfOctets(octets, nameFrom, nameTo, hash, lower)
    if (isSingle(fieldKind)) {
      const bit = 1 << fieldKind
      if ((singles & bit) !== 0) return `${nameOf(fieldKind)}: twice`
      singles |= bit
    }
    const at = marks.length
    if (at === headerCount * 4) return `more than ${headerCount} header fields`
    marks.push(fieldKind, nameFrom, valueFrom, folded ? -valueTo : valueTo)
    switch (fieldKind) {
      case kind.via:
        if (found.via === -1) found.via = at
        else found.moreVias = true
        break
      case kind.from:
        found.from = at
        break
      case kind.to:
        found.to = at
        break
      case kind.callId:
        found.callId = at
        break
      case kind.cseq:
        found.cseq = at
        break
      case kind.contentLength:
        found.contentLength = at
    }
  }
  found.ascii = every < 128
  return found
}

function withoutColon(octets: Buffer, from: number, end: number): string {
  for (let i = from; i < end && octets[i] !== CR; i++) if (octets[i] === colon) return 'a header name that is no token'
  return 'a header field without a colon'
}
