// Addresses as TPDUs (TS 23.040 §9.1.2.5) and the RP layer (TS 24.011 §8.2.5) write them: type of
// address, then semi-octets, or packed septets of an alphanumeric one. They differ in what their length counts.
import { decodeGsm7, encodeGsm7, packSeptets, unpackSeptets } from '../../../../src/plugin.ts'
import { type Cursor, fail, takeOctet, takeOctets } from '../cursor.ts'
import type { TpAddress } from './types.ts'

/** TS 23.040 §9.1.2.3; 0x0f is the filler. */
const semiOctets = '0123456789*#abc'
const filler = 0x0f
const alphanumeric = 5
/** Semi-octets of a TPDU's address (TS 23.040 §9.1.2.5). */
const mostSemiOctets = 20
/** Octets of an RP address with its type (TS 24.011 §8.2.5.1). */
const mostRpOctets = 11

/** Its length counts useful semi-octets. */
export function takeAddress(cursor: Cursor, field: string): TpAddress {
  const length = takeOctet(cursor, `${field} length`)
  if (length > mostSemiOctets) fail(cursor, `${field} length: expected up to ${mostSemiOctets} semi-octets, got ${length}`)
  const type = takeOctet(cursor, `${field} type`)
  return addressOf(type, takeOctets(cursor, (length + 1) >> 1, field), length)
}

/** Its length counts octets, the type with them; 0: there is none. */
export function takeRpAddress(cursor: Cursor, field: string): TpAddress | undefined {
  const length = takeOctet(cursor, `${field} length`)
  if (length === 0) return undefined
  if (length > mostRpOctets) fail(cursor, `${field} length: expected up to ${mostRpOctets} octets, got ${length}`)
  const type = takeOctet(cursor, `${field} type`)
  return addressOf(type, takeOctets(cursor, length - 1, field), (length - 1) * 2)
}

function addressOf(type: number, octets: Uint8Array, length: number): TpAddress {
  const ton = (type >> 4) & 0x07
  const npi = type & 0x0f
  if (ton === alphanumeric) return { ton, npi, value: decodeGsm7(unpackSeptets(octets, Math.floor((length * 4) / 7))) }
  let value = ''
  for (let i = 0; i < length; i++) {
    const octet = octets[i >> 1] ?? 0xff
    const semiOctet = (i & 1) === 0 ? octet & 0x0f : octet >> 4
    // A filler in the middle means nothing; some write one where the length counts too many.
    if (semiOctet !== filler) value += semiOctets[semiOctet]
  }
  return { ton, npi, value }
}

/** Why it can not be written; undefined: it can. */
export function addressFault({ ton, value }: TpAddress): string | undefined {
  if (ton !== alphanumeric) {
    if (value.length > mostSemiOctets) return `expected up to ${mostSemiOctets} digits, got ${value.length}`
    return /^[0-9*#a-c]*$/.test(value) ? undefined : 'expected digits, * # a b c'
  }
  const septets = encodeGsm7(value)
  if (!septets) return 'has a character that GSM 7-bit lacks'
  return septets.length > 11 ? `expected up to 11 characters of GSM 7-bit, got ${septets.length}` : undefined
}

/** Throws RangeError where addressFault has a reason. */
export function writeAddress(out: number[], address: TpAddress): void {
  const { length, octets } = written(address)
  out.push(length, typeOf(address), ...octets)
}

export function writeRpAddress(out: number[], address: TpAddress | undefined): void {
  if (!address) {
    out.push(0)
    return
  }
  const { octets } = written(address)
  if (octets.length + 1 > mostRpOctets) throw new RangeError(`expected up to ${mostRpOctets} octets, got ${octets.length + 1}`)
  out.push(octets.length + 1, typeOf(address), ...octets)
}

/** No extension follows (TS 23.040 §9.1.2.5). */
function typeOf({ ton, npi }: TpAddress): number {
  return 0x80 | ((ton & 0x07) << 4) | (npi & 0x0f)
}

function written(address: TpAddress): { length: number; octets: ArrayLike<number> & Iterable<number> } {
  const fault = addressFault(address)
  if (fault !== undefined) throw new RangeError(fault)
  const { ton, value } = address
  if (ton === alphanumeric) {
    const septets = encodeGsm7(value) ?? new Uint8Array(0)
    return { length: Math.ceil((septets.length * 7) / 4), octets: packSeptets(septets) }
  }
  const octets: number[] = []
  for (let i = 0; i < value.length; i += 2) {
    const high = i + 1 < value.length ? semiOctets.indexOf(value.charAt(i + 1)) : filler
    octets.push(semiOctets.indexOf(value.charAt(i)) | (high << 4))
  }
  return { length: value.length, octets }
}
