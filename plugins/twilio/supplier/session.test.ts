import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test, type TestContext } from 'node:test'
import { Failure, systemClock, type Message, type Outcome, type Session } from '../../../src/plugin.ts'
import { handset, ownNumber } from '../messages.fixture.ts'
import { closed, configOf, facade, listening, message, ours, secret, type Facade, type Ours } from './facade.fixture.ts'
import type { SupplierConfig } from './settings.ts'
import { supplierConfig } from './settings.ts'

const never = new AbortController().signal

async function started(t: TestContext, over: Partial<SupplierConfig> = {}): Promise<{ peer: Facade; us: Ours }> {
  const peer = await facade()
  t.after(() => peer.close())
  const us = await ours(configOf(peer, over))
  t.after(() => us.close())
  return { peer, us }
}

const send = (session: Session, of: Message | string): Promise<Outcome> =>
  session.send!({ message: typeof of === 'string' ? message(of) : of, segments: [], attempt: 0 }, never)

function failureOf(outcome: Outcome) {
  assert.ok(!outcome.ok, 'it was not taken')
  return outcome.failure
}

const dialled = (us: Ours): Promise<Failure> =>
  us.dial().then(
    () => assert.fail('it was bound'),
    (error: unknown) => {
      assert.ok(error instanceof Failure, String(error))
      return error
    },
  )

test('sends a text by the peer’s API, with where to call back, and has the SID of its message', async (t) => {
  const { peer, us } = await started(t)
  const session = await us.dial()
  const sent = message('héllo & + wörld', { validUntil: systemClock.now() + 90_500 })
  const outcome = await send(session, sent)
  assert.ok(outcome.ok)
  const [view] = peer.world.views.values()
  assert.deepEqual(outcome.refs, [`SM${view!.message.id}`])
  assert.match(outcome.wire![0]!, /^POST Messages ValidityPeriod=(90|89): HTTP 201 SM[0-9a-f]{32} in \d+ ms$/)
  const { form, headers, url } = peer.asked.at(-1)!
  assert.equal(url, `/2010-04-01/Accounts/${peer.world.root.id}/Messages.json`)
  assert.deepEqual(
    { ...form, ValidityPeriod: '' },
    {
      To: '+447700900123',
      From: ownNumber,
      Body: 'héllo & + wörld',
      StatusCallback: `${us.url}/twilio/${secret}/status#rc=5&rp=5xx,ct,rt`,
      ValidityPeriod: '',
    },
  )
  assert.equal(headers['idempotency-key'], sent.id)
  assert.equal(headers['content-type'], 'application/x-www-form-urlencoded')
})

test('a message whose answer was lost is the same message at the peer when it is sent again', async (t) => {
  const { peer, us } = await started(t, { timeoutMs: 300 })
  const session = await us.dial()
  const sent = message('once')
  peer.meet('lost')
  assert.equal(failureOf(await send(session, sent)).kind, 'unknown')
  assert.equal(peer.world.views.size, 1)
  peer.meet('take')
  const [first, again] = [await send(session, sent), await send(session, sent)]
  assert.ok(first.ok && again.ok)
  assert.deepEqual(again.refs, first.refs)
  assert.equal(peer.world.views.size, 1)
})

test('sends from the number, the name or the messaging service that the bind has', async (t) => {
  const { peer, us } = await started(t, { from: 'Acme' })
  await send(await us.dial(), 'x')
  assert.equal(peer.asked.at(-1)!.form['From'], 'Acme')
  const service = `MG${'a'.repeat(32)}`
  const by = async (over: Partial<SupplierConfig>): Promise<Record<string, string>> => {
    const other = await ours(configOf(peer, over))
    t.after(() => other.close())
    const session = await other.dial()
    peer.meet({ says: '400 21701' })
    await send(session, 'x')
    peer.meet('take')
    return peer.asked.at(-1)!.form
  }
  const picked = await by({ messagingServiceSid: service })
  assert.deepEqual([picked['From'], picked['MessagingServiceSid']], [undefined, service])
  const named = await by({ messagingServiceSid: service, from: ownNumber })
  assert.deepEqual([named['From'], named['MessagingServiceSid']], [ownNumber, service])
})

test('asks with the API key where there is one', async (t) => {
  const { peer, us } = await started(t)
  const keySid = `SK${'b'.repeat(32)}`
  us.gateway.bind.config = configOf(peer, { keySid, keySecret: 's3cret' })
  peer.meet('take', { says: '404 20404' })
  const session = await us.dial()
  peer.meet({ says: '500 20500' })
  await send(session, 'x')
  for (const { headers } of peer.asked) assert.equal(headers.authorization, `Basic ${Buffer.from(`${keySid}:s3cret`).toString('base64')}`)
})

