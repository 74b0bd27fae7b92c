import assert from 'node:assert/strict'
import { after, afterEach, test } from 'node:test'
import twilioClient from 'twilio'
import {
  AcceptRefused,
  createOutbound,
  type Message,
  type MessageState,
  type Outcome,
  type Report,
  type Session,
} from '../../src/plugin.ts'
import { world, type World } from './world.fixture.ts'
import { receiver, type Received } from './http.fixture.ts'
import { handset, ownNumber } from './messages.fixture.ts'
import { twilio } from './index.ts'

const w: World = world()
const abort = new AbortController()
const session: Session = await (twilio.dial ?? assert.fail)(w.gateway, abort.signal)
const open: { close(): Promise<void> }[] = []

afterEach(() => {
  w.number.settings = {}
  w.submissions.length = 0
  delete w.refuse
  w.root.privateWebhooks = true
})
after(async () => {
  await session.close()
  for (const one of open) await one.close()
  await w.outbound.close()
})

async function receiving(answer: Parameters<typeof receiver>[0] = (_request, response) => void response.end()) {
  const made = await receiver(answer)
  open.push(made)
  return made
}

const twiml =
  (document: string): Parameters<typeof receiver>[0] =>
  (_request, response) =>
    void response.writeHead(200, { 'content-type': 'text/xml' }).end(document)

const address = (value: string) => ({ value, ton: 'international', npi: 'e164' }) as const
const mo = (text = 'hello'): Message =>
  w.store(w.root, { direction: 'mo', from: address(handset), to: address(ownNumber), body: { kind: 'text', text } }).message
const signal = new AbortController().signal
const send = async (message = mo()): Promise<Outcome> =>
  (await session.send?.({ message, segments: [], attempt: 0 }, signal)) ?? assert.fail()
const report = async (message: Message, over: Partial<Report> & { state: MessageState }): Promise<Outcome> =>
  (await session.report?.(message, { at: Date.now(), ...over }, signal)) ?? assert.fail()
const mt = (url: string, method = 'POST'): Message => w.store(w.root, { report: { url, method } }).message
const wireOf = (outcome: Outcome): string => (outcome.wire ?? []).join('\n')
function failed(outcome: Outcome) {
  assert.equal(outcome.ok, false, wireOf(outcome))
  return outcome.ok ? assert.fail() : outcome.failure
}

function assertSigned(request: Received, url: string): void {
  const said = request.headers['x-twilio-signature']
  assert.ok(typeof said === 'string')
  assert.ok(twilioClient.validateRequest(w.root.token, said, url, request.method === 'POST' ? request.params : {}), `signature of ${url}`)
}

