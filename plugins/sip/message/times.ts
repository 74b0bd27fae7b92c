// X-SMS-VALIDITY and X-DELIVERY_TIME: `yyyy-MM-dd HH:mm:ss` in UTC, as the RestComm guide means it.
// What is read besides: a zero in front of the year, as the guide's `yyyyy` gives, and ISO 8601.
// RestComm's own code really writes `yyyyy-mm-dd hh:mm:ss` in Java's letters: minutes in place of the
// month, hours of half a day. Such a time is read as the nearest one that it can be.

const written = /^0{0,2}(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?$/i
const minuteMs = 60_000
/** Years further away than this are nobody's validity. */
const [firstYear, lastYear] = [1970, 2199]

export function writeTime(at: number): string {
  const iso = new Date(at).toISOString()
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}`
}

/** Epoch ms, in UTC where no zone is said; undefined when it is no time that there is. */
export function readTime(text: string): number | undefined {
  const fields = fieldsOf(text)
  return fields && timeOf(fields, fields.month, fields.hour)
}

/**
 * As `readTime`, of a peer that may have written minutes in place of the month: where both fields are
 * equal, the month is unknown and the hour is one of two. `sense`: which side of `now` it lies on.
 */
export function readDoubtfulTime(text: string, now: number, sense: 'future' | 'past'): number | undefined {
  const fields = fieldsOf(text)
  if (!fields) return undefined
  if (fields.month !== fields.minute || fields.hour > 12) return timeOf(fields, fields.month, fields.hour)
  const half = fields.hour % 12
  let nearest: number | undefined
  for (let month = 1; month <= 12; month++) {
    for (const hour of [half, half + 12]) {
      const candidate = timeOf(fields, month, hour)
      if (candidate === undefined || (sense === 'future' ? candidate <= now : candidate > now)) continue
      if (nearest === undefined || Math.abs(candidate - now) < Math.abs(nearest - now)) nearest = candidate
    }
  }
  return nearest
}

interface Fields {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
  offsetMs: number
}

function fieldsOf(text: string): Fields | undefined {
  const found = written.exec(text.trim())
  if (!found) return undefined
  const [, year, month, day, hour, minute, second, zone] = found
  return {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second ?? 0),
    offsetMs: zone === undefined || zone.length === 1 ? 0 : offsetOf(zone),
  }
}

function offsetOf(zone: string): number {
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))
  return (zone.startsWith('-') ? -minutes : minutes) * minuteMs
}

function timeOf({ year, day, minute, second, offsetMs }: Fields, month: number, hour: number): number | undefined {
  if (year < firstYear || year > lastYear || hour > 23 || minute > 59 || second > 59) return undefined
  const date = new Date(Date.UTC(year, month - 1, day))
  // 30 February is another day by now.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined
  return date.getTime() + (hour * 60 + minute) * minuteMs + second * 1000 - offsetMs
}
