import assert from 'node:assert/strict'
import { test } from 'node:test'
import { account, clientOf } from './client.fixture.ts'
import { Told } from './client.ts'
import { messages } from './search.ts'

test('where a bind has no messages because there is no such bind, that is told', async () => {
  const { client, asked } = clientOf((path) => {
    if (path.endsWith('/nrthern')) throw new Told('There is no bind nrthern.', 'absent')
    return path.includes('/binds/') ? {} : { messages: [] }
  })
  const limit = '20'
  assert.match(await messages(client, { bind: 'nrthern', limit }), /^None found, and there is no bind nrthern now/)
  assert.equal(asked.at(-1), `GET /api/v1/binds/nrthern?account=${account}`)
  assert.equal(await messages(client, { bind: 'northern', limit }), 'None found.')
  assert.equal(await messages(client, { limit }), 'None found.')
})
