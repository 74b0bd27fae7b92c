// One message from octets: a datagram or a WebSocket frame (readMessage), or the head of one in a
// stream (readHead). Never throws, looks at each octet a bounded number of times, keeps to its
// limits. What it lets through is well formed where identity and framing hang on it: start line,
// Request-URI, topmost Via, From, To, Call-ID, CSeq, Content-Length. Everything else is read by who needs it.
import { isUtf8 } from 'node:buffer'
import { CR, digits, isToken, LF, SP } from './chars.ts'
import { readCSeq } from './cseq.ts'
import { type Fields, readFields } from './fields.ts'
import { ReadHeaders } from './headers.ts'
import { tagOf } from './name-addr.ts'
import { registeredMethods } from './phrases.ts'
import { isPlainUri, plainCSeq, plainTag, plainVia } from './quick.ts'
import { salvage } from './salvage.ts'
import type { Bad, Essentials, SipRequest, SipResponse } from './types.ts'
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
/** Content-Length is a number of octets; what has more digits than this is said to be too large. */
const longestLength = 999_999_999

/** What keeps a NAT open and says nothing: line ends (RFC 5626 §3.5.1), NULs. Not to be answered by UDP. */
export function isKeepAlive(octets: Buffer): boolean {
  for (const octet of octets) if (octet !== CR && octet !== LF && octet !== 0) return false
  return true
}

/** One datagram or WebSocket frame. Octets behind Content-Length are left alone (RFC 3261 §18.3). */
export function readMessage(octets: Buffer, limits: ReadLimits = defaultReadLimits): ReadMessage | Bad {
  let start = 0
  // §7.5: empty lines in front of the start line.
  while (octets[start] === CR && octets[start + 1] === LF) start += 2
  const blank = blankLineAt(octets, start)
  const headEnd = blank === -1 ? octets.length : blank + 2
  if (headEnd - start > limits.headerBytes) return tooLong(octets, start, limits)
  if (blank === -1) return bad(400, 'no empty line behind the header fields', textOf(octets, start, headEnd), true)
  const message = readHead(octets, start, headEnd, limits)
  if (message.kind === 'bad') return message
  const bodyFrom = blank + 4
  const there = octets.length - bodyFrom
  const size = message.bodyBytes === -1 ? there : message.bodyBytes
  if (size > there) return bad(400, `Content-Length: ${size}, but ${there} octets are there`, textOf(octets, start, headEnd), true)
  if (size > limits.bodyBytes) return tooLarge(size, limits, textOf(octets, start, headEnd))
  if (size !== 0) message.body = octets.subarray(bodyFrom, bodyFrom + size)
  return message
}

/** Where CRLF CRLF stands; -1. Looks at every fourth octet of what is none. */
export function blankLineAt(octets: Buffer, from: number): number {
  let i = from + 3
  while (i < octets.length) {
    const octet = octets[i]
    if (octet === LF) {
      if (octets[i - 1] === CR && octets[i - 2] === LF && octets[i - 3] === CR) return i - 3
      i += 2
    } else i += octet === CR ? 1 : 4
  }
  return -1
}

/** A message whose body is still to be put in. */
export type Head = ReadMessage & {
  /** Content-Length; -1 where there is none. */
  bodyBytes: number
}

