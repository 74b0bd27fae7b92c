// Time, so that tests can set it: the only fake they may use.
export interface Clock {
  /** Epoch ms. */
  now(): number
  /** Calls back once after `ms`; the returned function cancels. Never keeps the process alive. */
  after(ms: number, callback: () => void): () => void
}

export const systemClock: Clock = {
  now: Date.now,
  after(ms, callback) {
    const timer = setTimeout(callback, Math.min(ms, 0x7fff_ffff))
    timer.unref()
    return () => clearTimeout(timer)
  },
}

export interface TestClock extends Clock {
  /** Moves time on, running what falls due in order. */
  advance(ms: number): Promise<void>
}

export function testClock(start = Date.UTC(2026, 0, 1)): TestClock {
  let now = start
  let timers: { at: number; callback: () => void }[] = []
  return {
    now: () => now,
    after(ms, callback) {
      const timer = { at: now + ms, callback }
      timers.push(timer)
      return () => {
        timers = timers.filter((t) => t !== timer)
      }
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
