// The RP layer (TS 24.011 §7.3, §8.2), as the body of a MESSAGE of type application/vnd.3gpp.sms has
// it: octets ⇄ plain data. Never throws on octets: what cannot be read is answered with why.
import { type Cursor, cursorOf, fail, left, takeOctet, takeOctets } from './cursor.ts'
import { takeRpAddress, writeRpAddress } from './tpdu/address.ts'
import type { TpAddress, Way } from './tpdu/types.ts'

/** `way`: mo from a phone, mt to one. `reference`: RP-Message Reference, 0–255. */
export type RpMessage =
  | { type: 'RP-DATA'; way: Way; reference: number; originator?: TpAddress; destination?: TpAddress; tpdu: Uint8Array }
  | { type: 'RP-ACK'; way: Way; reference: number; tpdu?: Uint8Array }
  | { type: 'RP-ERROR'; way: Way; reference: number; cause: number; diagnostic?: number; tpdu?: Uint8Array }
  /** From a phone: its memory has room again. */
  | { type: 'RP-SMMA'; way: 'mo'; reference: number }

export type ReadRp = { ok: true; rp: RpMessage } | { ok: false; why: string }

/** RP-MTI: mo, and one more for mt (TS 24.011 §8.2.2). */
const types = ['RP-DATA', 'RP-DATA', 'RP-ACK', 'RP-ACK', 'RP-ERROR', 'RP-ERROR', 'RP-SMMA'] as const
/** RP-User Data where it is optional (TS 24.011 §8.2.5.3). */
const userDataIei = 0x41
/** Octets of a TPDU (TS 24.011 §8.2.5.3: 1 to 233). */
const mostTpdu = 233
/** An RP message is at most 248 octets (TS 24.011 §8.2); what is longer than this is not looked at. */
const mostOctets = 512

export function readRp(octets: Uint8Array): ReadRp {
  if (octets.length > mostOctets) return { ok: false, why: `an RP message: expected up to 248 octets, got ${octets.length}` }
  const cursor = cursorOf(octets)
  // Bits 8 to 4 are spare.
  const number = takeOctet(cursor, 'RP-MTI') & 0x07
  const type = types[number]
  if (type === undefined) return { ok: false, why: `RP-MTI ${number} is reserved` }
  const way = (number & 1) === 0 ? 'mo' : 'mt'
  const reference = takeOctet(cursor, 'RP-Message Reference')
  const rp = rest(cursor, type, way, reference)
  return cursor.why === undefined ? { ok: true, rp } : { ok: false, why: cursor.why }
}

function rest(cursor: Cursor, type: (typeof types)[number], way: Way, reference: number): RpMessage {
  switch (type) {
    case 'RP-DATA': {
      const originator = takeRpAddress(cursor, 'RP-Originator Address')
      const destination = takeRpAddress(cursor, 'RP-Destination Address')
      const data: RpMessage = { type, way, reference, tpdu: takeTpdu(cursor) }
      if (originator) data.originator = originator
      if (destination) data.destination = destination
      return data
    }
    case 'RP-ACK': {
      const ack: RpMessage = { type, way, reference }
      const tpdu = takeOptional(cursor)
      if (tpdu) ack.tpdu = tpdu
      return ack
    }
    case 'RP-ERROR': {
      const length = takeOctet(cursor, 'RP-Cause length')
      const cause = takeOctets(cursor, length, 'RP-Cause')
      if (length === 0) fail(cursor, 'RP-Cause: expected 1 or 2 octets, got none')
      // Bit 8 is an extension bit (TS 24.011 §8.2.5.4).
      const error: RpMessage = { type, way, reference, cause: (cause[0] ?? 0) & 0x7f }
      if (cause[1] !== undefined) error.diagnostic = cause[1]
      const tpdu = takeOptional(cursor)
      if (tpdu) error.tpdu = tpdu
      return error
    }
    case 'RP-SMMA':
      return { type, way: 'mo', reference }
  }
  return type satisfies never
}

function takeTpdu(cursor: Cursor): Uint8Array {
  const length = takeOctet(cursor, 'RP-User Data length')
  if (length === 0 || length > mostTpdu) fail(cursor, `RP-User Data length: expected 1 to ${mostTpdu}, got ${length}`)
  return takeOctets(cursor, length, 'RP-User Data')
}

/** RP-User Data among optional elements; others are skipped (TS 24.007 §11.2.4: bit 8 set is an element of one octet). */
function takeOptional(cursor: Cursor): Uint8Array | undefined {
  while (left(cursor) > 0) {
    const iei = takeOctet(cursor, 'an element')
    if (iei === userDataIei) return takeTpdu(cursor)
    if ((iei & 0x80) === 0) takeOctets(cursor, takeOctet(cursor, 'the length of an element'), 'an element')
  }
  return undefined
}

/** Throws RangeError for what no RP message can hold. */
export function writeRp(rp: RpMessage): Buffer {
  const out: number[] = [types.indexOf(rp.type) | (rp.way === 'mt' ? 1 : 0), rp.reference & 0xff]
  switch (rp.type) {
    case 'RP-DATA':
      writeRpAddress(out, rp.originator)
      writeRpAddress(out, rp.destination)
      pushTpdu(out, rp.tpdu)
      break
    case 'RP-ACK':
      if (rp.tpdu) pushTpdu(out, rp.tpdu, userDataIei)
      break
    case 'RP-ERROR':
      if (rp.diagnostic === undefined) out.push(1, rp.cause & 0x7f)
      else out.push(2, rp.cause & 0x7f, rp.diagnostic)
      if (rp.tpdu) pushTpdu(out, rp.tpdu, userDataIei)
      break
    case 'RP-SMMA':
      break
  }
  return Buffer.from(out)
}

function pushTpdu(out: number[], tpdu: Uint8Array, iei?: number): void {
  if (tpdu.length === 0 || tpdu.length > mostTpdu) throw new RangeError(`a TPDU: expected 1 to ${mostTpdu} octets, got ${tpdu.length}`)
  if (iei !== undefined) out.push(iei)
  out.push(tpdu.length, ...tpdu)
}
