// data_coding (SMPP 5.0 §4.7.7) both ways: which alphabet octets are in, and text out of them.
import {
  type Alphabet,
  decodeText,
  fillBits,
  type MessageClass,
  packSeptets,
  parseDcs,
  type Segment,
  unpackSeptets,
} from '../../../src/plugin.ts'
import type { SmppConfig } from '../config.ts'

type DefaultAlphabet = SmppConfig['defaultAlphabet']

/** Septet of a carriage return: fills seven spare bits, lest they read as '@' (TS 23.038 §6.1.2.3.1). */
const carriageReturn = 0x0d

export interface Coded {
  data_coding: number
  /** Without the header. */
  octets: Uint8Array
}

/** Undefined: the text has characters that the carrier's default alphabet lacks, and is too long for UCS-2. */
export function encodeSegment(segment: Segment, defaultAlphabet: DefaultAlphabet): Coded | undefined {
  const { alphabet, data, udh, messageClass } = segment
  if (alphabet === 'binary') return { data_coding: messageClass === undefined ? 0x04 : 0xf4 | messageClass, octets: data }
  if (alphabet === 'ucs2') return { data_coding: messageClass === undefined ? 0x08 : 0x18 | messageClass, octets: data }
  const headerOctets = udh ? 1 + udh.length : 0
  // With a class the coding names GSM 7-bit itself, whatever the default is.
  if (messageClass !== undefined || defaultAlphabet === 'gsm7' || defaultAlphabet === 'gsm7packed') {
    const octets = defaultAlphabet === 'gsm7packed' ? pack(data, headerOctets) : data
    return { data_coding: messageClass === undefined ? 0 : 0x10 | messageClass, octets }
  }
  const text = decodeText('gsm7', data, udh)
  const last = defaultAlphabet === 'latin1' ? 0xff : 0x7f
  if (isWithin(text, last)) return { data_coding: 0, octets: Buffer.from(text, 'latin1') }
  const octets = Buffer.from(text, 'utf16le').swap16()
  // User data of one SMS, TS 23.040 §9.2.3.16.
  return headerOctets + octets.length <= 140 ? { data_coding: 0x08, octets } : undefined
}

function isWithin(text: string, last: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > last) return false
  return true
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
type Charset = { charset: Alphabet | 'ascii' | 'latin1' | 'default' } | { charset: 'other'; label: string }
export type Coding = Charset & { messageClass?: MessageClass }

/** SMPP 5.0 table 4-12. */
const plain: readonly Charset[] = [
  { charset: 'default' },
  { charset: 'ascii' },
  { charset: 'binary' },
  { charset: 'latin1' },
  { charset: 'binary' },
  { charset: 'other', label: 'shift_jis' },
  { charset: 'other', label: 'iso-8859-5' },
  { charset: 'other', label: 'iso-8859-8' },
  { charset: 'ucs2' },
  { charset: 'other', label: 'shift_jis' },
  { charset: 'other', label: 'iso-2022-jp' },
  { charset: 'binary' },
  { charset: 'binary' },
  { charset: 'other', label: 'euc-jp' },
  { charset: 'other', label: 'euc-kr' },
  { charset: 'binary' },
]

/** What a data_coding says. From 0x10 on, carriers pass TP-DCS through; compressed text stays as it is. */
export function codingOf(data_coding: number): Coding {
  const simple = plain[data_coding]
  if (simple) return simple
  const dcs = parseDcs(data_coding)
  const coding: Coding = { charset: dcs.compressed ? 'binary' : dcs.alphabet }
  if (dcs.messageClass !== undefined) coding.messageClass = dcs.messageClass
  return coding
}

/** Undefined: not text. `udh`: the header's elements, for its national tables. `part`: see decodeText. */
export function decodeOctets(
  coding: Coding,
  octets: Uint8Array,
  defaultAlphabet: DefaultAlphabet,
  udh?: Uint8Array,
  part = false,
): string | undefined {
  switch (coding.charset) {
    case 'binary':
      return undefined
    case 'ucs2':
      return decodeText('ucs2', octets, undefined, part)
    case 'gsm7':
      return gsm7(octets, defaultAlphabet, udh)
    case 'default':
      if (defaultAlphabet === 'latin1' || defaultAlphabet === 'ascii') return Buffer.from(octets).toString('latin1')
      return gsm7(octets, defaultAlphabet, udh)
    // ASCII is the lower half, and what has the high bit set is most often Latin-1.
    case 'ascii':
    case 'latin1':
      return Buffer.from(octets).toString('latin1')
    case 'other':
      return new TextDecoder(coding.label).decode(octets)
  }
  return coding satisfies never
}

function gsm7(octets: Uint8Array, defaultAlphabet: DefaultAlphabet, udh: Uint8Array | undefined): string {
  const septets = defaultAlphabet === 'gsm7packed' ? unpack(octets, udh ? 1 + udh.length : 0) : octets
  return decodeText('gsm7', septets, udh)
}
