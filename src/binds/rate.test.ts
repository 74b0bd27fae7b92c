import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testClock } from '../clock.ts'
import { createRate } from './rate.ts'

test('lets through no more than its segments a second, evenly', async () => {
  const clock = testClock()
  const rate = createRate(() => ({ segmentsPerSecond: 50, adaptiveRate: true }), clock)
  let sent = 0
  for (let ms = 0; ms < 10_000; ms++) {
    while (rate.waitMs() === 0) {
      rate.charge(1)
      sent++
    }
    await clock.advance(1)
  }
  assert.ok(sent >= 495 && sent <= 506, `${sent} in ten seconds`)
})

test('charges a long message by its segments', async () => {
  const clock = testClock()
  const rate = createRate(() => ({ segmentsPerSecond: 10, adaptiveRate: true }), clock)
  rate.charge(5)
  assert.equal(rate.waitMs(), 500)
  await clock.advance(500)
  assert.equal(rate.waitMs(), 0)
})

test('sends nothing during a pause, and a shorter pause does not end a longer one', async () => {
  const clock = testClock()
  const rate = createRate(() => ({ segmentsPerSecond: 0, adaptiveRate: true }), clock)
  rate.pause(1000)
  rate.pause(10)
  assert.equal(rate.waitMs(), 1000)
  await clock.advance(1000)
  assert.equal(rate.waitMs(), 0)
})

test('follows a rate that is changed while it runs', () => {
  const clock = testClock()
  let perSecond = 1
  const rate = createRate(() => ({ segmentsPerSecond: perSecond, adaptiveRate: true }), clock)
  rate.charge(1)
  assert.equal(rate.waitMs(), 1000)
  perSecond = 0
  assert.equal(rate.waitMs(), 0)
})

test('a clock that is set back or ahead holds up nothing, and lets no burst through', async () => {
  const clock = testClock()
  const rate = createRate(() => ({ segmentsPerSecond: 50, adaptiveRate: true }), clock)
  for (const jumpMs of [0, -3_600_000, 1_800_000, -30 * 86_400_000]) {
    clock.jump(jumpMs)
    let sent = 0
    for (let ms = 0; ms < 10_000; ms++) {
      while (rate.waitMs() === 0) {
        rate.charge(1)
        sent++
      }
      await clock.advance(1)
    }
    // While it catches up, time goes an eighth slower.
    assert.ok(sent >= 430 && sent <= 506, `${sent} in ten seconds after ${jumpMs}`)
  }
  rate.pause(2000)
  clock.jump(-3_600_000)
  assert.equal(rate.waitMs(), 2000)
  await clock.advance(2400)
  assert.equal(rate.waitMs(), 0, 'a pause is no longer than it was')
})
