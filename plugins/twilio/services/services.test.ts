import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import twilioClient from 'twilio'
import { newSid, type OwnNumber } from '../../../src/plugin.ts'
import { apiUnderTest } from '../api.fixture.ts'
import { serviceRoutes } from './services.ts'

const absent = `MG${'0'.repeat(32)}`

describe('messaging services', async () => {
  const api = await apiUnderTest('router')
  after(() => api.close())
  const { w, client, server, call, basic } = api
  const services = client.messaging.v1.services

  function own(value: string, settings: Record<string, string> = {}): OwnNumber {
    const number = { ...w.number, value, id: newSid('PN'), settings }
    w.numbers.push(number)
    return number
  }
  async function refuses(code: number, status: number, method: string, path: string, form?: Record<string, string>): Promise<string> {
    const { json, status: got } = await call(method, `/v1/Services${path}`, form)
    assert.deepEqual([json['code'], json['status'], got], [code, status, status], JSON.stringify(json))
    return String(json['message'])
  }

  test('are created with what the official client says, and otherwise as Twilio makes them', async () => {
    const made = await services.create({
      friendlyName: 'Shop',
      inboundRequestUrl: 'https://example.com/in',
      inboundMethod: 'GET',
      fallbackUrl: 'https://example.com/fallback',
      fallbackMethod: 'GET',
      statusCallback: 'https://example.com/status',
      stickySender: false,
      mmsConverter: false,
      smartEncoding: false,
      scanMessageContent: 'disable',
      fallbackToLongCode: false,
      areaCodeGeomatch: false,
      validityPeriod: 600,
      synchronousValidation: true,
      usecase: 'marketing',
      useInboundWebhookOnNumber: true,
    })
    assert.match(made.sid, /^MG[0-9a-f]{32}$/)
    assert.equal(made.accountSid, w.root.id)
    assert.deepEqual(
      [made.inboundRequestUrl, made.inboundMethod, made.fallbackUrl, made.fallbackMethod, made.statusCallback],
      ['https://example.com/in', 'GET', 'https://example.com/fallback', 'GET', 'https://example.com/status'],
    )
    assert.deepEqual(
      [
        made.stickySender,
        made.mmsConverter,
        made.smartEncoding,
        made.fallbackToLongCode,
        made.areaCodeGeomatch,
        made.synchronousValidation,
      ],
      [false, false, false, false, false, true],
    )
    assert.deepEqual([made.scanMessageContent, made.validityPeriod, made.usecase], ['disable', 600, 'marketing'])
    assert.equal(made.useInboundWebhookOnNumber, true)
    assert.equal(made.url, `${server.url}/v1/Services/${made.sid}`)
    assert.equal(made.links['phone_numbers'], `${made.url}/PhoneNumbers`)
    assert.ok(Math.abs(made.dateCreated.getTime() - Date.now()) < 5000)
    const { json, status, headers } = await call('POST', '/v1/Services', { FriendlyName: 'Plain' })
    assert.equal(status, 201)
    assert.equal(headers.get('content-type'), 'application/json')
    assert.deepEqual(
      [json['sticky_sender'], json['smart_encoding'], json['area_code_geomatch'], json['validity_period'], json['usecase']],
      [true, true, true, 36_000, 'undeclared'],
    )
    assert.deepEqual([json['inbound_request_url'], json['inbound_method'], json['status_callback']], [null, 'POST', null])
    assert.equal(w.authors.at(-1)?.account, w.root.id)
    assert.deepEqual((await services(made.sid).fetch()).toJSON(), made.toJSON())
  })

  test('are changed by what is sent alone, and an empty URL takes one away', async () => {
    const { sid } = await services.create({ friendlyName: 'Shop', statusCallback: 'https://example.com/status', validityPeriod: 60 })
    const changed = await services(sid).update({ friendlyName: 'Store', stickySender: false })
    assert.deepEqual(
      [changed.friendlyName, changed.stickySender, changed.validityPeriod, changed.statusCallback],
      ['Store', false, 60, 'https://example.com/status'],
    )
    const { json } = await call('POST', `/v1/Services/${sid}`, { StatusCallback: '', InboundMethod: 'get' })
    assert.deepEqual([json['status_callback'], json['inbound_method'], json['friendly_name']], [null, 'GET', 'Store'])
  })

  test('once deleted are as absent as those that never were', async () => {
    const { sid } = await services.create({ friendlyName: 'Shop' })
    assert.equal(await services(sid).remove(), true)
    for (const gone of [sid, absent, w.number.id, 'x']) {
      const says = await refuses(20404, 404, 'GET', `/${gone}`)
      assert.equal(says, `The requested resource /v1/Services/${gone} was not found`)
      await refuses(20404, 404, 'POST', `/${gone}`, { FriendlyName: 'x' })
      await refuses(20404, 404, 'DELETE', `/${gone}`)
      for (const list of ['PhoneNumbers', 'ShortCodes', 'AlphaSenders']) {
        await refuses(20404, 404, 'GET', `/${gone}/${list}`)
        await refuses(20404, 404, 'POST', `/${gone}/${list}`, { AlphaSender: 'Acme', PhoneNumberSid: w.number.id, ShortCodeSid: 'SC1' })
      }
    }
  })

  test('are listed the newest first, in pages that the client follows', async () => {
    const made: string[] = []
    for (let n = 0; n < 5; n++) made.push((await services.create({ friendlyName: `Page ${n}` })).sid)
    const listed = await services.list({ pageSize: 2 })
    const places = made.map((sid) => listed.findIndex((one) => one.sid === sid))
    assert.ok(places.every((place) => place >= 0))
    assert.equal(new Set(listed.map(({ sid }) => sid)).size, listed.length)
    const { json } = await call('GET', '/v1/Services?PageSize=2')
    const meta = json['meta'] as Record<string, unknown>
    assert.deepEqual(Object.keys(meta).sort(), ['first_page_url', 'key', 'next_page_url', 'page', 'page_size', 'previous_page_url', 'url'])
    assert.deepEqual([meta['key'], meta['page'], meta['page_size']], ['services', 0, 2])
    assert.ok(String(meta['next_page_url']).startsWith(`${server.url}/v1/Services?`))
    await refuses(20007, 400, 'GET', '?PageSize=1001')
    await refuses(20422, 400, 'GET', '?PageToken=PA%0d%0a')
    await refuses(20422, 400, 'GET', '?PageToken=nonsense')
  })

  test('say what is wrong with a parameter', async () => {
    const wrong: [number, Record<string, string>, RegExp][] = [
      [20422, {}, /FriendlyName: required/],
      [20422, { FriendlyName: 'x'.repeat(65) }, /1 to 64 characters/],
      [20422, { FriendlyName: ' ' }, /1 to 64 characters/],
      [20422, { FriendlyName: 'x', InboundRequestUrl: 'ftp://example.com' }, /InboundRequestUrl: an http or https URL/],
      [20422, { FriendlyName: 'x', StatusCallback: 'nowhere' }, /StatusCallback/],
      [20422, { FriendlyName: 'x', FallbackMethod: 'PUT' }, /FallbackMethod: GET or POST expected, got PUT/],
      [20422, { FriendlyName: 'x', StickySender: 'perhaps' }, /StickySender: true or false expected/],
      [20422, { FriendlyName: 'x', ScanMessageContent: 'no' }, /inherit or enable or disable/],
      [21624, { FriendlyName: 'x', ValidityPeriod: '0' }, /1 to 36000/],
      [21624, { FriendlyName: 'x', ValidityPeriod: '36001' }, /1 to 36000/],
      [21713, { FriendlyName: 'x', Usecase: 'world domination' }, /notifications, marketing/],
    ]
    for (const [code, form, says] of wrong) assert.match(await refuses(code, 400, 'POST', '', form), says)
    assert.equal((await call('PUT', `/v1/Services`)).json['code'], 20004)
    assert.equal((await call('DELETE', `/v1/Services/Usecases`)).json['code'], 20004)
  })

  test('have numbers, short codes and names in their pool', async () => {
    const { sid } = await services.create({ friendlyName: 'Pool' })
    const short = own('12345', { country: 'US' })
    const number = own('+447700900001')
    const added = await services(sid).phoneNumbers.create({ phoneNumberSid: number.id })
    assert.deepEqual(
      [added.sid, added.serviceSid, added.accountSid, added.phoneNumber, added.countryCode, added.capabilities],
      [number.id, sid, w.root.id, '+447700900001', 'GB', ['SMS']],
    )
    const code = await services(sid).shortCodes.create({ shortCodeSid: `SC${short.id.slice(2)}` })
    assert.deepEqual([code.shortCode, code.countryCode, code.sid], ['12345', 'US', `SC${short.id.slice(2)}`])
    const alpha = await services(sid).alphaSenders.create({ alphaSender: 'Acme' })
    assert.match(alpha.sid, /^AI[0-9a-f]{32}$/)
    assert.equal(alpha.alphaSender, 'Acme')
    const json = (all: readonly { toJSON(): unknown }[]): unknown[] => all.map((one) => one.toJSON())
    assert.deepEqual(json(await services(sid).phoneNumbers.list()), [added.toJSON()])
    assert.deepEqual(json(await services(sid).shortCodes.list()), [code.toJSON()])
    assert.deepEqual(json(await services(sid).alphaSenders.list()), [alpha.toJSON()])
    assert.equal((await services(sid).phoneNumbers(added.sid).fetch()).url, `${server.url}/v1/Services/${sid}/PhoneNumbers/${number.id}`)
    assert.equal((await services(sid).shortCodes(code.sid).fetch()).url, code.url)
    assert.equal((await services(sid).alphaSenders(alpha.sid).fetch()).url, alpha.url)
    assert.equal(await services(sid).phoneNumbers(number.id).remove(), true)
    assert.equal(await services(sid).shortCodes(code.sid).remove(), true)
    assert.equal(await services(sid).alphaSenders(alpha.sid).remove(), true)
    await refuses(20404, 404, 'DELETE', `/${sid}/PhoneNumbers/${number.id}`)
    await refuses(20404, 404, 'GET', `/${sid}/AlphaSenders/${alpha.sid}`)
    assert.deepEqual(await services(sid).phoneNumbers.list(), [])
  })

  test('refuse senders that are missing, bad, there already or in another pool, and the 401st', async () => {
    const first = (await services.create({ friendlyName: 'One' })).sid
    const second = (await services.create({ friendlyName: 'Two' })).sid
    const number = own('+447700900002')
    const short = own('54321')
    await refuses(20422, 400, 'POST', `/${first}/PhoneNumbers`, {})
    await refuses(20404, 404, 'POST', `/${first}/PhoneNumbers`, { PhoneNumberSid: `PN${'0'.repeat(32)}` })
    await refuses(20404, 404, 'POST', `/${first}/PhoneNumbers`, { PhoneNumberSid: short.id })
    await refuses(20404, 404, 'POST', `/${first}/ShortCodes`, { ShortCodeSid: `SC${number.id.slice(2)}` })
    await refuses(21708, 400, 'POST', `/${first}/AlphaSenders`, {})
    for (const name of ['a name far too long', '12345', 'Ünïcode'])
      await refuses(21709, 400, 'POST', `/${first}/AlphaSenders`, { AlphaSender: name })
    await services(first).phoneNumbers.create({ phoneNumberSid: number.id })
    await services(first).alphaSenders.create({ alphaSender: 'Acme' })
    await refuses(21710, 409, 'POST', `/${first}/PhoneNumbers`, { PhoneNumberSid: number.id })
    await refuses(21710, 409, 'POST', `/${first}/AlphaSenders`, { AlphaSender: 'Acme' })
    await refuses(21710, 409, 'POST', `/${first}/AlphaSenders`, { AlphaSender: ' Acme ' })
    await refuses(21712, 400, 'POST', `/${second}/PhoneNumbers`, { PhoneNumberSid: number.id })
    await services(second).alphaSenders.create({ alphaSender: 'Acme' })
    await services(first).phoneNumbers(number.id).remove()
    await services(second).phoneNumbers.create({ phoneNumberSid: number.id })
    for (let n = 0; n < 398; n++) await call('POST', `/v1/Services/${second}/AlphaSenders`, { AlphaSender: `Acme ${n}` })
    await refuses(21714, 400, 'POST', `/${second}/AlphaSenders`, { AlphaSender: 'One more' })
  })

  test('lose a number that its account gave up, even where it comes back under another SID', async () => {
    const { sid } = await services.create({ friendlyName: 'Lost' })
    const number = own('+447700900003')
    await services(sid).phoneNumbers.create({ phoneNumberSid: number.id })
    w.numbers.splice(w.numbers.indexOf(number), 1)
    assert.deepEqual(await services(sid).phoneNumbers.list(), [])
    await refuses(20404, 404, 'GET', `/${sid}/PhoneNumbers/${number.id}`)
    await refuses(20404, 404, 'DELETE', `/${sid}/PhoneNumbers/${number.id}`)
    const again = own('+447700900003')
    assert.deepEqual(await services(sid).phoneNumbers.list(), [])
    await services(sid).phoneNumbers.create({ phoneNumberSid: again.id })
    assert.equal((await services(sid).phoneNumbers.list()).length, 1)
  })

  test('are made and filled by permissions of their own', () => {
    const needs = (path: string): string | undefined => serviceRoutes.find((route) => route.path.test(path))?.needs
    for (const path of ['/v1/Services', `/v1/Services/${absent}`]) assert.equal(needs(path), '/twilio/messaging/services')
    for (const list of ['PhoneNumbers', 'ShortCodes', 'AlphaSenders'])
      for (const path of [`/v1/Services/${absent}/${list}`, `/v1/Services/${absent}/${list}/${w.number.id}`])
        assert.equal(needs(path), `/twilio/messaging/services.${list.toLowerCase()}`)
  })

  test('tell their use cases', async () => {
    const { usecases } = await client.messaging.v1.usecases.fetch()
    assert.deepEqual(
      (usecases as { usecase: string }[]).map(({ usecase }) => usecase),
      ['notifications', 'marketing', 'verification', 'discussion', 'poll', 'undeclared'],
    )
  })

  test('are those of the account that signs in: of all others nothing is there', async () => {
    const number = own('+447700900004')
    const { sid } = await services.create({ friendlyName: 'Mine' })
    await services(sid).phoneNumbers.create({ phoneNumberSid: number.id })
    const alpha = await services(sid).alphaSenders.create({ alphaSender: 'Acme' })
    for (const other of [w.child, w.stranger]) {
      const theirs = twilioClient(other.id, other.token)
      theirs.messaging.baseUrl = server.url
      assert.deepEqual(await theirs.messaging.v1.services.list(), [])
      const headers = { authorization: basic(other.id, other.token) }
      for (const [method, path, form] of [
        ['GET', ''],
        ['POST', '', { FriendlyName: 'stolen' }],
        ['DELETE', ''],
        ['GET', '/PhoneNumbers'],
        ['POST', '/PhoneNumbers', { PhoneNumberSid: number.id }],
        ['GET', `/PhoneNumbers/${number.id}`],
        ['DELETE', `/PhoneNumbers/${number.id}`],
        ['GET', '/AlphaSenders'],
        ['GET', `/AlphaSenders/${alpha.sid}`],
        ['DELETE', `/AlphaSenders/${alpha.sid}`],
      ] as const) {
        const there = await call(method, `/v1/Services/${sid}${path}`, form && { ...form }, headers)
        const none = await call(method, `/v1/Services/${absent}${path}`, form && { ...form }, headers)
        assert.equal(there.status, 404, `${method} ${path}`)
        assert.equal(there.text.replaceAll(sid, absent), none.text)
      }
      const made = await theirs.messaging.v1.services.create({ friendlyName: 'Theirs' })
      const stolen = await call('POST', `/v1/Services/${made.sid}/PhoneNumbers`, { PhoneNumberSid: number.id }, headers)
      const none = await call('POST', `/v1/Services/${made.sid}/PhoneNumbers`, { PhoneNumberSid: `PN${'0'.repeat(32)}` }, headers)
      assert.equal(stolen.text.replaceAll(number.id, `PN${'0'.repeat(32)}`), none.text)
    }
    assert.equal((await services(sid).fetch()).friendlyName, 'Mine')
    assert.equal((await call('GET', '/v1/Services', undefined, { authorization: '' })).status, 401)
  })
})
