import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { AcceptRefused, newSid, type MessageView } from '../../../src/plugin.ts'
import { apiUnderTest, xml } from '../api.fixture.ts'
import { receiver, type Received } from '../http.fixture.ts'
import { handset, ownNumber } from '../messages.fixture.ts'
import { twilio } from '../index.ts'
import { mostRead } from './list.ts'
import { dateOf, errorOf } from './words.ts'

const api = await apiUnderTest('router')
after(() => api.close())
const { w, call, good } = api
const messages = `/restcomm/2012-04-24/Accounts/${w.root.id}/SMS/Messages`

const wipe = (): void => w.views.clear()
const fill = (n: number, over: Partial<MessageView['message']> = {}, view: Partial<MessageView> = {}): MessageView[] =>
  Array.from({ length: n }, () => w.store(w.root, over, view))
const listOf = async (query: string): Promise<Record<string, unknown>> => (await call('GET', `${messages}.json${query}`)).json
const bodies = (list: Record<string, unknown>): string[] => (list['messages'] as { body: string }[]).map(({ body }) => body)

test('a message is taken with 200 and shown as sending, field by field', async () => {
  const { status, json, headers, text } = await call('POST', `${messages}.json`, good)
  assert.equal(status, 200)
  assert.match(headers.get('content-type') ?? '', /^application\/json/)
  assert.match(text, /^\{\n {2}"sid"/, 'pretty-printed')
  const { sid, date_created: created, date_updated: updated, ...rest } = json
  assert.match(String(sid), /^SM[0-9a-f]{32}$/)
  assert.match(String(created), /^[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000$/)
  assert.equal(updated, created)
  assert.deepEqual(rest, {
    date_sent: null,
    account_sid: w.root.id,
    from: ownNumber,
    to: handset,
    body: 'hello',
    status: 'sending',
    direction: 'outbound-api',
    error_code: null,
    error_message: null,
    price: '0',
    price_unit: 'USD',
    api_version: '2012-04-24',
    uri: `/2012-04-24/Accounts/${w.root.id}/SMS/Messages/${String(sid)}.json`,
  })
  assert.deepEqual(w.submissions.at(-1)!.body, { kind: 'text', text: 'hello' })
})

test('the format is that of .json anywhere in the path, or else of Accept, or else XML', async () => {
  const sid = (await call('POST', `${messages}.json`, good)).json['sid']
  const account = `/Accounts/${w.root.id}`
  for (const [path, accept, kind] of [
    [`/restcomm/2012-04-24${account}/SMS/Messages/${String(sid)}.json`, '*/*', 'json'],
    [`/restcomm/2012-04-24/Accounts.json/${w.root.id}/SMS/Messages/${String(sid)}`, '*/*', 'json'],
    [`/restcomm/2012-04-24${account}/SMS/Messages.json/${String(sid)}`, 'application/xml', 'json'],
    [`/restcomm/2012-04-24${account}/SMS/Messages/${String(sid)}`, 'application/json', 'json'],
    [`/restcomm/2012-04-24${account}/SMS/Messages/${String(sid)}`, '*/*', 'xml'],
    [`/restcomm/2010-04-01${account}/SMS/Messages/${String(sid)}`, '*/*', 'xml'],
    [`/2012-04-24${account}/SMS/Messages/${String(sid)}.json`, '*/*', 'json'],
  ] as const) {
    const { status, headers, text } = await call('GET', path, undefined, { accept })
    assert.equal(status, 200, path)
    assert.match(headers.get('content-type') ?? '', new RegExp(`^application/${kind}`), path)
    assert.match(text, kind === 'json' ? /^\{/ : /^<RestcommResponse><SMSMessage><Sid>/)
  }
})

test('XML has RestComm’s elements in their order, and an Error only where there is one', async () => {
  const [view] = fill(
    1,
    { body: { kind: 'text', text: 'a < b & "c"' } },
    { state: 'undelivered', failure: { kind: 'permanent', code: 'filtered' } },
  )
  const { text } = await call('GET', `${messages}/SM${view!.message.id}`)
  const parsed = xml.parse(text) as { RestcommResponse: { SMSMessage: Record<string, unknown> } }
  const element = parsed.RestcommResponse.SMSMessage
  assert.deepEqual(
    Object.keys(element),
    'Sid DateCreated DateUpdated DateSent AccountSid From To Body Status Direction Error Price PriceUnit ApiVersion Uri'.split(' '),
  )
  assert.deepEqual([element['Body'], element['Status']], ['a < b & "c"', 'undelivered'])
  assert.deepEqual(element['Error'], { ErrorCode: '30007', ErrorMessage: 'Carrier violation' })
  const fine = await call('GET', `${messages}/SM${fill(1)[0]!.message.id}`)
  assert.doesNotMatch(fine.text, /<Error>/)
  assert.match(
    (await call('GET', `${messages}?PageSize=1`)).text,
    /^<RestcommResponse><SMSMessages><SMSMessage>.*<\/SMSMessages><\/RestcommResponse>$/,
  )
})

test('states and errors are those that RestComm knows', async () => {
  for (const [state, status] of [
    ['scheduled', 'queued'],
    ['queued', 'queued'],
    ['sent', 'sent'],
    ['canceled', 'failed'],
    ['delivered', 'delivered'],
  ] as const) {
    const [view] = fill(1, {}, { state })
    assert.equal((await call('GET', `${messages}/SM${view!.message.id}.json`)).json['status'], status)
  }
  assert.equal(errorOf({ code: 30003, message: '' })?.name, 'UNREACHABLE_DESTINATION_HANDSET')
  assert.deepEqual(errorOf({ code: 30036, message: '' }), { code: 30008, message: 'Unknown error', name: 'UNKNOWN_ERROR' })
  assert.equal(dateOf(Date.parse('2018-07-05T07:46:45Z')), 'Thu, 5 Jul 2018 07:46:45 +0000')
})

test('a list counts, and its links lead through every page', async () => {
  wipe()
  const made = Array.from({ length: 5 }, (_, i) => w.store(w.root, { body: { kind: 'text', text: `n${i}` } }))
  const first = await listOf('?PageSize=2')
  const behind = `AfterSid=SM${made[3]!.message.id}`
  const { messages: _messages, ...rest } = first
  assert.deepEqual(rest, {
    page: 0,
    num_pages: 2,
    page_size: 2,
    total: 5,
    start: '0',
    end: '2',
    uri: `${messages}.json`,
    first_page_uri: `${messages}.json?Page=0&PageSize=2`,
    previous_page_uri: 'null',
    next_page_uri: `${messages}.json?Page=1&PageSize=2&${behind}`,
    last_page_uri: `${messages}.json?Page=2&PageSize=2`,
  })
  const seen = [...bodies(first)]
  for (let next = String(first['next_page_uri']); next !== 'null';) {
    const { json } = await call('GET', next)
    seen.push(...bodies(json))
    next = String(json['next_page_uri'])
  }
  assert.deepEqual(seen, ['n4', 'n3', 'n2', 'n1', 'n0'])
  assert.equal((await call('GET', `${messages}.json?PageSize=2&Page=3`)).status, 400)
  const none = await listOf('?To=%2B447700900999')
  assert.deepEqual([none['total'], none['end'], none['next_page_uri'], none['messages']], [0, '0', 'null', []])
})

test('a list is filtered by number, day, text and state, and sorted', async () => {
  wipe()
  const day = (text: string): number => Date.parse(`${text}T12:00:00Z`)
  const other = { value: '+447700900777', ton: 'international', npi: 'e164' } as const
  fill(1, { body: { kind: 'text', text: 'banana' }, acceptedAt: day('2026-01-01') }, { state: 'delivered' })
  fill(1, { body: { kind: 'text', text: 'apple' }, acceptedAt: day('2026-01-02'), to: other })
  fill(1, { body: { kind: 'text', text: 'cherry' }, acceptedAt: day('2026-01-03'), from: other, direction: 'mo' })
  const sorted = async (query: string): Promise<string[]> => bodies(await listOf(query)).toSorted()
  assert.deepEqual(await sorted('?To=%2B447700900777'), ['apple'])
  assert.deepEqual(await sorted('?To=+447700900777'), ['apple'], 'a plus that was not encoded')
  assert.deepEqual(await sorted(`?From=${encodeURIComponent(other.value)}`), ['cherry'])
  assert.deepEqual(await sorted('?StartTime=2026-01-02'), ['apple', 'cherry'])
  assert.deepEqual(await sorted('?StartTime=2026-01-02&EndTime=2026-01-02'), ['apple'])
  assert.deepEqual(await sorted('?Body=an'), ['banana'])
  assert.deepEqual(await sorted('?Status=delivered'), ['banana'])
  assert.deepEqual(await sorted('?Status=Received&Body=e'), ['cherry'])
  assert.deepEqual(bodies(await listOf('?SortBy=Body:asc')), ['apple', 'banana', 'cherry'])
  assert.deepEqual(bodies(await listOf('?SortBy=Body:desc&PageSize=2')), ['cherry', 'banana'])
  assert.deepEqual(bodies(await listOf('?SortBy=DateCreated')), ['banana', 'apple', 'cherry'])
  assert.match(String((await listOf('?Body=an&PageSize=1'))['first_page_uri']), /\?Page=0&PageSize=1&Body=an$/)
  for (const wrong of [
    'SortBy=Colour:asc',
    'SortBy=constructor',
    'StartTime=yesterday',
    'PageSize=0',
    'PageSize=1001',
    'Page=-1',
    'Page=x',
  ])
    assert.equal((await call('GET', `${messages}.json?${wrong}`)).status, 400, wrong)
})

test('a list reads through so many and no more', async () => {
  wipe()
  fill(mostRead + 5)
  assert.equal((await listOf(''))['total'], mostRead)
  wipe()
})

test('what is missing is said in plain text, and what is wrong or refused in a message', async () => {
  for (const name of ['From', 'To', 'Body']) {
    const { [name as 'To']: _left, ...form } = good
    const { status, text, headers } = await call('POST', `${messages}.json`, form)
    assert.deepEqual([status, text], [400, `${name} can not be null.`])
    assert.match(headers.get('content-type') ?? '', /^text\/plain/)
  }
  const wrong = await call('POST', `${messages}.json`, { ...good, To: '12' })
  assert.equal(wrong.status, 400)
  assert.deepEqual(Object.keys(wrong.json), ['message'])
  assert.match((await call('POST', messages, { ...good, From: '+447700900001' })).text, /^<RestcommResponse><Message>The From phone number/)
  assert.equal((await call('POST', `${messages}.json`, { ...good, StatusCallback: 'ftp://x' })).status, 400)
  assert.equal((await call('POST', `${messages}.json`, { ...good, StatusCallback: 'http://x', StatusCallbackMethod: 'PUT' })).status, 400)
  w.refuse = new AcceptRefused('throttled', 'too fast')
  const limited = await call('POST', `${messages}.json`, good)
  assert.deepEqual([limited.status, limited.json], [403, { message: 'Too Many Requests', error: 'SMS_LIMIT_EXCEEDED' }])
  delete w.refuse
  assert.equal((await call('DELETE', `${messages}/SM${newSid('').slice(0, 32)}.json`)).status, 405)
})

test('Twilio’s own parameters mean nothing here, and X- headers go along', async () => {
  const service = `MG${'1'.repeat(32)}`
  const { status } = await call('POST', messages, { ...good, MessagingServiceSid: service, Encoding: 'UCS-2', 'X-Order': '42', 'x-Y': 'z' })
  assert.equal(status, 200)
  assert.deepEqual(w.submissions.at(-1)!.extras, { 'sip.x-order': '42', 'sip.x-y': 'z' })
  assert.equal((await call('POST', messages, { ...good, 'X-Bad': 'a\r\nb' })).status, 400)
  assert.equal((await call('POST', messages, { ...good, 'X-Long': 'a'.repeat(256) })).status, 400)
  const many = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`X-${i}`, '1']))
  assert.equal((await call('POST', messages, { ...good, ...many })).status, 400)
})

