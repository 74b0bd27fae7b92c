import assert from 'node:assert/strict'
import { test } from 'node:test'
import { adminBed, carrier } from '../../test/admin.ts'
import { mask, Refused, type AuditEntry } from './admin.ts'
import { outside } from './audit.ts'

const lines = (entries: readonly AuditEntry[]): string[] =>
  entries.flatMap(({ author, changes }) => changes.map(({ change, what }) => `${author} ${change} ${what}`))

test('every change is told with who, from where, and each field before and after', async (context) => {
  const { admin, caller, root, clock } = await adminBed(context)
  const ann = { ...caller, author: 'SK1', source: '192.0.2.7' }
  await admin.accounts.update(ann, root.id, { name: 'Acme' })
  await clock.advance(1000)
  await admin.numbers.put(ann, root.id, '+12025550123', { settings: { smsUrl: 'https://app.example/sms' } })
  await admin.numbers.put(ann, root.id, '+12025550123', { optOut: false })
  await admin.numbers.delete(ann, root.id, '+12025550123')
  const { entries, next } = await admin.audit.list(caller, { limit: 4 })
  assert.deepEqual(lines(entries), [
    'SK1 delete number +12025550123 of Acme',
    'SK1 update number +12025550123 of Acme',
    'SK1 create number +12025550123 of Acme',
    'SK1 update account Acme',
  ])
  assert.deepEqual(
    entries.map(({ source, changes }) => [source, changes[0]?.kind, changes[0]?.account]),
    [['192.0.2.7', 'number', root.id], ['192.0.2.7', 'number', root.id], ['192.0.2.7', 'number', root.id], ['192.0.2.7', 'account', root.id]], // prettier-ignore
  )
  assert.deepEqual(entries[0]?.changes[0]?.fields, [
    { field: 'bind', before: 'api' },
    { field: 'optOut', before: false },
  ])
  assert.deepEqual(entries[1]?.changes[0]?.fields, [
    { field: 'optOut', after: false },
    { field: 'settings.smsUrl', before: 'https://app.example/sms' },
  ])
  assert.deepEqual(entries[3]?.changes[0]?.fields, [{ field: 'name', before: 'Root account', after: 'Acme' }])
  assert.equal(entries[2]!.at - entries[3].at, 1000)
  assert.deepEqual(lines((await admin.audit.list(caller, { limit: 9, cursor: next! })).entries), [
    'gateway create account Root account',
    'gateway create bind api of Root account',
  ])
})

test('no secret is kept: not of binds, not of accounts, not in a URL', async (context) => {
  const { admin, caller, root, store } = await adminBed(context)
  await admin.binds.put(caller, root.id, 'a', carrier())
  const config = { ...(carrier().config as object), password: 'hunter3' }
  await admin.binds.put(caller, root.id, 'a', { ...carrier(), config })
  await admin.accounts.rotateToken(caller, root.id)
  await admin.accounts.update(caller, root.id, { cdrUrl: 'https://user:hunter4@cdr.example/x@y' })
  await admin.binds.delete(caller, root.id, 'a')
  const { entries } = await admin.audit.list(caller, { limit: 100 })
  const kept = JSON.stringify([entries, await store.revisions(100)])
  assert.doesNotMatch(kept, /hunter|user:/)
  assert.ok(!kept.includes(root.token))
  const fields = entries.flatMap(({ changes }) => changes.flatMap((change) => change.fields))
  assert.ok(fields.some(({ field, before, after }) => field === 'config.password' && before === mask && after === mask))
  assert.ok(fields.some(({ field, before, after }) => field === 'token' && before === mask && after === mask))
  assert.ok(fields.some(({ after }) => after === `https://${mask}@cdr.example/x@y`))
})

test('what is too long to be kept for good is told in words', async (context) => {
  const { admin, caller, root } = await adminBed(context)
  const help = Array.from({ length: 50 }, (_, i) => `${i}`.padStart(32, 'X'))
  const start = ['https://user:hunter5@a.b']
  await admin.accounts.update(caller, root.id, { optOut: { start, help, replies: { help: 'x'.repeat(1000) } } })
  await admin.accounts.update(caller, root.id, { optOut: { start } })
  const [newest, one] = (await admin.audit.list(caller, { limit: 2 })).entries
  assert.match(String(one?.changes[0]?.fields[0]?.after), /^\d{4} characters, too long to keep$/)
  assert.deepEqual(newest?.changes[0]?.fields[0]?.after, { start: [`https://${mask}@a.b`] })
})

test('everyone sees the own account and those below it; who is outside of them is not named', async (context) => {
  const { admin, caller, root } = await adminBed(context)
  const { view: one } = await admin.accounts.create(caller, root.id, { name: 'One', claims: 'any' })
  const { view: two } = await admin.accounts.create(caller, root.id, { name: 'Two' })
  const { view: below } = await admin.accounts.create({ ...caller, account: one.id, author: one.id }, one.id, { name: 'Below' })
  const own = { account: one.id, author: one.id, source: '192.0.2.8' }
  await admin.numbers.put({ ...own, account: below.id, author: 'SK9' }, below.id, '12345', {})
  await admin.numbers.delete(own, below.id, '12345')
  await admin.numbers.put(caller, two.id, '54321', {})
  const { entries } = await admin.audit.list(own, { limit: 100 })
  assert.deepEqual(lines(entries), [
    `${one.id} delete number 12345 of Below`,
    'SK9 create number 12345 of Below',
    `${one.id} create account Below`,
    `${one.id} create bind api of Below`,
    `${outside} create account One`,
    `${outside} create bind api of One`,
  ])
  assert.equal('source' in entries.at(-1)!, false)
  assert.ok(!JSON.stringify(entries).includes(caller.author) && !JSON.stringify(entries).includes(two.id))
  assert.equal((await admin.audit.list(own, { limit: 100, below: false })).entries.length, 1)
  assert.equal((await admin.audit.list(own, { limit: 100, account: below.id })).entries.length, 3)
  for (const account of [root.id, two.id, 'nobody'])
    await assert.rejects(admin.audit.list(own, { limit: 1, account }), (error) => error instanceof Refused && error.why === 'absent')
  const [newest] = await admin.revisions(own, 1)
  assert.deepEqual([newest?.author, newest?.changes], [one.id, [{ kind: 'number', key: '12345', change: 'delete' }]])
  assert.deepEqual((await admin.revisions(own, 100)).at(-1)?.author, outside)
})

