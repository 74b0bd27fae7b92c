// Charsets of one octet a character, which peers may want instead of GSM 7-bit and UCS-2. Encoding
// knows exactly the characters of the charset and says so when one is missing; decoding never fails.
import { octetsOf } from './octets.ts'

/** ASCII (IA5), ISO 8859-1, ISO 8859-5, ISO 8859-8. */
export type OctetCharset = 'ascii' | 'latin1' | 'cyrillic' | 'hebrew'
/** What a text may be coded in. */
export type Charset = 'gsm7' | OctetCharset | 'ucs2'

/** Names of TextDecoder; its ISO 8859-1 is windows-1252, so what peers put in place of control characters is read too (€ at 0x80). */
const labels = { ascii: 'windows-1252', latin1: 'windows-1252', cyrillic: 'iso-8859-5', hebrew: 'iso-8859-8' } as const

interface OctetTable {
  decoder: InstanceType<typeof TextDecoder>
  /** By UTF-16 unit: the octet. */
  octets: ReadonlyMap<number, number>
}

// Constants, built when first asked for and kept.
const tables = new Map<OctetCharset, OctetTable>()

function tableOf(charset: OctetCharset): OctetTable {
  const known = tables.get(charset)
  if (known) return known
  const decoder = new TextDecoder(labels[charset], { ignoreBOM: true })
  const octets = new Map<number, number>()
  for (let octet = 0; octet < 256; octet++) {
    const unit = decoder.decode(Uint8Array.of(octet)).charCodeAt(0)
    if (unit !== 0xfffd && !isC1(unit)) octets.set(unit, octet)
  }
  const table = { decoder, octets }
  tables.set(charset, table)
  return table
}

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

/** The text of octets. In ASCII, what has the high bit set is most often Latin-1 and is read as that. */
export function decodeCharset(charset: OctetCharset, octets: Uint8Array): string {
  if (charset === 'cyrillic' || charset === 'hebrew') return tableOf(charset).decoder.decode(octets)
  for (let i = 0; i < octets.length; i++) if (isC1(octets[i]!)) return tableOf(charset).decoder.decode(octets)
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1')
}
