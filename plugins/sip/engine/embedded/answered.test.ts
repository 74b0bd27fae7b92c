// What was answered, beside a plain Map that knows when each is over.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { testClock } from '../../../../src/clock.ts'
import { createAnswered } from './answered.ts'
import type { Way } from './way.ts'
import { createWheel } from './wheel.ts'

const lifeMs = 3200
/** Two turns, and the wheel's ticks. */
const lateMs = 2 * 250 + 60
const ways = Array.from({ length: 4 }, (_, n) => ({ id: String(n) }) as Way)

function world() {
  const clock = testClock()
  const wheel = createWheel(clock)
  return { clock, wheel, answered: createAnswered({ wheel, clock, lifeMs }) }
}

test('each is found with its octets and way as long as it may be asked again, and then no more', async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ keep: fc.integer({ min: 1, max: 400 }), octets: fc.integer({ min: 0, max: 900 }) }) },
    { weight: 1, arbitrary: fc.record({ waitMs: fc.integer({ min: 1, max: 2000 }) }) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { clock, answered } = world()
      const kept = new Map<string, { fill: number; length: number; way: Way; at: number }>()
      let n = 0
      for (const each of steps) {
        if ('waitMs' in each) await clock.advance(each.waitMs)
        else
          for (let i = 0; i < each.keep; i++, n++) {
            const it = { fill: n % 251, length: each.octets + (n % 7), way: ways[n % 4]!, at: clock.now() }
            kept.set(`branch ${n}`, it)
            answered.keep(`branch ${n}`, Buffer.alloc(it.length, it.fill), it.way)
          }
        for (const [key, { fill, length, way, at }] of kept) {
          const found = answered.find(key)
          const age = clock.now() - at
          if (age <= lifeMs) {
            assert.deepEqual(found?.octets, Buffer.alloc(length, fill))
            assert.equal(found.way, way)
          } else if (age > lifeMs + lateMs) {
            assert.equal(found, undefined)
            kept.delete(key)
          }
        }
        assert.equal(answered.find('a branch of nobody'), undefined)
      }
      await clock.advance(lifeMs * 2)
      assert.equal(answered.size(), 0)
    }),
    { numRuns: 60 },
  )
})

test('many are kept, and nothing waits when they are gone', async () => {
  const { clock, wheel, answered } = world()
  const octets = Buffer.alloc(400, 7)
  for (let round = 0; round < 3; round++) {
    for (let n = 0; n < 40_000; n++) answered.keep(`z9hG4bK${round}-${n} 127.0.0.1:5060 127.0.0.1 MESSAGE`, octets, ways[0]!)
    assert.equal(answered.size(), 40_000)
    assert.equal(answered.has(`z9hG4bK${round}-39999 127.0.0.1:5060 127.0.0.1 MESSAGE`), true)
    assert.equal(answered.has(`z9hG4bK${round}-40000 127.0.0.1:5060 127.0.0.1 MESSAGE`), false)
    await clock.advance(lifeMs + lateMs)
    assert.equal(answered.size(), 0)
    assert.equal(wheel.size(), 0)
  }
})

test('what is found is a copy: what is kept later does not change it', () => {
  const { answered } = world()
  answered.keep('one', Buffer.from('first'), ways[0]!)
  const found = answered.find('one')!
  found.octets.fill(0)
  assert.equal(answered.find('one')?.octets.toString(), 'first')
})

test('one that is larger than a piece of memory is kept whole', () => {
  const { answered } = world()
  const large = Buffer.alloc(100_000, 1)
  answered.keep('small', Buffer.from('s'), ways[0]!)
  answered.keep('large', large, ways[1]!)
  answered.keep('after', Buffer.from('a'), ways[2]!)
  assert.deepEqual(answered.find('large')?.octets, large)
  assert.equal(answered.find('small')?.octets.toString(), 's')
  assert.equal(answered.find('after')?.octets.toString(), 'a')
})
