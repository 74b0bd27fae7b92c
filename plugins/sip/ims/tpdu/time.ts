// Times of TPDUs (TS 23.040 §9.2.3.11): seven octets of swapped digits, the year without its century,
// the zone in quarters of an hour. What no calendar has can be read; it is no instant.
import { type Cursor, fail, takeOctets } from '../cursor.ts'
import type { TpTime } from './types.ts'

/** Years from here on are of the last century: the standard is from 1990. */
const lastCentury = 90
const quarterMs = 15 * 60_000
/** No zone is further from UTC: +14 h. */
const mostQuarters = 56

/** `strict`: what is no digit is refused; otherwise it counts as it stands, since nothing hangs on it. */
export function takeTime(cursor: Cursor, field: string, strict = false): TpTime {
  const octets = takeOctets(cursor, 7, field)
  const digits: number[] = []
  for (let i = 0; i < 6; i++) {
    const octet = octets[i] ?? 0
    if (strict && ((octet & 0x0f) > 9 || octet >> 4 > 9))
      fail(cursor, `${field}: expected digits, got the octet 0x${octet.toString(16).padStart(2, '0')}`)
    digits.push((octet & 0x0f) * 10 + (octet >> 4))
  }
  const zone = octets[6] ?? 0
  if (strict && zone >> 4 > 9) fail(cursor, `${field}: expected a zone, got the octet 0x${zone.toString(16).padStart(2, '0')}`)
  // The sign is bit 3; the tens beside it have three bits.
  const quarters = (zone & 0x07) * 10 + (zone >> 4)
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = digits
  return {
    year: year + (year >= lastCentury ? 1900 : 2000),
    month,
    day,
    hour,
    minute,
    second,
    quarters: (zone & 0x08) !== 0 && quarters !== 0 ? -quarters : quarters,
  }
}

export function writeTime(out: number[], time: TpTime): void {
  const zone = Math.abs(time.quarters)
  out.push(
    swapped(time.year % 100),
    swapped(time.month),
    swapped(time.day),
    swapped(time.hour),
    swapped(time.minute),
    swapped(time.second),
    swapped(zone) | (time.quarters < 0 ? 0x08 : 0),
  )
}

function swapped(number: number): number {
  return Math.min(15, Math.floor(number / 10)) | ((number % 10) << 4)
}

/** How clocks that stand so many quarters of an hour east of UTC show an instant. */
export function timeAt(ms: number, quarters = 0): TpTime {
  const date = new Date(ms + quarters * quarterMs)
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    quarters,
  }
}

/** Epoch ms; undefined: there is no such time. */
export function instantOf({ year, month, day, hour, minute, second, quarters }: TpTime): number | undefined {
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59 || Math.abs(quarters) > mostQuarters) return undefined
  if (day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return undefined
  return Date.UTC(year, month - 1, day, hour, minute, second) - quarters * quarterMs
}
