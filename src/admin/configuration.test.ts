import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { adminBed, carrier, connectors } from '../../test/admin.ts'
import { testClock } from '../clock.ts'
import { defaultClientPolicy } from '../model/policy.ts'
import { openConfiguration } from './configuration.ts'
import { createSeal, openSeal } from './seal.ts'
import { mask, Refused, type Fault } from './admin.ts'

async function refusal(work: Promise<unknown>): Promise<{ why: string; faults: string[] }> {
  const error = await work.then(
    () => assert.fail('was not refused'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof Refused, String(error))
  return { why: error.why, faults: error.faults.map((fault: Fault) => `${fault.path}: ${fault.message}`) }
}

test('makes the root account once, with the client bind api', async (context) => {
  const { room, root, admin, caller } = await adminBed(context)
  assert.match(root.id, /^AC[0-9a-f]{32}$/)
  assert.match(root.token, /^[0-9a-f]{32}$/)
  assert.deepEqual(await room.ensureRoot({ id: root.id }), root)
  assert.equal(room.current().revision, 1)
  assert.deepEqual(
    admin.binds.list(caller, root.id).map((bind) => [bind.id, bind.connector, bind.side, bind.policy.window]),
    [['api', 'twilio', 'client', defaultClientPolicy.window]],
  )
  assert.equal((await room.ensureRoot({ token: 'a'.repeat(32) })).token, 'a'.repeat(32))
  await assert.rejects(room.ensureRoot({ id: `AC${'1'.repeat(32)}` }), /belongs to the root account/)
})

test('secrets are sealed in the store, open in the snapshot, masked in views', async (context) => {
  const { store, room, admin, caller, root, directory } = await adminBed(context)
  const { view } = await admin.binds.put(caller, root.id, 'carrier-a', carrier())
  assert.deepEqual((view.config as { password: string }).password, mask)
  assert.equal((room.current().binds.get(`${root.id}/carrier-a`)!.config as { password: string }).password, 'hunter2')
  const { rows } = await store.configuration()
  const text = JSON.stringify(rows)
  assert.ok(!text.includes('hunter2') && !text.includes(root.token))
  for (const file of readdirSync(directory)) assert.ok(!readFileSync(join(directory, file)).includes('hunter2'), file)
  const again = await openConfiguration({ store, connectors, seal: openSeal(directory), clock: testClock() })
  assert.deepEqual(again.current(), room.current())
  await assert.rejects(
    openConfiguration({ store, connectors, seal: createSeal(new Uint8Array(32)), clock: testClock() }),
    /is it the key file/,
  )
})

test('a masked secret that is put back keeps what is stored', async (context) => {
  const { room, admin, caller, root } = await adminBed(context)
  const { view } = await admin.binds.put(caller, root.id, 'a', carrier())
  const { name, connector, side, enabled, policy, config } = view
  const same = await admin.binds.put(caller, root.id, 'a', { name, connector, side, enabled, policy, config })
  assert.equal(same.changed, false)
  const moved = await admin.binds.put(caller, root.id, 'a', { connector, config: { ...(config as object), host: 'other.example' } })
  assert.equal(moved.changed, true)
  assert.deepEqual(room.current().binds.get(`${root.id}/a`)!.config, { ...(config as object), host: 'other.example', password: 'hunter2' })
})

test('refuses with every fault at once, each with its path and what would be right', async (context) => {
  const { admin, caller, root, room } = await adminBed(context)
  const policies = await refusal(
    admin.binds.put(caller, root.id, 'api', {
      connector: 'twilio',
      side: 'supplier',
      policy: { window: 0, unknown: 'maybe' as 'hold', speed: 3 } as object,
      config: { accountSid: root.id, authToken: 'there', callbackSecret: 'madeUp0000000000000000' },
    }),
  )
  assert.match(policies.faults[0]!, /^policy\.speed: there is no such field; there are .*window/)
  assert.deepEqual(policies.faults.slice(1), [
    'policy.window: expected 1–10000, got 0',
    'policy.unknown: expected one of resend, hold, fail, got "maybe"',
    'side: is fixed once made: expected client, got supplier; delete the bind and make another',
  ])
  const { faults } = await refusal(
    admin.binds.put(caller, root.id, 'bad', { connector: 'smpp', config: { host: '', port: 99999, sytemId: 'x', password: 7 } }),
  )
  assert.match(faults[0]!, /^config\.sytemId: there is no such field; there are .*systemId/)
  assert.deepEqual(faults.slice(1), [
    'config.host: expected text of 1–255 characters, got ""',
    'config.port: expected 1–65535, got 99999',
    'config.systemId: is missing: expected text of 1–77 characters',
    `config.password: expected text of 0–64 characters, got ${mask}`,
  ])
  assert.equal(room.current().revision, 1)
})

test('routes and numbers may only lead to binds that are there and fit', async (context) => {
  const { admin, caller, root } = await adminBed(context)
  await admin.binds.put(caller, root.id, 'carrier-a', carrier())
  assert.deepEqual(
    (
      await refusal(
        admin.routes.put(caller, root.id, 'r', {
          prefix: '44 7',
          to: ['carrier-x', 'api', 'carrier-a', 'carrier-a'],
          arrival: 'nowhere',
          account: 'AC1',
        }),
      )
    ).faults,
    [
      'prefix: expected a prefix such as +44, digits of a short code, a URI such as sip:, or nothing for the default route, got "44 7"',
      'to[0]: expected a supplier bind (carrier-a), got "carrier-x"',
      'to[3]: "carrier-a" is named twice',
      'arrival: expected a bind (api, carrier-a), got "nowhere"',
      `account: expected ${root.id} or an account below it, got "AC1"`,
    ],
  )
  assert.deepEqual(
    (await refusal(admin.routes.put(caller, root.id, 'r', { prefix: '', time: { from: '8:00', to: '24:00', zone: 'Mars/Olympus' } })))
      .faults,
    [
      'time.from: expected HH:MM, got "8:00"',
      'time.zone: expected a time zone such as Europe/Berlin or UTC, got "Mars/Olympus"',
      'to: is missing: expected the binds to try, in order (or split with their shares)',
    ],
  )
  assert.deepEqual((await refusal(admin.numbers.put(caller, root.id, 'ACME', { bind: 'carrier-a', settings: {} }))).faults, [
    'number: expected a number such as +15550001111, or a short code of 3–8 digits, got "ACME"',
    'bind: expected a client bind (api), got "carrier-a"',
  ])
  assert.deepEqual(
    (
      await refusal(admin.numbers.put(caller, root.id, '+15550001111', { settings: { smsUrl: 'ftp://x', color: 'red' } }))
    ).faults.toSorted(),
    [
      'settings.color: there is no such field; there are country, smsApplicationSid, smsFallbackMethod, smsFallbackUrl, smsMethod, smsUrl, statusCallback',
      'settings.smsUrl: expected an http or https URL such as https://example.com/sms, got "ftp://x"',
    ],
  )
})

test('a bind in use is not deleted, and the refusal says by what', async (context) => {
  const { admin, caller, root } = await adminBed(context)
  await admin.binds.put(caller, root.id, 'carrier-a', carrier())
  await admin.routes.put(caller, root.id, 'uk', { prefix: '+44', to: ['carrier-a'] })
  assert.deepEqual(await refusal(admin.binds.delete(caller, root.id, 'carrier-a')), {
    why: 'in-use',
    faults: [': carrier-a cannot be deleted: it is used by route uk of Root account'],
  })
  assert.deepEqual((await refusal(admin.binds.delete(caller, root.id, 'api'))).why, 'in-use')
  assert.equal(await admin.routes.delete(caller, root.id, 'uk'), true)
  assert.equal(await admin.binds.delete(caller, root.id, 'carrier-a'), true)
  assert.equal(await admin.binds.delete(caller, root.id, 'carrier-a'), false)
})

test('what is shown can be put back, and then changes nothing', async (context) => {
  const { admin, caller, root } = await adminBed(context)
  await admin.binds.put(caller, root.id, 'a', carrier())
  await admin.binds.put(caller, root.id, 'b', carrier())
  await admin.routes.put(caller, root.id, 'r', {
    prefix: '+44',
    sender: '+1',
    account: root.id,
    arrival: 'api',
    kind: 'text',
    time: { days: ['fri', 'mon'], from: '08:00', to: '24:00', zone: 'Europe/Berlin' },
    split: { a: 60, b: 40 },
    failoverOnReceipt: true,
  })
  await admin.numbers.put(caller, root.id, '+15550001111', { settings: { smsUrl: 'https://app.example/sms' } })
  const { id: _id, owner: _owner, ...route } = admin.routes.get(caller, root.id, 'r')!
  assert.deepEqual(route.time!.days, ['mon', 'fri'])
  assert.equal((await admin.routes.put(caller, root.id, 'r', route)).changed, false)
  const { name, bind, settings, id } = admin.numbers.get(caller, root.id, '+15550001111')!
  assert.match(id, /^PN[0-9a-f]{32}$/)
  const again = await admin.numbers.put(caller, root.id, '+15550001111', { name, bind, settings })
  assert.deepEqual([again.changed, again.view.id], [false, id])
})

test('changes carry author, source and revision; an older expectation is refused', async (context) => {
  const { admin, caller, root, room } = await adminBed(context)
  await admin.binds.put({ ...caller, author: 'ops', source: '192.0.2.1' }, root.id, 'a', carrier(), { expected: 1 })
  assert.equal((await refusal(admin.binds.put(caller, root.id, 'b', carrier(), { expected: 1 }))).why, 'conflict')
  const [newest] = await admin.revisions(caller, 10)
  assert.deepEqual([newest!.revision, newest!.author, newest!.source], [2, 'ops', '192.0.2.1'])
  assert.deepEqual(newest!.changes, [{ kind: 'bind', key: `${root.id}/a`, change: 'put' }])
  assert.equal(room.current().revision, 2)
})

test('changes at once are all made, also when another process was first', async (context) => {
  const { admin, caller, root, room, store, directory } = await adminBed(context)
  const other = await openConfiguration({ store, connectors, seal: openSeal(directory), clock: testClock() })
  let heard = 0
  room.onChange(() => heard++)
  await Promise.all(['a', 'b', 'c'].map((id) => admin.binds.put(caller, root.id, id, carrier())))
  await other.ensureRoot({ token: 'b'.repeat(32) })
  assert.equal(other.current().revision, 5)
  await admin.binds.put(caller, root.id, 'd', carrier())
  assert.equal(room.current().accounts.get(root.id)!.token, 'b'.repeat(32))
  assert.equal(room.current().binds.size, 5)
  assert.equal(heard, 5)
})

test('a stored bind whose settings no longer hold is kept, told and not run', async (context) => {
  const { admin, caller, root, store, directory } = await adminBed(context)
  await admin.binds.put(caller, root.id, 'a', carrier())
  const without = new Map([...connectors].filter(([name]) => name !== 'smpp'))
  const later = await openConfiguration({ store, connectors: without, seal: openSeal(directory), clock: testClock() })
  assert.equal(later.current().binds.get(`${root.id}/a`)!.enabled, false)
  assert.deepEqual(later.faults(`${root.id}/a`), [{ path: 'connector', message: 'there is no connector smpp for a supplier' }])
})
