import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { AcceptRefused, newSid } from '../../../src/plugin.ts'
import { apiUnderTest, assertShape, ways, xml } from '../api.fixture.ts'
import { callbackForm } from '../callback.ts'
import { receiver } from '../http.fixture.ts'
import { handset, ownNumber } from '../messages.fixture.ts'
import { inboundParams } from '../inbound.ts'
import { webhookSession } from '../session.ts'

const british = '+447700900123'

for (const [way, how] of ways)
  describe(`sending by a messaging service, ${how}`, async () => {
    const api = await apiUnderTest(way)
    after(() => api.close())
    const { w, client, call, messages, create, refuses } = api
    const services = client.messaging.v1.services

    async function service(params: Parameters<typeof services.create>[0], senders: readonly string[] = []): Promise<string> {
      const { sid } = await services.create(params)
      for (const value of senders) {
        const number = { ...w.number, value, id: newSid('PN') }
        w.numbers.push(number)
        await services(sid).phoneNumbers.create({ phoneNumberSid: number.id })
      }
      return sid
    }
    let last = 0
    const fresh = (): string => `+4477009${way === 'hot' ? 1 : 2}${String(last++).padStart(4, '0')}`

    test('is not sent in a name to where carriers take none, though the name is of its pool', async () => {
      const sid = await service({ friendlyName: 'Named' })
      await services(sid).alphaSenders.create({ alphaSender: 'Acme' })
      const named = { MessagingServiceSid: sid, From: 'Acme', Body: 'hi' }
      for (const To of ['+14155550100', '+14165550100']) await refuses(21612, 400, { ...named, To })
      assert.equal((await create({ ...named, To: british })).status, 201)
    })

    test('is accepted from a sender that is told later', async () => {
      const number = fresh()
      const sid = await service({ friendlyName: 'Shop' }, [number])
      const made = await client.messages.create({ to: british, messagingServiceSid: sid, body: 'hi' })
      assert.deepEqual(
        [made.status, made.from, made.numSegments, made.messagingServiceSid, made.direction],
        ['accepted', null, '0', sid, 'outbound-api'],
      )
      const { from, service: by, sticky } = w.submissions.at(-1) ?? {}
      assert.deepEqual([from?.value, by, sticky], [number, sid, true])
      const fetched = await client.messages(made.sid).fetch()
      assert.deepEqual([fetched.status, fetched.from, fetched.numSegments, fetched.messagingServiceSid], ['queued', number, '1', sid])
      assert.equal((await client.messages.list({ to: british, limit: 1 }))[0]?.messagingServiceSid, sid)
      const { json, status } = await create({ To: british, MessagingServiceSid: sid, Body: 'hi' })
      assert.equal(status, 201)
      assertShape(json)
      assert.equal(w.submissions.at(-1)?.sticky, undefined, 'it is kept already')
      const told = await call('POST', messages, { To: british, MessagingServiceSid: sid, Body: 'hi' })
      const { Message } = (xml.parse(told.text) as { TwilioResponse: { Message: Record<string, unknown> } }).TwilioResponse
      assert.deepEqual([Message['From'], Message['MessagingServiceSid'], Message['Status']], ['', sid, 'accepted'])
    })

    test('takes the service in place of From, too, and a From that is in its pool', async () => {
      const [first, second] = [fresh(), fresh()]
      const sid = await service({ friendlyName: 'Two' }, [first, second])
      assert.equal((await create({ To: british, From: sid, Body: 'hi' })).json['messaging_service_sid'], sid)
      for (const number of [first, second]) {
        const { json } = await create({ To: british, From: number, MessagingServiceSid: sid, Body: 'hi' })
        assert.deepEqual([json['from'], json['status'], json['num_segments']], [number, 'accepted', '1'])
      }
      const form = { To: british, MessagingServiceSid: sid, Body: 'hi' }
      await refuses(21711, 400, { ...form, From: ownNumber })
      await refuses(21709, 400, { ...form, From: 'Acme' })
      await refuses(21212, 400, { ...form, From: 'a name far too long' })
      await refuses(21266, 400, { ...form, From: british })
    })

    test('refuses services that are absent, malformed, empty, or have no sender for the recipient', async () => {
      const form = { To: handset, Body: 'hi' }
      await refuses(21701, 400, { ...form, MessagingServiceSid: `MG${'0'.repeat(32)}` })
      await refuses(21701, 400, { ...form, From: `MG${'0'.repeat(32)}` })
      await refuses(21705, 400, { ...form, MessagingServiceSid: 'MG123' })
      await refuses(21705, 400, { ...form, MessagingServiceSid: `SM${'0'.repeat(32)}` })
      const empty = await service({ friendlyName: 'Empty' })
      await refuses(21704, 400, { ...form, MessagingServiceSid: empty })
      await services(empty).alphaSenders.create({ alphaSender: 'Acme' })
      await refuses(21703, 400, { ...form, MessagingServiceSid: empty })
      assert.equal((await create({ ...form, To: british, MessagingServiceSid: empty })).status, 201)
      assert.equal(w.submissions.at(-1)?.from.value, 'Acme')
      await services(empty).remove()
      await refuses(21701, 400, { ...form, MessagingServiceSid: empty })
      w.refuse = new AcceptRefused('opted-out', 'no more')
      await refuses(21610, 400, { ...form, MessagingServiceSid: await service({ friendlyName: 'Out' }, [fresh()]) })
      delete w.refuse
    })

    test('another account’s service is as absent', async () => {
      const sid = await service({ friendlyName: 'Mine' }, [fresh()])
      const path = `/2010-04-01/Accounts/${w.child.id}/Messages.json`
      for (const one of [sid, `MG${'0'.repeat(32)}`]) {
        const { json } = await call('POST', path, { To: british, MessagingServiceSid: one, Body: 'hi' })
        assert.deepEqual([json['code'], json['message']], [21701, `The Messaging Service does not exist: ${one}`])
      }
    })

    test('lends its status callback, validity and smart encoding to messages that say nothing of them', async () => {
      const sid = await service({ friendlyName: 'Lender', statusCallback: 'https://example.com/service', validityPeriod: 60 }, [fresh()])
      const form = { To: british, MessagingServiceSid: sid, Body: '“hi”' }
      await create(form)
      const lent = w.submissions.at(-1)
      assert.equal(lent?.report?.['url'], 'https://example.com/service')
      assert.ok(Math.abs((lent?.validUntil ?? 0) - Date.now() - 60_000) < 5000)
      assert.deepEqual(lent?.body, { kind: 'text', text: '"hi"' })
      await create({ ...form, StatusCallback: 'https://example.com/own', ValidityPeriod: '600', SmartEncoded: 'false' })
      const own = w.submissions.at(-1)
      assert.equal(own?.report?.['url'], 'https://example.com/own')
      assert.ok(Math.abs((own?.validUntil ?? 0) - Date.now() - 600_000) < 5000)
      assert.deepEqual(own?.body, { kind: 'text', text: '“hi”' })
      await services(sid).update({ smartEncoding: false })
      await create(form)
      assert.deepEqual(w.submissions.at(-1)?.body, { kind: 'text', text: '“hi”' })
    })

    test('schedules, and takes back what is scheduled', async () => {
      const sid = await service({ friendlyName: 'Later', validityPeriod: 60 }, [fresh()])
      const sendAt = new Date(Math.ceil(Date.now() / 1000) * 1000 + 900_000)
      const made = await client.messages.create({ to: british, messagingServiceSid: sid, body: 'hi', sendAt, scheduleType: 'fixed' })
      assert.deepEqual([made.status, made.from, made.messagingServiceSid], ['scheduled', null, sid])
      const { deliverAfter, validUntil } = w.submissions.at(-1) ?? {}
      assert.deepEqual([deliverAfter, validUntil], [sendAt.getTime(), sendAt.getTime() + 60_000])
      const canceled = await client.messages(made.sid).update({ status: 'canceled' })
      assert.equal(canceled.status, 'canceled')
      await assert.rejects(client.messages(made.sid).update({ status: 'canceled' }), { code: 30409 })
      const form = { To: british, MessagingServiceSid: sid, Body: 'hi', ScheduleType: 'fixed' }
      await refuses(35111, 400, form)
      await refuses(35114, 400, { ...form, SendAt: new Date(Date.now() + 60_000).toISOString() })
      await refuses(35114, 400, { ...form, SendAt: new Date(Date.now() + 36 * 86_400_000).toISOString() })
      await refuses(35126, 400, { ...form, ScheduleType: 'sometime', SendAt: sendAt.toISOString() })
    })

    test('finds the first message again under an Idempotency-Key, whichever sender would be chosen now', async () => {
      const sid = await service({ friendlyName: 'Turns', stickySender: false }, [fresh(), fresh(), fresh()])
      const form = { To: british, MessagingServiceSid: sid, Body: 'hi' }
      const key = { 'idempotency-key': `service-${way}` }
      const first = await create(form, key)
      await new Promise((resolve) => setTimeout(resolve, 5))
      const second = await create(form, key)
      assert.deepEqual([second.status, second.json['sid']], [200, first.json['sid']])
      assert.equal((await create({ ...form, Body: 'other' }, key)).json['code'], 20409)
    })
  })

