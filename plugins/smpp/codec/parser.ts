// Bytes into PDUs, in whatever pieces the socket hands them over. Knows no socket. A PDU whose
// framing holds but whose content does not is reported and skipped; broken framing ends the parse,
// since nothing after it can be trusted. Never throws on input, whatever it is.
import { type Command, commandOf, statuses } from './constants.ts'
import { type Cursor, FieldError } from './fields.ts'
import type { Pdu } from './pdu.ts'
import { readBody } from './read.ts'

/**
 * framing: a length below 16 or above the maximum; the stream is lost, close. command: a
 * command_id nobody knows; answer generic_nack. field: a known command that cannot be read;
 * answer its response with `status`, or ignore it when it is itself a response.
 */
export type BadPdu =
  | { kind: 'framing'; command_length: number; reason: string }
  | { kind: 'command'; command_id: number; sequence_number: number; status: number; reason: string }
  | { kind: 'field'; command: Command; command_id: number; command_status: number; sequence_number: number; status: number; reason: string }

/** Hears every PDU whole and as it came, before it is read: `on` is asked first. */
export interface Tap {
  readonly on: boolean
  take(pdu: Buffer): void
}

export interface Parser {
  /**
   * From an offset on, `most` PDUs at a time: answers where the next push of this chunk goes on; the
   * chunk's length when all of it is taken. PDUs refer to the chunk, so the caller must not write to
   * it again; net.Socket never does.
   */
  push(chunk: Buffer, from?: number, most?: number): number
  /** Octets of an unfinished PDU held. */
  readonly held: number
  /** PDUs taken so far, bad ones too: while it stays and octets are held, the same PDU is unfinished. */
  readonly taken: number
  /** Takes nothing more. What came behind the last PDU that was taken; at most once, also from within `onPdu`. */
  stop(): Buffer
}

/** A message_payload of 65,535 octets and everything around it. */
const defaultMaxPduBytes = 69_632
const headerBytes = 16
const nothing = Buffer.alloc(0)

function u32At(buffer: Buffer, at: number): number {
  return ((buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!) >>> 0
}

export interface ParserOptions {
  maxPduBytes?: number
  tap?: Tap
  onPdu(pdu: Pdu): void
  onBad(bad: BadPdu): void
}

const deaf: Tap = { on: false, take() {} }

export function createParser(options: ParserOptions): Parser {
  const { maxPduBytes = defaultMaxPduBytes, tap = deaf, onPdu, onBad } = options
  const cursor: Cursor = { buffer: nothing, at: 0, end: 0, lenient: false }
  let stopped = false
  /** The unfinished PDU: its first four octets, then a buffer of exactly its length. */
  let partial: Buffer | undefined
  let filled = 0
  let taken = 0
  /** The chunk that is being taken, and where what was not taken of it begins. */
  let current: Buffer = nothing
  let next = 0

  function lengthAt(buffer: Buffer, at: number): number {
    const length = u32At(buffer, at)
    if (length >= headerBytes && length <= maxPduBytes) return length
    stopped = true
    onBad({
      kind: 'framing',
      command_length: length,
      reason: `command_length: expected ${headerBytes}–${maxPduBytes}, got ${length}`,
    })
    return 0
  }

  function take(buffer: Buffer, at: number, length: number): void {
    taken++
    if (tap.on) tap.take(buffer.subarray(at, at + length))
    const command_id = u32At(buffer, at + 4)
    const command_status = u32At(buffer, at + 8)
    const sequence_number = u32At(buffer, at + 12)
    const command = commandOf(command_id)
    if (command === undefined) {
      const reason = `command_id: 0x${command_id.toString(16).padStart(8, '0')} is unknown`
      onBad({ kind: 'command', command_id, sequence_number, status: statuses.ESME_RINVCMDID, reason })
      return
    }
    cursor.buffer = buffer
    cursor.at = at + headerBytes
    cursor.end = at + length
    cursor.lenient = command_id >= 0x8000_0000
    let pdu: Pdu
    try {
      pdu = readBody(cursor, command, command_status, sequence_number)
    } catch (error) {
      if (!(error instanceof FieldError)) throw error
      onBad({ kind: 'field', command, command_id, command_status, sequence_number, status: error.status, reason: error.message })
      return
    }
    onPdu(pdu)
  }

  /** Completes the partial PDU from the current chunk, as far as that goes. */
  function fill(): void {
    if (partial === undefined || filled < 4) {
      partial ??= Buffer.allocUnsafe(4)
      const used = current.copy(partial, filled, next, next + 4 - filled)
      filled += used
      next += used
      if (filled < 4) return
      const length = lengthAt(partial, 0)
      if (length === 0) return
      const whole = Buffer.allocUnsafe(length)
      partial.copy(whole, 0, 0, 4)
      partial = whole
    }
    const more = current.copy(partial, filled, next, next + partial.length - filled)
    filled += more
    next += more
    if (filled < partial.length) return
    const whole = partial
    partial = undefined
    filled = 0
    take(whole, 0, whole.length)
  }

  return {
    push(chunk, from = 0, most = Infinity) {
      current = chunk
      next = from
      const enough = taken + most
      while (!stopped && next < chunk.length && taken < enough) {
        const at = next
        const left = chunk.length - at
        const length = partial !== undefined || left < 4 ? left + 1 : lengthAt(chunk, at)
        if (length === 0) break
        if (left < length) {
          fill()
          continue
        }
        next += length
        take(chunk, at, length)
      }
      if (!stopped && next < chunk.length) return next
      current = nothing
      return chunk.length
    },
    get held() {
      return filled
    },
    get taken() {
      return taken
    },
    stop() {
      const rest = partial === undefined ? current.subarray(next) : Buffer.concat([partial.subarray(0, filled), current.subarray(next)])
      stopped = true
      partial = undefined
      filled = 0
      current = nothing
      return rest
    },
  }
}
