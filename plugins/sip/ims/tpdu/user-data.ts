// TP-UDL and TP-UD (TS 23.040 §9.2.3.16, §9.2.3.24): the header apart from the data, septets unpacked
// behind its fill bits. The length counts septets of GSM 7-bit, octets of everything else.
import { fillBits, headerSeptets, packSeptets, parseDcs, splitUserData, unpackSeptets } from '../../../../src/plugin.ts'
import { type Cursor, fail, takeOctet, takeOctets } from '../cursor.ts'
import type { TpUserData } from './types.ts'

/** TS 23.040 §9.2.3.16. */
const [mostOctets, mostSeptets] = [140, 160]

/** Compressed text is octets (TS 23.040 §9.2.3.16). */
function isSeptets(dcs: number): boolean {
  const { alphabet, compressed } = parseDcs(dcs)
  return alphabet === 'gsm7' && !compressed
}

export function takeUserData(cursor: Cursor, dcs: number, withHeader: boolean): TpUserData {
  const length = takeOctet(cursor, 'TP-UDL')
  const septets = isSeptets(dcs)
  const most = septets ? mostSeptets : mostOctets
  if (length > most) fail(cursor, `TP-UDL: expected up to ${most} ${septets ? 'septets' : 'octets'}, got ${length}`)
  const octets = takeOctets(cursor, septets ? Math.ceil((length * 7) / 8) : length, 'TP-UD')
  if (!withHeader) return { data: septets ? unpackSeptets(octets, length) : octets }
  const split = splitUserData(octets)
  if (!split.ok) {
    fail(cursor, `TP-UD: ${split.why}`)
    return { data: octets }
  }
  const { udh, data } = split
  if (!septets) return { udh, data }
  const text = length - headerSeptets(1 + udh.length)
  if (text < 0) fail(cursor, `TP-UDL: ${length} septets have no room for a header of ${1 + udh.length} octets`)
  return { udh, data: unpackSeptets(data, Math.max(0, text), fillBits(1 + udh.length)) }
}

/** Throws RangeError where it is longer than an SMS. */
export function writeUserData(out: number[], dcs: number, { udh, data }: TpUserData): void {
  const header = udh ? 1 + udh.length : 0
  if (isSeptets(dcs)) {
    const length = (header === 0 ? 0 : headerSeptets(header)) + data.length
    if (length > mostSeptets) throw new RangeError(`user data: expected up to ${mostSeptets} septets, got ${length}`)
    out.push(length)
    if (udh) out.push(udh.length, ...udh)
    out.push(...packSeptets(data, header === 0 ? 0 : fillBits(header)))
    return
  }
  const length = header + data.length
  if (length > mostOctets) throw new RangeError(`user data: expected up to ${mostOctets} octets, got ${length}`)
  out.push(length)
  if (udh) out.push(udh.length, ...udh)
  out.push(...data)
}
