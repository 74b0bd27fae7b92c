// When what falls due: things by the second, many of them, and one timer for all. Granularity is a
// second; a thing stands in it once.
import type { Clock } from '../../../src/plugin.ts'

export interface Due {
  /** The second under which it stands; 0: in none. The wheel's own. */
  slot: number
}

export interface Wheel<T extends Due> {
  /** Falls due in the second after `at` (epoch ms), and then stands no more. One that stands already is moved. */
  set(thing: T, at: number): void
  remove(thing: T): void
  stop(): void
}

export function createWheel<T extends Due>(clock: Clock, fallDue: (thing: T) => void): Wheel<T> {
  const slots = new Map<number, Set<T>>()
  let turnedTo = Math.floor(clock.now() / 1000)
  let cancel: (() => void) | undefined
  let size = 0

  function tick(): void {
    cancel = undefined
    const second = Math.floor(clock.now() / 1000)
    const from = turnedTo
    // What is set from now on falls due later.
    turnedTo = second
    // A clock that was set far ahead must not be followed second by second.
    if (second - from > slots.size) {
      for (const slot of [...slots.keys()].sort((a, b) => a - b)) if (slot <= second) turn(slot)
    } else for (let slot = from + 1; slot <= second; slot++) turn(slot)
    plan()
  }

  function turn(slot: number): void {
    const things = slots.get(slot)
    if (!things) return
    slots.delete(slot)
    size -= things.size
    for (const thing of things) thing.slot = 0
    for (const thing of things) fallDue(thing)
  }

  function plan(): void {
    if (size > 0) cancel ??= clock.after(1000, tick)
  }

  function remove(thing: T): void {
    if (thing.slot === 0) return
    const things = slots.get(thing.slot)
    if (things?.delete(thing)) size--
    if (things?.size === 0) slots.delete(thing.slot)
    thing.slot = 0
  }

  return {
    set(thing, at) {
      remove(thing)
      // With nothing to wait for, no timer followed the time.
      if (size === 0) turnedTo = Math.floor(clock.now() / 1000)
      const slot = Math.max(Math.ceil(at / 1000), turnedTo + 1)
      let things = slots.get(slot)
      if (!things) slots.set(slot, (things = new Set()))
      things.add(thing)
      thing.slot = slot
      size++
      plan()
    },
    remove,
    stop() {
      cancel?.()
      slots.clear()
      size = 0
    },
  }
}
