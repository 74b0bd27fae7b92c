import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tree, type Tree } from '../../test/twilio-tree.ts'

const stock = ['+15005550006', '+14155550111', '+14155550122', '+447400123456', '+18005550199'] as const

async function stocked(context: Parameters<typeof tree>[0]): Promise<Tree> {
  const bed = await tree(context)
  for (const number of stock) await bed.admin.numbers.put(bed.root, bed.root.account, number, { offered: true })
  return bed
}

const owner = ({ room }: Tree, value: string): string | undefined => room.current().numbers.get(value)?.account
const path = '/IncomingPhoneNumbers'

test('a number is claimed, told its URLs, found in every list that it fits, and released by the official client', async (context) => {
  const bed = await stocked(context)
  const { client, account } = bed.reseller
  const made = await client.incomingPhoneNumbers.create({
    phoneNumber: '+1 (415) 555-0111',
    smsUrl: 'https://app.example/sms?x=1',
    smsMethod: 'GET',
    statusCallback: 'https://app.example/status',
  })
  assert.match(made.sid, /^PN[0-9a-f]{32}$/)
  assert.deepEqual(
    [made.phoneNumber, made.friendlyName, made.accountSid, made.smsUrl, made.smsMethod, made.smsFallbackUrl, made.statusCallback],
    ['+14155550111', '(415) 555-0111', account, 'https://app.example/sms?x=1', 'GET', '', 'https://app.example/status'],
  )
  assert.deepEqual([made.type, made.status, made.capabilities], ['local', 'in-use', { voice: false, sms: true, mms: false, fax: false }])
  assert.equal(owner(bed, '+14155550111'), account)
  const changed = await client.incomingPhoneNumbers(made.sid).update({
    friendlyName: 'Front desk',
    smsUrl: '',
    smsFallbackUrl: 'https://app.example/fallback',
    smsFallbackMethod: 'GET',
  })
  assert.deepEqual(
    [changed.friendlyName, changed.smsUrl, changed.smsFallbackUrl, changed.smsFallbackMethod, changed.statusCallback],
    ['Front desk', '', 'https://app.example/fallback', 'GET', 'https://app.example/status'],
  )
  assert.deepEqual((await client.incomingPhoneNumbers(made.sid).fetch()).toJSON(), changed.toJSON())
  const list = client.incomingPhoneNumbers
  const found = async (query: object): Promise<string[]> => (await list.list(query)).map(({ sid }) => sid)
  for (const query of [{}, { friendlyName: 'Front desk' }, { phoneNumber: '415555' }, { phoneNumber: '+1415*550111' }, { beta: false }])
    assert.deepEqual(await found(query), [made.sid], JSON.stringify(query))
  for (const query of [{ friendlyName: 'Front' }, { phoneNumber: '+415' }, { beta: true }, { origin: 'hosted' }])
    assert.deepEqual(await found(query), [], JSON.stringify(query))
  assert.deepEqual(
    (await list.local.list()).map(({ sid }) => sid),
    [made.sid],
  )
  assert.deepEqual(await list.mobile.list(), [])
  assert.equal(await client.incomingPhoneNumbers(made.sid).remove(), true)
  assert.equal(owner(bed, '+14155550111'), bed.root.account)
  await assert.rejects(client.incomingPhoneNumbers(made.sid).fetch(), { status: 404, code: 20404 })
})

test('each type has its list, and takes only numbers of its kind', async (context) => {
  const { reseller } = await stocked(context)
  const numbers = reseller.client.incomingPhoneNumbers
  assert.equal((await numbers.mobile.create({ phoneNumber: '+447400123456' })).phoneNumber, '+447400123456')
  assert.equal((await numbers.tollFree.create({ phoneNumber: '+18005550199' })).phoneNumber, '+18005550199')
  await assert.rejects(numbers.tollFree.create({ phoneNumber: '+14155550111' }), { status: 400, code: 21458 })
  const values = async (list: { list(): Promise<{ phoneNumber: string }[]> }) => (await list.list()).map((one) => one.phoneNumber)
  assert.deepEqual(await values(numbers.mobile), ['+447400123456'])
  assert.deepEqual(await values(numbers.tollFree), ['+18005550199'])
  assert.deepEqual(await values(numbers.local), [])
  assert.equal((await numbers.list()).length, 2)
})

