// data_coding (SMPP 5.0 §4.7.7) both ways: which alphabet octets are in, text out of them, and
// octets of a segment. TLVs that go along with it (class, waiting) are body.ts's.
import {
  type Alphabet,
  decodeCharset,
  decodeText,
  decodeUcs2,
  encodeCharset,
  encodeUcs2,
  fillBits,
  type MessageClass,
  type OctetCharset,
  packSeptets,
  parseDcs,
  type Segment,
  shiftTablesOf,
  unpackSeptets,
  type WaitingIndication,
  waitingKinds,
} from '../../../src/plugin.ts'
import type { Encoding } from './encoding-settings.ts'

/** Septet of a carriage return: fills seven spare bits, lest they read as '@' (TS 23.038 §6.1.2.3.1). */
const carriageReturn = 0x0d
/** User data of one SMS, TS 23.040 §9.2.3.16. */
const userDataOctets = 140

export interface Coded {
  data_coding: number
  /** Without the header. */
  octets: Uint8Array
}

/** SMPP 5.0 table 4-12. */
const codingOfCharset: Readonly<Record<OctetCharset, number>> = { ascii: 0x01, latin1: 0x03, cyrillic: 0x06, hebrew: 0x07 }
/** TS 23.038 §4: message class with GSM 7-bit, 8-bit data, UCS-2. */
const classCoding = { dcs: 0x10, f0: 0xf0, ucs2: 0x18, binary: 0xf4 } as const
/** TS 23.038 §4: message waiting, discarded, stored, and stored in UCS-2. */
const waitingCoding = { discard: 0xc0, store: 0xd0, ucs2: 0xe0 } as const

/**
 * `udh`: the elements that go before the octets. `waiting`: said by the data_coding where it can be,
 * with GSM 7-bit and UCS-2. Undefined: the text has characters that the default alphabet lacks, and
 * one SMS in UCS-2 cannot hold it; never so for a segment that was split for this bind's charset.
 */
export function encodeSegment(
  segment: Segment,
  encoding: Encoding,
  udh: Uint8Array | undefined = segment.udh,
  waiting?: WaitingIndication,
): Coded | undefined {
  const { alphabet, data } = segment
  // A default alphabet that is not GSM 7-bit leaves the class as the only way to name it.
  const bySubunit = encoding.messageClassBy === 'subunit' && (alphabet !== 'gsm7' || charsetOfDefault(encoding) === 'gsm7')
  const messageClass = bySubunit ? undefined : segment.messageClass
  switch (alphabet) {
    case 'binary':
      return { data_coding: messageClass === undefined ? 0x04 : classCoding.binary | messageClass, octets: data }
    case 'ucs2':
      return { data_coding: ucs2Coding(messageClass, waiting), octets: inOrder(data, encoding.ucs2ByteOrder) }
    case 'gsm7':
      return encodeGsm(data, encoding, udh, messageClass, waiting)
    case 'ascii':
    case 'latin1':
    case 'cyrillic':
    case 'hebrew':
      return { data_coding: encoding.charset === 'default' ? 0 : codingOfCharset[alphabet], octets: data }
  }
  return alphabet satisfies never
}

function encodeGsm(
  septets: Uint8Array,
  encoding: Encoding,
  udh: Uint8Array | undefined,
  messageClass: MessageClass | undefined,
  waiting: WaitingIndication | undefined,
): Coded | undefined {
  const { defaultAlphabet } = encoding
  const packed = defaultAlphabet === 'gsm7packed'
  // With a class or an indication the coding names GSM 7-bit itself, whatever the default is.
  const named = messageClass !== undefined || waiting !== undefined
  if (!named && !packed && defaultAlphabet !== 'gsm7') return translate(septets, encoding, udh)
  const octets = packed ? pack(septets, udh ? 1 + udh.length : 0) : septets
  if (!named) return { data_coding: 0, octets }
  if (messageClass !== undefined)
    return { data_coding: classCoding[encoding.messageClassBy === 'f0' ? 'f0' : 'dcs'] | messageClass, octets }
  return { data_coding: waitingCoding[waiting!.store ? 'store' : 'discard'] | waitingBits(waiting!), octets }
}

/** GSM 7-bit for a peer whose data_coding 0 is another alphabet. */
function translate(septets: Uint8Array, encoding: Encoding, udh: Uint8Array | undefined): Coded | undefined {
  const text = decodeText('gsm7', septets, udh)
  const octets = encodeCharset(encoding.defaultAlphabet === 'latin1' ? 'latin1' : 'ascii', text)
  if (octets) return { data_coding: 0, octets }
  const unicode = inOrder(encodeUcs2(text), encoding.ucs2ByteOrder)
  return (udh ? 1 + udh.length : 0) + unicode.length <= userDataOctets ? { data_coding: 0x08, octets: unicode } : undefined
}

function ucs2Coding(messageClass: MessageClass | undefined, waiting: WaitingIndication | undefined): number {
  if (messageClass !== undefined) return classCoding.ucs2 | messageClass
  // Only a stored message has a waiting group in UCS-2.
  return waiting?.store === true ? waitingCoding.ucs2 | waitingBits(waiting) : 0x08
}

function waitingBits({ active, of }: WaitingIndication): number {
  return (active ? 0x08 : 0) | waitingKinds.indexOf(of)
}

