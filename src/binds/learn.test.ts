import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../clock.ts'
import { createRate, type Rate } from './rate.ts'

interface Peer {
  /** Segments a second that it takes, so many seconds after the start. */
  capacity(seconds: number): number
  /** true: it counts by the second. false: a bucket of a tenth of a second. */
  bySecond?: boolean
  rttMs: number | ((open: number) => number)
}
interface Run {
  seconds: number
  window?: number
  configured?: number
  adaptive?: boolean
  /** Called each millisecond. */
  each?(rate: Rate, seconds: number): void
}
interface Seen {
  taken: number
  refused: number
  /** What the peer would have taken. */
  possible: number
  rate: Rate
}

/** A bind that always has something to send to this peer, millisecond by millisecond. */
function send(peer: Peer, { seconds, window = 20, configured = 0, adaptive = true, each }: Run): Seen {
  const start = 1_000_000
  let now = start
  const rate = createRate(
    () => ({ segmentsPerSecond: configured, adaptiveRate: adaptive }),
    clockAt(() => now),
  )
  let open: { due: number; at: number; fits: boolean }[] = []
  let [tokens, at, second, used] = [Math.max(1, peer.capacity(0) / 10), start, -1, 0]
  const seen: Seen = { taken: 0, refused: 0, possible: 0, rate }
  function fits(capacity: number): boolean {
    if (peer.bySecond) {
      const of = Math.floor(now / 1000)
      if (of !== second) [second, used] = [of, 0]
      return used++ < capacity
    }
    tokens = Math.min(Math.max(1, capacity / 10), tokens + ((now - at) * capacity) / 1000)
    at = now
    if (tokens < 1) return false
    tokens--
    return true
  }
  for (; now < start + seconds * 1000; now++) {
    const capacity = peer.capacity((now - start) / 1000)
    seen.possible += Math.min(capacity, configured || Infinity) / 1000
    each?.(rate, (now - start) / 1000)
    const waiting: typeof open = []
    for (const one of open) {
      if (one.due > now) waiting.push(one)
      else if (one.fits) {
        seen.taken++
        rate.taken(1, one.at, now - one.at)
      } else {
        seen.refused++
        rate.refused(one.at)
      }
    }
    open = waiting
    while (open.length < window && rate.waitMs() === 0) {
      rate.charge(1)
      const rttMs = typeof peer.rttMs === 'number' ? peer.rttMs : peer.rttMs(open.length)
      open.push({ due: now + rttMs, at: now, fits: fits(capacity) })
    }
  }
  return seen
}

function clockAt(now: () => number): Clock {
  const clock: Clock = {
    now,
    after: () => () => {},
    roughly: () => () => {},
    get steady() {
      return clock
    },
  }
  return clock
}

const share = ({ taken, possible }: Seen): number => taken / possible
const refusals = ({ taken, refused }: Seen): number => refused / (taken + refused)

/** A rate drawn anew every so many seconds, the same each time. */
function moving(low: number, high: number, everySeconds: number): (seconds: number) => number {
  let seed = 1
  const drawn: number[] = []
  return (seconds) => {
    const spell = Math.floor(seconds / everySeconds)
    while (drawn.length <= spell) {
      seed = (seed * 16_807) % 2_147_483_647
      drawn.push(low + (seed / 2_147_483_647) * (high - low))
    }
    return drawn[spell]!
  }
}

test('a rate that moves is followed: most of what the peer allows is used, and little is refused', () => {
  const slow = send({ capacity: moving(5, 50, 3), rttMs: 5 }, { seconds: 120 })
  assert.ok(share(slow) > 0.85 && refusals(slow) < 0.13, `${share(slow)} taken, ${refusals(slow)} refused`)
  const fast = send({ capacity: moving(100, 300, 3), rttMs: 20 }, { seconds: 60 })
  assert.ok(share(fast) > 0.9 && refusals(fast) < 0.05, `${share(fast)} taken, ${refusals(fast)} refused`)
})

test('a rate that stands still is found and kept', () => {
  for (const [capacity, rttMs] of [
    [20, 5],
    [200, 5],
    [200, 50],
    [20, 300],
  ] as const) {
    const seen = send({ capacity: () => capacity, rttMs }, { seconds: 60, window: 50 })
    assert.ok(share(seen) > 0.9, `${capacity}/s at ${rttMs} ms: ${share(seen)} taken`)
    assert.ok(refusals(seen) < 0.16, `${capacity}/s at ${rttMs} ms: ${refusals(seen)} refused`)
  }
})

test('a peer that counts by the second is not taken for one that takes nothing', () => {
  for (const capacity of [10, 100]) {
    const seen = send({ capacity: () => capacity, bySecond: true, rttMs: 5 }, { seconds: 60 })
    assert.ok(share(seen) > 0.7 && refusals(seen) < 0.25, `${capacity}/s: ${share(seen)} taken, ${refusals(seen)} refused`)
  }
})

