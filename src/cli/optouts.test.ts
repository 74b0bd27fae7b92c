import assert from 'node:assert/strict'
import { test } from 'node:test'
import { account, clientOf } from './client.fixture.ts'
import { addOrRemove, optOuts } from './optouts.ts'

const below = `AC${'2'.repeat(32)}`

test('who has opted out is told in a line each, whose sender it is where that is another account', async () => {
  const at = '2026-01-01T12:00:00.000Z'
  const { client, asked } = clientOf(() => ({
    optOuts: [
      { account, sender: '+12025550123', handset: '+447700900123', at, word: 'STOP', message: 'a'.repeat(32) },
      { account: below, sender: 'ACME', handset: '+447700900124', at },
    ],
    next: 'more',
  }))
  const [heading, first, second, more] = (await optOuts(client, { limit: '2', handset: '+447700900123' })).split('\n')
  assert.deepEqual(asked, ['GET /api/v1/optouts?handset=%2B447700900123&limit=2'])
  assert.match(heading!, /^handset +takes no more from +of +since \(UTC\) +word +message$/)
  assert.match(first!, /^\+447700900123 +\+12025550123 +2026-01-01 12:00:00\.000 +STOP +SMa{32}$/)
  assert.match(second!, /^\+447700900124 +ACME +AC2{32} +2026-01-01 12:00:00\.000 +by an operator$/)
  assert.match(more!, /and more/)
  assert.equal(await optOuts(clientOf(() => ({ optOuts: [] })).client, { limit: '2' }), 'Nobody has opted out.')
})

test('one is added and removed by sender and handset', async () => {
  const { client, asked } = clientOf(() => ({ created: true }))
  assert.equal(await addOrRemove(client, 'add', 'ACME', '+447700900123', {}), '+447700900123 takes no more from ACME.')
  const told = await addOrRemove(clientOf(() => ({ created: false })).client, 'add', 'ACME', '+447700900123', {})
  assert.equal(told, '+447700900123 had already opted out of ACME.')
  await addOrRemove(client, 'remove', '+12025550123', '+447700900123', { account: below })
  assert.deepEqual(asked, [
    'PUT /api/v1/optouts/ACME/%2B447700900123',
    `DELETE /api/v1/optouts/%2B12025550123/%2B447700900123?account=${below}`,
  ])
})
