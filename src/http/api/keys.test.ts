import assert from 'node:assert/strict'
import { test } from 'node:test'
import { basic, root } from '../house.fixture.ts'
import { apiBed, view } from '../../../test/api.ts'
import { endpoints } from './api.ts'

const api = apiBed()
const { call } = api

interface Key {
  id: string
  name: string
  kind: string
  allow: string[]
  sources: string[]
}
async function newKey(input: object, query = ''): Promise<{ key: Key; secret: string; as: string }> {
  const { status, body } = await call(`POST /keys${query}`, input)
  assert.equal(status, 201, JSON.stringify(body))
  const { key, secret } = body as unknown as { key: Key; secret: string }
  return { key, secret, as: basic(key.id, secret) }
}

test('a key is made once with its secret, shown without it, renamed, limited and revoked', async () => {
  const { key, secret, as } = await newKey({ name: 'deploy', kind: 'main' })
  assert.match(key.id, /^SK[0-9a-f]{32}$/)
  assert.match(secret, /^[A-Za-z0-9]{32}$/)
  assert.equal((await call('GET /accounts', undefined, as)).status, 200)
  const listed = await call('GET /keys')
  assert.ok(!JSON.stringify(listed.body).includes(secret))
  assert.doesNotMatch(JSON.stringify(listed.body), /hash/)
  assert.deepEqual(
    (listed.body['keys'] as Key[]).map((each) => each.name),
    ['deploy'],
  )
  assert.equal((await call(`PUT /keys/${key.id}`, { name: 'deploys', sources: ['127.0.0.0/8', '::1'] })).status, 200)
  assert.equal((await call(`GET /keys/${key.id}`)).body['name'], 'deploys')
  assert.equal((await call('GET /accounts', undefined, as)).status, 200, 'the test calls from there')
  await call(`PUT /keys/${key.id}`, { sources: ['192.0.2.0/24'] })
  assert.equal((await call('GET /accounts', undefined, as)).status, 401, 'but not from there')
  await call(`PUT /keys/${key.id}`, { sources: [] })
  assert.equal((await call('GET /accounts', undefined, as)).status, 200)
  assert.equal((await call(`DELETE /keys/${key.id}`)).status, 200)
  assert.equal((await call('GET /accounts', undefined, as)).status, 401)
  assert.equal((await call(`DELETE /keys/${key.id}`)).status, 404)
  assert.equal((await call(`PUT /keys/${key.id}`, { name: 'x' })).status, 404)
  assert.equal((await call(`GET /keys/${key.id}`)).status, 404)
})

test('a standard key does everything but accounts, keys and documents', async () => {
  const { as } = await newKey({})
  assert.equal((await call('GET /binds', undefined, as)).status, 200)
  assert.equal((await call('GET /revisions', undefined, as)).status, 200)
  for (const [line, body] of [
    ['GET /accounts', undefined],
    ['POST /accounts', {}],
    [`GET /accounts/${root}/document`, undefined],
    [`POST /accounts/${root}/token`, undefined],
    ['GET /keys', undefined],
    ['POST /keys', {}],
    [`POST /accounts/${root}/tokens/secondary`, undefined],
    [`POST /accounts/${root}/tokens/test`, undefined],
    ['POST /apply', { document: 'accounts: []' }],
  ] as const) {
    const answer = await call(line, body, as)
    assert.deepEqual([answer.status, answer.body.error?.code], [403, 'forbidden'], line)
  }
})

test('a restricted key does what it is allowed by name and nothing else, on any route', async () => {
  const { key, as } = await newKey({ kind: 'restricted', allow: ['/signalbox/binds/read', '/signalbox/numbers/*'] })
  assert.equal((await call('GET /binds', undefined, as)).status, 200)
  assert.equal((await call('DELETE /numbers/+15005550009', undefined, as)).status, 404, 'allowed, and not there')
  for (const { verb, path, tag, media } of endpoints) {
    if (tag === 'numbers' || (tag === 'binds' && verb === 'get') || media) continue
    const line = `${verb.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, 'x')}`
    const answer = await call(line, verb === 'get' || verb === 'delete' ? undefined : {}, as)
    assert.equal(answer.status, 403, line)
  }
  await call(`PUT /keys/${key.id}`, { allow: ['/signalbox/routes/read'] })
  assert.equal((await call('GET /routes', undefined, as)).status, 200)
  assert.equal((await call('GET /binds', undefined, as)).status, 403)
})

