import assert from 'node:assert/strict'
import { test } from 'node:test'
import { adminBed, connectors } from '../../test/admin.ts'
import { testClock } from '../clock.ts'
import type { AccountInput } from './admin.ts'
import { Refused } from './admin.ts'
import { openConfiguration } from './configuration.ts'
import { createOptOuts } from './optouts.ts'
import { openSeal } from './seal.ts'

const handset = '+447700900123'

async function faults(work: Promise<unknown>): Promise<string[]> {
  const error = await work.then(
    () => assert.fail('was not refused'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof Refused, String(error))
  return [error.why, ...error.faults.map((fault) => `${fault.path}: ${fault.message}`)]
}

test('an account has words of its own, shows them as it was given them, and is as the one above again with inherit', async (context) => {
  const { admin, caller, root, store, directory, room } = await adminBed(context)
  const { view: child } = await admin.accounts.create(caller, root.id, {})
  const own = { ...caller, account: child.id }
  const optOut = { stop: ['Arrêt', 'STOP'], help: [], replies: { stop: 'Au revoir.', start: '' } }
  assert.deepEqual((await admin.accounts.update(own, child.id, { optOut })).view.optOut, optOut)
  assert.equal((await admin.accounts.update(own, child.id, { optOut })).changed, false)
  const again = await openConfiguration({ store, connectors, seal: openSeal(directory), clock: testClock() })
  assert.deepEqual(again.current().accounts.get(child.id), room.current().accounts.get(child.id))
  assert.deepEqual((await admin.accounts.update(own, child.id, { name: 'Ours' })).view.optOut, optOut)
  assert.equal((await admin.accounts.update(own, child.id, { optOut: 'off' })).view.optOut, 'off')
  assert.equal('optOut' in (await admin.accounts.update(own, child.id, { optOut: 'inherit' })).view, false)
})

test('every fault of words is told with its place', async (context) => {
  const { admin, caller, root } = await adminBed(context)
  const update = (optOut: unknown): Promise<string[]> => faults(admin.accounts.update(caller, root.id, { optOut } as AccountInput))
  assert.deepEqual(await update('sometimes'), ['invalid', 'optOut: expected one of inherit, off, twilio or a mapping, got "sometimes"'])
  assert.deepEqual(await update({ stop: [' STOP', 'x'.repeat(33)], halt: [], replies: { stop: 7 } }), [
    'invalid',
    'optOut.halt: there is no such field; there are help, replies, start, stop',
    'optOut.stop[0]: expected a word without blanks around it, got " STOP"',
    'optOut.stop[1]: expected text of 0–32 characters, got "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"',
    'optOut.replies.stop: expected text, in quotes, got 7',
  ])
  assert.deepEqual(await update({ stop: ['Halt', 'start'], replies: { help: ' halt ' } }), [
    'invalid',
    'optOut.stop[1]: expected a word that is not among those of start too, got "start"',
    'optOut.replies.help: expected a text that is none of the words, got " halt "',
  ])
})

test('a document sets words and switches, and says the second time that nothing changes', async (context) => {
  const { admin, caller, room } = await adminBed(context)
  const text = `accounts:
  - id: root
    optOut: { stop: [STOPP], replies: { stop: 'Nie wieder.' } }
    numbers:
      - { number: '+12025550123', optOut: false }
      - { number: '12345', optOut: true }
    accounts:
      - { name: Below, optOut: off }
`
  const plan = await admin.documents.plan(caller, text, { variables: {} })
  assert.deepEqual(plan.faults, [])
  const fields = plan.changes.flatMap((change) => change.fields.filter(({ field }) => field === 'optOut'))
  assert.deepEqual(
    fields.map(({ after }) => after),
    [{ stop: ['STOPP'], replies: { stop: 'Nie wieder.' } }, 'off', false, true],
  )
  await admin.documents.apply(caller, plan)
  assert.deepEqual((await admin.documents.plan(caller, text, { variables: {} })).changes, [])
  assert.deepEqual([room.current().numbers.get('+12025550123')?.optOut, room.current().numbers.get('12345')?.optOut], [false, true])
})

test('a connector that changes a number leaves its switch as it is', async (context) => {
  const { admin, caller, root } = await adminBed(context)
  await admin.numbers.put(caller, root.id, '+12025550123', { optOut: false })
  assert.equal((await admin.tenancy.changeNumber(caller, root.id, '+12025550123', { name: 'Desk' })).optOut, false)
})

test('handsets are listed, added and removed within the caller’s subtree; what a handset said itself stays', async (context) => {
  const { admin, caller, root, store } = await adminBed(context)
  const { view: child } = await admin.accounts.create(caller, root.id, {})
  const own = { ...caller, account: child.id }
  const said = { account: child.id, sender: '+12025550123', handset, at: 5, word: 'STOP' }
  await store.optOuts.put(said)
  assert.deepEqual(await admin.optOuts.put(caller, { sender: 'ACME', handset: '447700900123' }), { created: true })
  assert.deepEqual(await admin.optOuts.put(caller, { sender: 'ACME', handset }), { created: false })
  assert.deepEqual(await admin.optOuts.put(own, { sender: '12025550123', handset }), { created: false })
  const senders = async (by: typeof caller, query: object = {}): Promise<string[]> =>
    (await admin.optOuts.list(by, { limit: 10, ...query })).optOuts.map((one) => one.sender).toSorted()
  assert.deepEqual((await admin.optOuts.list(own, { limit: 10 })).optOuts, [said])
  assert.deepEqual(await senders(caller), ['+12025550123', 'ACME'])
  assert.deepEqual(await senders(caller, { below: false }), ['ACME'])
  assert.deepEqual(await senders(caller, { handset: '447700900123', sender: 'ACME' }), ['ACME'])
  for (const work of [
    admin.optOuts.list(own, { account: root.id, limit: 10 }),
    admin.optOuts.put(own, { account: root.id, sender: 'ACME', handset }),
    admin.optOuts.remove(own, { account: root.id, sender: 'ACME', handset }),
  ])
    assert.deepEqual(await faults(work), ['absent'])
  assert.equal(await admin.optOuts.remove(own, { sender: 'ACME', handset }), false)
  assert.equal(await admin.optOuts.remove(caller, { account: child.id, sender: '12025550123', handset }), true)
  assert.deepEqual(await senders(own), [])
})

test('what no message could be addressed by is refused; a service of the account is a sender, a stranger’s is not', async (context) => {
  const { admin, caller, room, root } = await adminBed(context)
  const put = (sender: string, to: string): Promise<string[]> => faults(admin.optOuts.put(caller, { sender, handset: to }))
  assert.deepEqual(await put('no such sender', '07700 900123'), [
    'invalid',
    'sender: expected a number such as +15550001111, a short code, a name, or the id of a service of the account',
    'handset: expected a number such as +447700900123, or a user such as bob@acme.example in lower case',
  ])
  for (const to of ['ACME', '', 'Bob@acme.example', '+44', `${'x'.repeat(320)}@x`, 'sip:bob@acme.example'])
    assert.match((await put('ACME', to))[1]!, /^handset/, to)
  const service = `MG${'1'.repeat(32)}`
  assert.match((await put(service, handset))[1]!, /^sender/)
  await room.change(caller, (bench) => {
    const value = { id: service, account: root.id, kind: 'service', settings: {}, createdAt: 0, updatedAt: 0 }
    bench.touched.set(`resource ${root.id}/${service}`, [])
    bench.resources.set(root.id, new Map([[service, value]]))
  })
  assert.deepEqual(await admin.optOuts.put(caller, { sender: service, handset: 'bob@acme.example' }), { created: true })
})

test('no line of the audit log stands for an opt-out that the list did not take', async (context) => {
  const { caller, store, room, clock } = await adminBed(context)
  const broken = (): Promise<boolean> => Promise.reject(new Error('the disk is full'))
  const optOuts = createOptOuts({
    store: { optOuts: { ...store.optOuts, has: (...of) => store.optOuts.has(...of), put: broken, remove: broken } },
    clock,
    configuration: room.current,
    note: room.note,
  })
  await assert.rejects(optOuts.put(caller, { sender: 'ACME', handset }), /the disk is full/)
  await assert.rejects(optOuts.putAll(caller, [{ sender: 'ACME', handset }]), /the disk is full/)
  await store.optOuts.put({ account: caller.account, sender: 'ACME', handset, at: 5, word: 'STOP' })
  await assert.rejects(optOuts.remove(caller, { sender: 'ACME', handset }), /the disk is full/)
  const told = (await store.revisions(100)).flatMap(({ changes }) => changes.filter(({ kind }) => kind === 'optout'))
  assert.deepEqual(told, [])
})

test('an opt-out that the audit log took no line of is told, and its repetition writes the line once', async (context) => {
  const { admin, caller, root, store, room, clock } = await adminBed(context)
  const { view: child } = await admin.accounts.create(caller, root.id, {})
  const own = { ...caller, account: child.id }
  let isFull = true
  const optOuts = createOptOuts({
    store,
    clock,
    configuration: room.current,
    note: (...line) => (isFull ? Promise.reject(new Error('the disk is full')) : room.note(...line)),
  })
  const lines = async (): Promise<string[]> =>
    (await admin.audit.list(caller, { kind: 'optout', limit: 100 })).entries.flatMap(({ changes }) =>
      changes.map(({ change, what }) => `${change} ${what}`),
    )
  const pair = { sender: 'ACME', handset }
  const is = (): boolean => store.optOuts.has(root.id, 'ACME', handset)
  await assert.rejects(optOuts.put(caller, pair), /opt-out of \+447700900123 from ACME: it is done, but the audit log took no line/)
  assert.equal(is(), true)
  const strangers = optOuts.put(own, { sender: 'SHOP', handset: '+447700900124' })
  await assert.rejects(strangers, { message: /^(?!.*(?:ACME|0123)).* no line of an earlier change: the disk is full$/ })
  assert.equal(store.optOuts.has(child.id, 'SHOP', '+447700900124'), false)
  isFull = false
  assert.deepEqual(await optOuts.put(caller, pair), { created: false })
  isFull = true
  await assert.rejects(optOuts.remove(caller, pair), /it is done/)
  assert.equal(is(), false)
  isFull = false
  assert.equal(await optOuts.remove(caller, pair), true)
  assert.equal(await optOuts.remove(caller, pair), false)
  isFull = true
  await assert.rejects(optOuts.putAll(caller, [pair, pair]), /1 opt-out from a list: it is done/)
  isFull = false
  assert.deepEqual(await optOuts.putAll(caller, [pair]), { created: 0, known: 1 })
  assert.deepEqual(await lines(), [
    'create 1 opt-out from a list',
    `delete opt-out of ${handset} from ACME`,
    `create opt-out of ${handset} from ACME`,
  ])
})
