// Charsets of one octet a character, which peers may want instead of GSM 7-bit and UCS-2. Encoding
// knows exactly the characters of the charset and says so when one is missing; decoding never fails.
import { octetsOf } from './octets.ts'

/** ASCII (IA5), ISO 8859-1, ISO 8859-5, ISO 8859-8. */
export type OctetCharset = 'ascii' | 'latin1' | 'cyrillic' | 'hebrew'
/** What a text may be coded in. */
export type Charset = 'gsm7' | OctetCharset | 'ucs2'

/** Names of TextDecoder. */
const labels = { cyrillic: 'iso-8859-5', hebrew: 'iso-8859-8' } as const

interface OctetTable {
  decoder: InstanceType<typeof TextDecoder>
  /** By UTF-16 unit: the octet. */
  octets: ReadonlyMap<number, number>
}

// Constants, built when first asked for and kept.
const tables = new Map<keyof typeof labels, OctetTable>()

function tableOf(charset: keyof typeof labels): OctetTable {
  const known = tables.get(charset)
  if (known) return known
  const decoder = new TextDecoder(labels[charset])
  const octets = new Map<number, number>()
  for (let octet = 0; octet < 256; octet++) {
    const unit = decoder.decode(Uint8Array.of(octet)).charCodeAt(0)
    if (unit !== 0xfffd && !isC1(unit)) octets.set(unit, octet)
  }
  const table = { decoder, octets }
  tables.set(charset, table)
  return table
}

/** What windows-1252 has in place of the control characters 0x80 to 0x9F of ISO 8859-1. */
const windows1252 = '€\ufffd‚ƒ„…†‡ˆ‰Š‹Œ\ufffdŽ\ufffd\ufffd‘’“”•–—˜™š›œ\ufffdžŸ'

/** Control characters, which no person writes and peers read in more than one way. */
function isC1(unit: number): boolean {
  return unit >= 0x80 && unit <= 0x9f
}

/** The octets of a text; undefined when a character is not in the charset. */
export function encodeCharset(charset: OctetCharset, text: string): Uint8Array | undefined {
  if (charset === 'ascii' || charset === 'latin1') {
    const last = charset === 'ascii' ? 0x7f : 0xff
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > last || isC1(unit)) return undefined
    }
    return octetsOf(Buffer.from(text, 'latin1'))
  }
  const { octets } = tableOf(charset)
  const out = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const octet = octets.get(text.charCodeAt(i))
    if (octet === undefined) return undefined
    out[i] = octet
  }
  return out
}

/**
 * The text of octets. In ASCII, what has the high bit set is most often Latin-1 and is read as that;
 * what are control characters there are windows-1252's (€ at 0x80).
 */
export function decodeCharset(charset: OctetCharset, octets: Uint8Array): string {
  if (charset === 'cyrillic' || charset === 'hebrew') return tableOf(charset).decoder.decode(octets)
  const text = Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1')
  for (let i = 0; i < octets.length; i++) {
    if (isC1(octets[i]!)) return text.replaceAll(/[\x80-\x9f]/g, (c) => windows1252.charAt(c.charCodeAt(0) - 0x80))
  }
  return text
}