/** Big-endian octets in this order, and back; an odd one at the end stays. */
function inOrder(octets: Uint8Array, order: Encoding['ucs2ByteOrder']): Uint8Array {
  if (order === 'big') return octets
  const swapped = Buffer.from(octets)
  swapped.subarray(0, octets.length & ~1).swap16()
  return swapped
}

function pack(septets: Uint8Array, headerOctets: number): Uint8Array {
  const fill = fillBits(headerOctets)
  if ((fill + septets.length * 7) % 8 !== 1) return packSeptets(septets, fill)
  const padded = new Uint8Array(septets.length + 1)
  padded.set(septets)
  padded[septets.length] = carriageReturn
  return packSeptets(padded, fill)
}

function unpack(octets: Uint8Array, headerOctets: number): Uint8Array {
  const fill = fillBits(headerOctets)
  // A header may end right where the octets do, and leave less than its fill bits.
  const bits = Math.max(0, octets.length * 8 - fill)
  const septets = unpackSeptets(octets, Math.floor(bits / 7), fill)
  return bits > 0 && bits % 7 === 0 && septets.at(-1) === carriageReturn ? septets.subarray(0, -1) : septets
}

/** `label`: what TextDecoder calls it. */
type Charset = { charset: Alphabet | OctetCharset | 'default' } | { charset: 'other'; label: string }
export type Coding = Charset & { messageClass?: MessageClass; compressed?: true; waiting?: WaitingIndication }

/** SMPP 5.0 table 4-12. */
const plain: readonly Charset[] = [
  { charset: 'default' },
  { charset: 'ascii' },
  { charset: 'binary' },
  { charset: 'latin1' },
  { charset: 'binary' },
  { charset: 'other', label: 'shift_jis' },
  { charset: 'cyrillic' },
  { charset: 'hebrew' },
  { charset: 'ucs2' },
  { charset: 'other', label: 'shift_jis' },
  { charset: 'other', label: 'iso-2022-jp' },
  { charset: 'binary' },
  { charset: 'binary' },
  { charset: 'other', label: 'euc-jp' },
  { charset: 'other', label: 'euc-kr' },
  { charset: 'binary' },
]

const codings: readonly Coding[] = Array.from({ length: 256 }, (_, data_coding) => plain[data_coding] ?? gsmCoding(data_coding))

function gsmCoding(data_coding: number): Coding {
  const dcs = parseDcs(data_coding)
  const coding: Coding = { charset: dcs.alphabet }
  if (dcs.messageClass !== undefined) coding.messageClass = dcs.messageClass
  if (dcs.compressed) coding.compressed = true
  if (dcs.waiting) coding.waiting = dcs.waiting
  return coding
}

/** What a data_coding says. From 0x10 on, carriers pass TP-DCS through. */
export function codingOf(data_coding: number): Coding {
  return codings[data_coding & 0xff]!
}

/** Undefined: not text. `udh`: the header's elements, for its national tables. `part`: see decodeText; a byte order mark stands in the `first` only. */
export function decodeOctets(
  coding: Coding,
  octets: Uint8Array,
  encoding: Encoding,
  udh?: Uint8Array,
  part = false,
  first = true,
): string | undefined {
  switch (coding.charset) {
    case 'binary':
      return undefined
    case 'ucs2':
      return ucs2(octets, encoding, part, first)
    case 'gsm7':
      return gsm7(octets, encoding, udh, part)
    case 'default': {
      const charset = charsetOfDefault(encoding)
      // National tables are tables of GSM 7-bit, so where a header names one, that is what follows.
      return charset === 'gsm7' || (udh && namesTables(udh)) ? gsm7(octets, encoding, udh, part) : decodeCharset(charset, octets)
    }
    case 'ascii':
    case 'latin1':
    case 'cyrillic':
    case 'hebrew':
      return decodeCharset(coding.charset, octets)
    case 'other':
      return new TextDecoder(coding.label).decode(octets)
  }
  return coding satisfies never
}

function charsetOfDefault({ defaultAlphabet }: Encoding): 'gsm7' | OctetCharset {
  if (defaultAlphabet === 'gsm7' || defaultAlphabet === 'gsm7packed') return 'gsm7'
  return defaultAlphabet === 'latin1' ? 'latin1' : 'ascii'
}

function namesTables(udh: Uint8Array): boolean {
  const { locking, single } = shiftTablesOf(udh)
  return locking !== 0 || single !== 0
}

function gsm7(octets: Uint8Array, { defaultAlphabet }: Encoding, udh: Uint8Array | undefined, part: boolean): string {
  const septets = defaultAlphabet === 'gsm7packed' ? unpack(octets, udh ? 1 + udh.length : 0) : octets
  return decodeText('gsm7', septets, udh, part)
}

function ucs2(octets: Uint8Array, encoding: Encoding, part: boolean, first: boolean): string {
  const marked = first && octets.length >= 2
  if (marked && octets[0] === 0xfe && octets[1] === 0xff) return decodeUcs2(octets.subarray(2), part)
  if (marked && octets[0] === 0xff && octets[1] === 0xfe) return decodeUcs2(inOrder(octets.subarray(2), 'little'), part)
  return decodeUcs2(inOrder(octets, encoding.ucs2ByteOrder), part)
}
