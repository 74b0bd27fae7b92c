import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRate } from '../binds/rate.ts'
import { testClock } from '../clock.ts'
import { createPace } from './pace.ts'

test('what waits for a rate goes in order, at the rate, by one timer', async () => {
  const clock = testClock()
  let timers = 0
  const pace = createPace({
    after(ms, call) {
      timers++
      return clock.after(ms, call)
    },
  })
  const rate = createRate(() => ({ segmentsPerSecond: 10, adaptiveRate: false }), clock)
  const gone: number[] = []
  for (let n = 0; n < 20; n++) {
    const turn = pace.turn(rate, 1)
    if (turn) void turn.then((sent) => sent && gone.push(n))
    else gone.push(n)
  }
  assert.deepEqual(gone, [0], 'a burst is a tenth of a second')
  assert.equal(pace.waiting, 19)
  for (let step = 0; step < 50; step++) {
    await clock.advance(20)
    await Promise.resolve()
  }
  assert.deepEqual(
    gone,
    Array.from({ length: 11 }, (_, n) => n),
    'ten in a second, after the first',
  )
  assert.ok(timers < 15, `${timers} timers`)
  assert.equal(pace.waiting, 9)
})

test('a line that is closed lets everybody go unsent', async () => {
  const clock = testClock()
  const pace = createPace(clock)
  const rate = createRate(() => ({ segmentsPerSecond: 1, adaptiveRate: false }), clock)
  assert.equal(pace.turn(rate, 1), undefined)
  const first = pace.turn(rate, 1)
  const second = pace.turn(rate, 3)
  pace.close()
  assert.deepEqual([await first, await second], [false, false])
})
