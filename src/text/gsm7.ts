// The GSM 7-bit alphabets of TS 23.038: text to septets, one an octet and escapes included, and back.
// Encoding knows exactly the characters of the tables asked for and says so when one is missing;
// decoding never fails. Language identifiers are those of TS 23.040 §9.2.3.24.15: 0 default, 1–13.
import { newOctets, octetsOf } from './octets.ts'
import { lockingTables, singleTables, undefinedCharacter } from './tables.ts'

/** The septet that takes the next one from the single shift table (TS 23.038 §6.2.1). */
export const escapeSeptet = 0x1b

/** In `codes`, the mark of a character that comes from the single shift table. */
const shifted = 0x80

/** A locking and a single shift table together. */
export interface Gsm7Alphabet {
  readonly locking: number
  readonly single: number
  /** By UTF-16 unit: the septet, with the high bit set where an escape goes before it; 0x1B where there is none. */
  readonly codes: Uint8Array
  /** By septet; empty where undefined. */
  readonly plain: readonly string[]
  /** By septet after an escape; what is undefined there falls back to `plain`. */
  readonly escaped: readonly string[]
}

function build(locking: number, single: number): Gsm7Alphabet {
  const [plainTable = '', escapedTable = ''] = [lockingTables[locking], singleTables[single]]
  const codes = new Uint8Array(0x1_0000).fill(escapeSeptet)
  // From the back, so that a character which stands twice is encoded by its lowest position.
  for (let septet = 127; septet >= 0; septet--) {
    const character = escapedTable.charAt(septet)
    if (character !== undefinedCharacter) codes[character.charCodeAt(0)] = shifted | septet
  }
  for (let septet = 127; septet >= 0; septet--) {
    const character = plainTable.charAt(septet)
    if (character !== undefinedCharacter && septet !== escapeSeptet) codes[character.charCodeAt(0)] = septet
  }
  // A second escape and a reserved control show a space (TS 23.038 §6.2.1.1, notes 1 and 5).
  const plain = [...plainTable].map((c, septet) => (septet === escapeSeptet ? ' ' : c === undefinedCharacter ? '\ufffd' : c))
  const escaped = [...escapedTable].map((c, septet) => (c === undefinedCharacter ? (plain[septet] ?? '') : c))
  return { locking, single, codes, plain, escaped }
}

/** The default alphabet with its extension. */
export const defaultAlphabet = build(0, 0)

// Tables are constants of 64 KiB a pair: built when first asked for and kept, 196 at most.
const built = new Map<number, Gsm7Alphabet>([[0, defaultAlphabet]])

/** The alphabet of these tables; an identifier without such a table stands for the default one. */
export function gsm7Alphabet(locking: number, single: number): Gsm7Alphabet {
  const [l, s] = [lockingTables[locking] === undefined ? 0 : locking, singleTables[single] === undefined ? 0 : single]
  const key = l * 16 + s
  const known = built.get(key)
  if (known) return known
  const made = build(l, s)
  built.set(key, made)
  return made
}

// The two tests below decide most texts several times faster than a walk through `codes`; with more
// than ASCII in them they would be slower.

/** Any character that is not ASCII and one septet of the default alphabet. */
const beyondOneSeptet = /[^\n\r -Z_a-z]/
/** Any character whose septet is not its ASCII code. */
const beyondAscii = /[^\n\r !-#%-?A-Za-z]/

/** Septets that the text takes, escapes included; -1 when a character is not in the alphabet. */
export function septetLength(text: string, alphabet: Gsm7Alphabet = defaultAlphabet): number {
  if (alphabet === defaultAlphabet && !beyondOneSeptet.test(text)) return text.length
  const { codes } = alphabet
  const { length } = text
  let septets = length
  for (let i = 0; i < length; i++) {
    const code = codes[text.charCodeAt(i)] ?? escapeSeptet
    if (code >= shifted) septets++
    else if (code === escapeSeptet) return -1
  }
  return septets
}

/** The septets of a text, one an octet; undefined when a character is not in the alphabet. */
export function encodeGsm7(text: string, alphabet: Gsm7Alphabet = defaultAlphabet): Uint8Array | undefined {
  if (alphabet === defaultAlphabet && !beyondAscii.test(text)) return octetsOf(Buffer.from(text, 'latin1'))
  const septets = septetLength(text, alphabet)
  if (septets < 0) return undefined
  const { codes } = alphabet
  const out = newOctets(septets)
  for (let i = 0, at = 0; i < text.length; i++) {
    const code = codes[text.charCodeAt(i)] ?? escapeSeptet
    if (code >= shifted) out[at++] = escapeSeptet
    out[at++] = code & 0x7f
  }
  return out
}

/** The text of septets, one an octet. What no table defines, and octets above 0x7F, become U+FFFD; an escape at the end a space. */
export function decodeGsm7(septets: Uint8Array, alphabet: Gsm7Alphabet = defaultAlphabet): string {
  if (alphabet === defaultAlphabet && isAscii(septets))
    return Buffer.from(septets.buffer, septets.byteOffset, septets.length).toString('latin1')
  const { plain, escaped } = alphabet
  let text = ''
  for (let i = 0; i < septets.length; i++) {
    const septet = septets[i] ?? 0
    const next = septets[i + 1]
    if (septet === escapeSeptet && next !== undefined) {
      text += escaped[next] ?? '\ufffd'
      i++
    } else {
      text += plain[septet] ?? '\ufffd'
    }
  }
  return text
}

/** Septets of the default alphabet that are the ASCII code of their character. */
const asciiSeptets = Uint8Array.from({ length: 256 }, (_, n) => (n < 0x80 && !beyondAscii.test(String.fromCharCode(n)) ? 1 : 0))

function isAscii(septets: Uint8Array): boolean {
  for (let i = 0; i < septets.length; i++) if (asciiSeptets[septets[i]!] === 0) return false
  return true
}
