// The field types of SMPP read from bytes. Every read is bounded by the PDU; what does not fit
// throws a FieldError, which the parser turns into a BadPdu.
import { statuses } from './constants.ts'
import { latin1 } from './latin1.ts'
import { noTlvs, type Tlv } from './pdu.ts'

/** No Error: it is always caught beside where it is thrown, and a stack would cost ten times the PDU. */
export class FieldError {
  readonly message: string
  readonly field: string
  /** What to answer. */
  readonly status: number
  constructor(field: string, why: string, status: number) {
    this.message = `${field}: ${why}`
    this.field = field
    this.status = status
  }
}

/** A place in a PDU's bytes. */
export interface Cursor {
  buffer: Buffer
  at: number
  /** One past the PDU's last octet. */
  end: number
  /**
   * In responses a body that is missing reads as empty and a last string may lack its NUL:
   * many peers send them so, and what they answer must not be lost.
   */
  lenient: boolean
}

const emptyOctets = new Uint8Array(0)

function u16At(buffer: Buffer, at: number): number {
  return (buffer[at]! << 8) | buffer[at + 1]!
}

export function u8(c: Cursor, field: string): number {
  if (c.at < c.end) return c.buffer[c.at++]!
  if (c.lenient) return 0
  throw new FieldError(field, 'the PDU ends before it', statuses.ESME_RINVCMDLEN)
}

export function u32(c: Cursor, field: string): number {
  if (c.at + 4 > c.end) throw new FieldError(field, 'the PDU ends before it', statuses.ESME_RINVCMDLEN)
  const n = c.buffer.readUInt32BE(c.at)
  c.at += 4
  return n
}

/** `max` counts the NUL. */
export function cstring(c: Cursor, max: number, field: string, status: number = statuses.ESME_RINVCMDLEN): string {
  const { buffer, end } = c
  const start = c.at
  const stop = start + max < end ? start + max : end
  let at = start
  while (at < stop && buffer[at] !== 0) at++
  if (at < stop) {
    c.at = at + 1
    return at === start ? '' : latin1(buffer, start, at)
  }
  if (c.lenient && at === end) {
    c.at = end
    return latin1(buffer, start, end)
  }
  if (at === end) throw new FieldError(field, 'no NUL before the end of the PDU', statuses.ESME_RINVCMDLEN)
  throw new FieldError(field, `longer than ${max} octets`, status)
}

/** An octet with the length, then as many octets, in place. */
export function shortMessage(c: Cursor): Uint8Array {
  const length = u8(c, 'sm_length')
  if (length === 0) return emptyOctets
  if (c.at + length > c.end) throw new FieldError('sm_length', `${length} octets, but ${c.end - c.at} are left`, statuses.ESME_RINVMSGLEN)
  const octets = c.buffer.subarray(c.at, c.at + length)
  c.at += length
  return octets
}

/** Whatever is left, as TLVs, in place; what a response has after them that is none stays unread. */
export function tlvList(c: Cursor): readonly Tlv[] {
  if (c.at >= c.end) return noTlvs
  const { buffer, end } = c
  const list: Tlv[] = []
  let at = c.at
  while (at < end) {
    const tag = at + 4 <= end ? u16At(buffer, at) : -1
    const length = tag < 0 ? 0 : u16At(buffer, at + 2)
    if (tag < 0 || at + 4 + length > end) {
      if (c.lenient) break
      const why = tag < 0 ? `${end - at} octets left over` : `tag 0x${tag.toString(16)} says ${length} octets, but ${end - at - 4} are left`
      throw new FieldError('tlvs', why, statuses.ESME_RINVTLVSTREAM)
    }
    list.push([tag, buffer.subarray(at + 4, at + 4 + length)])
    at += 4 + length
  }
  c.at = at
  return list
}
