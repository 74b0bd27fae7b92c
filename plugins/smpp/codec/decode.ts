// One PDU that is there whole, for whoever has no stream: traces and tests. Never throws on input.
import { commandOf, statuses } from './constants.ts'
import { type Cursor, FieldError } from './fields.ts'
import type { BadPdu } from './parser.ts'
import type { Pdu } from './pdu.ts'
import { readBody } from './read.ts'

/** `end`: where what was read ends; a response may have octets after it that mean nothing. */
export interface Decoded {
  pdu: Pdu
  end: number
}

const headerBytes = 16

/** Values lie in `octets`. */
export function decodePdu(octets: Uint8Array): Decoded | BadPdu {
  const buffer = Buffer.from(octets.buffer, octets.byteOffset, octets.length)
  const command_length = buffer.length >= 4 ? buffer.readUInt32BE(0) : 0
  if (buffer.length < headerBytes || command_length !== buffer.length) {
    return { kind: 'framing', command_length, reason: `command_length: says ${command_length} octets, and ${buffer.length} are there` }
  }
  const [command_id, command_status, sequence_number] = [buffer.readUInt32BE(4), buffer.readUInt32BE(8), buffer.readUInt32BE(12)]
  const command = commandOf(command_id)
  if (command === undefined) {
    const reason = `command_id: 0x${command_id.toString(16).padStart(8, '0')} is unknown`
    return { kind: 'command', command_id, sequence_number, status: statuses.ESME_RINVCMDID, reason }
  }
  const cursor: Cursor = { buffer, at: headerBytes, end: buffer.length, lenient: command_id >= 0x8000_0000 }
  try {
    return { pdu: readBody(cursor, command, command_status, sequence_number), end: cursor.at }
  } catch (error) {
    if (!(error instanceof FieldError)) throw error
    return { kind: 'field', command, command_id, command_status, sequence_number, status: error.status, reason: error.message }
  }
}
