import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCdrStream } from './cdrs.ts'

test('a CDR that was read from the table, and marked as written, before it is told of here is not handed on again', () => {
  const stream = createCdrStream({ written: 3, last: 4 })
  const row = (sequence: number) => ({ sequence, message: 'f'.repeat(32), account: 'AC1', json: Buffer.from('{}') })
  assert.equal(stream.read(10), undefined, 'the table has the fourth')
  stream.wrote(5)
  const ended: string[] = []
  stream.onEnded((id) => ended.push(id))
  stream.ended(row(5))
  stream.ended(row(6))
  assert.deepEqual(
    stream.read(10)?.map(({ sequence }) => sequence),
    [6],
  )
  assert.equal(ended.length, 2)
})
