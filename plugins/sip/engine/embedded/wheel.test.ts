import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { testClock } from '../../../../src/clock.ts'
import { createWheel, timed } from './wheel.ts'

test('each is called once, never early and at the latest a tick after it was due', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 120_000 }), { minLength: 1, maxLength: 60 }), async (waits) => {
      const clock = testClock()
      const wheel = createWheel(clock, 20)
      const start = clock.now()
      const called: (number | undefined)[] = waits.map(() => undefined)
      waits.forEach((ms, i) =>
        wheel.arm(
          timed(() => {
            assert.equal(called[i], undefined)
            called[i] = clock.now() - start
          }),
          ms,
        ),
      )
      for (let at = 0; at <= 121_000; at += 1000) await clock.advance(1000)
      waits.forEach((ms, i) => assert.ok(called[i]! >= ms && called[i]! <= ms + 40, `${ms}: ${called[i]}`))
      assert.equal(wheel.size(), 0)
    }),
    { numRuns: 5 },
  )
})

test('one that was disarmed is not called, one that was armed anew only at its new time', async () => {
  const clock = testClock()
  const wheel = createWheel(clock, 10)
  const calls: string[] = []
  const gone = timed(() => calls.push('gone'))
  const moved = timed(() => calls.push('moved'))
  wheel.arm(gone, 50)
  wheel.arm(moved, 50)
  await clock.advance(30)
  wheel.disarm(gone)
  wheel.arm(moved, 100)
  await clock.advance(80)
  assert.deepEqual(calls, [])
  await clock.advance(60)
  assert.deepEqual(calls, ['moved'])
})

test('one that is due may disarm or arm anew another of the same tick', async () => {
  const clock = testClock()
  const wheel = createWheel(clock, 10)
  const calls: string[] = []
  const others = ['a', 'b', 'c'].map((name) => timed(() => calls.push(name)))
  const first = timed(() => {
    calls.push('first')
    wheel.disarm(others[0]!)
    wheel.arm(others[1]!, 100)
  })
  // The last one armed is the first called.
  for (const each of [...others, first]) wheel.arm(each, 25)
  await clock.advance(50)
  assert.deepEqual(calls, ['first', 'c'])
  await clock.advance(100)
  assert.deepEqual(calls, ['first', 'c', 'b'])
})

test('a clock that is set back an hour keeps nobody waiting for an hour', async () => {
  const clock = testClock()
  let set = 0
  const wheel = createWheel({ ...clock, now: () => clock.now() + set }, 10)
  let called = 0
  wheel.arm(
    timed(() => called++),
    500,
  )
  await clock.advance(100)
  set = -3_600_000
  await clock.advance(600)
  assert.equal(called, 1)
})

test('it sleeps while nobody waits', async () => {
  const clock = testClock()
  let armed = 0
  const wheel = createWheel(
    {
      ...clock,
      after: (ms, call) => {
        armed++
        return clock.after(ms, call)
      },
    },
    10,
  )
  wheel.arm(
    timed(() => {}),
    30,
  )
  await clock.advance(1000)
  assert.ok(armed <= 5, `${armed} timers`)
  wheel.arm(
    timed(() => {}),
    1000,
  )
  wheel.stop()
  assert.equal(wheel.size(), 0)
})
