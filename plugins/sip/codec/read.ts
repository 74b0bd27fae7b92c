// One message from octets: a datagram or a WebSocket frame (readMessage), or the head of one in a
// stream (readHead). Never throws, looks at each octet a bounded number of times, keeps to its
// limits. What it lets through is well formed where identity and framing hang on it: start line,
// Request-URI, topmost Via, From, To, Call-ID, CSeq, Content-Length. Everything else is read by who needs it.
import { isAscii, isUtf8 } from 'node:buffer'
import { CR, digits, isToken, LF, SP } from './chars.ts'
import { readCSeq } from './cseq.ts'
import { type Fields, readFields, valueFrom, valueTo } from './fields.ts'
import { ReadHeaders } from './headers.ts'
import { tagOf } from './name-addr.ts'
import { registeredMethods } from './phrases.ts'
import { isPlainUri, plainCSeq, plainTag, plainVia } from './quick.ts'
import { salvage } from './salvage.ts'
import type { Bad, Essentials, SipRequest, SipResponse, Via } from './types.ts'
import { readUri, schemeOf } from './uri.ts'
import { readVia } from './via.ts'
import { isClean } from './write.ts'

export interface ReadLimits {
  /** Of the start line and all fields. */
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

const nothing = Buffer.alloc(0)
const blankLine = '\r\n\r\n'
/** Content-Length is a number of octets; what has more digits than this is said to be too large. */
const longestLength = 999_999_999

/** What keeps a NAT open and says nothing: line ends (RFC 5626 §3.5.1), NULs. Not to be answered by UDP. */
export function isKeepAlive(octets: Buffer): boolean {
  for (const octet of octets) if (octet !== CR && octet !== LF && octet !== 0) return false
  return true
}

/** One datagram or WebSocket frame. Octets behind Content-Length are left alone (RFC 3261 §18.3). */
export function readMessage(octets: Buffer, limits: ReadLimits = defaultReadLimits): ReadMessage | Bad {
  // §7.5: empty lines in front of the start line.
  if (octets[0] === CR && octets[1] === LF) return readMessage(octets.subarray(emptyLines(octets)), limits)
  const text = octets.toString('latin1', 0, Math.min(octets.length, limits.headerBytes + blankLine.length))
  const blank = text.indexOf(blankLine)
  const headEnd = blank === -1 ? octets.length : blank + 2
  if (headEnd > limits.headerBytes) return tooLong(octets, 0, limits)
  if (blank === -1) return bad(400, 'no empty line behind the header fields', utf8(octets, headEnd), true)
  const message = readHeadText(octets, text, headEnd, limits)
  if (message.kind === 'bad') return message
  const bodyFrom = blank + blankLine.length
  const there = octets.length - bodyFrom
  const size = message.bodyBytes === -1 ? there : message.bodyBytes
  if (size > there) return bad(400, `Content-Length: ${size}, but ${there} octets are there`, utf8(octets, headEnd), true)
  if (size > limits.bodyBytes) return tooLarge(size, limits, utf8(octets, headEnd))
  if (size !== 0) message.body = octets.subarray(bodyFrom, bodyFrom + size)
  return message
}

function emptyLines(octets: Buffer): number {
  let at = 0
  while (octets[at] === CR && octets[at + 1] === LF) at += 2
  return at
}

/** A message whose body is still to be put in. */
export type Head = ReadMessage & {
  /** Content-Length; -1 where there is none. */
  bodyBytes: number
}

/** From the start line to `headEnd`, behind the last field's line end. A Bad that does not close says how long its body is. */
export function readHead(octets: Buffer, start: number, headEnd: number, limits: ReadLimits): Head | BadHead {
  const view = octets.subarray(start, headEnd)
  return readHeadText(view, view.toString('latin1'), view.length, limits)
}

export type BadHead = Bad & { bodyBytes: number }

/** `text` is `octets` as latin1, at least up to `end`, behind which only this message's body may stand. */
function readHeadText(octets: Buffer, text: string, end: number, limits: ReadLimits): Head | BadHead {
  const lineEnd = text.indexOf('\r')
  const fields = octets[lineEnd + 1] === LF ? readFields(octets, text, lineEnd + 2, end, limits.headerCount) : 'a line end that is not CRLF'
  if (typeof fields === 'string') return badHead(bad(400, fields, utf8(octets, end), true), -1)
  // Mostly the body is ASCII, too, and nothing needs to be cut out to tell.
  const ascii = isAscii(octets) || isAscii(octets.subarray(0, end))
  if (!ascii && !isUtf8(octets.subarray(0, end))) {
    return badHead(bad(400, 'a header field is not UTF-8', utf8(octets, end), true), -1)
  }
  const headers = new ReadHeaders(text, fields.marks, ascii)
  const bodyBytes = contentLength(headers, fields)
  if (typeof bodyBytes === 'string') return badHead(bad(400, bodyBytes, utf8(octets, end), true), -1)
  if (bodyBytes > limits.bodyBytes) return badHead(tooLarge(bodyBytes, limits, utf8(octets, end)), bodyBytes)
  const parts: Parts = { octets, text, lineEnd, headers, fields, bodyBytes }
  const message = octets[0] === 83 && text.startsWith('SIP/') ? readResponse(parts) : readRequest(parts)
  if (message.kind !== 'refused') return message
  return badHead(bad(message.status, message.why, utf8(octets, end), message.closes), bodyBytes)
}

interface Parts {
  octets: Buffer
  text: string
  lineEnd: number
  headers: ReadHeaders
  fields: Fields
  bodyBytes: number
}

interface Refused {
  kind: 'refused'
  status: Bad['status']
  why: string
  closes: boolean
}

const badHead = (found: Bad, bodyBytes: number): BadHead => ({ ...found, bodyBytes })

export const tooLong = (octets: Buffer, start: number, { headerBytes }: ReadLimits): Bad =>
  bad(
    513,
    `more than ${headerBytes} octets of header fields`,
    octets.toString('utf8', start, Math.min(octets.length, start + headerBytes)),
    true,
  )

const utf8 = (octets: Buffer, end: number): string => octets.toString('utf8', 0, end)

const tooLarge = (length: number, { bodyBytes }: ReadLimits, head: string): Bad =>
  bad(413, `Content-Length: at most ${bodyBytes} octets are taken, not ${length}`, head, true)

export function bad(status: Bad['status'], why: string, head: string, closes: boolean): Bad {
  return { kind: 'bad', status, why, answerable: salvage(head), closes }
}

const refuse = (status: Bad['status'], why: string, closes: boolean): Refused => ({ kind: 'refused', status, why, closes })

function contentLength(headers: ReadHeaders, fields: Fields): number | string {
  if (fields.contentLength === -1) return -1
  const value = headers.value(fields.contentLength)
  const length = digits(value, 0, value.length, longestLength)
  if (!Number.isNaN(length)) return length
  return /^\d+$/.test(value) ? longestLength : `Content-Length: expected a number, got '${value.slice(0, 20)}'`
}

const requestLine = 'the request line is not: method, Request-URI, SIP/2.0'

function readRequest(parts: Parts): (ReadRequest & Head) | Refused {
  const { octets, text, lineEnd, headers, bodyBytes } = parts
  const methodEnd = text.indexOf(' ')
  const uriEnd = text.indexOf(' ', methodEnd + 1)
  if (methodEnd < 1 || uriEnd === -1 || uriEnd > lineEnd || !isToken(text, 0, methodEnd)) return refuse(400, requestLine, true)
  if (!text.startsWith('SIP/2.0\r', uriEnd + 1)) {
    const version = text.slice(uriEnd + 1, lineEnd)
    if (!/^SIP\/\d{1,5}\.\d{1,5}$/i.test(version)) return refuse(400, requestLine, true)
    if (version.slice(4) !== '2.0') return refuse(505, 'only SIP/2.0 is spoken', false)
  }
  const method = text.slice(0, methodEnd)
  const uri = text.slice(methodEnd + 1, uriEnd)
  const fault = isPlainUri(octets, methodEnd + 1, uriEnd) ? undefined : uriFault(uri)
  if (fault !== undefined) return refuse(400, fault, false)
  const read = readEssentials(parts, method)
  if (typeof read === 'string') return refuse(400, read, false)
  // An unknown method is answered 501 whatever its CSeq says (RFC 4475 §3.1.2.18).
  if (read.cseqMethod !== method && registeredMethods.has(method)) return refuse(400, `CSeq: not of the method ${method}`, false)
  return { kind: 'request', method, uri, headers, body: nothing, read, bodyBytes }
}

/** Of a scheme that is not ours only its form is looked at: 416 is the engine's to say. */
function uriFault(text: string): string | undefined {
  const scheme = schemeOf(text)
  if (scheme === undefined) return 'Request-URI: no scheme'
  if (scheme !== 'sip' && scheme !== 'sips' && scheme !== 'tel') {
    return /^[!-~]+$/.test(text) ? undefined : 'Request-URI: characters that no URI has'
  }
  const uri = readUri(text)
  if (uri === undefined) return `Request-URI: malformed ${scheme} URI`
  return uri.headers === undefined ? undefined : 'Request-URI: header fields may not stand in it'
}

function readResponse(parts: Parts): (ReadResponse & Head) | Refused {
  const { octets, text, lineEnd, headers, bodyBytes } = parts
  const status = text.startsWith('SIP/2.0 ') ? digits(text, 8, 11, 699) : Number.NaN
  // The SP behind the code stands even where no phrase does (RFC 4475 §3.1.1.13); peers leave it out.
  if (!(status >= 100) || (text.charCodeAt(11) !== SP && lineEnd !== 11)) {
    return refuse(400, 'the status line is not: SIP/2.0, status, phrase', true)
  }
  const reason = lineEnd > 12 ? octets.toString('utf8', 12, lineEnd) : ''
  if (!isClean(reason)) return refuse(400, 'a line end or a NUL in the phrase', true)
  const read = readEssentials(parts, '')
  if (typeof read === 'string') return refuse(400, read, false)
  return { kind: 'response', status, reason, headers, body: nothing, read, bodyBytes }
}

/** §8.1.1: the fields that every message has; or what is wrong with them. Max-Forwards was not in RFC 2543. */
function readEssentials({ octets, text, headers, fields }: Parts, method: string): Essentials | string {
  if (fields.via === -1) return 'Via: missing'
  if (fields.from === -1) return 'From: missing'
  if (fields.to === -1) return 'To: missing'
  if (fields.callId === -1) return 'Call-ID: missing'
  if (fields.cseq === -1) return 'CSeq: missing'
  const via = topmostVia(octets, text, headers, fields)
  if (via === undefined) return 'Via: malformed'
  const fromTag = readTag(octets, text, headers, fields, fields.from)
  if (fromTag === undefined) return 'From: malformed'
  const toTag = readTag(octets, text, headers, fields, fields.to)
  if (toTag === undefined) return 'To: malformed'
  const callId = headers.value(fields.callId)
  if (callId === '') return 'Call-ID: missing'
  const cseqFrom = valueFrom(octets, fields.marks[fields.cseq + 1]!)
  const cseqTo = valueTo(octets, cseqFrom, fields.marks[fields.cseq + 3]!)
  let cseq = method === '' ? -1 : plainCSeq(octets, cseqFrom, cseqTo, 0, method.length)
  let cseqMethod = method
  if (cseq === -1) {
    const full = readCSeq(headers.value(fields.cseq))
    if (full === undefined) return 'CSeq: expected a number below 4294967296 and a method'
    cseq = full.number
    cseqMethod = full.method
  }
  return { via, moreVias: fields.moreVias || via.end < via.value.length, callId, cseq, cseqMethod, fromTag, toTag }
}

/** A folded field has a line end in it, and is so of no plain shape. */
function topmostVia(octets: Buffer, text: string, headers: ReadHeaders, { marks, via }: Fields): Via | undefined {
  const from = valueFrom(octets, marks[via + 1]!)
  return plainVia(octets, text, from, valueTo(octets, from, marks[via + 3]!)) ?? readVia(headers.value(via))
}

function readTag(octets: Buffer, text: string, headers: ReadHeaders, { marks }: Fields, at: number): string | undefined {
  const from = valueFrom(octets, marks[at + 1]!)
  const to = valueTo(octets, from, marks[at + 3]!)
  const tag = plainTag(octets, from, to)
  if (tag === -1) return tagOf(headers.value(at))
  return tag === to ? '' : text.slice(tag, to)
}
