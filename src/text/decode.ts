// What a segment says: octets as a carrier hands them over become text, by the alphabet and, for
// GSM 7-bit, the national tables that the segment's own header names. Some senders cut a long text
// anywhere: what a part has only half of is kept as it is, and made whole where parts are joined.
import { decodeGsm7, defaultAlphabet, escapeSeptet, gsm7Alphabet } from './gsm7.ts'
import { decodeUcs2, wellFormed } from './ucs2.ts'
import { shiftTablesOf } from './udh.ts'

/** Stands at the end of a part for an escape whose character is in the next. */
const openEscape = '\u001b'

/**
 * `data`: gsm7 septets one an octet, or UTF-16BE octets, without the header. `udh`: the header's
 * elements. `part`: one of several, whose texts are joined by joinTexts.
 */
export function decodeText(alphabet: 'gsm7' | 'ucs2', data: Uint8Array, udh?: Uint8Array, part = false): string {
  if (alphabet === 'ucs2') return decodeUcs2(data, part)
  const { locking, single } = udh ? shiftTablesOf(udh) : noTables
  if (locking !== 0 || single !== 0) return decodeGsm7(data, gsm7Alphabet(locking, single))
  if (part && endsInEscape(data)) return decodeGsm7(data.subarray(0, -1)) + openEscape
  return decodeGsm7(data)
}

const noTables = { locking: 0, single: 0 }

/** An odd number of them: two are a pair. */
function endsInEscape(septets: Uint8Array): boolean {
  let at = septets.length
  while (at > 0 && septets[at - 1] === escapeSeptet) at--
  return (septets.length - at) % 2 === 1
}

/** One text of the texts of parts, in order. Escape and surrogate pairs that were cut are whole again; half ones become a space and U+FFFD. */
export function joinTexts(parts: readonly string[]): string {
  let text = ''
  for (const part of parts) {
    if (text.endsWith(openEscape) && part !== '') {
      const septet = defaultAlphabet.codes[part.charCodeAt(0)] ?? escapeSeptet
      const escaped = septet < 0x80 && septet !== escapeSeptet ? (defaultAlphabet.escaped[septet] ?? ' ') + part.slice(1) : ` ${part}`
      text = text.slice(0, -1) + escaped
    } else {
      text += part
    }
  }
  return wellFormed(text.endsWith(openEscape) ? `${text.slice(0, -1)} ` : text)
}