test('an area code takes any number that is offered there', async (context) => {
  const { reseller } = await stocked(context)
  const { incomingPhoneNumbers } = reseller.client
  const first = await incomingPhoneNumbers.create({ areaCode: '415' })
  const second = await incomingPhoneNumbers.create({ areaCode: '415' })
  assert.deepEqual([first.phoneNumber, second.phoneNumber], ['+14155550111', '+14155550122'])
  await assert.rejects(incomingPhoneNumbers.create({ areaCode: '415' }), { status: 400, code: 21452 })
  await assert.rejects(incomingPhoneNumbers.create({ areaCode: '41' }), { status: 400, code: 21451 })
})

test('what is wrong is refused with Twilio’s code, and changes nothing', async (context) => {
  const bed = await stocked(context)
  const { reseller, stranger, call } = bed
  await stranger.client.incomingPhoneNumbers.create({ phoneNumber: stock[0] })
  const before = bed.room.current()
  const long = 'x'.repeat(65)
  for (const [form, code] of [
    [{}, 21421],
    [{ PhoneNumber: 'none' }, 21421],
    [{ PhoneNumber: '+1' }, 21421],
    [{ PhoneNumber: stock[0] }, 21422],
    [{ PhoneNumber: stock[1], SmsUrl: 'ftp://x' }, 21402],
    [{ PhoneNumber: stock[1], SmsUrl: 'https://a_b.example/' }, 21402],
    [{ PhoneNumber: stock[1], SmsMethod: 'PUT' }, 20422],
    [{ PhoneNumber: stock[1], FriendlyName: long }, 20422],
    [{ PhoneNumber: stock[1], SmsApplicationSid: `AP${'0'.repeat(32)}` }, 20422],
  ] as const) {
    const { status, json } = await call('POST', `${path}.json`, { as: reseller, form })
    assert.deepEqual([status, json['code']], [400, code], JSON.stringify(form))
  }
  const queries = {
    'PhoneNumber=%3B': 21401,
    'PageSize=1001': 20007,
    'PageSize=0': 20422,
    'PageToken=PA%3Cx%3E': 20422,
    'PageToken=x': 20422,
  }
  for (const [query, code] of Object.entries(queries))
    assert.equal((await call('GET', `${path}.json?${query}`, { as: reseller })).json['code'], code, query)
  assert.equal((await call('DELETE', `${path}.json`, { as: reseller })).json['code'], 20004)
  assert.equal(bed.room.current(), before)
})

test('a parent hands a number over to accounts below it and back, its URLs with it, its application not', async (context) => {
  const bed = await stocked(context)
  const { root, reseller, customer, stranger } = bed
  const app = await reseller.client.applications.create({ friendlyName: 'App', smsUrl: 'https://app.example/' })
  const made = await reseller.client.incomingPhoneNumbers.create({
    phoneNumber: stock[1],
    smsUrl: 'https://own.example/',
    smsApplicationSid: app.sid,
  })
  assert.equal(made.smsApplicationSid, app.sid)
  const handed = await reseller.client.incomingPhoneNumbers(made.sid).update({ accountSid: customer.account })
  assert.deepEqual(
    [handed.sid, handed.accountSid, handed.smsUrl, handed.smsApplicationSid],
    [made.sid, customer.account, 'https://own.example/', null],
  )
  assert.match(handed.uri, new RegExp(customer.account))
  await assert.rejects(reseller.client.incomingPhoneNumbers(made.sid).fetch(), { code: 20404 })
  // Neither to where the caller sees nothing, nor by who does not own it.
  for (const to of [reseller.account, root.account, stranger.account, `AC${'0'.repeat(32)}`])
    await assert.rejects(customer.client.incomingPhoneNumbers(made.sid).update({ accountSid: to }), { status: 400, code: 21471 }, to)
  await assert.rejects(customer.client.incomingPhoneNumbers(made.sid).update({ accountSid: 'ACx' }), { code: 21470 })
  const back = await reseller.client.api.v2010
    .accounts(customer.account)
    .incomingPhoneNumbers(made.sid)
    .update({ accountSid: reseller.account })
  assert.equal(back.accountSid, reseller.account)
  await bed.admin.tenancy.changeAccount(reseller, customer.account, { status: 'suspended' })
  await assert.rejects(reseller.client.incomingPhoneNumbers(made.sid).update({ accountSid: customer.account }), { code: 21472 })
})