test('without adapting, the bind rests a second after each refusal', () => {
  const seen = send({ capacity: () => 20, rttMs: 5 }, { seconds: 20, adaptive: false })
  assert.ok(share(seen) < 0.3)
  assert.equal(seen.rate.learned(), undefined)
})

test('it never stands still: a peer that refuses everything is still asked, ever less often', () => {
  const seen = send({ capacity: () => 0, rttMs: 5 }, { seconds: 600 })
  assert.ok(seen.refused > 60 && seen.refused < 700, `${seen.refused} refused in ten minutes`)
})

test('after a silence of refusals the peer is found again', () => {
  const seen = send({ capacity: (seconds) => (seconds < 30 ? 0 : 100), rttMs: 5 }, { seconds: 90 })
  assert.ok(share(seen) > 0.6, `${share(seen)}`)
})

test('the configured rate is never passed, and what was learned is told with its reason', () => {
  const seen = send({ capacity: () => 1000, rttMs: 5 }, { seconds: 20, configured: 30 })
  assert.ok(seen.taken <= 30 * 20 + 4 && seen.taken > 570, `${seen.taken}`)
  assert.equal(seen.rate.learned(), undefined)
  const below = send({ capacity: () => 10, rttMs: 5 }, { seconds: 20, configured: 30 })
  const learned = below.rate.learned()
  assert.ok(learned && learned.segmentsPerSecond < 20 && /refused/.test(learned.why), JSON.stringify(learned))
  assert.equal(below.rate.perSecond() < 20, true)
})

test('refusals of one round trip cut once', () => {
  let now = 0
  const rate = createRate(
    () => ({ segmentsPerSecond: 100, adaptiveRate: true }),
    clockAt(() => now),
  )
  for (now = 0; now < 2000; now += 10) rate.taken(1, now - 5, 5)
  rate.refused(1990)
  const once = rate.perSecond()
  for (let n = 0; n < 50; n++) rate.refused(1990)
  assert.equal(rate.perSecond(), once)
  assert.ok(once > 80 && once < 100, `${once}`)
})

test('a peer that says it is full is given less, and one that is nearly full no more', () => {
  const told = (seconds: number): number => (seconds < 5 || seconds > 15 ? 40 : seconds < 5.5 ? 95 : 85)
  const upTo = (seconds: number): Rate =>
    send({ capacity: () => 1000, rttMs: 5 }, { seconds, configured: 100, each: (rate, s) => rate.congestion(told(s)) }).rate
  const learned = upTo(14).learned()
  assert.match(learned!.why, /95 % full/)
  assert.ok(learned!.segmentsPerSecond < 75, `${learned!.segmentsPerSecond}: it is still nearly full`)
  assert.ok(upTo(20).perSecond() > 90, 'and all of it once the peer says it is not')
})

test('answers that take ever longer mean less is sent; a peer that is always slow is left in peace', () => {
  // Above 40 a second it queues: each segment open beyond a few waits for those before it.
  let busyUntil = 0
  let clock = 0
  const queueing = send(
    {
      capacity: () => 1000,
      rttMs() {
        busyUntil = Math.max(busyUntil, clock) + 25
        return Math.round(busyUntil - clock) + 5
      },
    },
    { seconds: 30, window: 1000, configured: 60, each: (_, seconds) => void (clock = seconds * 1000) },
  )
  assert.match(queueing.rate.learned()?.why ?? '', /answers take/)
  assert.ok(busyUntil - clock < 1500, `${busyUntil - clock} ms are queued, not the 15 s of a bind that does not adapt`)
  assert.ok(queueing.taken > 30 * 40 * 0.8, `${queueing.taken}`)
  const slow = send({ capacity: () => 1000, rttMs: 900 }, { seconds: 60, window: 30 })
  assert.equal(slow.rate.learned(), undefined)
})

test('answers that lie unread while the gateway is busy say nothing of the peer', () => {
  function learned(idleShare: number): string | undefined {
    let now = 0
    const rate = createRate(
      () => ({ segmentsPerSecond: 0, adaptiveRate: true }),
      clockAt(() => now),
    )
    for (now = 0; now < 5000; now += 10) rate.taken(1, now - 5, 5)
    for (; now < 10_000; now += 10) rate.taken(1, now - 600, 600 * idleShare)
    return rate.learned()?.why
  }
  assert.equal(learned(0.3), undefined)
  assert.match(learned(0.9) ?? '', /answers take/)
})

test('what was learned long ago is forgotten', () => {
  let now = 0
  const rate = createRate(
    () => ({ segmentsPerSecond: 0, adaptiveRate: true }),
    clockAt(() => now),
  )
  now = 1000
  rate.taken(1, 990, 10)
  rate.refused(1000)
  assert.ok(rate.learned())
  now += 601_000
  assert.equal(rate.learned(), undefined)
  assert.equal(rate.perSecond(), 0)
})