test('a number that goes from one account to another is told to both', async (context) => {
  const { admin, caller, root } = await adminBed(context)
  const { view: one } = await admin.accounts.create(caller, root.id, { name: 'One' })
  await admin.numbers.put(caller, root.id, '+12025550123', { offered: true })
  const own = { ...caller, account: one.id, author: one.id }
  await admin.tenancy.claim(own, one.id, '+12025550123', {})
  const [newest] = (await admin.audit.list(caller, { limit: 1 })).entries
  assert.deepEqual(lines([newest!]), [
    `${one.id} delete number +12025550123 of Root account`,
    `${one.id} create number +12025550123 of One`,
  ])
  assert.deepEqual(lines((await admin.audit.list(own, { limit: 1 })).entries), [`${one.id} create number +12025550123 of One`])
})

test('an opt-out put or lifted by hand and a purge are told; what changes nothing is not, nor does it stop the next change', async (context) => {
  const { admin, caller, root, room, store } = await adminBed(context)
  const ann = { ...caller, author: 'SK1', source: '192.0.2.7' }
  const pair = { sender: '+12025550123', handset: '+447700900123' }
  const before = room.current()
  assert.deepEqual([await admin.optOuts.put(ann, pair), await admin.optOuts.put(ann, pair)], [{ created: true }, { created: false }])
  assert.deepEqual([await admin.optOuts.remove(ann, pair), await admin.optOuts.remove(ann, pair)], [true, false])
  assert.equal(await admin.lanes.purge(ann, `${root.id}/api`, {}), 0)
  assert.equal(room.current(), before)
  const { entries } = await admin.audit.list(caller, { limit: 9, kind: 'optout' })
  assert.deepEqual(lines(entries), [
    'SK1 delete opt-out of +447700900123 from +12025550123',
    'SK1 create opt-out of +447700900123 from +12025550123',
  ])
  assert.deepEqual([entries[0]?.source, entries[0]?.changes[0]?.id], ['192.0.2.7', '+447700900123'])
  await admin.accounts.update(caller, root.id, { name: 'Acme' })
  // As another process would, behind this one's back.
  await store.change({ author: 'other', source: 'cli', puts: [], deletes: [] })
  await admin.optOuts.put(ann, pair)
  await admin.accounts.update(caller, root.id, { name: 'Acme again' })
  assert.deepEqual(lines((await admin.audit.list(caller, { limit: 2 })).entries), [
    `${caller.author} update account Acme again`,
    'SK1 create opt-out of +447700900123 from +12025550123',
  ])
  const { view: below } = await admin.accounts.create(caller, root.id, {})
  assert.deepEqual((await admin.audit.list({ ...caller, account: below.id }, { limit: 9, kind: 'optout' })).entries, [])
})

test('the log is searched by kind, thing, author and time, page by page', async (context) => {
  const { admin, caller, root, clock, store } = await adminBed(context)
  const startedAt = clock.now()
  for (let i = 0; i < 5; i++) {
    await clock.advance(1000)
    await admin.numbers.put({ ...caller, author: i % 2 ? 'odd' : 'even' }, root.id, `1000${i}`, {})
  }
  const ids = async (query: object): Promise<string[]> =>
    (await admin.audit.list(caller, { limit: 100, ...query })).entries.flatMap(({ changes }) => changes.map(({ id }) => id))
  assert.deepEqual(await ids({ kind: 'number' }), ['10004', '10003', '10002', '10001', '10000'])
  assert.deepEqual(await ids({ kind: 'bind' }), ['api'])
  assert.deepEqual(await ids({ id: '10002' }), ['10002'])
  assert.deepEqual(await ids({ author: 'odd' }), ['10003', '10001'])
  assert.deepEqual(await ids({ after: startedAt + 2000, before: startedAt + 4000 }), ['10003', '10002', '10001'])
  const first = await admin.audit.list(caller, { limit: 2, author: 'even' })
  const second = await admin.audit.list(caller, { limit: 2, author: 'even', cursor: first.next! })
  assert.deepEqual(
    [first, second].map(({ entries }) => entries.map(({ changes }) => changes[0]?.id)),
    [['10004', '10002'], ['10000']],
  )
  assert.equal(second.next, undefined)
  // Of before changes were told.
  await store.change({ author: 'old', source: 'cli', puts: [], deletes: [{ kind: 'route', key: `${root.id}/uk` }] })
  assert.deepEqual((await admin.audit.list(caller, { limit: 1 })).entries[0]?.changes, [
    { kind: 'route', change: 'delete', what: `route ${root.id}/uk`, account: root.id, id: 'uk', fields: [] },
  ])
})
