// Bodies in several parts (RFC 2046 §5.1), and the transfer encodings that entities inside a SIP body
// may have (RFC 2045 §6): taken apart, octet for octet. What SIP itself carries is always as it is.
import { boundaryOf } from './media-type.ts'

export interface BodyPart {
  contentType: string
  /** Who does not know its type passes it over (Content-Disposition: …;handling=optional). */
  optional: boolean
  /** Decoded. */
  body: Buffer
}

const mostParts = 16
const blankLine = '\r\n\r\n'

/** The parts, or what is wrong. */
export function readMultipart(contentType: string, body: Buffer): readonly BodyPart[] | string {
  const boundary = boundaryOf(contentType)
  if (boundary === undefined) return 'the multipart has no boundary'
  const parts: BodyPart[] = []
  // One octet is one character: what is cut out is the octets as they were.
  for (const text of `\r\n${body.toString('latin1')}`.split(`\r\n--${boundary}`).slice(1, mostParts + 2)) {
    // The last delimiter may lack its dashes, as RFC 5438 prints it: what is behind it is empty.
    if (text.startsWith('--') || text.trim() === '') break
    if (parts.length === mostParts) return `the multipart has more than ${mostParts} parts`
    const part = readPart(text.replace(/^[ \t]*/, ''))
    if (typeof part === 'string') return part
    parts.push(part)
  }
  return parts.length === 0 ? 'the multipart has no part with its boundary' : parts
}

function readPart(text: string): BodyPart | string {
  const blank = text.indexOf(blankLine)
  if (blank < 0 || !text.startsWith('\r\n')) return 'a part of the multipart has no content'
  const headers = new Map<string, string>()
  for (const line of text
    .slice(0, blank)
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
  const encoding = headers.get('content-transfer-encoding')
  const body = transferDecoded(encoding, Buffer.from(text.slice(blank + blankLine.length), 'latin1'))
  if (!body) return `a part of the multipart: ${notDecoded(encoding)}`
  const optional = /;\s*handling\s*=\s*"?optional\b/i.test(headers.get('content-disposition') ?? '')
  // RFC 2046 §5.1: what says nothing is text.
  return { contentType: headers.get('content-type') ?? 'text/plain', optional, body }
}

/** Undefined: of no known encoding, or not in it. */
export function transferDecoded(encoding: string | undefined, octets: Buffer): Buffer | undefined {
  switch (encoding?.toLowerCase()) {
    case undefined:
    case '':
    case '7bit':
    case '8bit':
    case 'binary':
      return octets
    case 'base64': {
      const text = octets.toString('latin1').replaceAll(/[ \t\r\n]/g, '')
      return /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.replaceAll('=', '').length % 4 !== 1 ? Buffer.from(text, 'base64') : undefined
    }
    case 'quoted-printable': {
      // Blanks at the end of a line were put there on the way (RFC 2045 §6.7).
      const text = octets.toString('latin1').split('\r\n').map(withoutBlanks).join('\r\n').replaceAll('=\r\n', '')
      if (/=(?![0-9A-F]{2})/i.test(text)) return undefined
      return Buffer.from(
        text.replaceAll(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
        'latin1',
      )
    }
    default:
      return undefined
  }
}

/** Not by a regular expression, which looks at a line of nothing else again and again. */
function withoutBlanks(line: string): string {
  let end = line.length
  while (end > 0 && (line[end - 1] === ' ' || line[end - 1] === '\t')) end--
  return line.slice(0, end)
}

export const notDecoded = (encoding: string | undefined): string =>
  `Content-Transfer-Encoding ${(encoding ?? '').slice(0, 40)} cannot be undone`
