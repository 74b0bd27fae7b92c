import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiBed } from '../../../test/api.ts'
import { root } from '../house.fixture.ts'

const { call } = apiBed()

type Entry = { revision: number; at: string; author: string; source: string; changes: { what: string; fields: unknown[] }[] }

test('the audit log names who made a change, from which address, and what was before', async () => {
  await call(`PUT /accounts/${root}`, { name: 'Acme' })
  await call('PUT /numbers/12345', { name: 'Desk' })
  const answer = await call('GET /audit?limit=2')
  const [number, account] = answer.body['entries'] as Entry[]
  assert.equal(number?.author, root)
  assert.match(number?.source ?? '', /127\.0\.0\.1/)
  assert.equal(number?.changes[0]?.what, 'number 12345 of Acme')
  assert.deepEqual(account?.changes[0]?.fields, [{ field: 'name', before: 'Root account', after: 'Acme' }])
  const rest = await call(`GET /audit?cursor=${String(answer.body['next'])}`)
  assert.ok((rest.body['entries'] as Entry[]).every(({ revision }) => revision < account.revision))
  const since = encodeURIComponent(account.at)
  assert.ok(((await call(`GET /audit?kind=number&id=12345&author=${root}&after=${since}`)).body['entries'] as Entry[]).length === 1)
  assert.deepEqual((await call('GET /audit?before=2001-01-01T00:00:00Z')).body['entries'], [])
  const wrong = await call('GET /audit?kind=message&after=yesterday&limit=0')
  assert.equal(wrong.status, 400)
  assert.deepEqual(
    wrong.body.error?.faults?.map(({ path }) => path),
    ['kind', 'after', 'limit'],
  )
})
