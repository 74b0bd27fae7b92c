// What a MESSAGE says as a body of ours: its content by its X-SMS-CODING, its user data header, and
// whether it is one part of a long message. What does not fit its coding is refused.
import { type Body, decodeGsm7, decodeUcs2, encodeGsm7, encodeUcs2, portsOf, septetLength, takeConcatenation } from '../../../src/plugin.ts'
import type { Content } from './content.ts'
import { type Coding, type Fields, names } from './headers.ts'
import { type Refusal, refusal } from './refusal.ts'

export type TextOrBinary = Exclude<Body, { kind: 'mms' }>
export interface Read {
  body: TextOrBinary
  place?: { reference: number; total: number; index: number }
}
type Said = Extract<Content, { kind: 'text' | 'octets' }>

/** `fallback`: the coding of a text that names none. Octets that name none are 8-bit (RestComm guide). */
export function bodyOf(content: Said, fields: Fields, fallback: Coding): Read | Refusal {
  const coding = fields.coding ?? (content.kind === 'octets' ? 1 : fallback)
  const { udh, messageClass } = fields
  const header = udh && takeConcatenation(udh)
  const rest = header?.rest
  const place = header?.concatenation
  const isPart = place !== undefined && place.total > 1
  // With application ports the octets are an application's, not a person's.
  const body = rest && portsOf(rest) ? applicationBody(content, coding) : personsBody(content, coding, fields.coding !== undefined, isPart)
  if ('status' in body) return body
  if (body.kind === 'binary' && rest) body.udh = rest
  if (messageClass !== undefined) body.messageClass = messageClass
  return isPart ? { body, place: { reference: place.reference, total: place.total, index: place.index } } : { body }
}

function personsBody(content: Said, coding: Coding, isSaid: boolean, isPart: boolean): TextOrBinary | Refusal {
  if (coding === 1) return { kind: 'binary', data: new Uint8Array(content.octets) }
  if (content.kind === 'octets') return decoded(content.octets, coding, isPart)
  const { text } = content
  if (coding === 2) return septetLength(text) < 0 ? { kind: 'text', text } : { kind: 'text', text, ucs2: true }
  // Where nothing was said, a text that GSM 7-bit lacks goes in UCS-2, as everywhere.
  if (isSaid && septetLength(text) < 0) return refusal(400, `${names.coding}: 0: the text has characters that GSM 7-bit lacks`)
  return { kind: 'text', text }
}

/** Octets that say they are a text: unpacked septets, or UTF-16BE. */
function decoded(octets: Buffer, coding: 0 | 2, isPart: boolean): TextOrBinary | Refusal {
  if (coding === 2) {
    if (octets.length % 2 !== 0) return refusal(400, `${names.coding}: 2: ${octets.length} octets are no UCS-2`)
    // A pair may be cut between two parts, and nowhere else.
    const text = decodeUcs2(octets, true)
    if (loneHalf.test(isPart ? text.replace(cutPair, '') : text))
      return refusal(400, `${names.coding}: 2: a surrogate without its other half is no UCS-2`)
    return septetLength(text) < 0 ? { kind: 'text', text } : { kind: 'text', text, ucs2: true }
  }
  if (octets.some((octet) => octet > 0x7f)) return refusal(400, `${names.coding}: 0: an octet above 7f is no septet`)
  return { kind: 'text', text: decodeGsm7(octets) }
}

/** The octets that a handset's application is to see. */
function applicationBody(content: Said, coding: Coding): TextOrBinary | Refusal {
  if (content.kind === 'octets' || coding === 1) return { kind: 'binary', data: new Uint8Array(content.octets) }
  const data = coding === 2 ? encodeUcs2(content.text) : encodeGsm7(content.text)
  if (!data) return refusal(400, `${names.coding}: 0: the text has characters that GSM 7-bit lacks`)
  return { kind: 'binary', data }
}

const loneHalf = /\p{Surrogate}/u
const cutPair = /^[\udc00-\udfff]|[\ud800-\udbff]$/g
