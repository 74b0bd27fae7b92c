// Long messages become SMS parts that fit 140 octets each, header included (TS 23.040 §9.2.3.24.1).
// Counting is as Twilio bills: GSM 7-bit where every character is in the default alphabet and its
// extension, else UCS-2; 160 and 153 septets, 70 and 67 units. Both are on the way of every message.
// A peer that wants another charset gets parts in it, of what they are on the air: texts that GSM
// 7-bit has are counted by its septets, all others by octets, 140 and 134.
import type { Body } from '../model/body.ts'
import { encodeCharset, type Charset, type OctetCharset } from './charsets.ts'
import { cutGsm7, cutUcs2 } from './cuts.ts'
import { defaultAlphabet, encodeGsm7, gsm7Alphabet, septetLength, type Gsm7Alphabet } from './gsm7.ts'
import { headerSeptets } from './septets.ts'
import { lockingTables, singleTables } from './tables.ts'
import { encodeUcs2 } from './ucs2.ts'
import { buildUdh, concatenationElement, parseUdh, shiftElements, takeConcatenation } from './udh.ts'

/** How the characters of a segment are coded on the air. */
export type Alphabet = 'gsm7' | 'ucs2' | 'binary'
/** How they are coded towards a peer that may translate them for the air. */
export type SegmentAlphabet = Alphabet | OctetCharset

export interface SplitOptions {
  /** udh8, udh16: parts of 153/67 (152/66 with a 16-bit reference). sar: parts carry no header but keep the udh8 sizes. payload: one segment, whole. */
  concatenation: 'udh8' | 'udh16' | 'sar' | 'payload'
  /** Preferred for texts, gsm7 where absent; what it lacks goes as UCS-2. A message class needs gsm7 or ucs2 and has it. */
  charset?: Charset
  /** National tables (1–13) tried, in this order, after gsm7 and before UCS-2. */
  nationalTables?: readonly number[]
  /** 16-bit concatenation reference; its low byte serves for 8 bits. */
  reference: number
}

/** One SMS part. */
export interface Segment {
  alphabet: SegmentAlphabet
  /** From 0. */
  index: number
  total: number
  /** The concatenation reference where total > 1. */
  reference: number
  /** gsm7: septets, one an octet, escapes included. ucs2: UTF-16BE octets. binary: as given. Others: one octet a character. Without the header. */
  data: Uint8Array
  /** Elements of the user data header (TS 23.040 §9.2.3.24), without its length octet; undefined when none. Concatenation is in it for udh8 and udh16. */
  udh?: Uint8Array
  messageClass?: 0 | 1 | 2 | 3
}

/** User data of one SMS in octets (TS 23.040 §9.2.3.16). */
const userDataOctets = 140
/** Parts that a concatenation element can number. */
export const maxParts = 255

/** A concatenation element with its identifier and length. */
const elementOctets = { udh8: 5, udh16: 6, sar: 5 } as const

/**
 * The parts of a body, none for an MMS. A binary body that carries a concatenation element of its own
 * is a part already and stays one segment. A body of more parts than can be numbered is one segment,
 * whole, as for `payload`.
 */
export function split(body: Body, options: SplitOptions): Segment[] {
  if (body.kind === 'mms') return []
  if (body.kind === 'binary') return splitBinary(body, options)
  const { text, messageClass } = body
  const { charset } = options
  if (charset === 'ucs2' || body.ucs2) return splitUcs2(text, options, messageClass)
  if (charset !== undefined && charset !== 'gsm7' && messageClass === undefined)
    return splitOctets(text, charset, options) ?? splitUcs2(text, options, undefined)
  const septets = septetLength(text)
  if (septets >= 0) return splitGsm7(text, septets, defaultAlphabet, options, messageClass)
  const national =
    options.nationalTables?.length && options.concatenation !== 'payload'
      ? nationalAlphabet(text, options.nationalTables, options.concatenation)
      : undefined
  if (national) return splitGsm7(text, septetLength(text, national), national, options, messageClass)
  return splitUcs2(text, options, messageClass)
}

