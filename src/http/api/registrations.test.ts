import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import type { Connector, Registration } from '../../plugin.ts'
import { apiBed, type Answer, view } from '../../../test/api.ts'
import { basic, root } from '../house.fixture.ts'

const registered: Registration[] = []
const phones: Connector = {
  name: 'phones',
  config: { client: z.strictObject({}) },
  can: { text: 'whole', mms: false, receipts: false },
  registrations: () => registered,
}
const api = apiBed({ connectors: [phones] })
const { call } = api

function phone(bind: string, user: string, more: Partial<Registration> = {}): Registration {
  return {
    bind,
    user,
    listener: 'internal',
    contact: `sip:${user}`,
    transport: 'udp',
    remote: '192.0.2.7:5060',
    registeredAt: 1_000,
    expiresAt: 3_601_000,
    ...more,
  }
}

const users = ({ body }: Answer): string[] => (body['registrations'] as { user: string }[]).map(({ user }) => user)

test('registrations are told by user, page by page, each with its profile, address and times', async () => {
  assert.equal((await call('PUT /binds/desk', { connector: 'phones' })).status, 201)
  registered.push(...['d', 'a', 'c', 'b'].map((user) => phone(`${root}/desk`, `${user}@acme.example`, { agent: 'Phone 1' })))
  const first = await call('GET /sip/registrations?limit=3')
  assert.deepEqual(users(first), ['a@acme.example', 'b@acme.example', 'c@acme.example'])
  const rest = await call(`GET /sip/registrations?limit=3&cursor=${encodeURIComponent(String(first.body['next']))}`)
  assert.deepEqual(users(rest), ['d@acme.example'])
  assert.equal(rest.body['next'], undefined)
  assert.deepEqual((rest.body['registrations'] as unknown[])[0], {
    bind: `${root}/desk`,
    user: 'd@acme.example',
    profile: 'internal',
    contact: 'sip:d@acme.example',
    transport: 'udp',
    remote: '192.0.2.7:5060',
    registeredAt: '1970-01-01T00:00:01.000Z',
    expiresAt: '1970-01-01T01:00:01.000Z',
    agent: 'Phone 1',
  })
  assert.deepEqual(users(await call('GET /sip/registrations?user=B@acme.example')), ['b@acme.example'])
})

test('an account sees its own users and those below it, never those of others or of binds that are gone', async () => {
  const made = await call('POST /accounts', { name: 'Below' })
  const below = view(made) as { id: string }
  const theirs = basic(below.id, String(made.body['token'] ?? view(made)['token']))
  assert.equal((await call('PUT /binds/desk', { connector: 'phones' }, theirs)).status, 201)
  registered.push(phone(`${below.id}/desk`, 'e@below.example'), phone(`${root}/gone`, 'f@acme.example'))
  assert.deepEqual(users(await call('GET /sip/registrations', undefined, theirs)), ['e@below.example'])
  assert.deepEqual(users(await call(`GET /sip/registrations?account=${root}`, undefined, theirs)), [])
  assert.deepEqual(users(await call(`GET /sip/registrations?account=${below.id}`)), ['e@below.example'])
  assert.equal(users(await call('GET /sip/registrations')).length, 5)
})

api.walkedAll('registrations.test.ts')
