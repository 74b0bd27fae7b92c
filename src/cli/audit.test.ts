import assert from 'node:assert/strict'
import { test } from 'node:test'
import { audit } from './audit.ts'
import { account, clientOf } from './client.fixture.ts'

test('a revision is told with its changes, and each field before and after', async () => {
  const at = '2026-01-01T12:00:00.000Z'
  const change = { kind: 'account', change: 'update', what: 'account Acme', account, id: account }
  const { client, asked } = clientOf(() => ({
    entries: [
      { revision: 7, at, author: 'SK1', source: '192.0.2.7', changes: [{ ...change, fields: [{ field: 'weight', before: 1, after: 2 }] }] },
      { revision: 6, at, author: 'outside', changes: [{ ...change, fields: [{ field: 'cdrUrl', after: 'https://a.example' }] }] },
    ],
    next: 6,
  }))
  assert.deepEqual((await audit(client, { limit: '2', kind: 'account' })).split('\n'), [
    '2026-01-01 12:00:00.000  revision 7 by SK1 from 192.0.2.7',
    '  update account Acme',
    '    weight: 1 → 2',
    '2026-01-01 12:00:00.000  revision 6 by outside',
    '  update account Acme',
    '    cdrUrl: nothing → "https://a.example"',
    '… and more: --cursor 6 goes on from there.',
  ])
  assert.deepEqual(asked, ['GET /api/v1/audit?limit=2&kind=account'])
  assert.equal(await audit(clientOf(() => ({ entries: [] })).client, { limit: '2' }), 'Nothing was changed.')
})