/** Segments of a body by the default alphabet and UCS-2, as Twilio counts. */
export function countSegments(body: Body): number {
  if (body.kind === 'mms') return 1
  if (body.kind === 'binary') return countBinary(body)
  const { text } = body
  const septets = body.ucs2 ? -1 : septetLength(text)
  if (septets >= 0)
    return septets <= 160 ? 1 : septets === text.length ? Math.ceil(septets / 153) : cutGsm7(text, defaultAlphabet, 153).length
  return text.length <= 70 ? 1 : cutUcs2(text, 67).length
}

/** Why a body can never be sent, in words; undefined when it can. Bodies of more than 255 parts go only to peers that take them whole. */
export function bodyFault(body: Body): string | undefined {
  if (body.kind !== 'binary' || !body.udh) return undefined
  const parsed = parseUdh(body.udh)
  if (!parsed.ok) return `user data header: ${parsed.why}`
  const octets = 1 + body.udh.length + body.data.length
  const own = takeConcatenation(body.udh).concatenation
  if (own && octets > userDataOctets) return `a part of a long message: expected up to 140 octets with its header, got ${octets}`
  if (octets > userDataOctets && dataOctets(body.udh.length, elementOctets.udh16) < 1)
    return `user data header of ${body.udh.length} octets: leaves no room for data`
  return undefined
}

/** Octets left for data beside elements of these lengths. */
function dataOctets(ownOctets: number, concatenationOctets: number): number {
  const header = ownOctets + concatenationOctets
  return header === 0 ? userDataOctets : userDataOctets - 1 - header
}

/** Septets left for text beside elements of these lengths. */
function dataSeptets(ownOctets: number, concatenationOctets: number): number {
  const header = ownOctets + concatenationOctets
  return header === 0 ? 160 : 160 - headerSeptets(1 + header)
}

function splitGsm7(
  text: string,
  septets: number,
  alphabet: Gsm7Alphabet,
  options: SplitOptions,
  messageClass: Segment['messageClass'],
): Segment[] {
  const national = alphabet !== defaultAlphabet
  const own = national ? buildUdh(shiftElements(alphabet.locking, alphabet.single)) : undefined
  const ownOctets = own?.length ?? 0
  const encode = (from: number, to: number): Uint8Array => encodeGsm7(text.slice(from, to), alphabet) ?? new Uint8Array()
  const whole = (): Segment[] => [part('gsm7', 0, 1, options, encode(0, text.length), own, messageClass)]
  if (options.concatenation === 'payload' || septets <= dataSeptets(ownOctets, 0)) return whole()
  const ends = cutGsm7(text, alphabet, dataSeptets(ownOctets, elementOctets[options.concatenation]))
  if (ends.length > maxParts) return whole()
  return ends.map((end, i) => part('gsm7', i, ends.length, options, encode(ends[i - 1] ?? 0, end), own, messageClass))
}

function splitUcs2(text: string, options: SplitOptions, messageClass: Segment['messageClass']): Segment[] {
  const whole = (): Segment[] => [part('ucs2', 0, 1, options, encodeUcs2(text), undefined, messageClass)]
  if (options.concatenation === 'payload' || text.length <= 70) return whole()
  const ends = cutUcs2(text, dataOctets(0, elementOctets[options.concatenation]) >> 1)
  if (ends.length > maxParts) return whole()
  return ends.map((end, i) => part('ucs2', i, ends.length, options, encodeUcs2(text.slice(ends[i - 1] ?? 0, end)), undefined, messageClass))
}

/** Undefined: the charset lacks a character. */
function splitOctets(text: string, charset: OctetCharset, options: SplitOptions): Segment[] | undefined {
  const all = encodeCharset(charset, text)
  if (!all) return undefined
  const whole = (): Segment[] => [part(charset, 0, 1, options, all, undefined, undefined)]
  const septets = septetLength(text)
  if (options.concatenation === 'payload' || (septets >= 0 ? septets <= dataSeptets(0, 0) : text.length <= userDataOctets)) return whole()
  const header = elementOctets[options.concatenation]
  const ends = septets >= 0 ? cutGsm7(text, defaultAlphabet, dataSeptets(0, header)) : cutUcs2(text, dataOctets(0, header))
  if (ends.length > maxParts) return whole()
  return ends.map((end, i) => part(charset, i, ends.length, options, all.subarray(ends[i - 1] ?? 0, end), undefined, undefined))
}

