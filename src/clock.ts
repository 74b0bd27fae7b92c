// Time, so that tests can set it: the only fake they may use. The time of day never goes back while the process
// lives, however the machine's clock is set; what measures how long something takes has a clock that never steps.
export interface Clock {
  /** Epoch ms; never less than before. */
  now(): number
  /** The same, for waits and paces: its `now` goes on evenly when the time of day is set or the machine slept. */
  readonly steady: Clock
  /** Calls back once after `ms`; the returned function cancels. Never keeps the process alive. */
  after(ms: number, callback: () => void): () => void
  /**
   * The same up to a quarter later, for what looks again and again: calls that come due at about the
   * same time are made together, so that thousands of them wake an idle process a few times a second.
   */
  roughly(ms: number, callback: () => void): () => void
}

const evenly = (): number => performance.timeOrigin + performance.now()
const wall = neverBack(Date.now, evenly)

export const systemClock: Clock & { aheadMs(): number } = {
  ...clocksOf(
    wall.now,
    () => Math.floor(evenly()),
    (ms, callback) => {
      const timer = setTimeout(callback, Math.min(ms, 0x7fff_ffff))
      timer.unref()
      return () => clearTimeout(timer)
    },
  ),
  aheadMs: wall.aheadMs,
}

/** Of what was set back, so much a millisecond is caught up: an hour in eight hours. */
const caughtUp = 1 / 8
/** What the clock gains beyond the time that went by, and more than its grain: it was set. */
const stepMs = 1000

/**
 * A time of day that goes on where its source is set back, slower, until the source has caught up: a due time, a pause or
 * a minute of the statistics that was reached once is not before us again. `aheadMs`: of its source. `steadily` tells
 * the time that goes by from that for which the source was set.
 */
export function neverBack(source: () => number, steadily: () => number): { now(): number; aheadMs(): number } {
  let last = source()
  let aheadMs = 0
  /** By the steady one, while it is ahead. */
  let lastSteady = 0
  return {
    now() {
      const now = source()
      if (now < last) {
        aheadMs += last - now
        lastSteady = steadily()
      } else if (aheadMs > 0 && now > last) {
        const steady = steadily()
        const passed = steady - lastSteady
        const step = now - last - passed
        aheadMs = Math.max(0, aheadMs - Math.min(now - last, passed * caughtUp + (step > stepMs ? step : 0)))
        lastSteady = steady
      }
      last = now
      return now + Math.ceil(aheadMs)
    },
    aheadMs: () => aheadMs,
  }
}

/** Calls back where the clock of the machine was set back by more than a second: by how much the time here is ahead. Returns what ends it. */
export function tellSetBack(clock: Pick<typeof systemClock, 'aheadMs' | 'now' | 'steady'>, tell: (aheadMs: number) => void): () => void {
  let known = 0
  let cancel: () => void
  const look = (): void => {
    clock.now()
    const ahead = clock.aheadMs()
    if (ahead > known + 1000) tell(Math.round(ahead))
    known = ahead
    cancel = clock.steady.roughly(10_000, look)
  }
  look()
  return () => cancel()
}

const trustedMs = 3_600_000

/**
 * Whether the time of day is one by which to throw things away: not for an hour after it went ahead by more than
 * that. A machine that slept loses nothing by it, and one whose clock was wrong has an hour to be set right.
 */
export function createTrust(clock: Clock): () => boolean {
  const ahead = (): number => clock.now() - clock.steady.now()
  let usual = ahead()
  let since = Number.NEGATIVE_INFINITY
  return () => {
    const now = ahead()
    if (Math.abs(now - usual) > trustedMs) since = clock.steady.now()
    usual = now
    return clock.steady.now() - since >= trustedMs
  }
}

export interface TestClock extends Clock {
  /** The time of day is set by so much, which may be less than nothing; nothing falls due by it. */
  jump(ms: number): void
  /** Moves time on, running what falls due in order. */
  advance(ms: number): Promise<void>
}

export function testClock(start = Date.UTC(2026, 0, 1)): TestClock {
  let now = start
  let set = 0
  let timers: { at: number; callback: () => void }[] = []
  const clock = clocksOf(
    neverBack(
      () => now + set,
      () => now,
    ).now,
    () => now,
    (ms, callback) => {
      const timer = { at: now + ms, callback }
      timers.push(timer)
      return () => {
        timers = timers.filter((t) => t !== timer)
      }
    },
  )
  return {
    ...clock,
    jump(ms) {
      set += ms
    },
    async advance(ms) {
      const end = now + ms
      for (;;) {
        const next = timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0]
        if (!next) break
        timers = timers.filter((t) => t !== next)
        now = Math.max(now, next.at)
        next.callback()
        await new Promise((resolve) => setImmediate(resolve))
      }
      now = end
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

/** Grains of rough times, in ms: each divides the next, so that long and short waits end together. */
const grainsMs = [1, 2, 10, 50, 250, 1000, 5000]
const roughness = 4

interface Slot {
  calls: Set<() => void>
  cancel(): void
}

function clocksOf(now: Clock['now'], steadily: Clock['now'], after: Clock['after']): Clock {
  const own = clockOf(steadily, after)
  const steady: Clock = {
    ...own,
    get steady() {
      return steady
    },
  }
  // Rough times are waits: those of both come together.
  return { now, after, roughly: own.roughly, steady }
}

function clockOf(now: Clock['now'], after: Clock['after']): Omit<Clock, 'steady'> {
  /** By when they are due. */
  const slots = new Map<number, Slot>()

  function slotAt(due: number): Slot {
    let slot = slots.get(due)
    if (!slot) {
      const calls = new Set<() => void>()
      const cancel = after(Math.max(0, due - now()), () => {
        slots.delete(due)
        for (const call of calls) call()
      })
      slots.set(due, (slot = { calls, cancel }))
    }
    return slot
  }

  return {
    now,
    after,
    roughly(ms, callback) {
      const grainMs = grainsMs.findLast((grain) => grain * roughness <= ms) ?? 1
      const due = Math.ceil((now() + ms) / grainMs) * grainMs
      const slot = slotAt(due)
      // One of its own: the same function may be waiting twice.
      const call = (): void => callback()
      slot.calls.add(call)
      return () => {
        slot.calls.delete(call)
        if (slot.calls.size > 0 || slots.get(due) !== slot) return
        slots.delete(due)
        slot.cancel()
      }
    },
  }
}
