// What the processes of the SMPP proof agree on: which texts are sent, and what is noted of them.
import { tags, tlv, type PduOf } from '../../plugins/smpp/codec/index.ts'
import { splitUserData, takeConcatenation } from '../../src/text/index.ts'

/** A submit_sm_resp, noted before anything else. */
export interface TakenLine {
  what: 'taken'
  id: string
  to: string
  registered: number
  /** SMS that the text makes. */
  parts: number
  /** It was scheduled. */
  later?: boolean
}
/** The same of a message that the client cut into parts itself. Each part is submitted until it is answered. */
export interface PartLine {
  what: 'part'
  id: string
  to: string
  part: number
}
/** A submit that was refused (`status`), or got no answer before its connection was gone. */
export interface UntakenLine {
  what: 'refused' | 'cut'
  to: string
  status?: number
}
/** A receipt or a part of an MO, noted before it is answered. */
export interface CameLine {
  what: 'receipt' | 'mo'
  /** Of a receipt, the message id; of an MO, the handset and the part. */
  key: string
  /** stat of a receipt, text of the part. */
  says: string
  parts: number
  at: number
}
/** A query_sm_resp. `at`: when it was asked. */
export interface AskedLine {
  what: 'asked'
  id: string
  to: string
  status: number
  /** message_state, SMPP 5.0 §4.7.15. */
  state: number
  at: number
}
/** A cancel_sm_resp; without a status there was none. */
export interface CanceledLine {
  what: 'canceled'
  id: string
  to: string
  status?: number
}
export type EsmeLine = TakenLine | PartLine | UntakenLine | CameLine | AskedLine | CanceledLine

/** A part of an MO that the carrier need not send again. */
export interface AckedLine {
  from: string
  to: string
  part: number
}

/** One in so many is long. */
const longEvery = 10
const filler = ' The quick brown fox jumps over the lazy dog and is not seen again.'

export function isLong(number: string): boolean {
  return Number(number.slice(-4)) % longEvery === 3
}

/** Some handsets take no more from the number that they write to: what they get is the answer to that. */
export function isStop(number: string): boolean {
  return /^\+?4478\d*50$/.test(number)
}

/** Whether a carrier may get this text, or part of one, for this number. */
export function isTextTo(number: string, text: string): boolean {
  return isStop(number) ? text.startsWith('You have successfully been unsubscribed.') : textOf(number).includes(text)
}

/** The text that goes to this number, or comes from it. A long one has three parts. */
export function textOf(number: string): string {
  if (isStop(number)) return 'STOP'
  return isLong(number) ? `For or from ${number}.${filler.repeat(6)}` : `For or from ${number}.`
}

export function partsOf(number: string): number {
  return isLong(number) ? 3 : 1
}

/** Of a message that a client cuts into parts. Joined they are one SMS. */
export const cutParts = 3
const cutPrefix = '9'

export function cutNumber(prefix: string, n: number): string {
  return `${prefix}${cutPrefix}${String(n).padStart(7, '0').slice(-7)}`
}

export function isCut(number: string): boolean {
  return number.length === 12 && number[4] === cutPrefix
}

export function partText(number: string, part: number): string {
  return `Part ${part} for ${number}. `
}

/** The place of a deliver_sm in its long message (esm_class bit 6, SMPP 5.0 §4.7.12), and its text. */
export function placeOf(pdu: Pick<PduOf<'deliver_sm'>, 'esm_class' | 'short_message' | 'tlvs'>): {
  part: number
  parts: number
  text: string
} {
  const data = pdu.short_message.length > 0 ? pdu.short_message : (tlv(pdu.tlvs, tags.message_payload) ?? pdu.short_message)
  if ((pdu.esm_class & 0x40) === 0) return { part: 1, parts: 1, text: latin(data) }
  const split = splitUserData(data)
  if (!split.ok) return { part: 1, parts: 1, text: latin(data) }
  const { concatenation } = takeConcatenation(split.udh)
  return { part: concatenation?.index ?? 1, parts: concatenation?.total ?? 1, text: latin(split.data) }
}

/** Letters, digits, blanks and full stops are the same octets in GSM 7-bit. */
function latin(octets: Uint8Array): string {
  return Buffer.from(octets).toString('latin1')
}