test('a key that does not hold is refused with every fault', async () => {
  const answer = await call('POST /keys', {
    kind: 'restricted',
    allow: ['/twilio/messaging/messages/create', '/twilio/nothing/read', '/signalbox/accounts/write', '/signalbox/keys/*'],
    sources: ['192.0.2.0/33', 'localhost'],
  })
  assert.equal(answer.status, 400)
  assert.deepEqual(answer.body.error?.faults?.map(({ path }) => path).toSorted(), [
    'allow[1]',
    'allow[2]',
    'allow[3]',
    'sources[0]',
    'sources[1]',
  ])
  assert.equal((await call('POST /keys', { kind: 'restricted' })).status, 400, 'allowed nothing')
  assert.equal((await call('POST /keys', { kind: 'main', allow: ['/signalbox/binds/read'] })).status, 400)
  assert.equal((await call('POST /keys', { name: 'x'.repeat(65) })).status, 400)
})

test('a token is rotated without a moment in which none is good', async () => {
  const made = view(await call('POST /accounts', { name: 'Sub' }))
  const [sub, old] = [String(made['id']), String(made['token'])]
  const good = async (token: string): Promise<boolean> => (await call('GET /accounts', undefined, basic(sub, token))).status === 200
  assert.equal((await call(`POST /accounts/${sub}/tokens/promote`)).status, 404, 'nothing to promote')
  const second = String((await call(`POST /accounts/${sub}/tokens/secondary`)).body['token'])
  assert.deepEqual([await good(old), await good(second)], [true, true])
  assert.equal((await call(`POST /accounts/${sub}/tokens/secondary`)).status, 400, 'one at a time')
  assert.ok((await call(`GET /accounts/${sub}/tokens`)).body['secondaryCreatedAt'])
  assert.equal((await call(`DELETE /accounts/${sub}/tokens/secondary`)).status, 200)
  assert.deepEqual([await good(old), await good(second)], [true, false])
  assert.equal((await call(`DELETE /accounts/${sub}/tokens/secondary`)).status, 404)
  const third = String((await call(`POST /accounts/${sub}/tokens/secondary`)).body['token'])
  assert.equal((await call(`POST /accounts/${sub}/tokens/promote`)).body['token'], third)
  assert.deepEqual([await good(old), await good(third)], [false, true])
  assert.equal((await call(`PUT /accounts/${sub}/tokens`, { sources: ['192.0.2.7'] })).status, 200)
  assert.equal(await good(third), false, 'not from here')
  assert.equal((await call(`PUT /accounts/${sub}/tokens`, { sources: ['here'] })).status, 400)
})

test('test credentials are nobody here, and keep their SID when they are renewed', async () => {
  const { id, token } = (await call(`POST /accounts/${root}/tokens/test`)).body as { id?: string; token?: string }
  assert.equal((await call('GET /binds', undefined, basic(String(id), String(token)))).status, 401)
  const again = (await call(`POST /accounts/${root}/tokens/test`)).body
  assert.equal(again['id'], id)
  assert.notEqual(again['token'], token)
  assert.equal((await call(`GET /accounts/${root}/tokens`)).body['test'], id)
})

test('credentials of an account above or beside are absent, and revisions name keys but show no secret', async () => {
  const made = view(await call('POST /accounts', { name: 'Other' }))
  const below = basic(String(made['id']), String(made['token']))
  const { key } = await newKey({ name: 'own' })
  for (const line of [
    `GET /keys?account=${root}`,
    `GET /keys/${key.id}?account=${root}`,
    `GET /keys/${key.id}`,
    `DELETE /keys/${key.id}?account=${root}`,
    `DELETE /keys/${key.id}`,
    `GET /accounts/${root}/tokens`,
    `POST /accounts/${root}/tokens/secondary`,
    `POST /accounts/${root}/tokens/promote`,
    `POST /accounts/${root}/tokens/test`,
    `DELETE /accounts/${root}/tokens/secondary`,
  ])
    assert.equal((await call(line, undefined, below)).status, 404, line)
  assert.equal((await call(`POST /keys?account=${root}`, {}, below)).status, 404)
  const other = await newKey({ name: 'theirs' }, `?account=${String(made['id'])}`)
  assert.deepEqual(
    ((await call('GET /keys', undefined, below)).body['keys'] as Key[]).map(({ name }) => name),
    ['theirs'],
  )
  const { as } = await newKey({ kind: 'standard' })
  await call('PUT /binds/by-key', { connector: 'smpp', config: { host: 'x.example', systemId: 'y', password: 'z' } }, as)
  const [newest] = (await call('GET /revisions?limit=1')).body['revisions'] as { author: string }[]
  assert.match(newest?.author ?? '', /^SK/)
  assert.ok(other.secret.length === 32)
})

api.walkedAll('keys.test.ts')
