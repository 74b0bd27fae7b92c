// Twilio's table of errors, provoked: each code that can be, with its status, as JSON and as XML, from a
// real gateway. Those that cannot be are listed with the reason, and the table is whole.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ourNumber } from '../bench/gateway.ts'
import { ask, create, eventually, reaches, root, startNorthern, type Answer, type Credentials, type World } from '../e2e/world.ts'
import { errorFaults } from './openapi.ts'

let world: World
const reseller: Credentials = { sid: `AC${'a'.repeat(32)}`, token: 'a'.repeat(32) }
const customer: Credentials = { sid: `AC${'b'.repeat(32)}`, token: 'b'.repeat(32) }
const asleep: Credentials = { sid: `AC${'c'.repeat(32)}`, token: 'c'.repeat(32) }
const narrow: Credentials = { sid: `AC${'d'.repeat(32)}`, token: 'd'.repeat(32) }
const closed: Credentials = { sid: `AC${'e'.repeat(32)}`, token: 'e'.repeat(32) }
const below = `AC${'f'.repeat(32)}`
/** May read messages, and nothing else. */
let reader: Credentials
/** Test credentials of the root account. */
let magic: Credentials
/** SIDs of things that are there. */
const sids = { empty: '', own: '', second: '', alpha: '', number: '', queued: '', sent: '' }
const handset = '+447700900123'
const leaver = '+447700900199'

before(async () => {
  world = await startNorthern(`
    numbers: [{ number: '${ourNumber}' }, { number: '+15550001112' }]
    services: [{ name: full, id: MG${'f'.repeat(32)}, senders: [${Array.from({ length: 400 }, (_, i) => `N${i}`).join(', ')}] }]
    accounts:
      - id: ${reseller.sid}
        name: reseller
        token: ${reseller.token}
        numbers: [{ number: '+15550002221' }]
        accounts: [{ id: ${customer.sid}, name: customer, token: ${customer.token} }]
      - id: ${asleep.sid}
        name: asleep
        token: ${asleep.token}
        status: suspended
        accounts: [{ id: ${below}, name: below }]
      - { id: ${narrow.sid}, name: narrow, token: ${narrow.token}, concurrency: 1, numbers: [{ number: '+15550001113' }] }
      - { id: ${closed.sid}, name: closed, token: ${closed.token}, status: closed }`)
  const test = await ask(world.setup, `/api/v1/accounts/${root.sid}/tokens/test`, { as: root, method: 'POST' })
  magic = { sid: String(test.json['id']), token: String(test.json['token']) }
  const made = async (path: string, form: Record<string, string>): Promise<string> => {
    const answer = await ask(world.setup, path, { as: root, form })
    assert.ok(answer.status < 300, `${path}: ${answer.text}`)
    return String(answer.json['sid'])
  }
  const services = '/v1/Services'
  sids.empty = await made(services, { FriendlyName: 'empty' })
  sids.own = await made(services, { FriendlyName: 'own' })
  sids.second = await made(services, { FriendlyName: 'second' })
  sids.alpha = await made(services, { FriendlyName: 'alpha' })
  await made(`${services}/${sids.alpha}/AlphaSenders`, { AlphaSender: 'Flowers' })
  const { json } = await ask(world.setup, `/2010-04-01/Accounts/${root.sid}/IncomingPhoneNumbers.json`, { as: root })
  const numbers = json['incoming_phone_numbers'] as { sid: string; phone_number: string }[]
  sids.number = numbers.find((each) => each.phone_number === ourNumber)!.sid
  await made(`${services}/${sids.own}/PhoneNumbers`, { PhoneNumberSid: sids.number })
  const key = await ask(world.setup, '/api/v1/keys', { as: root, json: { kind: 'restricted', allow: ['/twilio/messaging/messages/read'] } })
  reader = { sid: (key.json['key'] as { id: string }).id, token: String(key.json['secret']) }
  const once = { as: root, form: good, headers: { 'idempotency-key': 'once' } }
  assert.equal((await ask(world.setup, `/2010-04-01/Accounts/${root.sid}/Messages.json`, once)).status, 201)
  sids.queued = await create(world.setup, { ...good, SendAt: new Date(Date.now() + 3_600_000).toISOString(), ScheduleType: 'fixed' })
  sids.sent = await create(world.setup, { ...good, To: leaver })
  await reaches(world.setup, sids.sent, 'delivered')
  world.carriers.reply({ carrier: 'northern', from: leaver.slice(1), to: ourNumber.slice(1), text: 'STOP' })
})
after(() => world?.close())

