import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { facadeBed } from '../../test/facade.ts'
import { handset, ownNumber } from './messages.fixture.ts'

const magic = (n: number): string => `+1500555000${n}`
const good = { From: magic(6), To: handset, Body: 'hello' }

async function bedWithTest(context: TestContext) {
  const bed = await facadeBed(context)
  await bed.admin.numbers.put(bed.caller, bed.root.id, '+15005550100', {})
  const { id, token } = await bed.admin.credentials.renewTest(bed.caller, bed.root.id)
  const as = { user: id, secret: token }
  const before = (await bed.store.configuration()).revision
  context.after(async () => {
    assert.equal(bed.submissions.length, 0, 'nothing was sent')
    assert.equal(bed.room.current().revision, before, 'nothing was changed')
  })
  const send = (form: Record<string, string>, path = `/2010-04-01/Accounts/${id}/Messages.json`) => bed.call(`POST ${path}`, { as, form })
  return { ...bed, id, as, send }
}

test('a message of test credentials is answered as any other and sent nowhere', async (context) => {
  const { client, as, id, send, submissions } = await bedWithTest(context)
  const made = await client(as, id).messages.create({ to: handset, from: magic(6), body: 'Grüße' })
  assert.match(made.sid, /^SM[0-9a-f]{32}$/)
  assert.deepEqual([made.accountSid, made.status, made.numSegments, made.errorCode], [id, 'queued', '1', null])
  for (const path of [
    `/2010-04-01/Accounts/${id}/Messages`,
    `/2010-04-01/Accounts/${id}/SMS/Messages.json`,
    `/2008-08-01/Accounts/${id}/Messages.json`,
  ])
    assert.equal((await send(good, path)).status, 201, path)
  assert.equal(submissions.length, 0)
})

test('the numbers tell what happens', async (context) => {
  const { send } = await bedWithTest(context)
  const refusals: [number, number, Record<string, string>][] = [
    [21212, 400, { From: magic(1) }],
    [21606, 400, { From: magic(7) }],
    [21611, 429, { From: magic(8) }],
    [21606, 400, { From: '+15005550100' }],
    [21606, 400, { From: magic(9) }],
    [21211, 400, { To: magic(1) }],
    [21612, 400, { To: magic(2) }],
    [21408, 400, { To: magic(3) }],
    [21610, 400, { To: magic(4) }],
    [21614, 400, { To: magic(9) }],
  ]
  for (const [code, status, change] of refusals) {
    const { json, status: got } = await send({ ...good, ...change })
    assert.deepEqual([got, json['code']], [status, code], JSON.stringify(change))
  }
})

test('what is wrong anyway is refused as always', async (context) => {
  const { send } = await bedWithTest(context)
  const refusals: [number, Record<string, string>][] = [
    [21602, { From: magic(6), To: handset }],
    [21604, { From: magic(6), Body: 'x' }],
    [21603, { To: handset, Body: 'x' }],
    [21617, { ...good, Body: 'x'.repeat(1601) }],
    [21211, { ...good, To: 'my neighbour' }],
    [21609, { ...good, StatusCallback: 'nowhere' }],
    [21266, { ...good, To: magic(6) }],
  ]
  for (const [code, form] of refusals) assert.equal((await send(form)).json['code'], code, JSON.stringify(form))
})

test('nothing else can be done with test credentials, and they reach no account, not even their own', async (context) => {
  const { call, as, id, root } = await bedWithTest(context)
  const sm = `SM${'0'.repeat(32)}`
  for (const line of [
    `GET /2010-04-01/Accounts/${id}/Messages.json`,
    `GET /2010-04-01/Accounts/${id}/Messages/${sm}.json`,
    `POST /2010-04-01/Accounts/${id}/Messages/${sm}.json`,
    `DELETE /2010-04-01/Accounts/${id}/Messages/${sm}.json`,
    `GET /2010-04-01/Accounts/${id}.json`,
    'GET /2010-04-01/Accounts.json',
    'POST /2010-04-01/Accounts.json',
    `POST /2010-04-01/Accounts/${id}/Keys.json`,
    `GET /2010-04-01/Accounts/${id}/IncomingPhoneNumbers.json`,
    'GET /v1/Services',
    'POST /v1/AuthTokens/Secondary',
    'POST /v1/Keys',
  ]) {
    const { status, json } = await call(line, { as, ...(line.startsWith('POST') ? { form: {} } : {}) })
    assert.deepEqual([status, json['code']], [403, 20008], line)
  }
  for (const line of [`POST /2010-04-01/Accounts/${root.id}/Messages.json`, `GET /2010-04-01/Accounts/${root.id}.json`])
    assert.equal((await call(line, { as, ...(line.startsWith('POST') ? { form: good } : {}) })).json['code'], 20003, line)
  const asOwner = await call(`POST /2010-04-01/Accounts/${id}/Messages.json`, { form: { ...good, From: ownNumber } })
  assert.equal(asOwner.json['code'], 20003, 'its SID goes with its token alone')
})

test('test credentials of a suspended account are suspended', async (context) => {
  const bed = await facadeBed(context)
  const sub = await bed.client().api.v2010.accounts.create({})
  const { id, token } = await bed.admin.credentials.renewTest(bed.caller, sub.sid)
  const send = () => bed.call(`POST /2010-04-01/Accounts/${id}/Messages.json`, { as: { user: id, secret: token }, form: good })
  assert.equal((await send()).status, 201)
  await bed.client().api.v2010.accounts(sub.sid).update({ status: 'suspended' })
  assert.equal((await send()).json['code'], 20005)
})
