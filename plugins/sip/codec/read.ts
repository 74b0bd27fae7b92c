// One message from octets: a datagram or a WebSocket frame (readMessage), or the head of one in a
// stream (readHead). Never throws, looks at each octet a bounded number of times, keeps to its
// limits. What it lets through is well formed where identity and framing hang on it: start line,
// Request-URI, topmost Via, From, To, Call-ID, CSeq, Content-Length. Everything else is read by who needs it.
import { isAscii, isUtf8 } from 'node:buffer'
import { digits, isBlank, isToken, SP, trimmed } from './chars.ts'
import { readCSeq } from './cseq.ts'
import { FlatHeaders } from './headers.ts'
import { tagOf } from './name-addr.ts'
import { isSingle, kind, kindOf, nameOf, unknownKind } from './names.ts'
import { registeredMethods } from './phrases.ts'
import { salvage } from './salvage.ts'
import type { Bad, Essentials, SipRequest, SipResponse } from './types.ts'
import { readUri, schemeOf } from './uri.ts'
import { readVia } from './via.ts'

export interface ReadLimits {
  headerBytes: number
  headerCount: number
  bodyBytes: number
}

export const defaultReadLimits: ReadLimits = { headerBytes: 16_384, headerCount: 160, bodyBytes: 65_536 }

export interface ReadRequest extends SipRequest {
  read: Essentials
}
export interface ReadResponse extends SipResponse {
  read: Essentials
}
export type ReadMessage = ReadRequest | ReadResponse

/** The head of a message; its body is still to be put in. */
export interface Head {
  message: ReadMessage | Bad
  /** Content-Length; -1 where there is none. */
  length: number
}

const nothing = Buffer.alloc(0)
const blankLine = Buffer.from('\r\n\r\n')
/** Content-Length is a number of octets; more digits than this has no message that anyone sends. */
const longestLength = 999_999_999

/** What keeps a NAT open and says nothing: line ends (RFC 5626 §3.5.1), NULs. Not to be answered by UDP. */
export function isKeepAlive(octets: Buffer): boolean {
  for (const octet of octets) if (octet !== 13 && octet !== 10 && octet !== 0) return false
  return true
}

/** One datagram or WebSocket frame. Octets behind Content-Length are left alone (RFC 3261 §18.3). */
export function readMessage(octets: Buffer, limits: ReadLimits = defaultReadLimits): ReadMessage | Bad {
  let start = 0
  // §7.5: empty lines in front of the start line.
  while (octets[start] === 13 && octets[start + 1] === 10) start += 2
  const blank = octets.indexOf(blankLine, start)
  const headEnd = blank === -1 ? octets.length : blank + 2
  if (headEnd - start > limits.headerBytes) return tooLong(octets, start, limits)
  if (blank === -1) return bad(400, 'no empty line behind the header fields', textOf(octets, start, headEnd), true)
  const { message, length } = readHead(octets, start, headEnd, limits)
  if (message.kind === 'bad') return message
  const bodyFrom = blank + 4
  const there = octets.length - bodyFrom
  const size = length === -1 ? there : length
  if (size > there) return bad(400, `Content-Length: ${size}, but ${there} octets are there`, textOf(octets, start, headEnd), true)
  if (size > limits.bodyBytes) return tooLarge(size, limits, textOf(octets, start, headEnd))
  if (size !== 0) message.body = octets.subarray(bodyFrom, bodyFrom + size)
  return message
}

/** From the start line to behind the last field's line end, without the empty line. */
export function readHead(octets: Buffer, start: number, headEnd: number, limits: ReadLimits): Head {
  const view = octets.subarray(start, headEnd)
  const ascii = isAscii(view)
  if (!ascii && !isUtf8(view)) {
    const text = textOf(octets, start, headEnd)
    return { message: bad(400, 'a header field is no UTF-8', text, true), length: -1 }
  }
  return readText(ascii ? view.toString('latin1') : view.toString('utf8'), limits)
}

export const tooLong = (octets: Buffer, start: number, { headerBytes }: ReadLimits): Bad =>
  bad(513, `more than ${headerBytes} octets of header fields`, textOf(octets, start, Math.min(octets.length, start + headerBytes)), true)

