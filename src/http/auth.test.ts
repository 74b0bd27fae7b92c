import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testClock, type TestClock } from '../clock.ts'
import type { Account } from '../model/account.ts'
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
