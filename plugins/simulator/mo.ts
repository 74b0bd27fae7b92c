// What a handset writes, as a carrier hands it on: deliver_sm by the part, long texts with a user data
// header (8-bit reference), GSM 7-bit where it can, else UCS-2.
import { joinUserData, split } from '../../src/plugin.ts'
import type { Draft } from '../smpp/codec/index.ts'

export interface MoEnd {
  ton: number
  npi: number
  value: string
}

/** An address as people write it. TON 1 international, 3 network specific for short codes, 5 alphanumeric (SMPP 5.0 §4.7.1). */
export function moEnd(text: string): MoEnd {
  if (text.startsWith('+')) return { ton: 1, npi: 1, value: text.slice(1) }
  return /^\d+$/.test(text) ? { ton: 3, npi: 0, value: text } : { ton: 5, npi: 0, value: text }
}

/** Their sequence_number is set when they leave. */
export function moDrafts(from: MoEnd, to: MoEnd, text: string, reference: number): Draft[] {
  return split({ kind: 'text', text }, { concatenation: 'udh8', reference }).map(({ alphabet, data, udh }) => ({
    command: 'deliver_sm',
    sequence_number: 0,
    source_addr_ton: from.ton,
    source_addr_npi: from.npi,
    source_addr: from.value,
    dest_addr_ton: to.ton,
    dest_addr_npi: to.npi,
    destination_addr: to.value,
    // The user data begins with a header (SMPP 5.0 §4.7.12).
    esm_class: udh ? 0x40 : 0,
    data_coding: alphabet === 'ucs2' ? 8 : 0,
    short_message: joinUserData(udh, data),
  }))
}
