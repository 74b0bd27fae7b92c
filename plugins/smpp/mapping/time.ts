// Times of SMPP (5.0 §4.7.23): absolute `YYMMDDhhmmsstnnp` and relative `YYMMDDhhmmss000R`. All in
// UTC by the Gregorian calendar, by arithmetic: a Date costs ten times as much, on every receipt.

const two: readonly string[] = Array.from({ length: 100 }, (_, n) => String(n).padStart(2, '0'))
const daySeconds = 86_400

/** UTC, offset 0. */
export function absoluteTime(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  const days = Math.floor(seconds / daySeconds)
  // Years here begin in March, so that a leap day is the last of its year; eras are of 400 years.
  const sinceEra0 = days + daysTo1970
  const era = Math.floor(sinceEra0 / eraDays)
  const dayOfEra = sinceEra0 - era * eraDays
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
  const year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
  return `${two[year % 100]}${two[month]}${two[day]}${clock(seconds - days * daySeconds)}000+`
}

/** Rounded up to a second, at least one. Days only as far as two digits hold: 99. */
export function relativeTime(ms: number): string {
  const seconds = Math.min(Math.max(1, Math.ceil(ms / 1000)), 99 * daySeconds)
  const days = Math.floor(seconds / daySeconds)
  return `0000${two[days]}${clock(seconds - days * daySeconds)}000R`
}

/** hhmmss */
function clock(seconds: number): string {
  return `${two[Math.floor(seconds / 3600)]}${two[Math.floor(seconds / 60) % 60]}${two[seconds % 60]}`
}

/**
 * A date of a receipt, in the many forms that carriers use, as epoch ms; without a zone it is taken
 * as UTC. 10 digits YYMMDDhhmm; 12 YYMMDDhhmmss or, where that is no date, YYYYMMDDhhmm; 14
 * YYYYMMDDhhmmss; 16 the absolute form. Undefined: zeros, or none of these.
 */
export function receiptDate(text: string): number | undefined {
  switch (text.length) {
    case 10:
      return timeAt(text, shortYear(text), 2, false)
    case 12:
      return timeAt(text, shortYear(text), 2, true) ?? timeAt(text, longYear(text), 4, false)
    case 14:
      return timeAt(text, longYear(text), 4, true)
    case 16:
      return absolute(text)
  }
  return undefined
}

function absolute(text: string): number | undefined {
  const year = pair(text, 0)
  const at = year < 0 ? undefined : timeAt(text, 2000 + year, 2, true)
  const tenths = text.charCodeAt(12) - 0x30
  const quarters = pair(text, 13)
  const sign = text[15]
  if (at === undefined || tenths < 0 || tenths > 9 || quarters < 0 || (sign !== '+' && sign !== '-')) return undefined
  return at + tenths * 100 - quarters * 900_000 * (sign === '+' ? 1 : -1)
}

/** Two digits; -1 when they are none. */
function pair(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 0x30
  const ones = text.charCodeAt(at + 1) - 0x30
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1
}

function shortYear(text: string): number {
  const year = pair(text, 0)
  return year < 0 ? -1 : year >= 70 ? 1900 + year : 2000 + year
}

function longYear(text: string): number {
  const century = pair(text, 0)
  const year = pair(text, 2)
  return century < 0 || year < 0 ? -1 : century * 100 + year
}

/** MMDDhhmm, and ss, from `at` on. Undefined where there is no such day or time. */
function timeAt(text: string, year: number, at: number, withSeconds: boolean): number | undefined {
  const month = pair(text, at)
  const day = pair(text, at + 2)
  const hours = pair(text, at + 4)
  const minutes = pair(text, at + 6)
  const seconds = withSeconds ? pair(text, at + 8) : 0
  if (year < 0 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 59) return undefined
  return (((daysSince1970(year, month, day) * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000
}

/** Days of 400 years, and from 1 March of year 0 to 1 January 1970. */
const [eraDays, daysTo1970] = [146_097, 719_468]

function daysSince1970(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year
  const era = Math.floor(marchYear / 400)
  const yearOfEra = marchYear - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  return era * eraDays + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - daysTo1970
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}