test('each refusal is the failure that it means, with the wait that was asked for', async (t) => {
  const { peer, us } = await started(t)
  const session = await us.dial()
  const cases = [
    ['400 21211', 'permanent', 'invalid-destination', '21211'],
    ['400 21610', 'permanent', 'blocked', '21610'],
    ['400 21614', 'permanent', 'landline', '21614'],
    ['429 20429 7', 'throttled', 'throttled', '20429'],
    ['429', 'throttled', 'throttled', '429'],
    ['500 20500', 'temporary', 'peer-error', '20500'],
    ['502', 'temporary', 'peer-error', '502'],
    ['503', 'temporary', 'peer-busy', '503'],
    ['400', 'permanent', 'rejected', '400'],
    ['404 20404', 'temporary', 'peer-error', '20404'],
  ] as const
  for (const [says, kind, code, peerCode] of cases) {
    peer.meet({ says })
    const failure = failureOf(await send(session, says))
    assert.deepEqual([failure.kind, failure.code, failure.peerCode], [kind, code, peerCode], says)
    assert.equal(failure.retryAfterMs, says.endsWith(' 7') ? 7000 : undefined)
  }
  peer.meet('take')
  assert.ok((await send(session, 'still here')).ok)
})

test('what a real facade refuses is understood as what it is', async (t) => {
  const { us } = await started(t)
  const session = await us.dial()
  const refused = async (over: Partial<Message>, text = 'x') => failureOf(await send(session, message(text, over))).peerCode
  assert.equal(await refused({ to: { value: '12', ton: 'unknown', npi: 'unknown' } }), '21211')
  assert.equal(await refused({ from: { value: '+15005550001', ton: 'international', npi: 'e164' } }), '21606')
  assert.equal(await refused({}, 'x'.repeat(1601)), '21617')
  assert.equal(
    await refused({
      from: { value: handset, ton: 'international', npi: 'e164' },
      to: { value: handset, ton: 'international', npi: 'e164' },
    }),
    '21266',
  )
})

test('a redirect is not followed: neither text nor credentials go elsewhere', async (t) => {
  const { peer, us } = await started(t)
  let elsewhere = 0
  const trap = createServer((_request, response) => {
    elsewhere++
    response.writeHead(201).end('{"sid":"SM1"}')
  })
  const url = await listening(trap)
  t.after(() => closed(trap))
  const session = await us.dial()
  for (const status of [301, 302, 307, 308]) {
    peer.meet((response) => void response.writeHead(status, { location: url }).end())
    const { kind, peerCode } = failureOf(await send(session, 'x'))
    assert.deepEqual([kind, peerCode], ['temporary', String(status)])
  }
  peer.meet('take', (response) => void response.writeHead(302, { location: url }).end())
  assert.equal((await dialled(us)).facts.kind, 'permanent')
  assert.equal(elsewhere, 0)
})

test('what may have been taken and has no readable answer is of unknown outcome', async (t) => {
  const { peer, us } = await started(t, { timeoutMs: 300 })
  const session = await us.dial()
  const answers: Parameters<Facade['meet']>[0][] = [
    'silence',
    'vanish',
    'garbage',
    (response) => void response.writeHead(201).end('<html>'),
    (response) => void response.writeHead(200).end('{"sid":12}'),
    (response) => void response.writeHead(201).end('[]'),
    (response) => void response.writeHead(201).end(`"${'x'.repeat(200_000)}"`),
    (response) => void response.writeHead(201, { 'content-length': '50' }).write('{"sid":"SM'),
  ]
  for (const [i, way] of answers.entries()) {
    peer.meet(way)
    assert.equal(failureOf(await send(session, 'x')).kind, 'unknown', String(i))
  }
  peer.meet('take')
  assert.ok((await send(session, 'still here')).ok)
})

test('a peer that cannot be reached ends the session, and the message is none the worse', async (t) => {
  const { peer, us } = await started(t)
  const session = await us.dial()
  await peer.close()
  // Of the connection that was kept it may not be known yet that it is gone.
  let { kind } = failureOf(await send(session, 'x'))
  if (kind === 'unknown') ({ kind } = failureOf(await send(session, 'x')))
  assert.equal(kind, 'offline')
  assert.match(await session.closed, /connect/)
  assert.equal(failureOf(await send(session, 'x')).kind, 'offline')
  assert.equal((await dialled(us)).facts.kind, 'offline')
})

