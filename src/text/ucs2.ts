// UCS-2 of TS 23.038 §6.2.3, written and read as UTF-16BE, as handsets do. What is written is
// always well formed: a surrogate without its other half becomes U+FFFD.
import { octetsOf } from './octets.ts'

/** The UTF-16BE octets of a text. */
export function encodeUcs2(text: string): Uint8Array {
  return octetsOf(Buffer.from(wellFormed(text), 'utf16le').swap16())
}

/**
 * The text of UTF-16BE octets; an odd octet at the end becomes U+FFFD. Surrogates without their other
 * half do too, unless the octets are one part of a long message (`part`): some senders cut pairs
 * between parts, so the halves are kept for `wellFormed` over the joined text.
 */
export function decodeUcs2(octets: Uint8Array, part = false): string {
  const whole = octets.length & ~1
  const text = Buffer.from(octets.subarray(0, whole)).swap16().toString('utf16le') + (whole === octets.length ? '' : '\ufffd')
  return part ? text : wellFormed(text)
}

/** The text with surrogates that lack their other half replaced by U+FFFD. */
export function wellFormed(text: string): string {
  return text.replaceAll(/\p{Surrogate}/gu, '\ufffd')
}