describe('webhooks of a messaging service', async () => {
  const api = await apiUnderTest('router')
  const { w, client } = api
  const session = webhookSession(w.gateway, new AbortController().signal)
  after(async () => {
    await session.close()
    await api.close()
  })
  const services = client.messaging.v1.services
  const address = (value: string) => ({ value, ton: 'international', npi: 'e164' }) as const
  const signal = new AbortController().signal

  test('an inbound message goes to the service, with its SID, and its reply is sent by it', async () => {
    const hooks = await receiver((_request, response, n) => {
      if (n === 2) response.writeHead(500).end()
      else response.writeHead(200, { 'content-type': 'text/xml' }).end('<Response><Message>thanks</Message></Response>')
    })
    w.number.settings = { smsUrl: `${hooks.url}/number` }
    const { sid } = await services.create({
      friendlyName: 'In',
      inboundRequestUrl: `${hooks.url}/service`,
      fallbackUrl: `${hooks.url}/fallback`,
      fallbackMethod: 'GET',
      statusCallback: `${hooks.url}/status`,
    })
    await services(sid).phoneNumbers.create({ phoneNumberSid: w.number.id })
    const inbound = () =>
      w.store(w.root, { direction: 'mo', from: address(handset), to: address(ownNumber), body: { kind: 'text', text: 'x' }, service: sid })
    const send = async () => assert.ok((await session.send?.({ message: inbound().message, segments: [], attempt: 0 }, signal))?.ok)
    await send()
    assert.deepEqual([hooks.received[0]?.url, hooks.received[0]?.params['MessagingServiceSid']], ['/service', sid])
    const reply = w.submissions.at(-1)
    assert.deepEqual([reply?.from.value, reply?.service, reply?.report?.['url']], [ownNumber, sid, `${hooks.url}/status`])
    await send()
    assert.equal(hooks.received[1]?.url, '/service')
    assert.match(hooks.received[2]?.url ?? '', /^\/fallback\?.*ErrorCode=11200/)
    await services(sid).update({ useInboundWebhookOnNumber: true })
    await send()
    assert.deepEqual([hooks.received[3]?.url, hooks.received[3]?.params['MessagingServiceSid']], ['/number', sid])
    await services(sid).update({ useInboundWebhookOnNumber: false, inboundRequestUrl: '' })
    await send()
    assert.equal(hooks.received.length, 4, 'stored only')
    await services(sid).remove()
    await send()
    assert.equal(hooks.received[4]?.url, '/number')
    await hooks.close()
  })

  test('status callbacks and inbound parameters have its SID, signed with the rest', () => {
    const service = newSid('MG')
    const { message } = w.store(w.root, { service })
    const { form, sorted } = callbackForm(message, { state: 'delivered', at: 0, doneAt: 0 })
    const params = new URLSearchParams(form)
    assert.equal(params.get('MessagingServiceSid'), service)
    const expected = [...params].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => name + value)
    assert.equal(sorted, expected.join(''))
    assert.equal(inboundParams(message)['MessagingServiceSid'], service)
    assert.equal(inboundParams(w.store(w.root, {}).message)['MessagingServiceSid'], undefined)
  })
})