/** From the start line to `headEnd`, behind the last field's line end. A Bad that does not close says how long its body is. */
export function readHead(octets: Buffer, start: number, headEnd: number, limits: ReadLimits): Head | (Bad & { bodyBytes: number }) {
  const view = start === 0 ? octets : octets.subarray(start)
  const end = headEnd - start
  let lineEnd = 0
  while (lineEnd < end && view[lineEnd] !== CR) lineEnd++
  const fields = view[lineEnd + 1] === LF ? readFields(view, lineEnd + 2, end, limits.headerCount) : 'a line end that is not CRLF'
  if (typeof fields === 'string') return badHead(bad(400, fields, textOf(view, 0, end), true), -1)
  if (!fields.ascii && !isUtf8(view.subarray(0, end))) {
    return badHead(bad(400, 'a header field is not UTF-8', textOf(view, 0, end), true), -1)
  }
  const text = view.toString('latin1', 0, end)
  const headers = new ReadHeaders(text, fields.marks, fields.ascii)
  const bodyBytes = contentLength(headers, fields)
  if (typeof bodyBytes === 'string') return badHead(bad(400, bodyBytes, textOf(view, 0, end), true), -1)
  if (bodyBytes > limits.bodyBytes) return badHead(tooLarge(bodyBytes, limits, textOf(view, 0, end)), bodyBytes)
  const parts: Parts = { octets: view, text, lineEnd, headers, fields, bodyBytes }
  const message = text.startsWith('SIP/') ? readResponse(parts) : readRequest(parts)
  if (message.kind !== 'refused') return message
  return badHead(bad(message.status, message.why, textOf(view, 0, end), message.closes), bodyBytes)
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

const badHead = (found: Bad, bodyBytes: number): Bad & { bodyBytes: number } => ({ ...found, bodyBytes })

export const tooLong = (octets: Buffer, start: number, { headerBytes }: ReadLimits): Bad =>
  bad(513, `more than ${headerBytes} octets of header fields`, textOf(octets, start, Math.min(octets.length, start + headerBytes)), true)

const textOf = (octets: Buffer, start: number, end: number): string => octets.toString('utf8', start, end)

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

function readRequest({ octets, text, lineEnd, headers, fields, bodyBytes }: Parts): (ReadRequest & Head) | Refused {
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
  const read = readEssentials(octets, headers, fields, method)
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

function readResponse({ octets, text, lineEnd, headers, fields, bodyBytes }: Parts): (ReadResponse & Head) | Refused {
  const status = text.startsWith('SIP/2.0 ') ? digits(text, 8, 11, 699) : Number.NaN
  // The SP behind the code stands even where no phrase does (RFC 4475 §3.1.1.13); peers leave it out.
  if (!(status >= 100) || (text.charCodeAt(11) !== SP && lineEnd !== 11)) {
    return refuse(400, 'the status line is not: SIP/2.0, status, phrase', true)
  }
  const reason = lineEnd > 12 ? octets.toString('utf8', 12, lineEnd) : ''
  if (!isClean(reason)) return refuse(400, 'a line end or a NUL in the phrase', true)
  const read = readEssentials(octets, headers, fields, '')
  if (typeof read === 'string') return refuse(400, read, false)
  return { kind: 'response', status, reason, headers, body: nothing, read, bodyBytes }
}

/** §8.1.1: the fields that every message has; or what is wrong with them. Max-Forwards was not in RFC 2543. */
function readEssentials(octets: Buffer, headers: ReadHeaders, fields: Fields, method: string): Essentials | string {
  const { marks } = fields
  if (fields.via === -1) return 'Via: missing'
  if (fields.from === -1) return 'From: missing'
  if (fields.to === -1) return 'To: missing'
  if (fields.callId === -1) return 'Call-ID: missing'
  if (fields.cseq === -1) return 'CSeq: missing'
  const via = plainVia(octets, headers.text, marks[fields.via + 2]!, marks[fields.via + 3]!) ?? readVia(headers.value(fields.via))
  if (via === undefined) return 'Via: malformed'
  const fromTag = readTag(octets, headers, marks, fields.from)
  if (fromTag === undefined) return 'From: malformed'
  const toTag = readTag(octets, headers, marks, fields.to)
  if (toTag === undefined) return 'To: malformed'
  const callId = headers.value(fields.callId)
  if (callId === '') return 'Call-ID: missing'
  let cseq = method === '' ? -1 : plainCSeq(octets, marks[fields.cseq + 2]!, marks[fields.cseq + 3]!, 0, method.length)
  let cseqMethod = method
  if (cseq === -1) {
    const full = readCSeq(headers.value(fields.cseq))
    if (full === undefined) return 'CSeq: expected a number below 4294967296 and a method'
    cseq = full.number
    cseqMethod = full.method
  }
  return { via, moreVias: fields.moreVias || via.end < via.value.length, callId, cseq, cseqMethod, fromTag, toTag }
}

/** A folded field ends at a negative mark: it is of no plain shape. */
function readTag(octets: Buffer, headers: ReadHeaders, marks: readonly number[], at: number): string | undefined {
  const to = marks[at + 3]!
  const tag = plainTag(octets, marks[at + 2]!, to)
  if (tag === -1) return tagOf(headers.value(at))
  return tag === to ? '' : headers.text.slice(tag, to)
}
