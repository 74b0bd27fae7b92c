// TP-DCS, the data coding scheme of an SMS (TS 23.038 §4), as an octet and as what it means. SMPP's
// data_coding agrees with it only in part; that reading is the connector's.
import type { MessageClass } from '../model/body.ts'
import type { Alphabet } from './segment.ts'

/** A message waiting indication (TS 23.038 §4): switched on or off, and whether the message is also stored. */
export interface WaitingIndication {
  active: boolean
  of: (typeof waitingKinds)[number]
  store: boolean
}

export interface DataCoding {
  /** Reserved values read as gsm7, as the specification asks. */
  alphabet: Alphabet
  compressed: boolean
  messageClass?: MessageClass
  /** Marked for automatic deletion after reading. */
  autoDelete: boolean
  waiting?: WaitingIndication
}

const alphabets: readonly Alphabet[] = ['gsm7', 'binary', 'ucs2', 'gsm7']
/** By the two lowest bits of their octet. */
export const waitingKinds = ['voicemail', 'fax', 'email', 'other'] as const

/** Every octet means something. */
export function parseDcs(octet: number): DataCoding {
  const group = (octet >> 4) & 0x0f
  const messageClass = (octet & 0x03) as MessageClass
  // 00xx general, 01xx the same with automatic deletion.
  if (group <= 0x07) {
    return {
      alphabet: alphabets[(octet >> 2) & 0x03] ?? 'gsm7',
      compressed: (octet & 0x20) !== 0,
      ...((octet & 0x10) === 0 ? {} : { messageClass }),
      autoDelete: (octet & 0x40) !== 0,
    }
  }
  // 1111 data coding and message class.
  if (group === 0x0f) return { alphabet: (octet & 0x04) === 0 ? 'gsm7' : 'binary', compressed: false, messageClass, autoDelete: false }
  // 1000 to 1011 reserved.
  if (group < 0x0c) return { alphabet: 'gsm7', compressed: false, autoDelete: false }
  // 1100 discard, 1101 store, 1110 store in UCS-2.
  const waiting: WaitingIndication = { active: (octet & 0x08) !== 0, of: waitingKinds[octet & 0x03] ?? 'other', store: group !== 0x0c }
  return { alphabet: group === 0x0e ? 'ucs2' : 'gsm7', compressed: false, autoDelete: false, waiting }
}

/** The octet of an uncompressed message in the general group. */
export function buildDcs(alphabet: Alphabet, messageClass?: MessageClass): number {
  return (alphabets.indexOf(alphabet) << 2) | (messageClass === undefined ? 0 : 0x10 | messageClass)
}
