import assert from 'node:assert/strict'
import { test } from 'node:test'
import { carrier } from '../../test/admin.ts'
import { street } from '../../test/street.ts'
import { localBindId } from '../model/configuration.ts'
import type { Cdr } from '../model/cdr.ts'
import type { Life } from '../model/life.ts'
import type { MessageId } from '../model/message.ts'
import { AcceptRefused, type Replacement } from '../plugin.ts'
import type { DeliverItem } from '../store/store.ts'
import type { Caller } from './admin.ts'

test('a waiting message is canceled once, with its CDR and its report', async (context) => {
  const { admin, caller, send, store, root } = await street(context)
  const id = await send()
  assert.equal(await admin.messages.cancel(caller, id), 'canceled')
  assert.equal(await admin.messages.cancel(caller, id), 'too-late')
  const trace = (await admin.messages.trace(caller, id))!
  assert.equal(trace.life.state, 'canceled')
  assert.equal(trace.life.failure!.code, 'canceled')
  assert.deepEqual(
    (await store.cdrs(10)).map(({ message, json }) => [message, (JSON.parse(json.toString()) as Cdr).state]),
    [[id, 'canceled']],
  )
  const [run] = await store.claim(`${root.id}/api`, 1)
  assert.equal(run!.items[0]!.kind, 'report')
  assert.equal(await admin.messages.cancel(caller, 'f'.repeat(32)), 'absent')
})

test('a replacement must pass the bind by which the message came, as it is now', async (context) => {
  const { admin, caller, root, send, store, clock } = await street(context)
  const shop = (rules: object) =>
    admin.binds.put(caller, root.id, 'shop', { connector: 'smpp', side: 'client', policy: rules, config: { systemId: 's', password: 'p' } })
  await shop({ shortestText: 3, longestText: 10, maxValiditySeconds: 3600, validitySeconds: 60 })
  const id = await send({ arrival: `${root.id}/shop` })
  const replace = (change: Replacement): Promise<string> =>
    admin.hostMessages.replace(root.id, id, change).catch((error: unknown) => {
      assert.ok(error instanceof AcceptRefused)
      return error.why
    })
  const text = (length: number): Replacement => ({ body: { kind: 'text', text: 'x'.repeat(length) } })
  assert.deepEqual([await replace(text(2)), await replace(text(11)), await replace(text(10))], ['too-short', 'too-long', 'replaced'])
  assert.equal(await replace({ validUntil: clock.now() + 7_200_000 }), 'replaced')
  assert.equal((await store.get(id))?.message.validUntil, clock.now() + 3_600_000, 'no longer than the bind has it')
  await shop({ aboveMaxValidity: 'refuse', maxValiditySeconds: 3600, validitySeconds: 60 })
  assert.equal(await replace({ validUntil: clock.now() + 7_200_000 }), 'validity')
  await shop({ destinations: { deny: ['+44'] } })
  assert.equal(await replace(text(5)), 'destination-not-allowed')
})

test('only an ended message is redacted or removed', async (context) => {
  const { admin, caller, send } = await street(context)
  const id = await send()
  assert.equal(await admin.messages.redact(caller, id), 'not-ended')
  assert.equal(await admin.messages.remove(caller, id), 'not-ended')
  await admin.messages.cancel(caller, id)
  assert.equal(await admin.messages.redact(caller, id), 'redacted')
  assert.deepEqual((await admin.messages.trace(caller, id))!.message.body, { kind: 'text', text: '' })
  assert.equal(await admin.messages.remove(caller, id), 'removed')
  assert.equal(await admin.messages.trace(caller, id), undefined)
})

test('a message is absent for every account that it is not of or below', async (context) => {
  const { admin, send, below, asBelow, asOther, caller, root } = await street(context)
  const own = await send({ account: below })
  const parents = await send()
  for (const [who, id] of [
    [asOther, own],
    [asBelow, parents],
  ] as const) {
    assert.equal(await admin.messages.trace(who, id), undefined)
    assert.equal(await admin.messages.cancel(who, id), 'absent')
    assert.equal(await admin.messages.redact(who, id), 'absent')
    assert.equal(await admin.messages.remove(who, id), 'absent')
    assert.equal(await admin.messages.release(who, id, 'fail'), 'absent')
    assert.equal(await admin.hostMessages.get(who.account, id), undefined)
    assert.equal(await admin.hostMessages.cancel(who.account, id), 'absent')
  }
  const found = async (who: Caller, deep?: boolean): Promise<MessageId[]> =>
    (await admin.messages.search(who, { limit: 10, ...(deep === undefined ? {} : { below: deep }) })).messages.map(
      (view) => view.message.id,
    )
  assert.deepEqual(await found(caller), [parents, own])
  assert.deepEqual(await found(caller, false), [parents])
  assert.deepEqual(await found(asBelow), [own])
  assert.deepEqual(await found(asOther), [])
  // Connectors ask for exactly one account: a parent's token on its own path does not show a child's.
  assert.equal(await admin.hostMessages.get(root.id, own), undefined)
  assert.equal((await admin.hostMessages.get(below, own))!.state, 'queued')
})

