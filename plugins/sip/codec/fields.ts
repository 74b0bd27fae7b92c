// Where the header fields of one message lie, and whatever may not stand among them. One pass, line
// by line; makes one array of numbers, however many fields there are.
import { HT, isBlank, SP } from './chars.ts'
import { isSingle, kind, kindOfOctets, nameOf, tokenLower, unknownKind } from './names.ts'

/** By its place in `marks`: the first of each; -1. */
export interface Fields {
  /** Kind and start of the line, field by field; behind the last one the end. */
  marks: number[]
  via: number
  from: number
  to: number
  callId: number
  cseq: number
  contentLength: number
  moreVias: boolean
}

const colonOctet = 58
const backslash = 92

/** `text` is `octets` as latin1. From behind the start line to `end`, behind the last line end. Or what is wrong. */
export function readFields(octets: Buffer, text: string, start: number, end: number, headerCount: number): Fields | string {
  const nul = text.indexOf('\0')
  if (nul !== -1 && nul < end && hasBareNul(octets, nul, end)) return 'a NUL in a header field'
  const marks: number[] = []
  const found: Fields = { marks, via: -1, from: -1, to: -1, callId: -1, cseq: -1, contentLength: -1, moreVias: false }
  let singles = 0
  let at = start
  while (at < end) {
    let lf = text.indexOf('\n', at)
    if (text.indexOf('\r', at) !== lf - 1) return 'a line end that is not CRLF'
    const colon = text.indexOf(':', at)
    if (colon === -1 || colon > lf) return 'a header field without a colon'
    // §7.3.1: what begins with a blank goes on with the line before it.
    while (lf + 1 < end && (octets[lf + 1] === SP || octets[lf + 1] === HT)) {
      const next = text.indexOf('\n', lf + 1)
      if (text.indexOf('\r', lf + 1) !== next - 1) return 'a line end that is not CRLF'
      lf = next
    }
    let nameTo = colon
    while (nameTo > at && isBlank(octets[nameTo - 1]!)) nameTo--
    const fieldKind = kindOfOctets(octets, at, nameTo)
    if (fieldKind === unknownKind && !isName(octets, at, nameTo)) return 'a header name that is no token'
    if (isSingle(fieldKind)) {
      const bit = 1 << fieldKind
      if ((singles & bit) !== 0) return `${nameOf(fieldKind)}: twice`
      singles |= bit
    }
    const place = marks.length
    if (place === headerCount * 2) return `more than ${headerCount} header fields`
    marks.push(fieldKind, at)
    if (fieldKind >= 0 && fieldKind <= kind.via) note(found, fieldKind, place)
    at = lf + 1
  }
  marks.push(unknownKind, end)
  return found
}

function note(found: Fields, fieldKind: number, place: number): void {
  switch (fieldKind) {
    case kind.via:
      if (found.via === -1) found.via = place
      else found.moreVias = true
      break
    case kind.from:
      found.from = place
      break
    case kind.to:
      found.to = place
      break
    case kind.callId:
      found.callId = place
      break
    case kind.cseq:
      found.cseq = place
      break
    case kind.contentLength:
      found.contentLength = place
  }
}

/** In a quoted-pair it may stand (§25.1; RFC 4475 §3.1.1.2), anywhere else not. */
function hasBareNul(octets: Buffer, from: number, end: number): boolean {
  for (let i = from; i < end; i++) if (octets[i] === 0 && octets[i - 1] !== backslash) return true
  return false
}

function isName(octets: Buffer, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (tokenLower[octets[i]!] === 0) return false
  return from < to
}

/** Where the value of the field that begins at `line` begins. */
export function valueFrom(octets: Buffer, line: number): number {
  let i = line
  while (octets[i] !== colonOctet) i++
  i++
  while (octets[i] === SP || octets[i] === HT) i++
  return i
}

/** Where the value of the field ends whose next one begins at `next`. */
export function valueTo(octets: Buffer, from: number, next: number): number {
  let i = next - 2
  while (i > from && (octets[i - 1] === SP || octets[i - 1] === HT)) i--
  return i
}
