// The text of octets in whatever charset a client names. What is not in it is refused, not guessed.
import { isAscii, isUtf8 } from 'node:buffer'

export type Decoded = { text: string } | { unknown: true } | { invalid: true }

type Decoder = InstanceType<typeof TextDecoder>
// Constants, built when first asked for and kept: as many as the platform knows charsets.
const decoders = new Map<string, Decoder>()

/** `charset` in lower case; absent: UTF-8, as everybody means it. */
export function decodeText(octets: Buffer, charset: string | undefined): Decoded {
  if (charset === undefined || charset === 'utf-8' || charset === 'utf8') return utf8(octets)
  // TextDecoder would take these for windows-1252, and make other letters of what really is UTF-8.
  if (sevenBit.has(charset)) return isAscii(octets) ? { text: octets.toString('latin1') } : { invalid: true }
  const label = bigEndian.has(charset) ? wide(octets) : charset
  let decoder = decoders.get(label)
  if (!decoder) {
    try {
      decoder = new TextDecoder(label, { fatal: true })
    } catch {
      return { unknown: true }
    }
    // One name of several for the same.
    if (decoders.size < 256) decoders.set(label, decoder)
  }
  try {
    return { text: decoder.decode(octets) }
  } catch {
    return { invalid: true }
  }
}

function utf8(octets: Buffer): Decoded {
  if (!isUtf8(octets)) return { invalid: true }
  const hasMark = octets.length >= 3 && octets[0] === 0xef && octets[1] === 0xbb && octets[2] === 0xbf
  return { text: octets.toString('utf8', hasMark ? 3 : 0) }
}

const sevenBit: ReadonlySet<string> = new Set(['us-ascii', 'ascii', 'iso646-us', 'ansi_x3.4-1968'])

/** Where TextDecoder means little endian, RFC 2781 §4.3 and everybody in telephony mean big. */
const bigEndian: ReadonlySet<string> = new Set(['utf-16', 'ucs-2', 'ucs2', 'iso-10646-ucs-2', 'unicode'])

function wide(octets: Buffer): string {
  return octets[0] === 0xff && octets[1] === 0xfe ? 'utf-16le' : 'utf-16be'
}
