// Dates as Twilio's APIs write and read them.

let second = Number.NaN
let written = ''

/** RFC 2822, GMT, two-digit day, numeric zone: `Thu, 24 Aug 2023 05:01:45 +0000`. The newest second is remembered. */
export function rfc2822(ms: number): string {
  const at = Math.floor(ms / 1000)
  if (at === second) return written
  second = at
  written = new Date(ms).toUTCString().replace('GMT', '+0000')
  return written
}

/** As the APIs from `/v1/` on write them: no milliseconds. */
export function iso8601(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

const day = /^\d{4}-\d\d-\d\d$/
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$/

/** Date.parse takes the 30th of February for the 2nd of March. */
function isDay(text: string): boolean {
  const ms = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text)
}

/** ISO 8601 with a time; without a zone it is GMT. Undefined when it is none. */
export function isoInstant(text: string): number | undefined {
  const found = instant.exec(text)
  if (!found || !isDay(text.slice(0, 10))) return undefined
  const ms = Date.parse(found[3] ? text : `${text}Z`)
  return Number.isNaN(ms) ? undefined : ms
}

const dayMs = 86_400_000

/** What a filter date covers, both ends inclusive: a whole GMT day, or a second. */
export function dateSpan(text: string): { first: number; last: number } | undefined {
  if (day.test(text)) {
    const first = Date.parse(`${text}T00:00:00Z`)
    return isDay(text) ? { first, last: first + dayMs - 1 } : undefined
  }
  const first = isoInstant(text)
  return first === undefined ? undefined : { first, last: first + 999 }
}

/** Where equality is asked for: libraries have no days alone, and write one as the instant at which it begins. */
export function dayOrSecond(text: string): ReturnType<typeof dateSpan> {
  const span = dateSpan(text)
  return span && span.first % dayMs === 0 ? { first: span.first, last: span.first + dayMs - 1 } : span
}
