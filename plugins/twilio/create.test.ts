import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { AcceptRefused } from '../../src/plugin.ts'
import { apiUnderTest, assertShape, ways, xml } from './api.fixture.ts'
import { handset, ownNumber } from './messages.fixture.ts'

for (const [way, how] of ways)
  describe(`creating messages, ${how}`, async () => {
    const api = await apiUnderTest(way)
    after(() => api.close())
    const { w, server, client, basic, call, messages, good, create, refuses } = api

    test('creates with the official client what the schema says', async () => {
      const made = await client.messages.create({
        to: handset,
        from: ownNumber,
        body: 'héllo 👍',
        statusCallback: 'https://example.com/cb#rc=2',
      })
      assert.match(made.sid, /^SM[0-9a-f]{32}$/)
      assert.equal(made.status, 'queued')
      assert.equal(made.direction, 'outbound-api')
      assert.equal(made.numSegments, '1')
      assert.equal(made.errorCode, null)
      assert.ok(Math.abs(made.dateCreated.getTime() - Date.now()) < 5000)
      const submission = w.submissions.at(-1)
      assert.deepEqual(submission?.body, { kind: 'text', text: 'héllo 👍' })
      assert.deepEqual(submission?.report, { url: 'https://example.com/cb#rc=2', method: 'POST' })
      assert.deepEqual([submission?.receipt, submission?.progress], ['both', true])
      assert.ok(Math.abs((submission?.validUntil ?? 0) - Date.now() - 36e6) < 5000)
      const { json, status } = await create(good)
      assert.equal(status, 201)
      assertShape(json)
      assert.equal(w.submissions.at(-1)?.receipt, 'none')
    })

    test('a user is named as client: or by a SIP address, in any case, and nothing else is taken for one', async () => {
      for (const [to, value] of [
        ['client:Bob', 'bob'],
        ['sip:Bob@Acme.example', 'bob@acme.example'],
        ['SIPS:bob@acme.example', 'bob@acme.example'],
      ] as const) {
        assert.equal((await create({ ...good, To: to })).status, 201, to)
        assert.deepEqual(w.submissions.at(-1)?.to, { value, ton: 'unknown', npi: 'internet' })
      }
      for (const to of [
        'client:',
        'client:a b',
        'sip:bob',
        'sip:bob@',
        'sip:a@b@c',
        'bob@acme.example',
        'sip:bob@acme.example;transport=tcp',
      ])
        await refuses(21211, 400, { ...good, To: to })
    })

    test('answers a create exactly as a fetch of the same message', async () => {
      const { json } = await create({ ...good, Body: '"<&>\u0000é👍' })
      assert.deepEqual((await call('GET', `${messages}/${String(json['sid'])}.json`)).json, json)
    })

    test('sends the headers that Twilio does', async () => {
      const { headers } = await create(good)
      assert.match(headers.get('twilio-request-id') ?? '', /^RQ[0-9a-f]{32}$/)
      assert.match(headers.get('twilio-request-duration') ?? '', /^\d+\.\d{3}$/)
      assert.equal(headers.get('twilio-concurrent-requests'), '1')
      assert.equal(headers.get('content-type'), 'application/json')
      assert.equal(headers.get('access-control-allow-origin'), '*')
    })

    test('writes XML when the path has no suffix, whatever Accept says, in the order of real answers', async () => {
      for (const suffix of ['', '.xml']) {
        const { text, status, headers } = await call(
          'POST',
          messages + suffix,
          { ...good, Body: 'a <b> & "c"' },
          { accept: 'application/json' },
        )
        assert.equal(status, 201)
        assert.equal(headers.get('content-type'), 'application/xml')
        const message = (xml.parse(text) as { TwilioResponse: { Message: Record<string, unknown> } }).TwilioResponse.Message
        assert.deepEqual(
          Object.keys(message),
          'Sid DateCreated DateUpdated DateSent AccountSid To From MessagingServiceSid Body Status NumSegments NumMedia Direction ApiVersion Price PriceUnit ErrorCode ErrorMessage Uri SubresourceUris'.split(
            ' ',
          ),
        )
        assert.equal(message['Body'], 'a <b> & "c"')
        assert.equal(message['Uri'], `${messages}/${String(message['Sid'])}`)
      }
      const { text } = await call('POST', messages, { To: handset })
      assert.equal(
        text,
        "<?xml version='1.0' encoding='UTF-8'?>\n<TwilioResponse><RestException><Code>21603</Code><Message>A 'From' or 'MessagingServiceSid' parameter is required to send a message</Message><MoreInfo>https://www.twilio.com/docs/errors/21603</MoreInfo><Status>400</Status></RestException></TwilioResponse>",
      )
    })

    test('refuses missing and invalid recipients, senders and bodies with their codes', async () => {
      await refuses(21604, 400, { From: ownNumber, Body: 'x' })
      const invalid = await refuses(21211, 400, { ...good, To: '+1999' })
      assert.equal(invalid['message'], "The 'To' number +1999 is not a valid phone number.")
      await refuses(21211, 400, { ...good, To: 'whatsapp:+15005550111' })
      await refuses(21265, 400, { ...good, To: '12345' })
      await refuses(21266, 400, { ...good, To: ownNumber })
      await refuses(21603, 400, { To: handset, Body: 'x' })
      await refuses(21606, 400, { ...good, From: '+15005550007' })
      await refuses(21606, 400, { ...good, From: '12345' })
      await refuses(21212, 400, { ...good, From: 'a name far too long' })
      await refuses(21701, 400, { ...good, MessagingServiceSid: `MG${'0'.repeat(32)}` })
      await refuses(21602, 400, { To: handset, From: ownNumber })
      await refuses(21602, 400, { ...good, Body: '' })
      await refuses(21617, 400, { ...good, Body: 'x'.repeat(1601) })
      await refuses(21655, 400, { To: handset, From: ownNumber, ContentSid: `HX${'0'.repeat(32)}` })
    })

    test('takes 1600 characters, and counts characters, not UTF-16 units', async () => {
      assert.equal((await create({ ...good, Body: 'x'.repeat(1600) })).json['num_segments'], '11')
      assert.equal((await create({ ...good, Body: '👍'.repeat(1600) })).status, 201)
    })

    test('lets an account send under a name, but not to the United States and Canada', async () => {
      assert.equal((await create({ ...good, To: '+447700900123', From: 'Acme Shop' })).json['from'], 'Acme Shop')
      assert.equal(w.submissions.at(-1)?.from.ton, 'alphanumeric')
      await refuses(21612, 400, { ...good, To: '+14155552671', From: 'Acme' })
    })

    test('takes numbers as people write them', async () => {
      const { json } = await create({ ...good, To: '+44 (7700) 900-123', From: '1 500 555 0006' })
      assert.deepEqual([json['to'], json['from']], ['+447700900123', ownNumber])
    })

    test('refuses what it does not offer and what is out of range', async () => {
      await refuses(21609, 400, { ...good, StatusCallback: 'https://my_host/cb' })
      await refuses(21609, 400, { ...good, StatusCallback: 'ftp://host/cb' })
      await refuses(21624, 400, { ...good, ValidityPeriod: '0' })
      await refuses(21624, 400, { ...good, ValidityPeriod: '36001' })
      await refuses(21624, 400, { ...good, ValidityPeriod: '1.5' })
      await refuses(21620, 400, { ...good, MediaUrl: 'nope' })
      await refuses(21622, 400, { ...good, MediaUrl: 'https://example.com/a.png' })
      await refuses(21622, 400, { ...good, SendAsMms: 'true' })
      await refuses(21622, 400, { ...good, SendAsMms: 'True' })
      await refuses(21627, 400, { ...good, MaxPrice: 'cheap' })
      await refuses(20422, 400, { ...good, ApplicationSid: `AP${'0'.repeat(32)}` })
      const many = `${new URLSearchParams(good).toString()}${'&MediaUrl=https://example.com/a'.repeat(11)}`
      assert.equal((await call('POST', `${messages}.json`, many)).json['code'], 21623)
    })

    test('schedules with a From, from five minutes to 35 days ahead', async () => {
      const at = (ms: number) => new Date(Date.now() + ms).toISOString().replace(/\.\d+Z/, 'Z')
      const { json } = await create({ ...good, SendAt: at(600_000), ScheduleType: 'fixed', ValidityPeriod: '60' })
      assert.equal(json['status'], 'scheduled')
      const { deliverAfter = 0, validUntil } = w.submissions.at(-1) ?? {}
      assert.equal(validUntil, deliverAfter + 60_000)
      await refuses(35114, 400, { ...good, SendAt: at(200_000), ScheduleType: 'fixed' })
      await refuses(35114, 400, { ...good, SendAt: at(36 * 86_400_000), ScheduleType: 'fixed' })
      await refuses(35114, 400, { ...good, SendAt: 'tomorrow', ScheduleType: 'fixed' })
      await refuses(35111, 400, { ...good, ScheduleType: 'fixed' })
      await refuses(35126, 400, { ...good, SendAt: at(600_000) })
    })

    test('transliterates when asked to', async () => {
      const { json } = await create({ ...good, Body: '“hi”', SmartEncoded: 'true' })
      const python = await create({ ...good, Body: '“hi”', SmartEncoded: 'True' })
      assert.equal(python.json['body'], '"hi"', 'as older libraries for Python write it')
      assert.equal(json['body'], '"hi"')
    })

    test('finds the first message again under an Idempotency-Key', async () => {
      const key = { 'idempotency-key': `k-${way}` }
      const first = await create(good, key)
      assert.equal(first.status, 201)
      await new Promise((resolve) => setTimeout(resolve, 5))
      const second = await create(good, key)
      assert.equal(second.status, 200)
      assert.equal(second.headers.get('idempotency-replayed'), 'true')
      assert.deepEqual(second.json, first.json)
      const other = await create({ ...good, Body: 'something else' }, key)
      assert.deepEqual([other.status, other.json['code']], [409, 20409])
      assert.equal((await create(good, { 'idempotency-key': 'x'.repeat(256) })).json['code'], 20422)
    })

    test('refuses another message under an Idempotency-Key of the very same millisecond', async (t) => {
      t.mock.method(w.host.clock, 'now', () => 1_800_000_000_000)
      t.mock.method(Date, 'now', () => 1_800_000_000_000)
      const key = { 'idempotency-key': `same-${way}` }
      assert.equal((await create(good, key)).status, 201)
      const other = await create({ ...good, Body: 'something else' }, key)
      assert.deepEqual([other.status, other.json['code']], [409, 20409])
    })

    test('says what Twilio would when the gateway does not take it', async () => {
      const said: [AcceptRefused | Error, number, number][] = [
        [new AcceptRefused('no-route', 'no route'), 21612, 400],
        [new AcceptRefused('suspended', 'suspended'), 20005, 403],
        [new AcceptRefused('opted-out', 'opted out'), 21610, 400],
        [new AcceptRefused('busy', 'disk full'), 20503, 503],
        [new AcceptRefused('invalid', 'too many parts'), 21618, 400],
        [new Error('a secret'), 20500, 500],
      ]
      for (const [error, code, status] of said) {
        w.refuse = error
        const json = await refuses(code, status, good)
        assert.doesNotMatch(JSON.stringify(json), /a secret/)
      }
      delete w.refuse
    })

    test('answers 401 alike for no, wrong and foreign credentials, and for accounts that are not there', async () => {
      const path = `${messages}.json`
      const wrong = await call('POST', path, good, { authorization: basic(w.root.id, 'x') })
      assert.equal(wrong.status, 401)
      assert.equal(wrong.headers.get('www-authenticate'), 'Basic realm="Twilio API"')
      assert.deepEqual([wrong.json['code'], wrong.json['message']], [20003, 'Authenticate'])
      const foreign = basic(w.stranger.id, w.stranger.token)
      for (const authorization of ['', 'Bearer x', 'Basic !', foreign]) {
        const { status, text } = await call('POST', path, good, { authorization })
        assert.deepEqual([status, text], [401, wrong.text])
      }
      assert.equal((await call('POST', path.replace(w.root.id, `AC${'0'.repeat(32)}`), good)).text, wrong.text)
      const viaChild = await call('POST', path, good, { authorization: basic(w.child.id, w.child.token) })
      assert.equal(viaChild.text, wrong.text)
      assert.equal((await call('POST', '/2010-04-01/Accounts//Messages.json', good)).json['code'], 20404)
    })

    test('lets a parent act on its sub-account, on that account’s numbers only', async () => {
      const path = `/2010-04-01/Accounts/${w.child.id}/Messages.json`
      const { json } = await call('POST', path, { ...good, From: 'Acme', To: '+447700900123' })
      assert.equal(json['account_sid'], w.child.id)
      assert.equal((await call('POST', path, good)).json['code'], 21606)
      assert.equal((await call('GET', `${messages}/${String(json['sid'])}.json`)).status, 404)
    })

    test('answers 403 for a suspended account, and for one without a bind', async () => {
      w.child.status = 'suspended'
      const path = `/2010-04-01/Accounts/${w.child.id}/Messages.json`
      const own = await call('POST', path, good, { authorization: basic(w.child.id, w.child.token) })
      assert.deepEqual([own.status, own.json['code']], [403, 20005])
      assert.equal((await call('POST', path, good)).json['code'], 20005)
      assert.equal((await call('GET', path)).status, 200)
      w.child.status = 'active'
      const bare = `/2010-04-01/Accounts/${w.stranger.id}/Messages.json`
      const none = await call('POST', bare, good, { authorization: basic(w.stranger.id, w.stranger.token) })
      assert.deepEqual([none.status, none.json['code']], [403, 20010])
    })

    test('answers 429 when the account has no place left, and gives places back', async () => {
      w.places = 0
      assert.deepEqual((await create(good)).json, {
        code: 20429,
        message: 'Too Many Requests',
        more_info: 'https://www.twilio.com/docs/errors/20429',
        status: 429,
      })
      w.places = 1
      for (let i = 0; i < 3; i++) await create(i === 1 ? {} : good)
      assert.equal(w.places, 1)
      delete w.places
    })

    test('refuses bodies that are too large, malformed, of another type or encoding', async () => {
      const path = `${messages}.json`
      const large = await call('POST', path, { ...good, Body: 'x'.repeat(70_000) })
      assert.deepEqual([large.status, large.json['code']], [413, 20413])
      const streamed = await fetch(server.url + path, {
        method: 'POST',
        headers: { authorization: basic(), 'content-type': 'application/x-www-form-urlencoded' },
        body: new Blob(Array.from({ length: 20 }, () => 'x'.repeat(10_000))).stream(),
        duplex: 'half',
      })
      assert.equal(streamed.status, 413)
      await streamed.text()
      for (const bad of ['To=%zz', 'To=%ff', 'Body=%', 'a&'.repeat(1100)]) {
        const { status, json } = await call('POST', path, bad)
        assert.deepEqual([status, json['code']], [400, 20422], bad.slice(0, 20))
      }
      const json = await call('POST', path, JSON.stringify(good), { 'content-type': 'application/json' })
      assert.equal(json.status, 400)
      assert.match(String(json.json['message']), /application\/x-www-form-urlencoded expected, got application\/json/)
      assert.equal((await call('POST', path, '', {})).json['code'], 21604)
      const upper = await call('POST', path, good, { 'content-type': 'Application/X-WWW-Form-Urlencoded ; charset=UTF-8' })
      assert.equal(upper.status, 201)
    })
  })
