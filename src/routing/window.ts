// Whether a moment lies in a time window of a zone, daylight saving included. Offsets from UTC only
// ever change on a quarter of an hour, so each zone is asked once a quarter, not once a message.
import type { TimeWindow } from '../model/route.ts'

export const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const

const minuteMs = 60_000
const quarterMs = 15 * minuteMs
const dayMinutes = 1440

export interface OpenTimes {
  isOpen(at: number): boolean
  /** `mon, tue 08:00–18:00 Europe/Berlin` */
  text: string
}

/** Offsets by zone, shared by the windows of one table. */
export type Zones = Map<string, (at: number) => number>

export function openTimes(window: TimeWindow, zones: Zones = new Map()): OpenTimes {
  const offset = zones.get(window.zone) ?? zoneOffset(window.zone)
  zones.set(window.zone, offset)
  const from = minuteOfDay(window.from)
  const to = minuteOfDay(window.to)
  const days = window.days.length === 0 ? undefined : new Set(window.days)
  const on = (day: number): boolean => days === undefined || days.has((day + 7) % 7)
  return {
    isOpen(at) {
      const local = Math.floor((at + offset(at)) / minuteMs)
      const minute = ((local % dayMinutes) + dayMinutes) % dayMinutes
      // 1 January 1970 was a Thursday.
      const day = (((Math.floor(local / dayMinutes) + 4) % 7) + 7) % 7
      if (from < to) return minute >= from && minute < to && on(day)
      // Past midnight a window still belongs to the day on which it opened.
      return minute >= from ? on(day) : minute < to && on(day - 1)
    },
    text: `${days === undefined ? '' : `${[...days].map((day) => dayNames[day]).join(', ')} `}${window.from}–${window.to} ${window.zone}`,
  }
}

export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions()
    return true
  } catch {
    return false
  }
}

function minuteOfDay(text: string): number {
  return Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5))
}

/** Milliseconds to add to UTC for local time. */
function zoneOffset(zone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  })
  let known = { slot: Number.NaN, offset: 0 }
  return (at) => {
    const slot = Math.floor(at / quarterMs)
    if (slot !== known.slot) {
      const start = slot * quarterMs
      const parts = new Map(format.formatToParts(start).map((part) => [part.type, Number(part.value)]))
      const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0
      const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'))
      known = { slot, offset: local - start }
    }
    return known.offset
  }
}