test('pages go on where they were, whatever is deleted between them, and know no other account’s', async (context) => {
  const bed = await tree(context)
  const { root, stranger, call } = bed
  for (let i = 0; i < 7; i++) {
    await bed.admin.numbers.put(root, root.account, `+1415555010${i}`, {})
    await bed.clock.advance(1000)
  }
  await bed.admin.numbers.put(stranger, stranger.account, '+14155550200', {})
  const all = await root.client.incomingPhoneNumbers.list({ pageSize: 3 })
  assert.deepEqual(
    all.map(({ phoneNumber }) => phoneNumber),
    Array.from({ length: 7 }, (_, i) => `+1415555010${6 - i}`),
  )
  const first = await call('GET', `${path}.json?PageSize=3&FriendlyName=`, { as: root })
  const next = String(first.json['next_page_uri'])
  assert.match(
    next,
    new RegExp(`^/2010-04-01/Accounts/${root.account}/IncomingPhoneNumbers.json\\?FriendlyName=&PageSize=3&Page=1&PageToken=PA`),
  )
  await root.client.incomingPhoneNumbers(all[2]!.sid).remove()
  const second = (await call('GET', next, { as: root })).json
  assert.deepEqual(
    (second['incoming_phone_numbers'] as { sid: string }[]).map(({ sid }) => sid),
    all.slice(3, 6).map(({ sid }) => sid),
  )
  // Another's token is only a place in one's own list.
  const stolen = await call('GET', next.replace(root.account, stranger.account), { as: stranger })
  for (const { account_sid: sid } of stolen.json['incoming_phone_numbers'] as { account_sid: string }[]) assert.equal(sid, stranger.account)
})

test('XML has the same, and what was put into names and URLs stays text there', async (context) => {
  const { reseller, call } = await stocked(context)
  const evil = '</FriendlyName><Sid>PN0</Sid>&"\r\nSet-Cookie: a=b'
  const made = await call('POST', path, {
    as: reseller,
    form: { PhoneNumber: stock[1], FriendlyName: evil, SmsUrl: 'https://a.example/?<b>' },
  })
  assert.equal(made.status, 201)
  assert.match(made.text, /<TwilioResponse><IncomingPhoneNumber><AccountSid>AC/)
  assert.match(made.text, /<FriendlyName>&lt;\/FriendlyName&gt;&lt;Sid&gt;PN0&lt;\/Sid&gt;&amp;/)
  assert.match(made.text, /<Uri>\/2010-04-01\/Accounts\/AC[0-9a-f]+\/IncomingPhoneNumbers\/PN[0-9a-f]{32}<\/Uri>/)
  const listed = await call('GET', `${path}/Local.xml`, { as: reseller })
  assert.match(listed.text, /<IncomingPhoneNumbers page="0" pagesize="50" start="0" end="0" uri="/)
  assert.equal(listed.text.match(/<Sid>/g)?.length, 1)
  assert.deepEqual(
    ((await call('GET', `${path}.json`, { as: reseller })).json['incoming_phone_numbers'] as { friendly_name: string }[])[0]?.friendly_name,
    evil,
  )
})

test('another subtree’s number is as absent on every route', async (context) => {
  const bed = await stocked(context)
  const { root, reseller, customer, stranger, call } = bed
  const { sid } = await reseller.client.incomingPhoneNumbers.create({ phoneNumber: stock[1] })
  const before = bed.room.current()
  const nobodys = `PN${'0'.repeat(32)}`
  for (const as of [stranger, customer, root])
    for (const [method, form] of [['GET'], ['POST', { FriendlyName: 'x' }], ['POST', { _method: 'DELETE' }], ['DELETE']] as const) {
      const theirs = await call(method, `${path}/${sid}.json`, { as, ...(form ? { form } : {}) })
      const none = await call(method, `${path}/${nobodys}.json`, { as, ...(form ? { form } : {}) })
      assert.equal(theirs.status, 404)
      assert.equal(theirs.text.replaceAll(sid, nobodys), none.text)
    }
  // The account in the path is nobody's either, but to those above it.
  const ofReseller = `/2010-04-01/Accounts/${reseller.account}${path}/${sid}.json`
  assert.equal((await call('GET', ofReseller, { as: root })).status, 200)
  for (const as of [stranger, customer])
    for (const method of ['GET', 'POST', 'DELETE']) assert.equal((await call(method, ofReseller, { as })).json['code'], 20003)
  assert.equal(bed.room.current(), before)
})
