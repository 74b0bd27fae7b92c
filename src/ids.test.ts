// Identifiers: their ordered part, both ways.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { idOrder, idSource, orderHex } from './ids.ts'

test('the ordered part of an id is the number that its first 14 digits are', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (order) => {
      assert.equal(orderHex(order), order.toString(16).padStart(14, '0'))
      assert.equal(idOrder(`${orderHex(order)}0123456789abcdef01`), order)
      assert.equal(idOrder(orderHex(order).toUpperCase()), order)
    }),
  )
})

test('what has another character among them is no id', () => {
  fc.assert(
    fc.property(fc.nat(13), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
      const id = `${'0'.repeat(at)}${character}${'0'.repeat(13 - at)}`
      const digit = /^[0-9a-fA-F]$/.test(character) ? Number.parseInt(id, 16) : Number.NaN
      assert.equal(idOrder(id), digit)
    }),
    { numRuns: 1000 },
  )
  assert.ok(Number.isNaN(idOrder('abc')))
})

test('ids rise though the clock stands still or is set back', () => {
  let now = 1_800_000_000_000
  const ids = idSource(() => now)
  const made = Array.from({ length: 10 }, () => ids.next())
  now -= 60_000
  made.push(ids.next())
  assert.deepEqual(made, made.toSorted())
  assert.equal(new Set(made).size, 11)
  for (const id of made) assert.match(id, /^[0-9a-f]{32}$/)
  assert.ok(idSource(() => 0, made[10]).next() > made[10]!)
})
