// Parked receipts beyond the limit: whoever sends what nobody waits for pays for it alone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRefs } from './refs.ts'

test('of more parked receipts than are kept, the bind with the most loses its oldest, and no other', () => {
  const refs = createRefs()
  const park = (id: number, bind: number) => refs.park({ id, bind, receipt: { ref: `r${id}`, state: 'delivered', final: true }, at: id })
  for (let id = 1; id <= 3; id++) assert.equal(park(id, 1), undefined)
  const lost: number[] = []
  for (let id = 4; id <= 100_005; id++) {
    const gone = park(id, 2)
    if (gone) lost.push(gone.id)
  }
  assert.deepEqual(lost, [4, 5, 6, 7, 8])
  assert.equal(refs.parked, 100_000)
  assert.equal(refs.take(1, 'r1').length, 1)
  assert.equal(refs.take(2, 'r4').length, 0)
  assert.equal(refs.take(2, 'r100005').length, 1)
  // There is room again.
  assert.equal(park(100_006, 1), undefined)
  assert.equal(refs.sweep(100_007).length, 99_999)
  assert.equal(park(100_007, 1), undefined)
})
