import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Decision } from '../../model/route.ts'
import { createDecisions } from './decisions.ts'
import { createNames } from './names.ts'
import type { Op } from './ops.ts'

const decision = (revision: number): Decision => ({
  revision,
  route: 'all',
  candidates: [{ bind: 'AC1/a', why: 'It is the first.' }],
  failoverOnReceipt: true,
  tried: [{ route: 'all', account: 'AC1', matched: true, why: 'It takes all.' }],
})

test('a decision that many messages share is written as a number from the second on, and read back whole', () => {
  const ops: Op[] = []
  const commit = { add: (op: Op) => ops.push(op) }
  const decisions = createDecisions(createNames([], commit), 3)
  const shared = decision(7)
  const texts = [decisions.write(shared), decisions.write(shared), decisions.write(shared)]
  assert.deepEqual(texts, [JSON.stringify(shared), '1,7', '1,7'])
  // The next revision of the same decision has the same text.
  const next = decision(8)
  assert.deepEqual([decisions.write(next), decisions.write(next)], [JSON.stringify(next), '1,8'])
  assert.equal(ops.length, 1)
  const known = ops.flatMap((op) => (op.kind === 'name' ? [[op.id, op.value] as const] : []))
  const later = createDecisions(createNames(known, commit))
  for (const text of texts) assert.deepEqual(later.read(text), shared)
  assert.deepEqual(later.read('1,8'), next)
  assert.equal(later.read('1,8'), later.read('1,8'), 'one object for all')
  assert.equal(later.write(later.read('1,8')), '1,8', 'what was read is written as it was')
})

test('with as many names as there may be, decisions are written out', () => {
  const decisions = createDecisions(createNames([], { add: () => 0 }), 1)
  const [first, second] = [decision(1), { ...decision(1), route: 'other' }]
  for (const one of [first, second]) decisions.write(one)
  assert.deepEqual([decisions.write(first), decisions.write(second)], ['1,1', JSON.stringify(second)])
})
