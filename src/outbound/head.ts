// The head of an HTTP/1.x response: status, fields, and how its body is delimited (RFC 9112 §6.3).
// Strict: what two readers could understand differently is refused.
import { OutboundError } from './contract.ts'

export interface Head {
  status: number
  /** Lower-case names. Shared among the answers that have the same head: not to be changed. */
  headers: Record<string, string | string[] | undefined>
  /** -1 where the head does not say. */
  contentLength: number
  chunked: boolean
  keepAlive: boolean
  /** How long the peer keeps an idle connection; -1 where it does not say. */
  idleMs: number
}

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?\r\n/
/** No obsolete folding, no control characters, no space before the colon (RFC 9112 §5). */
const fieldLines = /^(?:[\w!#$%&'*+.^`|~-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*$/
const fieldLine = /^[\w!#$%&'*+.^`|~-]+:[\t\x20-\x7e\x80-\xff]*$/

/** One field of a trailer, without its line end. */
export function isFieldLine(line: string): boolean {
  return fieldLine.test(line)
}

/** `text`: the status line and the fields, each with its CRLF, latin1. Throws OutboundError `protocol`. */
export function parseHead(text: string): Head {
  const line = statusLine.exec(text)
  if (!line) throw broken('no HTTP/1.x status line')
  const start = line[0].length
  if (!fieldLines.test(text.slice(start))) throw broken('malformed header fields')
  // No prototype: any name may come.
  const headers: Head['headers'] = Object.create(null) as Head['headers']
  for (let at = start; at < text.length;) {
    const end = text.indexOf('\r\n', at)
    const colon = text.indexOf(':', at)
    const name = text.slice(at, colon).toLowerCase()
    const value = text.slice(colon + 1, end).trim()
    const known = headers[name]
    headers[name] = known === undefined ? value : typeof known === 'string' ? [known, value] : (known.push(value), known)
    at = end + 2
  }
  const older = line[1] === '0'
  const contentLength = lengthOf(headers['content-length'])
  const chunked = isChunked(headers['transfer-encoding'])
  if (chunked && (contentLength !== -1 || older)) throw broken('Transfer-Encoding and Content-Length, or HTTP/1.0')
  const connection = tokens(headers['connection'])
  return {
    status: Number(line[2]),
    headers,
    contentLength,
    chunked,
    keepAlive: !connection.includes('close') && (!older || connection.includes('keep-alive')),
    idleMs: idleOf(headers['keep-alive']),
  }
}

/** Repeated lengths are refused even where they agree: somebody on the way did not. */
function lengthOf(value: string | string[] | undefined): number {
  if (value === undefined) return -1
  if (typeof value !== 'string' || !/^\d{1,15}$/.test(value)) throw broken('more than one Content-Length, or no number')
  return Number(value)
}

/** No other coding was offered in the request. */
function isChunked(value: string | string[] | undefined): boolean {
  if (value === undefined) return false
  if (typeof value !== 'string' || value.toLowerCase() !== 'chunked') throw broken('a Transfer-Encoding other than chunked')
  return true
}

function tokens(value: string | string[] | undefined): string[] {
  return value === undefined
    ? []
    : String(value)
        .toLowerCase()
        .split(',')
        .map((token) => token.trim())
}

function idleOf(value: string | string[] | undefined): number {
  const seconds = typeof value === 'string' ? /(?:^|[\s,])timeout=(\d{1,6})/i.exec(value)?.[1] : undefined
  return seconds === undefined ? -1 : Number(seconds) * 1000
}

export function broken(what: string): OutboundError {
  return new OutboundError('protocol', `not an HTTP/1.1 response: ${what}`)
}
