// Time, so that tests can set it: the only fake they may use.
export interface Clock {
  /** Epoch ms. */
  now(): number
  /** Calls back once after `ms`; the returned function cancels. Never keeps the process alive. */
  after(ms: number, callback: () => void): () => void
  /**
   * The same up to a quarter later, for what looks again and again: calls that come due at about the
   * same time are made together, so that thousands of them wake an idle process a few times a second.
   */
  roughly(ms: number, callback: () => void): () => void
}

export const systemClock: Clock = clockOf(Date.now, (ms, callback) => {
  const timer = setTimeout(callback, Math.min(ms, 0x7fff_ffff))
  timer.unref()
  return () => clearTimeout(timer)
})

export interface TestClock extends Clock {
  /** Moves time on, running what falls due in order. */
  advance(ms: number): Promise<void>
}

export function testClock(start = Date.UTC(2026, 0, 1)): TestClock {
  let now = start
  let timers: { at: number; callback: () => void }[] = []
  const clock = clockOf(
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

function clockOf(now: Clock['now'], after: Clock['after']): Clock {
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
