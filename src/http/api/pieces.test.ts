import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isLong, jsonPieces } from './pieces.ts'

test('the pieces of an answer are its JSON, however long its lists are', () => {
  const list = fc.array(fc.jsonValue(), { maxLength: 130, size: 'max' })
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.oneof(fc.jsonValue(), list, fc.constant(undefined)), { maxKeys: 4 }), (answer) => {
      assert.equal([...jsonPieces(answer)].join(''), JSON.stringify(answer))
    }),
    { numRuns: 50 },
  )
})

test('an answer with a long list is made of many pieces', () => {
  const answer = { revision: 1, changes: Array.from({ length: 1000 }, (_, n) => ({ n })), faults: [] }
  assert.equal(isLong(answer), true)
  assert.ok([...jsonPieces(answer)].length > 20)
  for (const short of [{ changes: [1] }, [1], undefined, null, 'text']) assert.equal(isLong(short), false)
})