const good = { To: handset, From: ourNumber, Body: 'Hello' }
type Form = Record<string, string>

interface Case {
  code: number
  status: number
  /** Below `/2010-04-01/Accounts/{the caller's}`, without suffix; from `/v1/` on as it is. */
  path: () => string
  form?: () => Form
  /** Instead of a form. */
  body?: string
  headers?: Record<string, string>
  method?: string
  as?: () => Credentials
  /** Below another account than the caller's. */
  of?: string
}

const message = (code: number, form: Form, status = 400, as?: () => Credentials): Case => ({
  code,
  status,
  path: () => '/Messages',
  form: () => form,
  ...(as ? { as } : {}),
})
const lacking = (name: keyof typeof good): Form => Object.fromEntries(Object.entries(good).filter(([key]) => key !== name))
const posted = (code: number, status: number, path: () => string, form: () => Form, more: Partial<Case> = {}): Case => ({
  code,
  status,
  path,
  form,
  ...more,
})

const cases: readonly Case[] = [
  { code: 20003, status: 401, path: () => '/Messages', of: `AC${'9'.repeat(32)}` },
  { code: 20004, status: 405, path: () => '/Messages', method: 'DELETE' },
  { code: 20005, status: 403, path: () => '/Messages', as: () => asleep },
  { code: 20007, status: 400, path: () => '/Messages', method: 'PageSize=1001' },
  { code: 20008, status: 403, path: () => '/Messages', as: () => magic },
  { code: 20009, status: 409, path: () => `/Messages/${sids.queued}`, method: 'DELETE' },
  { code: 20404, status: 404, path: () => `/Messages/SM${'0'.repeat(32)}` },
  message(21211, { ...good, To: 'my neighbour' }),
  message(21212, { ...good, From: '<script>' }),
  message(21265, { ...good, To: '12345' }),
  message(21266, { ...good, To: ourNumber }),
  message(21408, { ...good, From: '+15005550006', To: '+15005550003' }, 400, () => magic),
  posted(
    21421,
    400,
    () => '/IncomingPhoneNumbers',
    () => ({ PhoneNumber: 'nonsense' }),
  ),
  posted(
    21422,
    400,
    () => '/IncomingPhoneNumbers',
    () => ({ PhoneNumber: ourNumber }),
    { as: () => reseller },
  ),
  posted(
    21452,
    400,
    () => '/IncomingPhoneNumbers',
    () => ({ AreaCode: '907' }),
  ),
  posted(
    21470,
    400,
    () => `/IncomingPhoneNumbers/${sids.number}`,
    () => ({ AccountSid: 'nonsense' }),
  ),
  posted(
    21471,
    400,
    () => `/IncomingPhoneNumbers/${sids.number}`,
    () => ({ AccountSid: `AC${'9'.repeat(32)}` }),
  ),
  posted(
    21472,
    400,
    () => `/IncomingPhoneNumbers/${sids.number}`,
    () => ({ AccountSid: asleep.sid }),
  ),
  posted(
    21475,
    400,
    () => '',
    () => ({ Status: 'asleep' }),
    { of: reseller.sid },
  ),
  posted(
    21476,
    400,
    () => '',
    () => ({ Status: 'suspended' }),
    { of: below },
  ),
  posted(
    21477,
    400,
    () => '',
    () => ({ Status: 'closed' }),
  ),
  message(21602, lacking('Body')),
  message(21603, lacking('From')),
  message(21604, lacking('To')),
  posted(
    21605,
    400,
    () => '/SMS/Messages',
    () => ({ ...good, Body: 'x'.repeat(161) }),
  ),
  message(21606, { ...good, From: '+15550009999' }),
  message(21609, { ...good, StatusCallback: 'not a url' }),
  message(21610, { ...good, To: leaver }),
  message(21611, { ...good, To: handset, From: '+15005550008' }, 429, () => magic),
  message(21612, { ...good, To: '+33612345678' }),
  message(21614, { ...good, From: '+15005550006', To: '+15005550009' }, 400, () => magic),
  message(21617, { ...good, Body: 'x'.repeat(1601) }),
  message(21618, { ...good, Body: '\u200b', SmartEncoded: 'true' }),
  message(21620, { ...good, MediaUrl: 'not a url' }),
  message(21622, { ...good, MediaUrl: 'https://example.com/a.png' }),
  {
    code: 21623,
    status: 400,
    path: () => '/Messages',
    body: `${new URLSearchParams(good).toString()}${'&MediaUrl=https://example.com/a.png'.repeat(11)}`,
  },
  message(21624, { ...good, ValidityPeriod: '0' }),
  message(21655, { ...good, ContentSid: `HX${'0'.repeat(32)}` }),
  message(21701, { To: handset, Body: 'x', MessagingServiceSid: `MG${'0'.repeat(32)}` }),
  message(21705, { To: handset, Body: 'x', MessagingServiceSid: 'nonsense' }),
  posted(
    21714,
    400,
    () => `/v1/Services/MG${'f'.repeat(32)}/AlphaSenders`,
    () => ({ AlphaSender: 'One more' }),
  ),
  posted(
    21709,
    400,
    () => `/v1/Services/${sids.own}/AlphaSenders`,
    () => ({ AlphaSender: '12345' }),
  ),
  posted(
    21710,
    409,
    () => `/v1/Services/${sids.own}/PhoneNumbers`,
    () => ({ PhoneNumberSid: sids.number }),
  ),
  posted(
    21712,
    400,
    () => `/v1/Services/${sids.second}/PhoneNumbers`,
    () => ({ PhoneNumberSid: sids.number }),
  ),
  posted(
    21713,
    400,
    () => '/v1/Services',
    () => ({ FriendlyName: 'x', Usecase: 'nonsense' }),
  ),
  message(21703, { To: '+14155550100', Body: 'x', MessagingServiceSid: '$alpha' }),
  message(21704, { To: handset, Body: 'x', MessagingServiceSid: '$empty' }),
  message(21711, { ...good, From: '+15550001112', MessagingServiceSid: '$own' }),
  message(35111, { ...good, ScheduleType: 'fixed' }),
  message(35114, { ...good, SendAt: '2001-01-01T00:00:00Z', ScheduleType: 'fixed' }),
  message(35126, { ...good, SendAt: '2001-01-01T00:00:00Z', ScheduleType: 'loose' }),
]

