// What no carrier should send and some do: broken framing, unknown commands, bodies cut short, responses
// to nothing. Never a receipt that could be true.
import { encodePdu } from '../smpp/codec/index.ts'

const mo = {
  command: 'deliver_sm' as const,
  sequence_number: 1,
  source_addr: '15550009999',
  destination_addr: '15550008888',
  short_message: Buffer.from('garbled'),
}

/** The first two lose the stream; after the others a peer may go on. */
export const garbageKinds = [
  'length-short',
  'length-huge',
  'command-unknown',
  'body-short',
  'tlv-long',
  'response-to-nothing',
  'nack-of-nothing',
  'receipt-of-nothing',
] as const
export type GarbageKind = (typeof garbageKinds)[number]

export function garbage(kind: GarbageKind, sequence_number: number): Buffer {
  switch (kind) {
    case 'length-short':
      return words(4, 0x0000_0005, 0, sequence_number)
    case 'length-huge':
      return words(0x7fff_ffff, 0x0000_0005, 0, sequence_number)
    case 'command-unknown':
      return words(16, 0x0000_0fff, 0, sequence_number)
    case 'body-short': {
      const short = encodePdu({ ...mo, sequence_number }).subarray(0, 30)
      short.writeUInt32BE(short.length, 0)
      return short
    }
    case 'tlv-long': {
      const whole = encodePdu({ ...mo, sequence_number, tlvs: [[0x0427, Uint8Array.of(2)]] })
      // The TLV's length, five octets from the end.
      whole.writeUInt16BE(0xffff, whole.length - 3)
      return whole
    }
    case 'response-to-nothing':
      return encodePdu({ command: 'submit_sm_resp', sequence_number: 0x7fff_0000 | (sequence_number & 0xffff), message_id: 'nobody' })
    case 'nack-of-nothing':
      return encodePdu({ command: 'generic_nack', command_status: 3, sequence_number: 0x7fff_0000 | (sequence_number & 0xffff) })
    case 'receipt-of-nothing':
      return encodePdu({ ...mo, sequence_number, esm_class: 0x04, short_message: Buffer.from('id: stat: err:') })
  }
}

function words(...values: number[]): Buffer {
  const out = Buffer.alloc(values.length * 4)
  values.forEach((value, i) => out.writeUInt32BE(value >>> 0, i * 4))
  return out
}
