import assert from 'node:assert/strict'
import { test } from 'node:test'
import { audit } from './audit.ts'
import type { Client } from './client.ts'

const account = `AC${'1'.repeat(32)}`

function clientOf(answer: unknown): { client: Client; asked: string[] } {
  const asked: string[] = []
  const client: Client = {
    url: 'http://127.0.0.1',
    read: () => assert.fail('nothing is followed here'),
    accountSid: account,
    request<T>(verb: string, path: string) {
      asked.push(`${verb} ${path}`)
      return Promise.resolve(answer as T)
    },
  }
  return { client, asked }
}

test('a revision is told with its changes, and each field before and after', async () => {
  const at = '2026-01-01T12:00:00.000Z'
  const change = { kind: 'account', change: 'update', what: 'account Acme', account, id: account }
  const { client, asked } = clientOf({
    entries: [
      { revision: 7, at, author: 'SK1', source: '192.0.2.7', changes: [{ ...change, fields: [{ field: 'weight', before: 1, after: 2 }] }] },
      { revision: 6, at, author: 'outside', changes: [{ ...change, fields: [{ field: 'cdrUrl', after: 'https://a.example' }] }] },
    ],
    next: 6,
  })
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
  assert.equal(await audit(clientOf({ entries: [] }).client, { limit: '2' }), 'Nothing was changed.')
})