const asking = (code: number, status: number, path: string, form: Form, more: Partial<Case> = {}): Case => ({
  code,
  status,
  path: () => path,
  form: () => form,
  ...more,
})

/** Codes of ours beside that table, which Twilio's libraries know, too. */
const beside: readonly Case[] = [
  asking(20002, 400, '', { FriendlyName: 'x'.repeat(65) }),
  asking(20409, 409, '/Messages', { ...good, Body: 'another' }, { headers: { 'idempotency-key': 'once' } }),
  { code: 20413, status: 413, path: () => '/Messages', body: `Body=${'x'.repeat(70_000)}` },
  asking(20415, 415, '/Messages', good, { headers: { 'content-encoding': 'zstd' } }),
  { code: 20422, status: 400, path: () => '/Messages', method: 'DateSent=yesterday' },
  asking(21401, 400, '/AvailablePhoneNumbers/US/Local', {}, { method: 'Contains=%3Cb%3E' }),
  asking(21402, 400, '/IncomingPhoneNumbers', { PhoneNumber: '+15550004444', SmsUrl: 'ftp://example.com/' }),
  asking(21451, 400, '/IncomingPhoneNumbers', { AreaCode: 'abc' }),
  asking(21458, 400, '/IncomingPhoneNumbers/TollFree', { PhoneNumber: '+447700900444' }),
  asking(21627, 400, '/Messages', { ...good, MaxPrice: 'cheap' }),
  asking(21708, 400, `/v1/Services/MG${'f'.repeat(32)}/AlphaSenders`, {}),
  { code: 30409, status: 409, path: () => `/Messages/${sids.sent}`, form: () => ({ Status: 'canceled' }) },
  asking(70001, 400, '/v1/Keys', { AccountSid: root.sid, FriendlyName: 'x', KeyType: 'loose' }),
  asking(70002, 400, '/v1/Keys', { AccountSid: root.sid, KeyType: 'restricted', Policy: '{"allow":["/nowhere"]}' }),
  asking(70051, 401, '/Messages', good, { as: () => reader, of: root.sid }),
]

