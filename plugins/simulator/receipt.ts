// A delivery receipt as a carrier writes it: text (SMPP 3.4 appendix B), TLVs, or both.
import { noTlvs, tags, type Draft, type Tlv } from '../smpp/codec/index.ts'
import type { PlannedReceipt } from './fate.ts'
import type { Arrived } from './handsets.ts'
import { writeId } from './ids.ts'
import { states, type Personality } from './personality.ts'

/** What a carrier keeps of a submit until its last receipt is acknowledged. */
export interface Taken {
  /** The number behind its message_id. */
  n: number
  salt: number
  part: Arrived
}

/** esm_class of a receipt and of an intermediate notification (SMPP 5.0 §4.7.12). */
const esmReceipt = 0x04
const esmIntermediate = 0x20
/** The receipt's text quotes so many characters of the message. */
const quotedOctets = 20
const noText = new Uint8Array(0)

export interface ReceiptWriter {
  draft(taken: Taken, plan: PlannedReceipt, doneAt: number, personality: Personality, sequence_number: number): Draft
}

export function createReceiptWriter(): ReceiptWriter {
  let written = -1
  let writtenText = ''
  /** The done date of one who has only one. */
  let frozenAt = 0

  /** YYMMDDhhmm, or YYMMDDhhmmss, UTC. Often the same as the last time. */
  function date(at: number, seconds: boolean): string {
    // A carrier has its dates one way or the other, so minutes and seconds are never mixed up.
    const now = Math.floor(at / (seconds ? 1000 : 60_000))
    if (now !== written) {
      writtenText = new Date(at)
        .toISOString()
        .replaceAll(/\D/g, '')
        .slice(2, seconds ? 14 : 12)
      written = now
    }
    return writtenText
  }

  function done(part: Arrived, at: number, { done: habit, seconds }: Personality['receipts']): string {
    if (habit === 'none') return ''
    if (habit === 'frozen') frozenAt ||= at
    return ` done date:${date(habit === 'before' ? part.at - 60_000 : habit === 'frozen' ? frozenAt : at, seconds)}`
  }

  function text(id: string, { part }: Taken, plan: PlannedReceipt, doneAt: number, receipts: Personality['receipts']): string {
    if (receipts.text === 'bare') return `id:${id} stat:${plan.state} err:${plan.error}`
    const delivered = plan.state === 'DELIVRD' ? '001' : '000'
    const dates = `submit date:${date(part.at, receipts.seconds)}${done(part, doneAt, receipts)}`
    return `id:${id} sub:001 dlvrd:${delivered} ${dates} stat:${plan.state} err:${plan.error} text:${quoted(part)}`
  }

  return {
    draft(taken, plan, doneAt, { receipts, ids }, sequence_number) {
      const { part } = taken
      const id = writeId(ids.receipt, taken.n, ids.beyond53Bits, taken.salt)
      return {
        command: 'deliver_sm',
        sequence_number,
        source_addr_ton: part.dest_addr_ton,
        source_addr_npi: part.dest_addr_npi,
        source_addr: part.destination_addr,
        dest_addr_ton: part.source_addr_ton,
        dest_addr_npi: part.source_addr_npi,
        destination_addr: part.source_addr,
        esm_class: plan.final ? esmReceipt : esmIntermediate,
        short_message: receipts.form === 'tlv' ? noText : Buffer.from(text(id, taken, plan, doneAt, receipts), 'latin1'),
        tlvs: receipts.form === 'text' ? noTlvs : receiptTlvs(id, plan),
      }
    },
  }
}

/** What can be quoted in a text of the default alphabet, without the characters that mean something else there. */
function quoted({ data, data_coding, headed }: Arrived): string {
  if (data_coding !== 0 || headed) return ''
  let text = ''
  for (let i = 0; i < data.length && i < quotedOctets; i++) {
    const octet = data[i]!
    text += octet >= 0x20 && octet < 0x7b && octet !== 0x24 && octet !== 0x40 ? String.fromCharCode(octet) : ' '
  }
  return text
}

function receiptTlvs(id: string, plan: PlannedReceipt): Tlv[] {
  const tlvs: Tlv[] = [
    [tags.receipted_message_id, Buffer.from(`${id}\0`, 'latin1')],
    [tags.message_state, Uint8Array.of(states[plan.state])],
  ]
  if (/^\d+$/.test(plan.error)) {
    const error = Number(plan.error)
    // 3: GSM (SMPP 5.0 §4.8.4.42).
    tlvs.push([tags.network_error_code, Uint8Array.of(3, error >> 8, error & 0xff)])
  }
  return tlvs
}
