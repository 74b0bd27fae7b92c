import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { testClock } from '../../../src/clock.ts'
import { createGuard } from './guard.ts'
import { createPartIds, partId, shortId, shortIdTimes, wholeId } from './ids.ts'
import { timeOf } from './times.ts'

test('IPv6 addresses of one network are one', () => {
  const guard = createGuard(testClock())
  for (let n = 1; n <= 10; n++) guard.failed(`2001:db8::${n}`)
  assert.ok(!guard.enter('2001:db8::ffff'))
  assert.ok(guard.enter('2001:db8:1::1'))
})

test('a place is given to so many unbound connections of an address, and again when one has left', () => {
  const guard = createGuard(testClock())
  for (let n = 0; n < 50; n++) assert.ok(guard.enter('192.0.2.1'))
  assert.ok(!guard.enter('192.0.2.1'))
  assert.ok(guard.enter('192.0.2.2'))
  guard.left('192.0.2.1')
  assert.ok(guard.enter('192.0.2.1'))
})

test('failed binds are forgotten after a quiet while', async () => {
  const clock = testClock()
  const guard = createGuard(clock)
  assert.deepEqual([guard.failed('a').waitMs, guard.failed('a').waitMs, guard.failed('b').waitMs], [250, 500, 250])
  await clock.advance(15 * 60_000 + 1)
  assert.equal(guard.failed('a').waitMs, 250)
})

test('the guard remembers a bounded number of addresses, those that are blocked as long as others', () => {
  const guard = createGuard(testClock())
  for (let n = 0; n < 10; n++) guard.failed('blocked')
  for (let n = 0; n < 9000; n++) guard.failed(`other ${n}`)
  assert.ok(!guard.enter('blocked'))
  for (let n = 0; n < 11_000; n++) guard.failed(`more ${n}`)
  assert.ok(guard.enter('blocked'))
})

test('a short id leads back to the time it was made of, for three days', () => {
  const now = Date.UTC(2026, 10, 21)
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3 * 86_400_000 - 1 }), fc.integer({ min: 0, max: 4095 }), (ageMs, counter) => {
      const at = now - ageMs
      const id = (at * 4096 + counter).toString(16).padStart(14, '0') + '0'.repeat(18)
      assert.ok([...shortIdTimes(shortId(id), now, 3 * 86_400_000)].includes(at))
    }),
  )
})

test('the parts of a message have its id but for their number, and a message its own id only once', async () => {
  const clock = testClock()
  let made = 0
  const newId = () => (++made).toString(16).padStart(14, '0') + 'f'.repeat(18)
  const ids = createPartIds(clock)
  const of = (index: number, total = 3) => ids.of('key', { index, total }, 1000, newId)
  const first = of(1)
  assert.equal(of(1), first)
  assert.equal(of(3), first)
  await clock.advance(1001)
  const second = of(2)
  assert.notEqual(second, first)
  of(1)
  of(3)
  assert.notEqual(of(1), second)
  assert.equal(wholeId(partId(second, 255)), second)
})

test('times are absolute with a quarter of an hour for a zone, or relative by the calendar', () => {
  const now = Date.UTC(2028, 0, 31, 12)
  assert.equal(timeOf('280201000000004+', now), Date.UTC(2028, 0, 31, 23))
  assert.equal(timeOf('280201000000004-', now), Date.UTC(2028, 1, 1, 1))
  assert.equal(timeOf('000002030405000R', now), now + (((2 * 24 + 3) * 60 + 4) * 60 + 5) * 1000)
  assert.equal(timeOf('010000000000000R', now), Date.UTC(2029, 0, 31, 12))
  for (const text of ['', '0', '280201000000004', '280231000000000+', '000002030405000r', 'x'.repeat(16)])
    assert.equal(timeOf(text, now), undefined, text)
})
