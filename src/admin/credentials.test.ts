import assert from 'node:assert/strict'
import { test } from 'node:test'
import { adminBed, connectors } from '../../test/admin.ts'
import { testClock } from '../clock.ts'
import { openConfiguration } from './configuration.ts'
import { hashOf, newSecret } from './credentials.ts'
import { openSeal } from './seal.ts'

test('no secret of a key and no token is readable in the store, and all of them are back after a start', async (context) => {
  const { admin, caller, root, store, directory } = await adminBed(context)
  const { credentials } = admin
  const { key, secret } = await credentials.createKey(caller, root.id, 'restricted', {
    name: 'app',
    allow: ['/twilio/messaging/messages/create'],
    sources: ['192.0.2.0/24'],
  })
  const second = await credentials.addToken(caller, root.id)
  const pair = await credentials.renewTest(caller, root.id)
  const text = JSON.stringify((await store.configuration()).rows)
  for (const hidden of [secret, second.token, pair.token, root.token]) assert.ok(!text.includes(hidden))
  assert.ok(text.includes(hashOf(secret)))
  const again = await openConfiguration({ store, connectors, seal: openSeal(directory), clock: testClock() })
  const read = again.current().accounts.get(root.id)?.credentials
  assert.equal(read?.secondary?.token, second.token)
  assert.deepEqual(read?.test, pair)
  assert.deepEqual(read?.keys, [{ ...key, hash: hashOf(secret) }])
})

test('what is shown of an account, of a plan and of a key has no hash and no token', async (context) => {
  const { admin, caller, root, room } = await adminBed(context)
  const { key, secret } = await admin.credentials.createKey(caller, root.id, 'main', { name: 'app' })
  const { token } = await admin.credentials.addToken(caller, root.id)
  const plan = await admin.documents.plan(caller, 'accounts:\n  - id: root\n    name: Renamed\n', { variables: {} })
  await admin.documents.apply(caller, plan)
  assert.equal(room.current().accounts.get(root.id)?.credentials?.keys.length, 1, 'a document leaves keys alone')
  const shown = JSON.stringify([admin.accounts.list(caller), admin.credentials.keys(caller, root.id), plan, key])
  for (const hidden of [hashOf(secret), secret, token]) assert.ok(!shown.includes(hidden))
})

test('an account has at most a hundred keys', async (context) => {
  const { admin, caller, root } = await adminBed(context)
  for (let i = 0; i < 100; i++) await admin.credentials.createKey(caller, root.id, 'standard', {})
  await assert.rejects(admin.credentials.createKey(caller, root.id, 'standard', {}), { why: 'invalid' })
})

test('secrets are 32 letters and digits, all of them in use', () => {
  const all = Array.from({ length: 300 }, newSecret)
  for (const secret of all) assert.match(secret, /^[A-Za-z0-9]{32}$/)
  assert.equal(new Set(all.join('')).size, 62)
  assert.equal(new Set(all).size, 300)
})
