// How much came in lately: by second, minute, hour and day, against the limits of a bind. The span
// slides: what the last full one held counts for the share of it that is still within reach, so twice
// the limit never fits around a boundary. Counted in this process, from its start.
import type { Limits } from '../model/bind.ts'

export interface Meter {
  /** The span that would be overdrawn by so many more; undefined when they fit. Counts nothing. */
  full(limits: Limits, more: number, now: number): Full | undefined
  count(limits: Limits, many: number, now: number): void
}
export interface Full {
  most: number
  span: 'second' | 'minute' | 'hour' | 'day'
}

const spans = [
  { name: 'second', limit: 'perSecond', ms: 1000 },
  { name: 'minute', limit: 'perMinute', ms: 60_000 },
  { name: 'hour', limit: 'perHour', ms: 3_600_000 },
  { name: 'day', limit: 'perDay', ms: 86_400_000 },
] as const

export function createMeter(): Meter {
  const starts = new Float64Array(spans.length)
  const current = new Float64Array(spans.length)
  const last = new Float64Array(spans.length)

  function turn(i: number, ms: number, now: number): void {
    const start = now - (now % ms)
    const before = starts[i]!
    if (start === before) return
    last[i] = start - before === ms ? current[i]! : 0
    current[i] = 0
    starts[i] = start
  }

  return {
    full(limits, more, now) {
      for (let i = 0; i < spans.length; i++) {
        const { name, limit, ms } = spans[i]!
        const most = limits[limit]
        if (most === 0) continue
        turn(i, ms, now)
        const reach = 1 - (now - starts[i]!) / ms
        // A single one larger than the limit goes when nothing else does.
        const held = current[i]! + last[i]! * reach
        if (held + more > most && (held >= 1 || more <= most)) return { most, span: name }
      }
      return undefined
    },
    count(limits, many, now) {
      for (let i = 0; i < spans.length; i++) {
        const { limit, ms } = spans[i]!
        if (limits[limit] === 0) continue
        turn(i, ms, now)
        current[i]! += many
      }
    },
  }
}

export function isLimited({ perSecond, perMinute, perHour, perDay }: Limits): boolean {
  return perSecond > 0 || perMinute > 0 || perHour > 0 || perDay > 0
}