test('credentials that are taken no more end the session, and dialling says that they are refused', async (t) => {
  const { peer, us } = await started(t)
  const session = await us.dial()
  peer.world.root.token = 'another'
  assert.equal(failureOf(await send(session, 'x')).kind, 'offline')
  assert.match(await session.closed, /20003/)
  const { facts } = await dialled(us)
  assert.equal(facts.kind, 'permanent')
  assert.match(facts.peer!, /authToken/)
})

test('is bound only to an API that answers as Twilio’s does', async (t) => {
  const { peer, us } = await started(t, { timeoutMs: 300 })
  const cases: [Parameters<Facade['meet']>[0], string][] = [
    [(response) => void response.writeHead(200).end('<html>Welcome'), 'permanent'],
    [(response) => void response.writeHead(404).end('no such page'), 'permanent'],
    [{ says: '500 20500' }, 'temporary'],
    [{ says: '503' }, 'temporary'],
    [{ says: '403 20005' }, 'temporary'],
    ['silence', 'offline'],
    ['vanish', 'offline'],
    ['garbage', 'offline'],
  ]
  for (const [way, kind] of cases) {
    peer.meet('take', way)
    assert.equal((await dialled(us)).facts.kind, kind, JSON.stringify(way))
  }
  for (const says of ['429 20429', '403', '403 70051', '403 20003']) {
    peer.meet('take', { says })
    await us.dial()
  }
  us.account.privateWebhooks = false
  const { facts } = await dialled(us)
  assert.equal(facts.kind, 'permanent')
  assert.match(facts.peer!, /private address/)
})

test('what is no text is not asked for', async (t) => {
  const { peer, us } = await started(t)
  const session = await us.dial()
  const failure = failureOf(await send(session, message('', { body: { kind: 'binary', data: new Uint8Array([1]) } })))
  assert.deepEqual([failure.kind, failure.code], ['permanent', 'invalid-body'])
  assert.equal(peer.got(), 0)
})

test('asks what became of messages, and knows nothing of one that the peer has not', async (t) => {
  const { peer, us } = await started(t)
  const session = await us.dial()
  const refs: string[] = []
  for (let i = 0; i < 4; i++) {
    const outcome = await send(session, 'x')
    assert.ok(outcome.ok)
    refs.push(outcome.refs[0]!)
  }
  const views = [...peer.world.views.values()]
  views[0]!.state = 'delivered'
  views[1]!.state = 'undelivered'
  views[1]!.failure = { kind: 'permanent', code: 'absent-subscriber' }
  views[2]!.state = 'sent'
  const known = await session.query!(message('x'), [...refs, `SM${'9'.repeat(32)}`, '../x'], never)
  assert.deepEqual(
    known.map((receipt) => receipt && [receipt.state, receipt.final, receipt.failure?.code]),
    [
      ['delivered', true, undefined],
      ['undeliverable', true, 'absent-subscriber'],
      ['enroute', false, undefined],
      undefined,
      undefined,
      undefined,
    ],
  )
})

test('says neither text nor secret in a log or a trace', async (t) => {
  const { peer, us } = await started(t)
  const session = await us.dial()
  const told: Outcome[] = []
  for (const way of ['take', 'garbage', 'vanish', { says: '400 21211' }, { says: '401 20003' }] as const) {
    peer.meet(way)
    told.push(await send(session, 'confidential words'))
  }
  const said = JSON.stringify(told) + us.log.join('\n')
  for (const word of ['confidential', peer.world.root.token, secret]) assert.ok(!said.includes(word), word)
})

test('settings say what would be right', () => {
  const base = { accountSid: `AC${'1'.repeat(32)}`, authToken: 't', callbackSecret: secret }
  const fault = (over: object): string => {
    const parsed = supplierConfig.safeParse({ ...base, ...over })
    return parsed.success ? '' : parsed.error.issues.map(({ path, message: words }) => `${path.join('.')}: ${words}`).join('; ')
  }
  assert.equal(supplierConfig.parse(base).baseUrl, 'https://api.twilio.com')
  assert.match(fault({ baseUrl: 'https://x.example/?a' }), /^baseUrl: expected https:/)
  assert.match(fault({ baseUrl: 'https://user:pw@x.example' }), /^baseUrl/)
  assert.match(fault({ baseUrl: 'https://x.example/' }), /^baseUrl/)
  assert.match(fault({ callbackSecret: 'short' }), /^callbackSecret: expected 20 to 100 letters and digits/)
  assert.match(fault({ keySid: `SK${'1'.repeat(32)}` }), /^keySecret: keySid and keySecret are given together/)
  assert.match(fault({ accountSid: 'AC1' }), /^accountSid/)
})