function splitBinary(body: Body & { kind: 'binary' }, options: SplitOptions): Segment[] {
  const { data, udh, messageClass } = body
  const size = options.concatenation === 'payload' ? data.length : binaryPart(body, elementOctets[options.concatenation])
  const total = size >= data.length ? 1 : Math.ceil(data.length / size)
  if (total === 1 || total > maxParts) return [part('binary', 0, 1, options, data, udh, messageClass)]
  return Array.from({ length: total }, (_, i) =>
    part('binary', i, total, options, data.subarray(i * size, (i + 1) * size), udh, messageClass),
  )
}

function countBinary(body: Body & { kind: 'binary' }): number {
  const size = binaryPart(body, elementOctets.udh8)
  return size >= body.data.length ? 1 : Math.ceil(body.data.length / size)
}

/** Octets of data in each part; all of them where the body fits, is a part itself, or has no room for more. */
function binaryPart({ data, udh }: { data: Uint8Array; udh?: Uint8Array }, concatenationOctets: number): number {
  const ownOctets = udh?.length ?? 0
  if (data.length <= dataOctets(ownOctets, 0)) return data.length
  const size = dataOctets(ownOctets, concatenationOctets)
  return size < 1 || (udh && takeConcatenation(udh).concatenation) ? data.length : size
}

/**
 * The alphabet that has every character and takes the fewest parts; of those that take as many, by
 * single shift alone before locking shift, in the order of the tables.
 */
function nationalAlphabet(text: string, tables: readonly number[], concatenation: 'udh8' | 'udh16' | 'sar'): Gsm7Alphabet | undefined {
  let best: Gsm7Alphabet | undefined
  let fewest = Infinity
  for (const shift of nationalShifts) {
    for (const table of tables) {
      if (table < 1 || shift.some((tablesOf) => tablesOf[table] === undefined)) continue
      const alphabet = gsm7Alphabet(shift.includes(lockingTables) ? table : 0, shift.includes(singleTables) ? table : 0)
      const septets = septetLength(text, alphabet)
      if (septets < 0) continue
      const ownOctets = 3 * shift.length
      const room = dataSeptets(ownOctets, elementOctets[concatenation])
      const parts = septets <= dataSeptets(ownOctets, 0) ? 1 : Math.ceil(septets / room)
      if (parts < fewest) [best, fewest] = [alphabet, parts]
    }
  }
  return best
}

/** Which tables are in use beside the default ones; each is an element of three octets. */
const nationalShifts = [[singleTables], [lockingTables], [lockingTables, singleTables]] as const

function part(
  alphabet: SegmentAlphabet,
  index: number,
  total: number,
  options: SplitOptions,
  data: Uint8Array,
  own: Uint8Array | undefined,
  messageClass: Segment['messageClass'],
): Segment {
  const width = options.concatenation === 'udh8' ? 8 : 16
  const reference = options.reference & (width === 8 ? 0xff : 0xffff)
  const segment: Segment = { alphabet, index, total, reference, data }
  const udh = total > 1 && options.concatenation !== 'sar' ? headed({ reference, total, index: index + 1, width }, own) : own
  if (udh) segment.udh = udh
  if (messageClass !== undefined) segment.messageClass = messageClass
  return segment
}

function headed(concatenation: Parameters<typeof concatenationElement>[0], own: Uint8Array | undefined): Uint8Array {
  const element = buildUdh([concatenationElement(concatenation)])
  if (!own) return element
  const out = new Uint8Array(element.length + own.length)
  out.set(element)
  out.set(own, element.length)
  return out
}
