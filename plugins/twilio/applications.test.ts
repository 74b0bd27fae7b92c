import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tree } from '../../test/twilio-tree.ts'
import { world } from './world.fixture.ts'
import { receiver } from './http.fixture.ts'
import { deliverInbound } from './inbound.ts'

const nobodys = `AP${'0'.repeat(32)}`

test('an application is made, changed, listed and deleted by the official client, each change with its author', async (context) => {
  const bed = await tree(context)
  const { client, account } = bed.reseller
  const made = await client.applications.create({ friendlyName: 'Desk', smsUrl: 'https://a.example/sms', smsMethod: 'GET' })
  assert.match(made.sid, /^AP[0-9a-f]{32}$/)
  assert.deepEqual(
    [made.friendlyName, made.accountSid, made.smsUrl, made.smsMethod, made.smsFallbackUrl, made.messageStatusCallback, made.voiceUrl],
    ['Desk', account, 'https://a.example/sms', 'GET', null, null, null],
  )
  await bed.clock.advance(1000)
  const changed = await client.applications(made.sid).update({ smsUrl: '', messageStatusCallback: 'https://a.example/status' })
  assert.deepEqual([changed.friendlyName, changed.smsUrl, changed.messageStatusCallback], ['Desk', null, 'https://a.example/status'])
  assert.ok(changed.dateUpdated > changed.dateCreated)
  const second = await client.applications.create({ friendlyName: 'Other' })
  assert.deepEqual(
    (await client.applications.list({ pageSize: 1 })).map(({ sid }) => sid),
    [second.sid, made.sid],
  )
  assert.deepEqual(
    (await client.applications.list({ friendlyName: 'Desk' })).map(({ sid }) => sid),
    [made.sid],
  )
  assert.equal(await client.applications(made.sid).remove(), true)
  await assert.rejects(client.applications(made.sid).fetch(), { status: 404, code: 20404 })
  const [newest] = await bed.admin.revisions(bed.root, 1)
  assert.deepEqual([newest?.author, newest?.changes], [account, [{ kind: 'resource', key: `${account}/${made.sid}`, change: 'delete' }]])
})

test('another account’s application is as absent on every route, and can be given to no number and no message', async (context) => {
  const bed = await tree(context)
  const { reseller, customer, stranger, root, call } = bed
  const { sid } = await reseller.client.applications.create({ friendlyName: 'Mine' })
  await bed.admin.numbers.put(stranger, stranger.account, '+14155550100', {})
  const before = bed.room.current()
  for (const as of [stranger, customer, root])
    for (const [method, form] of [['GET'], ['POST', { FriendlyName: 'x' }], ['POST', { _method: 'DELETE' }], ['DELETE']] as const) {
      const theirs = await call(method, `/Applications/${sid}.json`, { as, ...(form ? { form } : {}) })
      const none = await call(method, `/Applications/${nobodys}.json`, { as, ...(form ? { form } : {}) })
      assert.deepEqual([theirs.status, theirs.text.replaceAll(sid, nobodys)], [404, none.text])
    }
  const [number] = await stranger.client.incomingPhoneNumbers.list()
  await assert.rejects(stranger.client.incomingPhoneNumbers(number!.sid).update({ smsApplicationSid: sid }), { status: 400, code: 20422 })
  const message = { From: '+14155550100', To: '+14155550199', Body: 'x', ApplicationSid: sid }
  assert.equal((await call('POST', '/Messages.json', { as: stranger, form: message })).json['code'], 20422)
  for (const form of [{ SmsUrl: 'javascript:x' }, { SmsMethod: 'HEAD' }, { MessageStatusCallback: 'x' }, { FriendlyName: 'x'.repeat(65) }])
    assert.equal((await call('POST', '/Applications.json', { as: stranger, form })).status, 400, JSON.stringify(form))
  assert.equal(bed.room.current(), before)
})

test('a message that names an application reports to its callback', async (context) => {
  const { reseller, admin, submissions } = await tree(context)
  await admin.numbers.put(reseller, reseller.account, '+14155550100', { settings: { statusCallback: 'https://number.example/' } })
  const app = await reseller.client.applications.create({ smsStatusCallback: 'https://app.example/status' })
  await reseller.client.messages.create({ from: '+14155550100', to: '+14155550199', body: 'x', applicationSid: app.sid })
  assert.equal(submissions.at(-1)?.report?.['url'], 'https://app.example/status')
})

test('what arrives for a number goes to its application instead of its own URL, and to its own once that is gone', async (context) => {
  const bed = await tree(context)
  const { reseller, admin } = bed
  const heard = await receiver((_request, response) => void response.writeHead(200, { 'content-type': 'text/xml' }).end('<Response/>'))
  context.after(() => heard.close())
  await admin.accounts.update(bed.root, reseller.account, { privateWebhooks: true })
  const app = await reseller.client.applications.create({ smsUrl: `${heard.url}/app`, smsMethod: 'GET' })
  await admin.numbers.put(reseller, reseller.account, '+14155550100', { settings: { smsUrl: `${heard.url}/own` } })
  const [number] = await reseller.client.incomingPhoneNumbers.list()
  await reseller.client.incomingPhoneNumbers(number!.sid).update({ smsApplicationSid: app.sid })
  const elsewhere = world()
  context.after(() => elsewhere.outbound.close())
  const { message } = elsewhere.store(elsewhere.root, { direction: 'mo', to: { value: '+14155550100', ton: 'international', npi: 'e164' } })
  const arrives = () => deliverInbound(bed.gateway(reseller.account), message, new AbortController().signal)
  assert.equal((await arrives()).ok, true)
  assert.match(`${heard.received[0]?.method} ${heard.received[0]?.url}`, /^GET \/app\?.*MessageSid=SM/)
  await reseller.client.applications(app.sid).remove()
  assert.equal((await reseller.client.incomingPhoneNumbers(number!.sid).fetch()).smsApplicationSid, null)
  await arrives()
  assert.equal(`${heard.received[1]?.method} ${heard.received[1]?.url}`, 'POST /own')
})