const textOf = (octets: Buffer, start: number, end: number): string => octets.toString('utf8', start, end)

const tooLarge = (length: number, { bodyBytes }: ReadLimits, text: string): Bad =>
  bad(413, `Content-Length: at most ${bodyBytes} octets are taken, not ${length}`, text, true)

export function bad(status: Bad['status'], why: string, head: string, closes: boolean): Bad {
  return { kind: 'bad', status, why, answerable: salvage(head), closes }
}

function readText(text: string, limits: ReadLimits): Head {
  const lineEnd = text.indexOf('\r\n')
  const headers = new FlatHeaders()
  const fault = readFields(headers, text, lineEnd + 2, limits)
  if (fault !== undefined) return { message: bad(400, fault, text, true), length: -1 }
  const announced = headers.first(kind.contentLength)
  const length = announced === undefined ? -1 : digits(announced, 0, announced.length, longestLength)
  if (Number.isNaN(length)) return { message: badLength(announced!, text, limits), length: -1 }
  if (length > limits.bodyBytes) return { message: tooLarge(length, limits, text), length }
  return { message: text.startsWith('SIP/') ? readResponse(text, lineEnd, headers) : readRequest(text, lineEnd, headers), length }
}

function badLength(announced: string, text: string, limits: ReadLimits): Bad {
  const shown = announced.slice(0, 20)
  if (/^\d+$/.test(announced)) return tooLarge(Number(announced.slice(0, 15)), limits, text)
  return bad(400, `Content-Length: expected a number, got '${shown}'`, text, true)
}

/** All fields into `headers`, in one pass; or what is wrong with them. */
function readFields(headers: FlatHeaders, text: string, from: number, limits: ReadLimits): string | undefined {
  const nul = nulOutsideQuotes(text)
  if (nul) return 'a NUL in a header field'
  let singles = 0
  let count = 0
  let at = from
  while (at < text.length) {
    let end = text.indexOf('\r', at)
    if (end === -1 || text.indexOf('\n', at) !== end + 1) return 'a line end that is not CRLF'
    let folded = false
    while (isBlank(text.charCodeAt(end + 2))) {
      folded = true
      const next = text.indexOf('\r', end + 2)
      if (next === -1 || text.indexOf('\n', end + 2) !== next + 1) return 'a line end that is not CRLF'
      end = next
    }
    const colon = text.indexOf(':', at)
    if (colon === -1 || colon > end) return 'a header field without a colon'
    if (++count > limits.headerCount) return `more than ${limits.headerCount} header fields`
    const name = nameAt(text, at, colon)
    const nameKind = kindOf(name)
    if (nameKind === unknownKind && !isToken(name)) return 'a header name that is no token'
    if (isSingle(nameKind)) {
      const bit = 1 << nameKind
      if ((singles & bit) !== 0) return `${nameOf(nameKind)}: twice`
      singles |= bit
    }
    headers.add(name, nameKind, folded ? unfolded(text, colon + 1, end) : valueAt(text, colon + 1, end))
    at = end + 2
  }
  return undefined
}

/** In a quoted-pair it may stand (§25.1; RFC 4475 §3.1.1.2), anywhere else not. */
function nulOutsideQuotes(text: string): boolean {
  for (let at = text.indexOf('\0'); at !== -1; at = text.indexOf('\0', at + 1)) {
    if (text.charCodeAt(at - 1) !== 92) return true
  }
  return false
}

/** Blanks may stand in front of the colon (§7.3.1). */
const nameAt = (text: string, from: number, colon: number): string =>
  isBlank(text.charCodeAt(colon - 1)) ? trimmed(text, from, colon) : text.slice(from, colon)

/** Mostly one SP in front and nothing behind. */
function valueAt(text: string, from: number, end: number): string {
  const start = text.charCodeAt(from) === SP ? from + 1 : from
  if (start >= end) return ''
  return isBlank(text.charCodeAt(start)) || isBlank(text.charCodeAt(end - 1)) ? trimmed(text, start, end) : text.slice(start, end)
}

/** A fold and the blanks around it are one SP (§7.3.1). */
function unfolded(text: string, from: number, end: number): string {
  let value = ''
  for (const line of text.slice(from, end).split('\r\n')) {
    const part = trimmed(line, 0, line.length)
    if (part !== '') value += value === '' ? part : ` ${part}`
  }
  return value
}

