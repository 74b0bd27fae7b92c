import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { testClock } from '../../src/clock.ts'
import { createSchedule } from './schedule.ts'

test('things come out when they are due, in order of time and then of entry', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 60 }), async (delays) => {
      const clock = testClock()
      const out: { n: number; at: number }[] = []
      const start = clock.now()
      const schedule = createSchedule<number>(clock, (n) => out.push({ n, at: clock.now() - start }))
      delays.forEach((delay, n) => schedule.add(start + delay, n))
      await clock.advance(1000)
      const wanted = delays.map((delay, n) => ({ delay, n })).sort((a, b) => a.delay - b.delay || a.n - b.n)
      assert.deepEqual(
        out.map(({ n }) => n),
        wanted.map(({ n }) => n),
      )
      for (const { n, at } of out) assert.ok(at >= delays[n]! && at <= Math.max(1, delays[n]!), `${at} for ${delays[n]}`)
      assert.equal(schedule.size(), 0)
    }),
    { numRuns: 50 },
  )
})

test('something earlier added later is not kept waiting by what was there before', async () => {
  const clock = testClock()
  const out: string[] = []
  const schedule = createSchedule<string>(clock, (thing) => out.push(thing))
  schedule.add(clock.now() + 1000, 'late')
  schedule.add(clock.now() + 10, 'soon')
  await clock.advance(20)
  assert.deepEqual(out, ['soon'])
})

test('nothing comes after stop', async () => {
  const clock = testClock()
  const out: number[] = []
  const schedule = createSchedule<number>(clock, (n) => out.push(n))
  schedule.add(clock.now() + 10, 1)
  schedule.stop()
  await clock.advance(100)
  assert.deepEqual(out, [])
})
