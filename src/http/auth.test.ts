import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testClock, type TestClock } from '../clock.ts'
import { createHash } from 'node:crypto'
import type { Account } from '../model/account.ts'
import type { AccountCredentials, ApiKey } from '../model/credential.ts'
import type { Configuration } from '../model/configuration.ts'
import { basicCredentials, createIdentify, type Identify } from './auth.ts'

const root = `AC${'1'.repeat(32)}`
const child = `AC${'2'.repeat(32)}`
const other = `AC${'3'.repeat(32)}`
const token = 'a'.repeat(32)

function account(id: string, parent?: string, secret = token): Account {
  const plain = { name: id, status: 'active' as const, inheritRoutes: true, weight: 1, concurrency: 0, privateWebhooks: false }
  return { id, ...(parent ? { parent } : {}), ...plain, createdAt: 0, updatedAt: 0, token: secret }
}

function configurationOf(...accounts: Account[]): Configuration {
  return {
    revision: 1,
    accounts: new Map(accounts.map((each) => [each.id, each])),
    binds: new Map(),
    routes: new Map(),
    numbers: new Map(),
    resources: new Map(),
  }
}

const basic = (user: string, password: string): string => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

function setUp(): { identify: Identify; clock: TestClock; set(next: Configuration): void } {
  let configuration = configurationOf(account(root), account(child, root), account(other, root))
  const clock = testClock()
  return { identify: createIdentify({ configuration: () => configuration, clock }), clock, set: (next) => void (configuration = next) }
}

test('the right SID and token are the account, which may act on itself and below', async () => {
  const { identify } = setUp()
  const identity = await identify(basic(child, token), '192.0.2.1')
  assert.equal(identity?.account.id, child)
  assert.equal(identity.may(child), true)
  assert.equal(identity.may(root), false)
  assert.equal(identity.may(other), false)
  const above = await identify(basic(root, token), '192.0.2.1')
  assert.equal(above?.may(other), true)
})

test('a wrong token, an unknown account, another scheme and no header at all are nobody', async () => {
  const { identify } = setUp()
  for (const wrong of [
    basic(root, 'b'.repeat(32)),
    basic(`AC${'9'.repeat(32)}`, token),
    basic(root, ''),
    `Bearer ${token}`,
    'Basic',
    'Basic !!!',
    undefined,
  ]) {
    assert.equal(await identify(wrong, `192.0.2.${String(wrong).length}`), undefined, String(wrong))
  }
})

test('an account without a token lets nobody in', async () => {
  const { identify, set } = setUp()
  set(configurationOf(account(root, undefined, '')))
  assert.equal(await identify(basic(root, ''), '192.0.2.1'), undefined)
})

test('a token that was changed is refused at once, and so is an account that is gone', async () => {
  const { identify, set } = setUp()
  assert.ok(await identify(basic(child, token), '192.0.2.1'))
  set(configurationOf(account(root), account(child, root, 'c'.repeat(32))))
  assert.equal(await identify(basic(child, token), '192.0.2.1'), undefined)
  assert.ok(await identify(basic(child, 'c'.repeat(32)), '192.0.2.1'))
  set(configurationOf(account(root)))
  assert.equal(await identify(basic(child, 'c'.repeat(32)), '192.0.2.1'), undefined)
})

test('after a few wrong tokens an address waits for its answer, longer each time, and others do not', async () => {
  const { identify, clock } = setUp()
  const wrong = basic(root, 'b'.repeat(32))
  for (let i = 0; i < 5; i++) assert.equal(identify(wrong, '192.0.2.1'), undefined, 'the first five are free')
  const waits: number[] = []
  for (let i = 0; i < 4; i++) {
    let waited = 0
    const answer = Promise.resolve(identify(wrong, '192.0.2.1')).then(() => 'answered' as const)
    for (;;) {
      const state = await Promise.race([answer, new Promise<'waiting'>((resolve) => setImmediate(() => resolve('waiting')))])
      if (state === 'answered') break
      await clock.advance(50)
      waited += 50
    }
    waits.push(waited)
  }
  assert.deepEqual(waits, [100, 200, 400, 800])
  assert.equal(identify(wrong, '192.0.2.2'), undefined, 'another address does not wait')
})

test("credentials of one's own between the guesses gain nothing", async () => {
  const { identify } = setUp()
  for (let i = 0; i < 5; i++) {
    assert.equal(identify(basic(root, `${i}`.padStart(32, 'b')), '192.0.2.1'), undefined)
    // Each written otherwise, so that none is known.
    assert.ok(await identify(basic(child, token).replace(' ', ' '.repeat(i + 1)), '192.0.2.1'))
  }
  assert.ok(identify(basic(root, 'c'.repeat(32)), '192.0.2.1') instanceof Promise, 'the sixth has to wait')
})

test('guessing in parallel gains nothing: with ten wrong answers waiting even the right token is refused, unless it is known', async () => {
  const { identify } = setUp()
  assert.ok(await identify(basic(root, token), '198.51.100.1'))
  for (let i = 0; i < 15; i++) void identify(basic(root, `${i}`.padStart(32, 'b')), '192.0.2.1')
  assert.equal(await identify(basic(child, token), '192.0.2.1'), undefined)
  assert.ok(await identify(basic(root, token), '192.0.2.1'), 'known before, it goes on working')
})

test('a header of any length costs nothing', () => {
  assert.equal(basicCredentials(`Basic ${'A'.repeat(100_000)}`), undefined)
  assert.deepEqual(basicCredentials(basic('user', 'with:colon')), { user: 'user', password: 'with:colon' })
})

