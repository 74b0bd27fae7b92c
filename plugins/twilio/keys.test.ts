import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { facadeBed, type Credentials } from '../../test/facade.ts'
import { twilioPermissions } from '../../src/plugin.ts'
import { handset, ownNumber } from './messages.fixture.ts'
import { routes } from './routes.ts'

async function bedWithKeys(context: TestContext) {
  const bed = await facadeBed(context)
  await bed.admin.numbers.put(bed.caller, bed.root.id, ownNumber, {})
  const below = await bed.client().api.v2010.accounts.create({ friendlyName: 'Below' })
  const sub: Credentials = { user: below.sid, secret: below.authToken }
  const at = `/2010-04-01/Accounts/${bed.root.id}`
  async function restricted(...allow: string[]): Promise<Credentials> {
    const made = await bed.client().iam.v1.newApiKey.create({ accountSid: bed.root.id, keyType: 'restricted', policy: { allow } })
    return { user: made.sid, secret: made.secret }
  }
  async function standard(): Promise<Credentials> {
    const made = await bed.client().newKeys.create({ friendlyName: 'app' })
    return { user: made.sid, secret: made.secret }
  }
  async function main(): Promise<Credentials> {
    const { key, secret } = await bed.admin.credentials.createKey(bed.caller, bed.root.id, 'main', {})
    return { user: key.id, secret }
  }
  return { ...bed, sub, at, restricted, standard, main }
}
const text = { To: handset, From: ownNumber, Body: 'hello' }

test('a key is made, listed, fetched, renamed and revoked by the official client, under both of its names', async (context) => {
  const { client, call, at } = await bedWithKeys(context)
  const made = await client().newKeys.create({ friendlyName: 'app' })
  assert.match(made.sid, /^SK[0-9a-f]{32}$/)
  assert.match(made.secret, /^[A-Za-z0-9]{32}$/)
  const signing = await client().newSigningKeys.create()
  assert.equal(signing.friendlyName, null)
  assert.deepEqual((await client().keys.list({ pageSize: 1 })).map(({ sid }) => sid).toSorted(), [made.sid, signing.sid].toSorted())
  assert.equal((await client().signingKeys.list()).length, 2, 'they are the same keys')
  const fetched = await call(`GET ${at}/Keys/${made.sid}.json`)
  assert.deepEqual(Object.keys(fetched.json), ['sid', 'friendly_name', 'date_created', 'date_updated'])
  assert.ok(!fetched.text.includes(made.secret))
  assert.equal((await client().keys(signing.sid).update({ friendlyName: 'renamed' })).friendlyName, 'renamed')
  assert.equal((await client().signingKeys(signing.sid).fetch()).friendlyName, 'renamed')
  assert.equal(await client().keys(made.sid).remove(), true)
  await assert.rejects(client().keys(made.sid).fetch(), { code: 20404, status: 404 })
  await assert.rejects(client().keys(made.sid).remove(), { code: 20404 })
  await assert.rejects(client().keys('AC1234').fetch(), { code: 20404 })
  await assert.rejects(client().newKeys.create({ friendlyName: 'x'.repeat(65) }), { code: 70001 })
  const xml = await call(`POST ${at}/SigningKeys`, { form: { FriendlyName: 'a&b' } })
  assert.match(xml.text, /<SigningKey><Sid>SK[0-9a-f]{32}<\/Sid><FriendlyName>a&amp;b<\/FriendlyName>.*<Secret>[A-Za-z0-9]{32}<\/Secret>/)
})

test('a standard key sends, but reaches no accounts, keys or tokens', async (context) => {
  const { client, call, at, standard, submissions } = await bedWithKeys(context)
  const key = await standard()
  const sent = await client(key).messages.create({ to: handset, from: ownNumber, body: 'hello' })
  assert.match(sent.sid, /^SM/)
  assert.equal(submissions.length, 1)
  const routers = [
    'GET /2010-04-01/Accounts.json',
    `GET ${at}.json`,
    `POST ${at}.json`,
    `GET ${at}/Keys.json`,
    `POST ${at}/SigningKeys.json`,
  ]
  for (const line of [
    ...routers,
    `DELETE ${at}/Keys/${key.user}.json`,
    'GET /v1/Keys',
    'POST /v1/AuthTokens/Secondary',
    'POST /v1/AuthTokens/Promote',
  ]) {
    const { status, json } = await call(line, { as: key })
    assert.deepEqual([status, json['code']], [401, 20003], line)
  }
})

