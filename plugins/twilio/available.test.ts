import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tree } from '../../test/twilio-tree.ts'
import { numberPattern } from './number-types.ts'

async function stocked(context: Parameters<typeof tree>[0]) {
  const bed = await tree(context)
  for (const number of ['+14155550111', '+12125550122', '+447400123456', '+18005550199', '62442'])
    await bed.admin.numbers.put(bed.root, bed.root.account, number, { offered: true })
  await bed.admin.numbers.put(bed.root, bed.root.account, '+14155550999', {})
  return bed
}

test('what the accounts above offer is searched by country, type, area code and pattern with the official client', async (context) => {
  const { root, reseller, customer } = await stocked(context)
  const { availablePhoneNumbers } = customer.client
  const countries = await availablePhoneNumbers.list()
  assert.deepEqual(
    countries.map(({ countryCode, country }) => [countryCode, country]),
    [
      ['GB', 'United Kingdom'],
      ['US', 'United States'],
    ],
  )
  const base = `/2010-04-01/Accounts/${customer.account}/AvailablePhoneNumbers/US`
  assert.deepEqual((await availablePhoneNumbers('US').fetch()).subresourceUris, {
    local: `${base}/Local.json`,
    toll_free: `${base}/TollFree.json`,
  })
  const us = availablePhoneNumbers('us')
  const values = async (list: Promise<{ phoneNumber: string }[]>) => (await list).map(({ phoneNumber }) => phoneNumber)
  assert.deepEqual(await values(us.local.list()), ['+12125550122', '+14155550111'])
  assert.deepEqual(await values(us.tollFree.list()), ['+18005550199'])
  assert.deepEqual(await values(us.mobile.list()), [])
  assert.deepEqual(await values(availablePhoneNumbers('GB').mobile.list()), ['+447400123456'])
  for (const list of [us.national.list(), us.voip.list(), us.sharedCost.list(), us.machineToMachine.list()])
    assert.deepEqual(await values(list), [])
  assert.deepEqual(await values(us.local.list({ areaCode: 212 })), ['+12125550122'])
  assert.deepEqual(await values(us.local.list({ contains: '555****1' })), ['+14155550111'])
  assert.deepEqual(await values(us.local.list({ contains: '+1212', smsEnabled: true })), ['+12125550122'])
  for (const query of [
    { mmsEnabled: true },
    { voiceEnabled: true },
    { smsEnabled: false },
    { inRegion: 'CA' },
    { beta: false, contains: '999' },
  ])
    assert.deepEqual(await values(us.local.list(query)), [], JSON.stringify(query))
  const [one] = await us.local.list({ areaCode: 415 })
  assert.deepEqual(
    [one?.friendlyName, one?.isoCountry, one?.capabilities],
    ['(415) 555-0111', 'US', { voice: false, sms: true, mms: false, fax: false }],
  )
  // Nobody is offered what is one's own.
  assert.deepEqual(await root.client.availablePhoneNumbers.list(), [])
  await reseller.client.incomingPhoneNumbers.create({ phoneNumber: '+14155550111' })
  assert.deepEqual(await values(us.local.list()), ['+12125550122'])
})

test('unknown countries and types are not found, bad filters refused, and lists without pages have no key more', async (context) => {
  const { reseller, call } = await stocked(context)
  const at = '/AvailablePhoneNumbers'
  for (const path of ['/XX.json', '/XX/Local.json', '/US/Nothing.json', '/..json'])
    assert.equal((await call('GET', at + path, { as: reseller })).status, 404, path)
  assert.equal((await call('GET', `${at}/US/Local.json?AreaCode=4x5`, { as: reseller })).json['code'], 21451)
  assert.equal((await call('GET', `${at}/US/Local.json?Contains=%00`, { as: reseller })).json['code'], 21401)
  assert.equal((await call('POST', `${at}/US/Local.json`, { as: reseller, form: {} })).json['code'], 20004)
  assert.deepEqual(Object.keys((await call('GET', `${at}/US/Local.json`, { as: reseller })).json).sort(), [
    'available_phone_numbers',
    'uri',
  ])
  assert.match(
    (await call('GET', `${at}/US/Local`, { as: reseller })).text,
    /<AvailablePhoneNumbers><AvailablePhoneNumber><FriendlyName>\(212\) 555-0122</,
  )
  assert.match((await call('GET', at, { as: reseller })).text, /<Countries><Country><CountryCode>GB</)
})

test('patterns are digits, keypad letters and wildcards; they hold anywhere, but from the start after a plus', () => {
  const holds = (pattern: string, value: string): boolean | undefined => numberPattern(pattern)?.(value)
  assert.equal(holds('SIGNAL', '+14157446250'), true)
  assert.equal(holds('+1415', '+14155550100'), true)
  assert.equal(holds('+415', '+14155550100'), false)
  assert.equal(holds('415 555', '+14155550100'), true)
  assert.equal(holds('4**5550', '+14155550100'), true)
  for (const bad of ['', '+', '%', '1+', 'é', '(', '1'.repeat(17)]) assert.equal(numberPattern(bad), undefined, bad)
})