test('an account is not told the rules, carriers and PDUs of the accounts above it', async (context) => {
  const { admin, caller, send, below, asBelow, store, root, asOther, clock } = await street(context)
  await admin.routes.put(caller, root.id, 'vip', { prefix: '+44', account: asOther.account, to: ['carrier'] })
  const id = await send({ account: below })
  await clock.advance(120_000)
  const [run] = await store.claim(`${root.id}/carrier`, 4)
  const item = run!.items[0] as DeliverItem
  const bind = `${root.id}/carrier`
  await store.settle({
    kind: 'deliver',
    token: run!.token,
    item: item.id,
    transition: {
      message: id,
      life: { ...item.life, state: 'sent', bind, attempts: 1, segments: [{ state: 'sent', ref: 'r1', bind }] },
      entries: [{ at: clock.now(), what: 'attempt', n: 1, bind, outcome: 'ok', refs: ['r1'], wire: ['submit_sm to=secret'] }],
      refs: [{ bind, ref: 'r1', segment: 0 }],
      receiptBy: clock.now() + 1000,
      counts: [{ bind, name: 'sent' }],
    },
  })
  const told = [
    await admin.messages.trace(asBelow, id),
    await admin.messages.search(asBelow, { limit: 1 }),
    admin.messages.explain(asBelow, { from: 'ACME', to: '+447700900123' }),
  ]
  const text = JSON.stringify(told)
  for (const secret of [root.id, asOther.account, 'carrier"', 'vip', 'submit_sm', 'Root account']) assert.ok(!text.includes(secret), secret)
  const full = JSON.stringify([
    await admin.messages.trace(caller, id),
    admin.messages.explain(caller, { account: below, from: 'ACME', to: '+447700900123' }),
  ])
  for (const word of [asOther.account, `${root.id}/carrier`, 'Route vip is only for account', 'submit_sm'])
    assert.ok(full.includes(word), word)
})

test('explains what would be decided, and refuses what is no address', async (context) => {
  const { admin, caller, root } = await street(context)
  const { decision, lines } = admin.messages.explain(caller, { from: 'ACME', to: '+447700900123' })
  assert.deepEqual(
    decision.candidates.map((candidate) => candidate.bind),
    [`${root.id}/carrier`],
  )
  assert.deepEqual(lines.slice(0, 2), [
    '✓ Route default takes every destination. (Root account)',
    '1. carrier is the first choice in route default. (carrier, smpp)',
  ])
  assert.throws(
    () => admin.messages.explain(caller, { from: '', to: '+1' }),
    (error: { faults: { path: string }[] }) => error.faults.map((fault) => fault.path).join() === 'from,to',
  )
})

test('a held message is sent again or failed, when somebody says so', async (context) => {
  const { admin, caller, send, store, root, clock } = await street(context)
  const bind = `${root.id}/carrier`
  const ids = [await send({ to: '+447700900001' }), await send({ to: '+447700900002' })]
  await clock.advance(120_000)
  for (const run of await store.claim(bind, 4)) {
    const item = run.items[0] as DeliverItem
    const life: Life = { ...item.life, state: 'held', bind, attempts: 1 }
    const transition = { message: item.message.id, life, entries: [{ at: clock.now(), what: 'held' as const, why: 'unknown' }], counts: [] }
    await store.settle({ kind: 'deliver', token: run.token, item: item.id, transition })
  }
  assert.equal(await admin.messages.cancel(caller, ids[0]!), 'too-late')
  assert.equal(await admin.messages.release(caller, ids[0]!, 'resend'), 'released')
  assert.equal(await admin.messages.release(caller, ids[1]!, 'fail'), 'released')
  assert.equal(await admin.messages.release(caller, ids[1]!, 'fail'), 'not-held')
  assert.equal((await admin.messages.trace(caller, ids[1]!))!.life.failure!.code, 'outcome-unknown')
  const runs = await store.claim(bind, 4, 'deliver')
  assert.deepEqual(
    runs.flatMap((run) => run.items.map((item) => item.message.id)),
    [ids[0]],
  )
})

test('a lane is paused, resumed and measured', async (context) => {
  const { admin, caller, send, root, room } = await street(context)
  const bind = `${root.id}/carrier`
  await send()
  assert.deepEqual((await admin.lanes.pause(caller, bind)).view, { bind, paused: true, deliver: 1, report: 0 })
  assert.equal(room.current().binds.get(bind)!.paused, true)
  assert.equal((await admin.lanes.pause(caller, bind)).changed, false)
  assert.equal((await admin.lanes.resume(caller, bind)).view.paused, false)
  assert.equal((room.current().binds.get(bind)!.config as { password: string }).password, 'hunter2')
  assert.deepEqual(
    (await admin.lanes.depths(caller)).find((lane) => lane.bind === bind),
    { bind, paused: false, deliver: 1, report: 0 },
  )
})