function readRequest(text: string, lineEnd: number, headers: FlatHeaders): ReadRequest | Bad {
  const methodEnd = text.indexOf(' ')
  const uriEnd = text.indexOf(' ', methodEnd + 1)
  if (methodEnd < 1 || uriEnd === -1 || uriEnd > lineEnd || !isToken(text, 0, methodEnd))
    return bad(400, 'the request line is not: method, Request-URI, SIP/2.0', text, true)
  if (!text.startsWith('SIP/2.0\r', uriEnd + 1)) {
    const version = text.slice(uriEnd + 1, lineEnd)
    if (!/^SIP\/\d{1,5}\.\d{1,5}$/i.test(version)) return bad(400, 'the request line is not: method, Request-URI, SIP/2.0', text, true)
    if (version.slice(4) !== '2.0') return bad(505, 'only SIP/2.0 is spoken', text, false)
  }
  const method = text.slice(0, methodEnd)
  const uri = text.slice(methodEnd + 1, uriEnd)
  const fault = uriFault(uri)
  if (fault !== undefined) return bad(400, fault, text, false)
  const read = readEssentials(headers)
  if (typeof read === 'string') return bad(400, read, text, false)
  // An unknown method is answered 501 whatever its CSeq says (RFC 4475 §3.1.2.18).
  if (read.cseqMethod !== method && registeredMethods.has(method)) return bad(400, `CSeq: not of the method ${method}`, text, false)
  return { kind: 'request', method, uri, headers, body: nothing, read }
}

/** Of a scheme that is not ours only its form is looked at: 416 is the engine's to say. */
function uriFault(text: string): string | undefined {
  const scheme = schemeOf(text)
  if (scheme === undefined) return 'Request-URI: no scheme'
  if (scheme !== 'sip' && scheme !== 'sips' && scheme !== 'tel') return undefined
  const uri = readUri(text)
  if (uri === undefined) return `Request-URI: malformed ${scheme} URI`
  return uri.headers === undefined ? undefined : 'Request-URI: header fields may not stand in it'
}

function readResponse(text: string, lineEnd: number, headers: FlatHeaders): ReadResponse | Bad {
  const status = text.startsWith('SIP/2.0 ') ? digits(text, 8, 11, 699) : Number.NaN
  const behind = text.charCodeAt(11)
  // The SP behind the code stands even where no phrase does (RFC 4475 §3.1.1.13); peers leave it out.
  if (!(status >= 100) || (behind !== SP && lineEnd !== 11)) return bad(400, 'the status line is not: SIP/2.0, status, phrase', text, true)
  const read = readEssentials(headers)
  if (typeof read === 'string') return bad(400, read, text, false)
  return { kind: 'response', status, reason: lineEnd > 12 ? text.slice(12, lineEnd) : '', headers, body: nothing, read }
}

/** §8.1.1: the fields that every message has; or what is wrong with them. Max-Forwards was not in RFC 2543. */
function readEssentials(headers: FlatHeaders): Essentials | string {
  const topmost = headers.first(kind.via)
  if (topmost === undefined) return 'Via: missing'
  const via = readVia(topmost)
  if (via === undefined) return 'Via: malformed'
  const from = headers.first(kind.from)
  if (from === undefined) return 'From: missing'
  const fromTag = tagOf(from)
  if (fromTag === undefined) return 'From: malformed'
  const to = headers.first(kind.to)
  if (to === undefined) return 'To: missing'
  const toTag = tagOf(to)
  if (toTag === undefined) return 'To: malformed'
  const callId = headers.first(kind.callId)
  if (callId === undefined || callId === '') return 'Call-ID: missing'
  const sequence = headers.first(kind.cseq)
  if (sequence === undefined) return 'CSeq: missing'
  const cseq = readCSeq(sequence)
  if (cseq === undefined) return 'CSeq: expected a number below 4294967296 and a method'
  const { kinds } = headers
  const moreVias = via.end < topmost.length || kinds.indexOf(kind.via) !== kinds.lastIndexOf(kind.via)
  return { via, moreVias, callId, cseq: cseq.number, cseqMethod: cseq.method, fromTag, toTag }
}