/** Of Twilio's table, what cannot be provoked here, each with the reason. Failures that come later are none of an answer. */
const unprovoked = new Map([
  ...because('nothing that an account lacks is asked of its own credentials by this code', 20006),
  ...because('a fault of the gateway itself; its words are tested beside the connector', 20500, 20503),
  ...because('there are no trial accounts', 21267, 21607, 21608),
  ...because('premium numbers, landlines and mobile numbers are told apart by carriers', 21268, 21635),
  ...because('a number belongs to one account, and routes say what it may do', 21473, 21474, 21616, 21659, 21660, 21661),
  ...because('nobody but the account above suspends', 21478),
  ...because('21602 says so', 21619),
  ...because('media come with MMS: 21622 comes first', 21621),
  ...because('content templates are not here: 21655 says so', 21654, 21656),
  ...because('a service that is there can be sent by', 21702),
  ...because('every number here can send texts', 21715),
  ...because('scheduling needs no messaging service and has no limit of its own', 35118, 35125),
])

function because(reason: string, ...codes: number[]): [number, string][] {
  return codes.map((code) => [code, reason])
}

/** Twilio's table, as far as an answer carries its codes. */
const table = [
  20003, 20004, 20005, 20006, 20007, 20008, 20009, 20404, 20429, 20500, 20503, 21211, 21212, 21265, 21266, 21267, 21268, 21408, 21421,
  21422, 21452, 21470, 21471, 21472, 21473, 21474, 21475, 21476, 21477, 21478, 21602, 21603, 21604, 21605, 21606, 21607, 21608, 21609,
  21610, 21611, 21612, 21614, 21616, 21617, 21618, 21619, 21620, 21621, 21622, 21623, 21624, 21635, 21654, 21655, 21656, 21659, 21660,
  21661, 21701, 21702, 21703, 21704, 21705, 21709, 21710, 21711, 21712, 21713, 21714, 21715, 35111, 35114, 35118, 35125, 35126,
]

async function provoke({ path, form, body, headers, method, as = () => root, of }: Case, suffix: string): Promise<Answer> {
  const who = as()
  const at = path()
  const [verb, query] = method?.includes('=') ? ['GET', `?${method}`] : [method, '']
  const url = at.startsWith('/v1/') ? at : `/2010-04-01/Accounts/${of ?? who.sid}${at}${suffix}${query}`
  const filled =
    form &&
    Object.fromEntries(
      Object.entries(form()).map(([name, value]) => [name, value.replace(/^\$(\w+)$/, (_, key: keyof typeof sids) => sids[key])]),
    )
  const raw = body === undefined ? {} : { body, headers: { 'content-type': 'application/x-www-form-urlencoded' } }
  return await ask(world.setup, url, {
    as: who,
    ...(filled && verb !== 'GET' ? { form: filled } : {}),
    ...(verb ? { method: verb } : {}),
    ...(headers ? { headers } : {}),
    ...raw,
  })
}

it('is the whole table: each code is provoked or listed with the reason, none is both', () => {
  const provoked = new Set([...cases.map(({ code }) => code), 20429])
  assert.deepEqual(
    table.filter((code) => provoked.has(code) === unprovoked.has(code)),
    [],
  )
  for (const code of [...provoked, ...unprovoked.keys()]) assert.ok(table.includes(code), String(code))
})

describe('the error', () => {
  for (const each of [...cases, ...beside]) {
    it(`${each.code} is provoked, with ${each.status}`, async () => {
      if (each.code === 21610) await eventually('opted out', async () => ((await provoke(each, '.json')).status === 400 ? true : undefined))
      const json = await provoke(each, '.json')
      assert.deepEqual([json.status, json.json['code']], [each.status, each.code], json.text)
      assert.deepEqual(errorFaults(each.status, json.text), [])
      if (each.path().startsWith('/v1/')) return
      const xml = await provoke(each, '')
      assert.equal(xml.status, each.status)
      assert.match(xml.text, new RegExp(`<RestException><Code>${each.code}</Code>.*<Status>${each.status}</Status></RestException>`))
    })
  }

  it('20429 is provoked, with 429, by more requests at once than the account may have', async () => {
    const form = { ...good, From: '+15550001113' }
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => ask(world.setup, `/2010-04-01/Accounts/${narrow.sid}/Messages.json`, { as: narrow, form })),
    )
    const refused = answers.filter(({ status }) => status === 429)
    assert.ok(refused.length > 0)
    for (const { text } of refused) assert.deepEqual(errorFaults(429, text), [])
  })
})