test('a purge ends what fits by sender, origin and time, and nothing else', async (context) => {
  const { admin, caller, send, root, below, clock, store } = await street(context)
  const bind = `${root.id}/carrier`
  const first = clock.now()
  const [kept, bySender] = [await send({ to: '+447700900001' }), await send({ from: '+15550002222', to: '+447700900002' })]
  const byOrigin = await send({ account: below, to: '+447700900003' })
  await clock.advance(1000)
  const late = await send({ to: '+447700900004' })
  assert.equal(await admin.lanes.purge(caller, bind, { from: '+15550002222' }), 1)
  await assert.rejects(admin.lanes.purge(caller, bind, { arrival: 'nonsense' }), { why: 'absent' })
  assert.equal(await admin.lanes.purge(caller, bind, { arrival: `${below}/api` }), 1)
  assert.equal(await admin.lanes.purge(caller, bind, { acceptedAfter: first + 1 }), 1)
  assert.equal(await admin.lanes.purge(caller, bind, { acceptedAfter: first + 1 }), 0)
  const { entries } = await admin.audit.list(caller, { limit: 9, kind: 'lane' })
  assert.deepEqual(
    entries.map(({ changes: [told] }) => [
      told?.change,
      told?.id,
      ...told!.fields.slice(0, 2).map(({ field, after }) => `${field} ${String(after)}`),
    ]),
    [
      ['delete', localBindId(bind), 'purged 1', `acceptedAfter ${new Date(first + 1).toISOString()}`],
      ['delete', localBindId(bind), 'purged 1', `arrival ${below}/api`],
      ['delete', localBindId(bind), 'purged 1', 'from +15550002222'],
    ],
  )
  const states = await Promise.all([kept, bySender, byOrigin, late].map(async (id) => (await store.get(id))!.life))
  assert.deepEqual(
    states.map((life) => [life.state, life.failure?.code]),
    [
      ['queued', undefined],
      ['canceled', 'purged'],
      ['canceled', 'purged'],
      ['canceled', 'purged'],
    ],
  )
  assert.equal((await store.cdrs(10)).length, 3)
  assert.equal((await store.depths()).find((depth) => depth.lane === `${below}/api`)?.report, 1)
  assert.equal(await admin.lanes.purge(caller, bind, { arrival: 'api' }), 1, 'a bind of the lane’s account by its own id')
  assert.throws(() => admin.messages.explain(caller, { from: 'ACME', to: '+447700900123', arrival: 'nonsense' }), { why: 'invalid' })
})

test('an account purges from its own lane only messages of its own and below', async (context) => {
  const { admin, caller, send, root, below, asBelow, store } = await street(context)
  await admin.binds.put(asBelow, below, 'line', carrier())
  await admin.routes.put(caller, root.id, 'uk', { prefix: '+44', to: [`${below}/line`] })
  const parents = await send()
  const own = await send({ account: below, to: '+447700900124' })
  assert.equal(await admin.lanes.purge(asBelow, `${below}/line`, {}), 1)
  assert.equal((await store.get(parents))!.life.state, 'queued')
  assert.equal((await store.get(own))!.life.state, 'canceled')
})

test('statistics sum by bind and minute, with sessions and depth', async (context) => {
  const { admin, caller, send, root, clock, sessions, asBelow } = await street(context)
  const bind = `${root.id}/carrier`
  sessions.set(bind, { state: 'bound', sessions: 1, since: 5, inFlight: 2 })
  const from = clock.now()
  await admin.messages.cancel(caller, await send())
  await clock.advance(60_000)
  await admin.messages.cancel(caller, await send())
  await send()
  const rows = await admin.statistics.binds(caller, { from, to: clock.now(), series: true, account: root.id })
  const api = rows.find((row) => row.bind === `${root.id}/api`)!
  assert.equal(api.sums.canceled, 2)
  assert.deepEqual(
    api.series!.map(({ minute, counts }) => [minute - from, counts.canceled]),
    [
      [0, 1],
      [60_000, 1],
    ],
  )
  const line = rows.find((row) => row.bind === bind)!
  assert.deepEqual([line.depth, line.sessions, line.receipts], [{ deliver: 1, report: 0 }, sessions.get(bind), { refForms: {}, parked: 0 }])
  assert.deepEqual(
    (await admin.statistics.binds(asBelow, { from, to: clock.now() })).map((row) => row.bind),
    [`${asBelow.account}/api`],
  )
  await assert.rejects(admin.statistics.binds(asBelow, { from, to: clock.now(), bind }), { why: 'absent' })
  await assert.rejects(admin.statistics.binds(caller, { from: 0, to: clock.now() }), { why: 'invalid' })
})
