import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { adminBed } from '../../test/admin.ts'
import { testClock } from '../clock.ts'
import { createIdentify } from '../http/auth.ts'
import { hashOf } from './credentials.ts'

const sk = (digit: string): string => `SK${digit.repeat(32)}`
const secret = 'a'.repeat(20) + 'B'.repeat(20)

async function bed(context: TestContext) {
  const all = await adminBed(context)
  const { admin, caller, room, root } = all
  const plan = (keys: string, { prune = false, variables = {} }: { prune?: boolean; variables?: Record<string, string> } = {}) =>
    admin.documents.plan(caller, `accounts:\n  - id: root\n    ${keys}`, { variables, prune })
  const apply = async (keys: string, more: { prune?: boolean; variables?: Record<string, string> } = {}) => {
    const planned = await plan(keys, more)
    assert.deepEqual(planned.faults, [], keys)
    await admin.documents.apply(caller, planned)
    assert.deepEqual((await plan(keys, more)).changes, [], 'the second time nothing changes')
    return planned.changes
  }
  const faults = async (keys: string): Promise<string[]> => (await plan(keys)).faults.map(({ path, message }) => `${path}: ${message}`)
  const keys = () => admin.credentials.keys(caller, root.id)
  const signsIn = async (id: string, password: string, from = '192.0.2.7'): Promise<boolean> => {
    const identify = createIdentify({ configuration: () => room.current(), clock: testClock() })
    return (await identify(`Basic ${Buffer.from(`${id}:${password}`).toString('base64')}`, from)) !== undefined
  }
  return { ...all, plan, apply, faults, keys, signsIn }
}

test('a key of a document signs in by the secret it was given, and from where it may', async (context) => {
  const { apply, keys, signsIn, room, root } = await bed(context)
  const text =
    'keys: [{ name: Report, kind: restricted, allow: [/twilio/messaging/messages/read], sources: [192.0.2.0/24], secret: "${S}" }]'
  const changes = await apply(text, { variables: { S: secret } })
  assert.ok(!JSON.stringify(changes).includes(secret) && !JSON.stringify(changes).includes(hashOf(secret)), 'a plan tells no secret')
  const [key] = keys()
  assert.deepEqual([key?.name, key?.kind, key?.allow], ['Report', 'restricted', ['/twilio/messaging/messages/read']])
  assert.equal(await signsIn(key!.id, secret), true)
  assert.equal(await signsIn(key!.id, secret, '198.51.100.1'), false)
  assert.equal(await signsIn(key!.id, `${secret}x`), false)
  // Another secret is a change that is seen, not shown; without one it stays as it is.
  const [change] = await apply(
    `keys: [{ id: ${key!.id}, name: Reports, kind: restricted, allow: [/twilio/messaging/messages/read], secret: ${'c'.repeat(32)} }]`,
  )
  assert.deepEqual(
    change?.fields.find(({ field }) => field.endsWith('.secret')),
    { field: `keys.${key!.id}.secret`, before: '••••', after: '••••' },
  )
  assert.equal(await signsIn(key!.id, secret), false)
  await apply('keys: [{ name: Reports, kind: restricted, allow: [/twilio/messaging/messages/list] }]')
  assert.equal(await signsIn(key!.id, 'c'.repeat(32)), true)
  assert.equal(room.current().accounts.get(root.id)?.credentials?.keys.length, 1)
})

test('what no key can be is a fault each, and a key of another account cannot be taken', async (context) => {
  const { apply, faults, admin, caller, root } = await bed(context)
  await apply(`keys: [{ name: One, id: ${sk('1')}, secret: ${secret} }]`)
  const { view } = await admin.accounts.create(caller, root.id, { name: 'Shop' })
  const told = async (key: string): Promise<string> => (await faults(`keys: [${key}]`)).join('; ')
  assert.match(
    await told('{ name: New }'),
    /keys\[0\]\.secret: is missing: expected 32 to 64 letters and digits; npx signalbox keys create/,
  )
  assert.match(await told('{ name: New, secret: short }'), /secret: expected 32 to 64 letters and digits, got ••••/)
  assert.match(await told('{ name: New, secret: ••••••••••••••••••••••••••••••••••••• }'), /secret: expected 32 to 64 letters and digits/)
  assert.match(
    await told(`{ name: New, secret: ${secret}, secretHash: ${hashOf(secret)} }`),
    /secretHash: expected the secret or its hash, not both/,
  )
  assert.match(await told('{ name: One, kind: main }'), /kind: is fixed once made: expected standard, got main/)
  assert.match(await told(`{ name: New, kind: restricted, secret: ${secret} }`), /allow: expected at least one permission/)
  assert.match(
    await told(`{ name: New, allow: [/all], secret: ${secret} }`),
    /allow\[0\]: there is no permission "\/all"; .*allow: is for restricted keys/,
  )
  assert.match(await told('{ name: One, sources: [here] }'), /sources\[0\]: expected an address or a network/)
  assert.match(await told('{ secret: x }'), /name: is missing: expected a name/)
  const shop = await admin.documents.plan(
    caller,
    `accounts: [{ id: root, accounts: [{ id: ${view.id}, keys: [{ id: ${sk('1')}, secret: ${secret} }] }] }]`,
    { variables: {} },
  )
  assert.match(shop.faults[0]?.message ?? '', /cannot be taken: expected another, or none/)
  const twice = await admin.documents.plan(
    caller,
    `accounts: [{ id: root, keys: [{ id: ${sk('2')}, secret: ${secret} }], accounts: [{ id: ${view.id}, keys: [{ id: ${sk('2')}, secret: ${secret} }] }] }]`,
    { variables: {} },
  )
  assert.match(twice.faults[0]?.message ?? '', /cannot be taken/)
})

test('only --prune revokes what is not written, and only where keys are written; addresses of tokens are as written', async (context) => {
  const { apply, keys, plan, admin, caller, root, signsIn } = await bed(context)
  await apply(`keys: [{ id: ${sk('1')}, secret: ${secret} }, { name: Two, secretHash: ${hashOf(secret)} }]`)
  assert.equal(await signsIn(keys()[1]!.id, secret), true)
  assert.deepEqual((await plan('binds: []', { prune: true })).changes, [])
  assert.deepEqual((await plan('keys: [{ name: Two }]')).changes, [])
  await apply('keys: [{ name: Two }]', { prune: true })
  assert.deepEqual(
    keys().map(({ name }) => name),
    ['Two'],
  )
  await apply("tokenSources: ['192.0.2.0/24']")
  assert.deepEqual(admin.credentials.tokens(caller, root.id).sources, ['192.0.2.0/24'])
  assert.deepEqual((await plan('name: Root account')).changes, [], 'where nothing is said of them they stay')
  await apply('tokenSources: []')
  assert.deepEqual(admin.credentials.tokens(caller, root.id).sources, [])
  assert.match((await plan('tokenSources: [nowhere]')).faults[0]?.message ?? '', /expected an address or a network/)
})
