import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { testClock } from '../../../src/clock.ts'
import { createWheel, type Due } from './wheel.ts'

interface Thing extends Due {
  n: number
}

describe('the wheel', () => {
  it('calls each thing once, in the second after its time, and none that was removed', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('set' as const), n: fc.nat(9), in: fc.integer({ min: -5000, max: 30_000 }) }),
      fc.record({ kind: fc.constant('remove' as const), n: fc.nat(9) }),
      fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 12_000 }) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const clock = testClock()
        const wanted = new Map<number, number>()
        const wheel = createWheel<Thing>(clock, ({ n }) => {
          const at = wanted.get(n)
          assert.ok(at !== undefined, 'nobody waits for it')
          assert.ok(clock.now() >= at, 'too early')
          wanted.delete(n)
        })
        const things = Array.from({ length: 10 }, (_, n): Thing => ({ n, slot: 0 }))
        for (const each of steps) {
          if (each.kind === 'wait') await clock.advance(each.ms)
          else if (each.kind === 'remove') {
            wheel.remove(things[each.n]!)
            wanted.delete(each.n)
          } else {
            wheel.set(things[each.n]!, clock.now() + each.in)
            wanted.set(each.n, clock.now() + Math.max(0, each.in))
          }
          for (const at of wanted.values()) assert.ok(clock.now() < at + 2000, 'too late')
        }
        await clock.advance(40_000)
        assert.equal(wanted.size, 0)
      }),
      { numRuns: 60 },
    )
  })

  it('is at once where the clock is, when that was set far ahead', async () => {
    const clock = testClock()
    const fallen: number[] = []
    const wheel = createWheel<Thing>(clock, ({ n }) => fallen.push(n))
    wheel.set({ n: 2, slot: 0 }, clock.now() + 20_000)
    wheel.set({ n: 1, slot: 0 }, clock.now() + 10_000)
    wheel.set({ n: 3, slot: 0 }, clock.now() + 10 ** 12)
    const { now } = clock
    clock.now = () => now() + 10 ** 11
    await clock.advance(1000)
    assert.deepEqual(fallen, [1, 2])
  })

  it('has no timer when there is nothing to wait for', async () => {
    const clock = testClock()
    let timers = 0
    const { after } = clock
    clock.after = (ms, callback) => {
      timers++
      return after(ms, callback)
    }
    const thing: Thing = { n: 1, slot: 0 }
    const wheel = createWheel<Thing>(clock, () => {})
    for (let n = 0; n < 100; n++) wheel.set({ n, slot: 0 }, clock.now() + 3000)
    wheel.set(thing, clock.now() + 3000)
    assert.equal(timers, 1)
    await clock.advance(60_000)
    assert.ok(timers < 6, `${timers}`)
    wheel.set(thing, clock.now() + 1000)
    wheel.stop()
    await clock.advance(5000)
  })
})
