// The maps for what comes and goes: whatever is done to them, they hold what a Map would.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Named, Numbered } from './numbered.ts'

interface Held {
  n: number
}

function check<K>(
  mine: { get(key: K): Held | undefined; set(key: K, value: Held): void; delete(key: K): boolean; readonly size: number },
  steps: readonly (readonly [K, boolean])[],
): Map<K, Held> {
  const theirs = new Map<K, Held>()
  for (const [n, [key, add]] of steps.entries()) {
    if (add) {
      mine.set(key, { n })
      theirs.set(key, { n })
    } else assert.equal(mine.delete(key), theirs.delete(key))
    assert.equal(mine.size, theirs.size)
    assert.deepEqual(mine.get(key), theirs.get(key))
  }
  for (const [key, value] of theirs) assert.deepEqual(mine.get(key), value)
  return theirs
}

/** Near each other, far apart, apart by powers of two, and as large as the ordered part of an id. */
const keys = fc.oneof(
  fc.nat(40),
  fc.nat(40).map((n) => n * 4096),
  fc.nat(40).map((n) => n * 2 ** 32),
  fc.nat(40).map((n) => 1_800_000_000_000 * 4096 + n * 4096),
  fc.maxSafeNat(),
)

test('a map by numbers holds what a Map would', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(keys, fc.boolean()), { maxLength: 400 }), (steps) => {
      const mine = new Numbered<Held>()
      const theirs = check(mine, steps)
      assert.deepEqual(
        mine.values().toSorted((a, b) => a.n - b.n),
        [...theirs.values()].toSorted((a, b) => a.n - b.n),
      )
      assert.deepEqual(
        mine.keys().toSorted((a, b) => a - b),
        [...theirs.keys()].toSorted((a, b) => a - b),
      )
      mine.clear()
      assert.deepEqual([mine.size, mine.values(), mine.keys(), mine.has(1)], [0, [], [], false])
    }),
  )
})

test('a map by numbers grows to a hundred thousand, and shrinks again', () => {
  const mine = new Numbered<Held>()
  for (let n = 0; n < 100_000; n++) mine.set(n * 4096, { n })
  assert.equal(mine.size, 100_000)
  for (let n = 0; n < 100_000; n++) {
    assert.equal(mine.get(n * 4096)?.n, n)
    if (n % 1000 > 0) assert.ok(mine.delete(n * 4096))
  }
  assert.deepEqual([mine.size, mine.values().length, mine.get(5000 * 4096)?.n, mine.has(4096)], [100, 100, 5000, false])
})

test('a map by names holds what a Map would', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(30).map(String), fc.boolean()), { maxLength: 200 }), (steps) => {
      const mine = new Named<Held>()
      const theirs = check(mine, steps)
      assert.deepEqual(mine.values(), [...theirs.values()])
      for (const [key] of steps) assert.equal(mine.has(key), theirs.has(key))
    }),
  )
})
