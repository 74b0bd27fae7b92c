import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { differing, type Versions, versions } from './versions.ts'

const change = fc.tuple(fc.integer({ min: 0, max: 8 }), fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }))
/** Of which version so far the next is made, and what it changes. */
const step = fc.tuple(fc.nat(20), fc.array(change, { maxLength: 4 }))
const sorted = (map: ReadonlyMap<number, number>) => [...map].toSorted(([a], [b]) => a - b)

test('every version stays as it was, read by key or as a whole, whatever comes after it, of whichever version', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), fc.array(fc.nat(20)), (steps, readWhole) => {
      const made: { is: Versions<number, number>; expected: Map<number, number> }[] = [
        { is: versions(new Map([[1, 1]])), expected: new Map([[1, 1]]) },
      ]
      steps.forEach(([from, changes], n) => {
        const { is, expected } = made[from % made.length]!
        const next = new Map(expected)
        for (const [key, value] of changes) {
          if (value === undefined) next.delete(key)
          else next.set(key, value)
        }
        made.push({ is: is.with(changes), expected: next })
        if (readWhole.includes(n)) assert.deepEqual(sorted(made[0]!.is), [[1, 1]])
      })
      for (const { is, expected } of made) {
        for (let key = 0; key <= 8; key++) assert.equal(is.get(key), expected.get(key))
        assert.equal(is.size, expected.size)
      }
      for (const { is, expected } of made) assert.deepEqual(sorted(is), sorted(expected))
    }),
  )
})

test('a version stays readable while the next is made, and what differs from it is told however many steps that took', () => {
  const first = versions(
    new Map([
      [1, 'a'],
      [2, 'b'],
    ]),
  )
  const making = first.begin()
  making.set(2, undefined)
  assert.deepEqual([first.get(2), first.size, making.get(2)], ['b', 2, undefined])
  making.set(3, 'c')
  assert.deepEqual([first.get(1), first.has(3)], ['a', false])
  const second = making.done()
  assert.deepEqual(
    [...second],
    [
      [1, 'a'],
      [3, 'c'],
    ],
  )
  assert.equal(second.size, 2)
  assert.deepEqual([...differing(first, second)], [2, 3])
  assert.deepEqual(
    [...first].toSorted(([a], [b]) => a - b),
    [
      [1, 'a'],
      [2, 'b'],
    ],
  )
  assert.equal(second.begin().done(), second)
})

test('what differs is told for versions near and far, and for maps that have nothing to do with each other', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), fc.nat(12), fc.nat(12), fc.boolean(), (steps, a, b, isPlain) => {
      const made: ReadonlyMap<number, number>[] = [versions(new Map([[1, 1]]))]
      for (const [from, changes] of steps) made.push((made[from % made.length] as Versions<number, number>).with(changes))
      const before = isPlain ? new Map(made[a % made.length]) : made[a % made.length]!
      const after = made[b % made.length]!
      const told = new Set(differing(before, after))
      for (let key = 0; key <= 8; key++) if (before.get(key) !== after.get(key)) assert.ok(told.has(key))
    }),
  )
})

test('a change that changes nothing makes no version', () => {
  const first = versions(new Map([['a', 1]]))
  assert.equal(first.with([['a', 1], ['b', undefined]]), first) // prettier-ignore
  assert.deepEqual([...differing(first, first.with([['b', 2]]))], ['b'])
})

test('one more of a hundred thousand costs nothing that grows with them', () => {
  let newest = versions(new Map(Array.from({ length: 100_000 }, (_, n) => [n, n])))
  const first = newest
  const before = process.cpuUsage()
  for (let n = 0; n < 10_000; n++) newest = newest.with([[100_000 + n, n]])
  const { user, system } = process.cpuUsage(before)
  // Ten thousand copies of the map would take half a minute.
  assert.ok(user + system < 3_000_000, `${user + system} µs`)
  assert.equal(first.size, 100_000)
  assert.equal(first.has(100_001), false)
})
