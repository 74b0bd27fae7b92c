import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { inPieces, joined } from './pieces.ts'
import { chunks, inSlices } from './slices.ts'

test('long work leaves others their turn, and is done to the end', async () => {
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  const done: number[] = []
  await inSlices(
    Array.from({ length: 10 }, (_, n) => n),
    (n) => {
      const until = performance.now() + 10
      while (performance.now() < until);
      done.push(n)
    },
  )
  clearInterval(timer)
  assert.equal(done.length, 10)
  assert.ok(turns >= 3, `${turns} turns of others`)
})

test('short work is done before anything else has a turn', () => {
  const done: number[] = []
  void inSlices([1, 2, 3], (n) => done.push(n))
  assert.deepEqual(done, [1, 2, 3])
  assert.deepEqual([...chunks([1, 2, 3], 2)], [[1, 2], [3]])
})

test('what is cut in pieces is the same once it is joined, and no piece is long', () => {
  const value = fc.letrec((tie) => ({
    node: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.oneof(fc.integer(), fc.string(), fc.constant(null)),
      fc.array(tie('node'), { maxLength: 120 }),
      fc.dictionary(fc.string(), tie('node'), { maxKeys: 3, noNullPrototype: true }),
    ),
  })).node
  fc.assert(
    fc.property(value, (whole) => {
      const [first, ...rest] = inPieces(whole)
      const [again] = structuredClone(first!.items)
      for (const piece of rest) {
        assert.ok(piece.items.length <= 50)
        joined(again, structuredClone(piece))
      }
      assert.deepEqual(again, whole)
    }),
    { numRuns: 50 },
  )
})
