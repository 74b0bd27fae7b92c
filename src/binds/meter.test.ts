import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Limits } from '../model/bind.ts'
import { createMeter } from './meter.ts'

const limits = (changes: Partial<Limits>): Limits => ({ perSecond: 0, perMinute: 0, perHour: 0, perDay: 0, ...changes })

/** How many of those that come each `everyMs` are taken within so many ms. */
function taken(of: Limits, everyMs: number, forMs: number, many = 1): number {
  const meter = createMeter()
  let count = 0
  for (let now = 5_000_000_123; now < 5_000_000_123 + forMs; now += everyMs) {
    if (meter.full(of, many, now)) continue
    meter.count(of, many, now)
    count++
  }
  return count
}

test('each span holds on its own', () => {
  for (const [of, seconds, most] of [
    [limits({ perSecond: 10 }), 60, 600],
    [limits({ perMinute: 30 }), 600, 300],
    [limits({ perHour: 100 }), 36_000, 1000],
    [limits({ perDay: 50 }), 864_000, 500],
  ] as const) {
    const count = taken(of, seconds > 1000 ? 5000 : 20, seconds * 1000)
    assert.ok(count <= most * 1.1 + 10 && count >= most * 0.85, `${JSON.stringify(of)}: ${count} of ${most}`)
  }
})

test('no more than the limit fits around the turn of a second', () => {
  const of = limits({ perSecond: 10 })
  const meter = createMeter()
  let around = 0
  for (let now = 1_000_900; now < 1_001_100; now++) {
    if (meter.full(of, 1, now)) continue
    meter.count(of, 1, now)
    around++
  }
  assert.ok(around <= 11, `${around}`)
})

test('it says which span is full, the shortest first', () => {
  const of = limits({ perSecond: 2, perMinute: 3 })
  const meter = createMeter()
  for (let n = 0; n < 2; n++) meter.count(of, 1, 60_000_000)
  assert.deepEqual(meter.full(of, 1, 60_000_000), { most: 2, span: 'second' })
  meter.count(of, 1, 60_005_000)
  assert.deepEqual(meter.full(of, 1, 60_007_000), { most: 3, span: 'minute' })
  assert.equal(meter.full(of, 1, 60_120_000), undefined)
})

test('one message larger than the limit passes when nothing else does', () => {
  const of = limits({ perSecond: 2 })
  const meter = createMeter()
  assert.equal(meter.full(of, 5, 1000), undefined)
  meter.count(of, 5, 1000)
  assert.ok(meter.full(of, 1, 1001))
  assert.equal(meter.full(of, 1, 3000), undefined)
})