test('a client is reached by its name', async () => {
  const { status, json } = await call('POST', `${messages}.json`, { ...good, To: 'client:Bob' })
  assert.deepEqual([status, json['to']], [200, 'bob'])
  assert.deepEqual(w.submissions.at(-1)!.to, { value: 'bob', ton: 'unknown', npi: 'internet' })
})

test('nobody sees anything of an account that is not below its own', async () => {
  const theirs = w.store(w.stranger, {})
  const below = w.store(w.child, {})
  const ask = (sid: string, tail = '', headers: Record<string, string> = {}) =>
    call('GET', `/restcomm/2012-04-24/Accounts/${sid}/SMS/Messages${tail}.json`, undefined, headers)
  assert.equal((await ask(w.child.id, `/SM${below.message.id}`)).status, 200)
  const absent = await ask(newSid('AC'))
  const stranger = await ask(w.stranger.id)
  assert.deepEqual([stranger.status, stranger.text], [absent.status, absent.text])
  assert.equal(stranger.status, 401)
  assert.match(stranger.headers.get('www-authenticate') ?? '', /Restcomm/)
  for (const id of [theirs.message.id, below.message.id]) assert.equal((await ask(w.root.id, `/SM${id}`)).status, 404)
  const asChild = { authorization: api.basic(w.child.id, w.child.token) }
  assert.equal((await ask(w.root.id, '', asChild)).status, 401)
  assert.equal((await ask(w.root.id, '', { authorization: 'Basic eDp5' })).status, 401)
  assert.equal((await call('GET', '/restcomm/2012-04-24/Accounts/x/Calls.json')).status, 401)
  assert.equal((await call('GET', `/restcomm/2012-04-24/Accounts/${w.root.id}/Calls.json`)).status, 404)
})

test('its status callbacks have RestComm’s parameters', async () => {
  const got: Received[] = []
  const app = await receiver((request, response) => {
    got.push(request)
    response.writeHead(200).end()
  })
  const session = await twilio.dial!(w.gateway, new AbortController().signal)
  for (const method of ['POST', 'GET']) {
    const form = { ...good, StatusCallback: `${app.url}/status`, StatusCallbackMethod: method }
    const { sid } = (await call('POST', `${messages}.json`, form)).json
    const { message } = w.views.get(String(sid).slice(2))!
    const failure = { kind: 'permanent', code: 'absent-subscriber' } as const
    await session.report!(message, { state: 'undelivered', at: Date.now(), failure }, new AbortController().signal)
    const said = got.at(-1)!
    assert.equal(said.method, method)
    assert.deepEqual(method === 'POST' ? said.params : Object.fromEntries(new URL(said.url, app.url).searchParams), {
      From: ownNumber,
      To: handset,
      Body: 'hello',
      AccountSid: w.root.id,
      ErrorCode: 'UNREACHABLE_DESTINATION_HANDSET',
      MessageSid: sid,
      MessageStatus: 'undelivered',
    })
  }
  await session.close()
  await app.close()
})