test('a main key does what the token does, but does not learn the token of its own account', async (context) => {
  const { client, main, root } = await bedWithKeys(context)
  const key = await main()
  const own = await client(key).api.v2010.accounts(root.id).fetch()
  assert.equal(own.authToken, null)
  const made = await client(key).newKeys.create({})
  assert.match(made.secret, /./)
  assert.equal((await client(key).keys.list()).length, 2)
})

test('a key is for its own account alone', async (context) => {
  const { call, sub, standard, main, restricted } = await bedWithKeys(context)
  for (const as of [await standard(), await main(), await restricted('/twilio/messaging/messages/*')]) {
    const { status, json } = await call(`GET /2010-04-01/Accounts/${sub.user}/Messages.json`, { as })
    assert.deepEqual([status, json['code']], [401, 20003])
  }
})

test('a restricted key does what it is allowed, and is told what it lacks', async (context) => {
  const { client, call, at, restricted, root, submissions } = await bedWithKeys(context)
  const key = await restricted('/twilio/messaging/messages/create', '/twilio/messaging/messages/read')
  const sent = await client(key).messages.create({ to: handset, from: ownNumber, body: 'hello' })
  const lacking = async (line: string, permission: string, form?: Record<string, string>): Promise<void> => {
    const { status, json } = await call(line, { as: key, ...(form ? { form } : {}) })
    assert.deepEqual([status, json['code']], [401, 70051], line)
    assert.equal(json['message'], `Authorization Error: required permission ${permission} is missing`)
  }
  const one = `${at}/Messages/${sent.sid}.json`
  await lacking(`GET ${at}/Messages.json`, 'twilio/messaging/messages/list')
  await lacking(`POST ${one}`, 'twilio/messaging/messages/update', { Body: '' })
  await lacking(`DELETE ${one}`, 'twilio/messaging/messages/delete')
  await lacking(`POST ${one}`, 'twilio/messaging/messages/delete', { _method: 'DELETE' })
  const reader = await restricted('/twilio/messaging/messages/list')
  const refused = await call(`POST ${at}/Messages.json`, { as: reader, form: text })
  assert.deepEqual([refused.status, refused.json['code']], [401, 70051], 'also on the way that is taken before express')
  assert.equal(submissions.length, 1)
  assert.equal((await call(`GET ${at}/Keys.json`, { as: reader })).json['code'], 20003)
  const all = await restricted('/twilio/messaging/messages/*')
  assert.equal((await call(`GET ${at}/Messages.json`, { as: all })).status, 200)
  assert.equal((await client().iam.v1.apiKey(key.user).fetch()).sid, key.user)
  assert.deepEqual((await client().iam.v1.apiKey(all.user).fetch()).policy, { allow: ['/twilio/messaging/messages/*'] })
  const changed = await client()
    .iam.v1.apiKey(all.user)
    .update({ policy: { allow: ['/twilio/messaging/messages/read'] }, friendlyName: 'less' })
  assert.deepEqual(changed.policy, { allow: ['/twilio/messaging/messages/read'] })
  assert.equal((await call(`GET ${at}/Messages.json`, { as: all })).json['code'], 70051, 'at once')
  const listed = await client().iam.v1.getApiKeys.list({ accountSid: root.id })
  assert.equal(listed.length, 3)
  assert.equal(await client().iam.v1.apiKey(all.user).remove(), true)
  assert.equal((await call(`GET ${at}/Messages.json`, { as: all })).json['code'], 20003)
})

