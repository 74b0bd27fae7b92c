// Learns how many segments a second a peer takes, from what it answers: additive increase that gathers
// pace, multiplicative decrease (AIMD). A refusal, a congested peer or a latency that grows cuts the
// limit once per round trip: only what was sent after the last cut may cut again. What the peer took in
// the last second keeps a cut from going far below it, so that no burst of refusals stops a bind.
import type { Clock } from '../clock.ts'

export interface LearnedRate {
  segmentsPerSecond: number
  why: string
  /** Of the newest cut, epoch ms. */
  at: number
}

export interface Learner {
  /** Segments a second; Infinity while nothing was learned. */
  limit(): number
  /**
   * The peer took segments that were sent at `sentAt`. Of the time since then we had nothing to do for
   * `idleMs`: an answer that comes while we are busy lies there until we read it, and tells nothing of the peer.
   */
  taken(segments: number, sentAt: number, idleMs: number): void
  /** The peer refused what was sent at `sentAt` as too much. ms in which nothing should go. */
  refused(sentAt: number): number
  /** How full the peer says it is, in percent. */
  congestion(percent: number): void
  /** Undefined while nothing was learned. */
  view(): LearnedRate | undefined
}

/** Never stuck: a limit is not below one segment a second, a pause not above five. */
const least = 1
const longestPauseMs = 5000
const pauseStepMs = 25
/** The first cut; one soon after another; and one before the peer took anything again. */
const firstCut = 0.9
const soonCut = 0.75
const nextCut = 0.6
const soonSegments = 8
/** No cut goes below this share of what the peer took in the last second. */
const leastOfTaken = 0.5
/** How far above what was taken lately a limit is believed. */
const mostUnused = 2
/** The limit grows by a share of itself that grows with what was taken since the last cut. */
const firstRaise = 0.08
const raisePace = 0.35
/** A pace is kept for so many seconds, and for so many segments, before the next. */
const paceSeconds = 0.5
const paceSegments = 8
/** … and so many round trips. */
const paceRounds = 4
/** What one segment proves: a peer that takes few is asked for more slowly. */
const mostSecondsEach = 0.1
/** After so long without a cut nothing is learned any more. */
const forgetMs = 600_000
/** SMPP 5.0 §4.8.4.18: 80–89 is the best load, 90–99 nearing congestion. What it said holds so long. */
const bestLoad = 80
const nearing = 90
const saidMs = 5000
const leastGapMs = 100
/** A latency so many times the ordinary one, and so much above it, is a peer that queues. */
const latencyTimes = 4
const latencyMoreMs = 200
/** Less of it than so much spent idle is our latency, not the peer's. */
const leastIdle = 0.5
/** Cuts by latency in a row: a peer that stays slow after these is slow, not congested. */
const mostLatencyCuts = 3
/** What has queued needs so many round trips to drain. */
const latencyRounds = 4
const longestDrainMs = 2000
const slots = 10
const slotMs = 100

export function createLearner(clock: Clock): Learner {
  let limit = Number.POSITIVE_INFINITY
  let why = ''
  let cutAt = Number.NEGATIVE_INFINITY
  let streak = 0
  let pace = 0
  let raisedAt = 0
  let sinceCut = 0
  let nearUntil = 0
  /** Segments taken by tenth of a second. */
  const counts = new Float64Array(slots)
  let slot = 0
  let firstSlot = -1
  let latency = 0
  let ordinary = 0
  let samples = 0
  let latencyCuts = 0

  function count(segments: number, now: number): void {
    const at = Math.floor(now / slotMs)
    if (firstSlot < 0) firstSlot = slot = at
    for (let n = Math.max(slot + 1, at - slots + 1); n <= at; n++) counts[n % slots] = 0
    slot = Math.max(slot, at)
    counts[at % slots]! += segments
  }

  /** Segments a second that were taken lately. */
  function takenLately(now: number): number {
    if (firstSlot < 0) return 0
    count(0, now)
    let sum = 0
    for (let i = 0; i < slots; i++) sum += counts[i]!
    const span = Math.min(slots * slotMs, Math.max(slotMs, now - firstSlot * slotMs))
    return (sum * 1000) / span
  }

  function cut(factor: number, now: number, because: string, unused = limit === Number.POSITIVE_INFINITY ? 1 : mostUnused): void {
    const lately = takenLately(now)
    // A limit that was not used up says nothing.
    limit = Math.max(least, lately * leastOfTaken, Math.min(limit, Math.max(lately, least) * unused) * factor)
    cutAt = raisedAt = now
    pace = sinceCut = 0
    why = because
  }

  function slow(took: number, now: number): void {
    samples++
    latency += (took - latency) / Math.min(samples, 16)
    // Falls at once, rises slowly: what the latency is when nothing queues.
    if (samples === 1 || latency < ordinary) ordinary = latency
    else ordinary += (latency - ordinary) / 2000
    if (samples < 32 || latency < ordinary * latencyTimes || latency < ordinary + latencyMoreMs) {
      if (latency < ordinary * 2) latencyCuts = 0
      return
    }
    if (now - cutAt < Math.min(latencyRounds * latency, longestDrainMs)) return
    if (latencyCuts++ < mostLatencyCuts) {
      cut(soonCut, now, `its answers take ${Math.round(latency)} ms instead of ${Math.round(ordinary)}`, 1)
    } else ordinary = latency
  }

  return {
    limit() {
      if (limit !== Number.POSITIVE_INFINITY && clock.now() - cutAt > forgetMs) limit = Number.POSITIVE_INFINITY
      return limit
    },
    taken(segments, sentAt, idleMs) {
      const now = clock.now()
      count(segments, now)
      // The answer to several is that to the last of them.
      if (segments === 1 && idleMs >= (now - sentAt) * leastIdle) slow(now - sentAt, now)
      if (limit === Number.POSITIVE_INFINITY || sentAt <= cutAt) return
      streak = 0
      sinceCut += segments
      if (now < nearUntil || (latency > ordinary * 2 && latency > ordinary + latencyMoreMs / 2)) {
        raisedAt = now
        return
      }
      const elapsed = Math.min((now - raisedAt) / 1000, segments * mostSecondsEach)
      raisedAt = now
      pace += Math.min(elapsed / Math.max(paceSeconds, (latency * paceRounds) / 1000), segments / paceSegments)
      // Not on the strength of less than what the limit allows.
      if (takenLately(now) < limit * 0.5) return
      limit += limit * elapsed * (firstRaise + raisePace * pace * pace)
    },
    refused(sentAt) {
      const now = clock.now()
      if (sentAt > cutAt) {
        cut(streak > 0 ? nextCut : cutAt > 0 && sinceCut < soonSegments ? soonCut : firstCut, now, 'it refused a segment as too much')
        streak++
      }
      return Math.min(longestPauseMs, Math.max(1000 / limit, pauseStepMs * 2 ** Math.min(streak - 1, 10)))
    },
    congestion(percent) {
      const now = clock.now()
      nearUntil = percent >= bestLoad ? now + saidMs : 0
      if (percent >= nearing && now - cutAt >= Math.max(leastGapMs, latency)) cut(firstCut, now, `it says that it is ${percent} % full`)
    },
    view() {
      const now = this.limit()
      return now === Number.POSITIVE_INFINITY ? undefined : { segmentsPerSecond: Math.round(now * 10) / 10, why, at: cutAt }
    },
  }
}
