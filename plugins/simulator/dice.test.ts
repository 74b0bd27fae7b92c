import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDice, hash } from './dice.ts'

const throws = (seed: number, key: number, count = 50) => {
  const dice = createDice(seed).set(key)
  return Array.from({ length: count }, () => dice.next())
}

test('the same seed and key throw the same numbers', () => {
  assert.deepEqual(throws(7, 3), throws(7, 3))
})

test('another seed or another key throws other numbers', () => {
  assert.notDeepEqual(throws(7, 3), throws(8, 3))
  assert.notDeepEqual(throws(7, 3), throws(7, 4))
})

test('numbers lie from 0 to below 1 and are spread evenly', () => {
  const tenths = Array.from({ length: 10 }, () => 0)
  for (let key = 0; key < 200; key++) {
    for (const n of throws(1, key)) {
      assert.ok(n >= 0 && n < 1)
      tenths[Math.floor(n * 10)]!++
    }
  }
  for (const count of tenths) assert.ok(count > 850 && count < 1150, `${count} of 10,000 in a tenth`)
})

test('a share of 0 never and a share of 1 always holds', () => {
  const dice = createDice(1)
  for (let i = 0; i < 1000; i++) {
    assert.equal(dice.share(0), false)
    assert.equal(dice.share(1), true)
  }
})

test('numbers that differ in one digit hash apart', () => {
  const hashes = new Set(Array.from({ length: 10_000 }, (_, n) => hash(`4477009${String(n).padStart(5, '0')}`)))
  assert.ok(hashes.size > 9_990)
})