test('a policy that does not hold is refused by what is wrong with it', async (context) => {
  const { call, asRoot } = await bedWithKeys(context)
  const refusals: [number, Record<string, string>][] = [
    [70002, { KeyType: 'restricted', Policy: '{"allow":["/twilio/fakepermission/doesnotexist"]}' }],
    [70002, { KeyType: 'restricted', Policy: '{"allow":[{"a":1}]}' }],
    [70001, { KeyType: 'restricted', Policy: '{"allow":[]}' }],
    [70001, { KeyType: 'restricted', Policy: 'allow' }],
    [70001, { KeyType: 'restricted', Policy: '"allow"' }],
    [70001, { KeyType: 'restricted' }],
    [70001, { KeyType: 'main' }],
  ]
  for (const [code, form] of refusals) {
    const { status, json } = await call('POST /v1/Keys', { form: { AccountSid: asRoot.user, ...form } })
    assert.deepEqual([status, json['code']], [400, code], JSON.stringify(form))
  }
  assert.equal((await call('GET /v1/Keys')).json['keys'] !== undefined, true)
})

test('keys of an account above, beside or of nobody are one answer', async (context) => {
  const { client, call, sub, at, standard, root } = await bedWithKeys(context)
  const key = await standard()
  const own = await client(sub).newKeys.create({})
  for (const line of [
    `GET ${at}/Keys.json`,
    `POST ${at}/Keys.json`,
    `GET ${at}/Keys/${key.user}.json`,
    `GET /v1/Keys?AccountSid=${root.id}`,
  ])
    assert.deepEqual((await call(line, { as: sub })).json['code'], 20003, line)
  const elsewhere = [
    `GET /2010-04-01/Accounts/${sub.user}/Keys/${key.user}.json`,
    `DELETE /2010-04-01/Accounts/${sub.user}/Keys/${key.user}.json`,
  ]
  for (const line of [...elsewhere, `GET /v1/Keys/${key.user}`, `DELETE /v1/Keys/${key.user}`])
    assert.deepEqual((await call(line, { as: sub })).json['code'], 20404, line)
  assert.equal((await call(`GET /2010-04-01/Accounts/${sub.user}/Keys/${own.sid}.json`)).status, 200, 'from above it is there')
})

test('a second token is made, good at once, promoted or dropped as Twilio has it', async (context) => {
  const { client, call, sub } = await bedWithKeys(context)
  const good = async (secret: string): Promise<boolean> =>
    (await call(`GET /2010-04-01/Accounts/${sub.user}.json`, { as: { user: sub.user, secret } })).status === 200
  const made = await client(sub).accounts.v1.secondaryAuthToken().create()
  assert.deepEqual([made.accountSid, made.dateCreated instanceof Date], [sub.user, true])
  assert.match(made.url, /\/v1\/AuthTokens\/Secondary$/)
  assert.deepEqual([await good(sub.secret), await good(made.secondaryAuthToken)], [true, true])
  await assert.rejects(client(sub).accounts.v1.secondaryAuthToken().create(), { code: 20422 })
  assert.equal(await client(sub).accounts.v1.secondaryAuthToken().remove(), true)
  assert.equal(await good(made.secondaryAuthToken), false)
  await assert.rejects(client(sub).accounts.v1.secondaryAuthToken().remove(), { code: 20404 })
  await assert.rejects(client(sub).accounts.v1.authTokenPromotion().update(), { code: 20404 })
  const again = await client(sub).accounts.v1.secondaryAuthToken().create()
  const promoted = await client(sub).accounts.v1.authTokenPromotion().update()
  assert.equal(promoted.authToken, again.secondaryAuthToken)
  assert.deepEqual([await good(sub.secret), await good(promoted.authToken)], [false, true])
})

test('what a route needs is a permission that a key can have', () => {
  for (const { needs, path } of routes) {
    if (needs === 'main') continue
    const known = [...twilioPermissions].some((permission) => permission === needs || permission.startsWith(`${needs}/`))
    assert.ok(known, `${needs} of ${path.source}`)
  }
})
