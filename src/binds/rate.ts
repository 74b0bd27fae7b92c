// How fast a bind may send: an even flow of segments (GCRA) at the configured rate or, where the peer
// takes less, at the learned one; and a pause that the peer asked for.
import type { Clock } from '../clock.ts'
import { createLearner, type LearnedRate } from './learn.ts'

export interface RatePolicy {
  /** 0 = no limit. */
  segmentsPerSecond: number
  adaptiveRate: boolean
}

export interface Rate {
  /** ms to wait until a segment may go; 0 = now. */
  waitMs(): number
  /** Charges segments; never refuses. Ask waitMs first. */
  charge(segments: number): void
  /** Nothing goes for so long. A longer pause that is already on stays. */
  pause(ms: number): void
  /** ms that are left of a pause; 0 = none. */
  pausedMs(): number
  /** The peer took so many segments, sent at `sentAt`; for `idleMs` of the time since then we had nothing else to do. */
  taken(segments: number, sentAt: number, idleMs: number): void
  /** The peer refused what was sent at `sentAt` as too much; it may say when it takes more. */
  refused(sentAt: number, retryAfterMs?: number): void
  congestion(percent: number): void
  /** Segments a second now, the lower of the two; 0 = no limit. */
  perSecond(): number
  /** What was learned of the peer; undefined while it takes whatever comes. */
  learned(): LearnedRate | undefined
}

/** Segments that may go at once after a quiet time: a tenth of a second's worth, at least one. */
const burstSeconds = 0.1
/** Of a learned rate less: what the peer lets pass at once is not known. */
const learnedBurstSeconds = 0.05
/** A bind that does not adapt rests so long when the peer does not say. */
const plainPauseMs = 1000

export function createRate(policy: () => RatePolicy, clock: Clock): Rate {
  const learner = createLearner(clock)
  let theoretical = 0
  let pausedUntil = 0

  function perSecond(): number {
    const { segmentsPerSecond, adaptiveRate } = policy()
    const limit = adaptiveRate ? learner.limit() : Number.POSITIVE_INFINITY
    if (limit === Number.POSITIVE_INFINITY) return segmentsPerSecond
    return segmentsPerSecond > 0 ? Math.min(segmentsPerSecond, limit) : limit
  }

  function toleranceMs(rate: number): number {
    const burst = rate === policy().segmentsPerSecond ? burstSeconds : learnedBurstSeconds
    return Math.max(0, rate * burst - 1) * (1000 / rate)
  }

  function pause(ms: number): void {
    pausedUntil = Math.max(pausedUntil, clock.now() + ms)
  }

  return {
    waitMs() {
      const now = clock.now()
      if (pausedUntil > now) return pausedUntil - now
      const rate = perSecond()
      if (rate <= 0) return 0
      return Math.max(0, Math.ceil(theoretical - toleranceMs(rate) - now))
    },
    charge(segments) {
      const rate = perSecond()
      if (rate > 0) theoretical = Math.max(theoretical, clock.now()) + (segments * 1000) / rate
    },
    pause,
    pausedMs: () => Math.max(0, pausedUntil - clock.now()),
    taken(segments, sentAt, idleMs) {
      if (policy().adaptiveRate) learner.taken(segments, sentAt, idleMs)
    },
    refused(sentAt, retryAfterMs) {
      const own = policy().adaptiveRate ? learner.refused(sentAt) : plainPauseMs
      pause(retryAfterMs ?? own)
      // What was charged at the old rate does not hold up the new one, and no burst follows the pause.
      const rate = perSecond()
      theoretical = rate > 0 ? pausedUntil + toleranceMs(rate) : 0
    },
    congestion(percent) {
      if (policy().adaptiveRate) learner.congestion(percent)
    },
    perSecond,
    learned() {
      const { segmentsPerSecond, adaptiveRate } = policy()
      const learned = adaptiveRate ? learner.view() : undefined
      return learned && segmentsPerSecond > 0 && learned.segmentsPerSecond >= segmentsPerSecond ? undefined : learned
    },
  }
}
