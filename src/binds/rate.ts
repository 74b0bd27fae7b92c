// How fast a bind may send: an even flow of segments (GCRA), and a pause that the peer asked for.
import type { Clock } from '../clock.ts'

export interface Rate {
  /** ms to wait until a segment may go; 0 = now. */
  waitMs(): number
  /** Charges segments; never refuses. Ask waitMs first. */
  charge(segments: number): void
  /** Nothing goes for so long: the peer throttles. A longer pause that is already on stays. */
  pause(ms: number): void
}

/** Segments that may go at once after a quiet time: a tenth of a second's worth, at least one. */
const burstSeconds = 0.1

export function createRate(segmentsPerSecond: () => number, clock: Clock): Rate {
  let theoretical = 0
  let pausedUntil = 0
  return {
    waitMs() {
      const now = clock.now()
      if (pausedUntil > now) return pausedUntil - now
      const rate = segmentsPerSecond()
      if (rate <= 0) return 0
      const tolerance = Math.max(0, rate * burstSeconds - 1) * (1000 / rate)
      return Math.max(0, Math.ceil(theoretical - tolerance - now))
    },
    charge(segments) {
      const rate = segmentsPerSecond()
      if (rate > 0) theoretical = Math.max(theoretical, clock.now()) + (segments * 1000) / rate
    },
    pause(ms) {
      pausedUntil = Math.max(pausedUntil, clock.now() + ms)
    },
  }
}
