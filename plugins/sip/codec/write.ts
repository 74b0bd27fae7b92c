// Requests and responses into octets. Content-Length is added always; a value that would end its
// line is refused (CR, LF; a NUL anywhere but in a quoted-pair), so that no text of a message ever
// becomes a header field.
import { CR, isToken, LF, SP } from './chars.ts'
import { kind, kindOf, unknownKind } from './names.ts'
import { phraseOf } from './phrases.ts'
import type { HeaderLines } from './types.ts'

/** Names the field, never its value. */
export class Unwritable extends Error {
  override readonly name = 'Unwritable'
}

const nothing = Buffer.alloc(0)
const backslash = 92

/** Throws Unwritable. */
export function writeRequest(method: string, uri: string, lines: HeaderLines, body: Buffer = nothing): Buffer {
  if (!isToken(method)) throw new Unwritable('the method is no token')
  if (!isVisible(uri)) throw new Unwritable('Request-URI: blanks, line ends and controls may not stand in it')
  return write(`${method} ${uri} SIP/2.0\r\n`, 0, lines, body)
}

/** The registered phrase where `reason` is absent. Throws Unwritable. */
export function writeResponse(status: number, reason: string | undefined, lines: HeaderLines, body: Buffer = nothing): Buffer {
  return write(statusLine(status, reason), 0, lines, body)
}

/** The same behind fields that are written already: so many, each with its line end, of names that are known. */
export function writeAnswer(
  status: number,
  reason: string | undefined,
  own: string,
  ownFields: number,
  lines: HeaderLines,
  body: Buffer = nothing,
): Buffer {
  return write(statusLine(status, reason) + own, ownFields, lines, body)
}

function statusLine(status: number, reason: string | undefined): string {
  if (!Number.isInteger(status) || status < 100 || status > 699) throw new Unwritable(`no status: ${status}`)
  if (reason === undefined) return `SIP/2.0 ${status} ${phraseOf(status)}\r\n`
  if (!isClean(reason)) throw new Unwritable('the reason phrase has a line end or a NUL')
  return `SIP/2.0 ${status} ${reason}\r\n`
}

function write(front: string, fieldsInFront: number, lines: HeaderLines, body: Buffer): Buffer {
  let head = front
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const name = lines[i]!
    const known = kindOf(name)
    if (known === unknownKind && !isToken(name)) throw new Unwritable('a header name is no token')
    if (known === kind.contentLength) throw new Unwritable('Content-Length is written by the codec')
    head += name
    head += ': '
    head += lines[i + 1]!
    head += '\r\n'
  }
  head += 'Content-Length: '
  head += body.length
  head += '\r\n\r\n'
  // Start line, fields, Content-Length, empty line. Looked at all at once, since it is almost always clean.
  if (!hasLines(head, fieldsInFront + lines.length / 2 + 3)) refuseUnclean(lines)
  const size = Buffer.byteLength(head, 'utf8')
  const octets = Buffer.allocUnsafe(size + body.length)
  if (size === head.length) octets.write(head, 0, 'latin1')
  else octets.write(head, 0, 'utf8')
  if (body.length !== 0) body.copy(octets, size)
  return octets
}

/** So many line ends, no CRs and LFs but those, and no NUL but in a quoted-pair. */
function hasLines(head: string, expected: number): boolean {
  let at = -1
  for (let i = 0; i < expected; i++) {
    const cr = head.indexOf('\r', at + 1)
    at = head.indexOf('\n', at + 1)
    if (cr !== at - 1) return false
  }
  return at === head.length - 1 && (!head.includes('\0') || isClean(head.replaceAll('\r\n', '')))
}

function refuseUnclean(lines: HeaderLines): never {
  const at = lines.findIndex((value, i) => i % 2 === 1 && !isClean(value))
  throw new Unwritable(`${lines[at - 1] ?? 'a field'}: line ends and NULs may not stand in it`)
}

/** Whether a value can be written as it is. */
export function isClean(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code > CR) continue
    if (code === CR || code === LF || (code === 0 && value.charCodeAt(i - 1) !== backslash)) return false
  }
  return true
}

function isVisible(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code <= SP || code === 127) return false
  }
  return text !== ''
}