test('right credentials are known again without being compared, until the configuration changes', async () => {
  const { identify, set } = setUp()
  const first = await identify(basic(root, token), '192.0.2.1')
  // The same object, at once: nothing was parsed, hashed or awaited.
  assert.equal(identify(basic(root, token), '192.0.2.9'), first)
  set(configurationOf({ ...account(root), name: 'renamed' }))
  const renamed = await identify(basic(root, token), '192.0.2.1')
  assert.equal(renamed?.account.name, 'renamed')
})

const hash = (secret: string): string => createHash('sha256').update(secret).digest('hex')
const sk = `SK${'4'.repeat(32)}`
const key: ApiKey = { id: sk, name: '', kind: 'standard', allow: [], sources: [], createdAt: 0, updatedAt: 0, hash: hash('secret') }
const having = (credentials: Partial<AccountCredentials>): Account => ({
  ...account(child, root),
  credentials: { sources: [], keys: [], ...credentials },
})

test('a key and its secret are its account, and may act on that alone', async () => {
  const { identify, set } = setUp()
  set(configurationOf(account(root), having({ keys: [{ ...key, kind: 'restricted', allow: ['/twilio/messaging/messages/read'] }] })))
  const identity = await identify(basic(sk, 'secret'), '192.0.2.1')
  assert.deepEqual([identity?.account.id, identity?.key?.id, identity?.key?.kind], [child, sk, 'restricted'])
  assert.deepEqual([identity?.may(child), identity?.may(root)], [true, false])
  assert.deepEqual([...(identity?.key?.allow ?? [])], ['/twilio/messaging/messages/read'])
  for (const wrong of [
    basic(sk, 'secrets'),
    basic(sk, ''),
    basic(sk, key.hash),
    basic(sk, token),
    basic(`SK${'5'.repeat(32)}`, 'secret'),
    basic(child, 'secret'),
  ])
    assert.equal(await identify(wrong, `192.0.2.${wrong.length}`), undefined)
  set(configurationOf(account(root), having({})))
  assert.equal(await identify(basic(sk, 'secret'), '192.0.2.2'), undefined, 'revoked')
})

test('a key of the account above does not act on what is below', async () => {
  const { identify, set } = setUp()
  set(configurationOf({ ...account(root), credentials: { sources: [], keys: [{ ...key, kind: 'main' }] } }, account(child, root)))
  const identity = await identify(basic(sk, 'secret'), '192.0.2.1')
  assert.deepEqual([identity?.may(root), identity?.may(child)], [true, false])
})

test('a second token is as good as the first', async () => {
  const { identify, set } = setUp()
  const second = 'd'.repeat(32)
  set(configurationOf(account(root), having({ secondary: { token: second, createdAt: 0 } })))
  assert.equal((await identify(basic(child, second), '192.0.2.1'))?.account.id, child)
  assert.equal((await identify(basic(child, token), '192.0.2.1'))?.key, undefined)
  assert.equal(await identify(basic(child, ''), '192.0.2.1'), undefined)
  assert.equal(await identify(basic(root, second), '192.0.2.1'), undefined, 'not of another account')
})

test('credentials are good from their networks alone, and failures from elsewhere are slowed', async () => {
  const { identify, set } = setUp()
  set(configurationOf(account(root), having({ sources: ['198.51.100.0/24', '2001:db8::/32'], keys: [{ ...key, sources: ['192.0.2.7'] }] })))
  for (const [user, secret, at, isGood] of [
    [child, token, '198.51.100.9', true],
    [child, token, '::ffff:198.51.100.9', true],
    [child, token, '2001:db8::1', true],
    [child, token, '192.0.2.7', false],
    [sk, 'secret', '192.0.2.7', true],
    [sk, 'secret', '198.51.100.9', false],
    [sk, 'secret', '', false],
  ] as const) {
    assert.equal((await identify(basic(user, secret), at)) !== undefined, isGood, `${user} ${at}`)
    assert.equal((await identify(basic(user, secret), at)) !== undefined, isGood, 'the same again, when it is known')
  }
  for (let i = 0; i < 5; i++) await identify(basic(sk, 'secret'), '203.0.113.1')
  assert.ok(identify(basic(sk, 'secret'), '203.0.113.1') instanceof Promise, 'the sixth has to wait')
})

test('test credentials go by an account that is nobody’s, below the one whose they are', async () => {
  const { identify, set } = setUp()
  const pair = { id: `AC${'7'.repeat(32)}`, token: 'e'.repeat(32) }
  set(configurationOf(account(root), having({ test: pair })))
  const identity = await identify(basic(pair.id, pair.token), '192.0.2.1')
  assert.deepEqual([identity?.account.id, identity?.account.parent, identity?.testOf], [pair.id, child, child])
  assert.deepEqual([identity?.may(pair.id), identity?.may(child), identity?.may(root)], [true, false, false])
  assert.equal(await identify(basic(pair.id, token), '192.0.2.1'), undefined)
  assert.equal(await identify(basic(child, pair.token), '192.0.2.1'), undefined)
})

test('who has a whole IPv6 network is slowed as one', async () => {
  const { identify, clock } = setUp()
  const wrong = basic(root, 'b'.repeat(32))
  for (let i = 1; i <= 5; i++) assert.equal(await identify(wrong, `2001:db8:0:7::${i}`), undefined)
  let answered = false
  const slowed = Promise.resolve(identify(wrong, '2001:db8:0:7:ffff::9')).then(() => (answered = true))
  assert.equal(await identify(wrong, '2001:db8:0:8::1'), undefined)
  assert.equal(answered, false)
  await clock.advance(100)
  await slowed
})
