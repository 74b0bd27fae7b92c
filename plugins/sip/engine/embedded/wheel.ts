// One timer for everything that an engine waits for. Whoever waits is its own place in the wheel, so
// that arming and disarming make nothing: a message costs no timer of the runtime. Called back at the
// earliest when due and at the latest a tick after; each tick is one timer of the clock, none while
// nobody waits. A wall clock that is set back or forth moves nothing by more than one turn.
import type { Clock } from '../../../../src/plugin.ts'

/** Made by `timed()`, or with these fields at rest: slot -1, the others 0 and undefined. */
export interface Timed {
  /** Called once when its time has come; it may arm itself again. */
  due(self: this): void
  slot: number
  tick: number
  before: Timed | undefined
  after: Timed | undefined
}

export interface Wheel {
  /** Anew, where it waits already. */
  arm(timed: Timed, ms: number): void
  disarm(timed: Timed): void
  /** How many wait. */
  size(): number
  /** Forgets all. */
  stop(): void
}

const resting = -1
const firing = -2
/** A turn of the wheel takes 41 s: more than Timer J, so that hardly anything is looked at twice. */
const slots = 2048

export function createWheel(clock: Clock, tickMs = 20): Wheel {
  const heads: (Timed | undefined)[] = Array.from({ length: slots })
  const fired: Timed[] = []
  let count = 0
  /** The tick that was last gone through, and when it was. */
  let current = 0
  let currentAt = 0
  let cancel: (() => void) | undefined

  function unlink(it: Timed): void {
    if (it.before) it.before.after = it.after
    else heads[it.slot] = it.after
    if (it.after) it.after.before = it.before
    it.before = it.after = undefined
    count--
  }

  function turn(): void {
    cancel = undefined
    const passed = clock.now() - currentAt
    // Once around at most; and on, however little the clock says.
    const ticks = Math.min(slots, Math.max(1, Math.floor(passed / tickMs)))
    currentAt = passed < 0 || passed > slots * tickMs ? clock.now() : currentAt + ticks * tickMs
    for (let i = 0; i < ticks && count > 0; i++) {
      current++
      fire(current)
    }
    if (count > 0) cancel ??= clock.after(tickMs, turn)
  }

  function fire(tick: number): void {
    const slot = tick % slots
    for (let it = heads[slot]; it;) {
      const next = it.after
      if (it.tick <= tick) {
        unlink(it)
        it.slot = firing
        fired.push(it)
      }
      it = next
    }
    for (let i = 0; i < fired.length; i++) {
      const it = fired[i]!
      // Disarmed, or armed anew, by one that came before it.
      if (it.slot !== firing) continue
      it.slot = resting
      it.due(it)
    }
    fired.length = 0
  }

  return {
    arm(it, ms) {
      if (it.slot >= 0) unlink(it)
      const now = clock.now()
      if (cancel === undefined && count === 0) currentAt = now
      const late = Math.min(Math.max(0, now - currentAt), slots * tickMs)
      const tick = current + Math.max(1, Math.ceil((ms + late) / tickMs))
      const slot = tick % slots
      const head = heads[slot]
      it.tick = tick
      it.slot = slot
      it.before = undefined
      it.after = head
      if (head) head.before = it
      heads[slot] = it
      count++
      cancel ??= clock.after(tickMs, turn)
    },
    disarm(it) {
      if (it.slot >= 0) unlink(it)
      it.slot = resting
    },
    size: () => count,
    stop() {
      cancel?.()
      cancel = undefined
      for (const head of heads)
        for (let it = head; it;) {
          const next: Timed | undefined = it.after
          it.slot = resting
          it.before = it.after = undefined
          it = next
        }
      heads.fill(undefined)
      count = 0
    },
  }
}

/** For whoever is no transaction. */
export function timed(due: () => void): Timed {
  return { due, slot: resting, tick: 0, before: undefined, after: undefined }
}
