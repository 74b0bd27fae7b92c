// Things that fall due, by the clock: one timer for all of them and one bucket per millisecond, so
// that tens of thousands waiting cost a push each. Due things come out in order of time, then of entry.
import type { Clock } from '../../src/plugin.ts'

export interface Schedule<T> {
  /** `due` in epoch ms; what is already due comes at the next turn of the timer. */
  add(due: number, thing: T): void
  size(): number
  stop(): void
}

export function createSchedule<T>(clock: Clock, onDue: (thing: T) => void): Schedule<T> {
  const buckets = new Map<number, T[]>()
  /** Binary heap of the buckets' times, earliest first. */
  const times: number[] = []
  let cancel: (() => void) | undefined
  let armedFor = Number.POSITIVE_INFINITY
  let size = 0
  let stopped = false

  function push(time: number): void {
    let at = times.length
    times.push(time)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (times[parent]! <= time) break
      times[at] = times[parent]!
      at = parent
    }
    times[at] = time
  }

  function shift(): void {
    const last = times.pop()!
    const length = times.length
    if (length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= length) break
      if (child + 1 < length && times[child + 1]! < times[child]!) child++
      if (times[child]! >= last) break
      times[at] = times[child]!
      at = child
    }
    times[at] = last
  }

  function arm(): void {
    const next = times[0]
    if (next === undefined || stopped || next >= armedFor) return
    cancel?.()
    armedFor = next
    cancel = clock.after(Math.max(1, next - clock.now()), run)
  }

  function run(): void {
    cancel = undefined
    armedFor = Number.POSITIVE_INFINITY
    const now = clock.now()
    while (times.length > 0 && times[0]! <= now && !stopped) {
      const bucket = buckets.get(times[0]!)!
      buckets.delete(times[0]!)
      shift()
      size -= bucket.length
      for (const thing of bucket) onDue(thing)
    }
    arm()
  }

  return {
    add(due, thing) {
      const time = Math.ceil(due)
      const bucket = buckets.get(time)
      size++
      if (bucket) bucket.push(thing)
      else {
        buckets.set(time, [thing])
        push(time)
        arm()
      }
    },
    size: () => size,
    stop() {
      stopped = true
      cancel?.()
    },
  }
}