test('posts a status callback with Twilio’s parameters, headers and signature', async () => {
  const to = await receiving()
  const message = mt(`${to.url}/cb?x=1#rc=2`)
  const outcome = await report(message, {
    state: 'undelivered',
    failure: { kind: 'permanent', code: 'absent-subscriber' },
    doneAt: Date.UTC(2026, 0, 2, 3, 4),
  })
  assert.equal(outcome.ok, true)
  const [request] = to.received
  assert.ok(request)
  assert.equal(request.url, '/cb?x=1')
  assert.deepEqual(request.params, {
    MessageSid: `SM${message.id}`,
    SmsSid: `SM${message.id}`,
    MessageStatus: 'undelivered',
    SmsStatus: 'undelivered',
    To: handset,
    From: ownNumber,
    AccountSid: w.root.id,
    ApiVersion: '2010-04-01',
    ErrorCode: '30003',
    ErrorMessage: 'Unreachable destination handset',
    RawDlrDoneDate: '2601020304',
  })
  assert.equal(request.headers['content-type'], 'application/x-www-form-urlencoded; charset=utf-8')
  assert.equal(request.headers['user-agent'], 'TwilioProxy/1.1')
  assert.match(String(request.headers['i-twilio-idempotency-token']), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  assertSigned(request, `${to.url}/cb?x=1`)
  assert.match(wireOf(outcome), /^POST http:\/\/127\.0\.0\.1:\d+\/cb\?\.\.\.: HTTP 200 in \d+ ms$/)
})

test('tells each state with one token of its own, the same whenever it is told again', async () => {
  const to = await receiving()
  const message = mt(to.url)
  for (const state of ['sent', 'delivered', 'delivered'] as const) await report(message, { state })
  assert.deepEqual(
    to.received.map((r) => r.params['MessageStatus']),
    ['sent', 'delivered', 'delivered'],
  )
  const tokens = to.received.map((r) => r.headers['i-twilio-idempotency-token'])
  assert.notEqual(tokens[0], tokens[1])
  assert.equal(tokens[1], tokens[2])
})

test('says nothing where no callback is wanted, and nothing new for an unconfirmed message', async () => {
  assert.equal((await report(w.store(w.root, {}).message, { state: 'sent' })).ok, true)
  const to = await receiving()
  assert.equal((await report(mt(to.url), { state: 'unconfirmed' })).ok, true)
  assert.equal(to.received.length, 0)
})

test('asks with GET when told to, with the parameters in the signed URL', async () => {
  const to = await receiving()
  await report(mt(`${to.url}/cb?a=b`, 'GET'), { state: 'delivered' })
  const [request] = to.received
  assert.ok(request)
  assert.equal(request.method, 'GET')
  assert.equal(request.body, '')
  assert.match(request.url, /^\/cb\?a=b&MessageSid=SM/)
  assertSigned(request, to.url + request.url)
})

test('signs without user and fragment, and sends the user as Basic authorization', async () => {
  const to = await receiving()
  await report(mt(`${to.url.replace('//', '//ali:secret@')}/cb#rc=1`), { state: 'delivered' }).then((outcome) =>
    assert.doesNotMatch(wireOf(outcome), /secret/),
  )
  const [request] = to.received
  assert.ok(request)
  assert.equal(request.headers.authorization, `Basic ${Buffer.from('ali:secret').toString('base64')}`)
  assertSigned(request, `${to.url}/cb`)
})

test('leaves a callback that failed to the flow: temporary, with what the receiver asked for', async () => {
  const to = await receiving((_request, response) => void response.writeHead(503, { 'retry-after': '7' }).end())
  assert.deepEqual(failed(await report(mt(to.url), { state: 'sent' })), {
    kind: 'temporary',
    code: 'peer-error',
    peer: 'HTTP 503',
    retryAfterMs: 7000,
  })
  assert.equal(to.received.length, 1)
  const gone = await receiving()
  await gone.close()
  const outcome = await report(mt(gone.url), { state: 'sent' })
  assert.equal(failed(outcome).code, 'connection-lost')
  assert.equal(outcome.wire?.length, 2, 'connecting is tried again once')
})

test('asks of a callback’s answer its status alone, however much there is of it', async () => {
  for (const head of [{ 'content-length': '200000' }, {}]) {
    const { url, received } = await receiving((_request, response) => void response.writeHead(200, head).end('x'.repeat(200_000)))
    const outcome = await report(mt(url), { state: 'sent' })
    assert.equal(outcome.ok, true, wireOf(outcome))
    assert.equal(received.length, 1)
  }
})

test('retries as the fragment says: count, policy and times', async () => {
  const flaky = await receiving((_request, response, n) => void response.writeHead(n < 3 ? 500 : 200).end())
  assert.equal((await report(mt(`${flaky.url}#rc=3&rp=5xx`), { state: 'sent' })).ok, true)
  assert.equal(flaky.received.length, 3)
  assert.equal(new Set(flaky.received.map((r) => r.headers['i-twilio-idempotency-token'])).size, 1)
  const not = await receiving((_request, response) => void response.writeHead(404).end())
  await report(mt(`${not.url}#rc=3&rp=5xx,ct`), { state: 'sent' })
  assert.equal(not.received.length, 1)
  const hung = await receiving(() => {})
  const outcome = await report(mt(`${hung.url}#rt=100&rc=2&rp=rt`), { state: 'sent' })
  assert.deepEqual(failed(outcome), { kind: 'temporary', code: 'peer-timeout', peer: 'read-timeout' })
  assert.equal(hung.received.length, 3)
  const whole = await receiving(() => {})
  const startedAt = Date.now()
  assert.equal(failed(await report(mt(`${whole.url}#tt=200&rc=5&rp=all`), { state: 'sent' })).peer, 'total-timeout')
  assert.ok(Date.now() - startedAt < 10_000)
  const odd = await report(mt(`${(await receiving()).url}#rc=99&rp=sometimes`), { state: 'sent' })
  assert.match(wireOf(odd), /#rc=99: 0 to 5 expected, 1 taken\n#rp=sometimes: .* expected, ct taken/)
})

test('refuses private addresses for an account that may not reach them, redirects included', async () => {
  w.root.privateWebhooks = false
  const to = await receiving()
  assert.deepEqual(failed(await report(mt(to.url), { state: 'sent' })), { kind: 'permanent', code: 'not-permitted', peer: 'refused' })
  w.number.settings = { smsUrl: to.url }
  assert.equal(failed(await send()).code, 'not-permitted')
  assert.equal(to.received.length, 0)
})

test('gives an inbound message to the number’s webhook, signed, with every parameter', async () => {
  const to = await receiving()
  w.number.settings = { smsUrl: `${to.url}/sms` }
  const message = mo('héllo & co 👍')
  assert.deepEqual((await send(message)).ok, true)
  const [request] = to.received
  assert.ok(request)
  assertSigned(request, `${to.url}/sms`)
  const { params } = request
  const names =
    'MessageSid SmsSid SmsMessageSid AccountSid From To Body NumMedia NumSegments SmsStatus ApiVersion FromCity FromState FromZip FromCountry ToCity ToState ToZip ToCountry'
  assert.deepEqual(Object.keys(params).sort(), names.split(' ').sort())
  assert.deepEqual(
    [params['From'], params['To'], params['Body'], params['SmsStatus'], params['NumMedia'], params['FromCity']],
    [handset, ownNumber, 'héllo & co 👍', 'received', '0', ''],
  )
  assert.equal(w.submissions.length, 0)
})

test('says of a word by which a handset opts out or in which kind it is, in the webhook', async () => {
  const to = await receiving()
  w.number.settings = { smsUrl: to.url }
  for (const keyword of ['stop', 'start', 'help'] as const) await send({ ...mo(keyword), keyword })
  assert.deepEqual(
    to.received.map(({ params }) => params['OptOutType']),
    ['STOP', 'START', 'HELP'],
  )
})

test('stores only what comes for a number without a webhook, and says so', async () => {
  const outcome = await send()
  assert.equal(outcome.ok, true)
  assert.match(wireOf(outcome), /no SmsUrl .* stored only/)
})

test('sends the replies of TwiML from the number to the sender, once however often it is run', async () => {
  const to = await receiving(
    twiml(
      '<?xml version="1.0"?><Response><Message>  one &amp; &#233; <![CDATA[<b>]]></Message><Sms statusCallback="/st">two</Sms><Message to="+15005550222"><Body>three</Body></Message></Response>',
    ),
  )
  w.number.settings = { smsUrl: `${to.url}/a/sms` }
  const message = mo()
  const outcome = await send(message)
  assert.equal(outcome.ok, true)
  assert.deepEqual(
    w.submissions.map((s) => [s.from.value, s.to.value, s.body.kind === 'text' && s.body.text, s.origin]),
    [
      [ownNumber, handset, 'one & é <b>', 'outbound-reply'],
      [ownNumber, handset, 'two', 'outbound-reply'],
      [ownNumber, '+15005550222', 'three', 'outbound-reply'],
    ],
  )
  assert.equal(w.submissions[1]?.report?.['url'], `${to.url}/st`)
  assert.match(wireOf(outcome), /reply 1 accepted as SM[0-9a-f]{32}/)
  const keys = w.submissions.map((s) => s.idempotencyKey)
  assert.equal(new Set(keys).size, 3)
  await send(message)
  assert.deepEqual(
    w.submissions.slice(3).map((s) => s.idempotencyKey),
    keys,
  )
})

test('sends a text/plain answer as the reply, and none for an empty one', async () => {
  const to = await receiving(
    (_request, response, n) =>
      void (n === 1 ? response.writeHead(200, { 'content-type': 'text/plain' }).end('plain') : response.writeHead(204).end()),
  )
  w.number.settings = { smsUrl: to.url }
  await send()
  await send()
  assert.deepEqual(
    w.submissions.map((s) => s.body),
    [{ kind: 'text', text: 'plain' }],
  )
})

test('follows Redirect with the same parameters and stops a document there; loops end', async () => {
  const to = await receiving((request, response) => {
    const next = request.url === '/one' ? '<Redirect method="GET">two?x=1</Redirect><Message>never</Message>' : '<Message>last</Message>'
    response.writeHead(200, { 'content-type': 'application/xml' }).end(`<Response>${next}</Response>`)
  })
  w.number.settings = { smsUrl: `${to.url}/one` }
  await send()
  assert.match(to.received[1]?.url ?? '', /^\/two\?x=1&.*Body=hello/)
  assert.deepEqual(
    w.submissions.map((s) => s.body.kind === 'text' && s.body.text),
    ['last'],
  )
  const loop = await receiving(twiml('<Response><Redirect>/again</Redirect></Response>'))
  w.number.settings = { smsUrl: loop.url }
  const outcome = await send()
  assert.equal(outcome.ok, true)
  assert.equal(loop.received.length, 10)
  assert.match(wireOf(outcome), /14106/)
})

test('asks the action of a message with the reply’s SID and carries out its TwiML', async () => {
  const to = await receiving((request, response) => {
    const document =
      request.url === '/sms' ? '<Message action="/done">first</Message><Message>never</Message>' : '<Message>second</Message>'
    response.writeHead(200, { 'content-type': 'text/xml' }).end(`<Response>${document}</Response>`)
  })
  w.number.settings = { smsUrl: `${to.url}/sms` }
  const message = mo()
  await send(message)
  assert.match(to.received[1]?.params['MessageSid'] ?? '', /^SM[0-9a-f]{32}$/)
  assert.notEqual(to.received[1]?.params['MessageSid'], `SM${message.id}`)
  assert.equal(to.received[1]?.params['MessageStatus'], 'queued')
  assert.deepEqual(
    w.submissions.map((s) => s.body.kind === 'text' && s.body.text),
    ['first', 'second'],
  )
})

test('asks the fallback URL with ErrorCode and ErrorUrl, whatever went wrong', async () => {
  const fallback = await receiving(twiml('<Response><Message>sorry</Message></Response>'))
  const garbage = await receiving(twiml('<Response><Message>unclosed</Response>'))
  const json = await receiving((_request, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
  const huge = await receiving(
    (_request, response) => void response.writeHead(200, { 'content-type': 'text/xml' }).end(`<Response>${' '.repeat(70_000)}</Response>`),
  )
  const wrong = await receiving((_request, response) => void response.writeHead(500).end())
  const doctype = await receiving(twiml('<!DOCTYPE r [<!ENTITY a "x">]><Response><Message>&a;</Message></Response>'))
  const loop = await receiving((_request, response) => void response.writeHead(302, { location: '/x' }).end())
  const cases = [
    [garbage, '12100'],
    [json, '12300'],
    [huge, '11750'],
    [wrong, '11200'],
    [doctype, '12100'],
    [loop, '11215'],
  ] as const
  for (const [primary, code] of cases) {
    w.number.settings = { smsUrl: `${primary.url}/p#rc=0`, smsFallbackUrl: `${fallback.url}/f` }
    assert.equal((await send()).ok, true)
    const request = fallback.received.at(-1)
    assert.ok(request)
    assert.deepEqual([request.params['ErrorCode'], request.params['ErrorUrl'], request.params['Body']], [code, `${primary.url}/p`, 'hello'])
    assertSigned(request, `${fallback.url}/f`)
  }
  assert.equal(w.submissions.length, cases.length)
})

test('comes again later when nobody took the message, not when the answer could not be read', async () => {
  const wrong = await receiving((_request, response) => void response.writeHead(500).end())
  w.number.settings = { smsUrl: wrong.url, smsFallbackUrl: wrong.url }
  assert.equal(failed(await send()).kind, 'temporary')
  assert.equal(wrong.received.length, 2)
  const garbage = await receiving(twiml('<html>'))
  w.number.settings = { smsUrl: garbage.url }
  const outcome = await send()
  assert.equal(outcome.ok, true)
  assert.match(wireOf(outcome), /12100/)
})

test('leaves out replies that cannot be sent and says why, and sends ten at most', async () => {
  const to = await receiving(
    twiml(
      `<Response><Message from="+15005550999">a</Message><Message to="x">b</Message><Message></Message><Message>${'x'.repeat(1601)}</Message><Message><Media>https://example.com/a.png</Media></Message><Message from="Acme" to="+14155550100">c</Message><Play/>${'<Message>m</Message>'.repeat(10)}</Response>`,
    ),
  )
  w.number.settings = { smsUrl: to.url }
  const wire = wireOf(await send())
  for (const code of ['14102', '14101', '14103', '21617', '21622', '21612', '14110', '14109']) assert.match(wire, new RegExp(code), code)
  assert.equal(w.submissions.length, 4)
})

test('comes again when the gateway is too busy for a reply, and gives one up that has no route', async () => {
  const to = await receiving(twiml('<Response><Message>a</Message></Response>'))
  w.number.settings = { smsUrl: to.url }
  w.refuse = new AcceptRefused('busy', 'disk full')
  assert.equal(failed(await send()).code, 'peer-busy')
  w.refuse = new AcceptRefused('no-route', 'none')
  const outcome = await send()
  assert.equal(outcome.ok, true)
  assert.match(wireOf(outcome), /left out: no-route/)
})

test('drains on close, takes nothing new, and is closed by its signal', async () => {
  const slow = await receiving((_request, response) => void setTimeout(() => response.end(), 100))
  const gateway = { ...w.gateway, outbound: createOutbound() }
  const stop = new AbortController()
  const own = await (twilio.dial ?? assert.fail)(gateway, stop.signal)
  const running = own.report?.(mt(slow.url), { state: 'sent', at: 0 }, signal)
  stop.abort()
  const late = await own.report?.(mt(slow.url), { state: 'sent', at: 0 }, signal)
  assert.equal(late?.ok === false && late.failure.kind, 'offline')
  assert.equal((await running)?.ok, true)
  assert.equal(await own.closed, 'closed')
  await gateway.outbound.close()
})
