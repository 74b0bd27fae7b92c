// What leaves by MESSAGE: to a user's contacts and by a trunk's rules, and what each
// answer says of the message.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Address, FailureCode, FailureKind, Message, Outcome } from '../../../src/plugin.ts'
import { readNameAddr, readUri } from '../codec/index.ts'
import type { OutRequest } from '../engine/engine.ts'
import type { MessageSettings, Trunk } from '../profile/types.ts'
import { readCpim } from './cpim.ts'
import { contactOf, header, messageOf, now, phone, recordingEngine, user, type World, worldOf } from './message.fixture.ts'
import { createTrunkSend } from './trunk-send.ts'
import type { Draft } from './way.ts'

const signal = new AbortController().signal
const laptop = contactOf('sip:alice@h4x.invalid;transport=ws')
const outgoing = (more: Partial<Message> = {}) => ({ message: messageOf(more), segments: [], attempt: 0 })

/** Time passes until it is settled. */
async function settled<T>(world: World, promise: Promise<T>): Promise<T> {
  let over = false
  void promise.then(() => (over = true))
  while (!over) await world.clock.advance(50)
  return await promise
}

describe('a MESSAGE to a user', () => {
  test('goes to its contact as it was given, by its flow, under the id of the message', async () => {
    const path = ['<sip:p1.example;lr>', '<sip:p2.example;lr>']
    const { engine, session } = user([{ ...phone, path }])
    const outcome = await session.send!(outgoing(), signal)
    assert.deepEqual(outcome, { ok: true, refs: [messageOf().id], final: 'delivered', wire: [`MESSAGE ${phone.uri}`, '200'] })
    const [request] = engine.sent
    assert.equal(request!.uri, phone.uri)
    assert.equal(request!.via, phone.flow)
    assert.equal(request!.from, '<sip:+15550001111@acme.example>')
    assert.equal(request!.to, '<sip:alice@acme.example>')
    assert.equal(request!.callId, messageOf().id)
    assert.deepEqual(request!.headers.slice(0, 4), ['Route', path[0], 'Route', path[1]])
    assert.equal(request!.body.toString(), 'Hello')
    assert.equal(header(request!.headers, 'Date'), new Date(now).toUTCString())
  })

  test('keeps its Call-ID and CSeq over its attempts', async () => {
    const { engine, session } = user()
    engine.say(503, 200)
    await session.send!(outgoing(), signal)
    await session.send!(outgoing(), signal)
    assert.deepEqual([engine.sent[0]!.callId, engine.sent[0]!.cseq], [engine.sent[1]!.callId, engine.sent[1]!.cseq])
  })

  test('is had where it is answered 200, and awaited where it is answered 202', async () => {
    const { engine, session } = user()
    engine.say(202)
    assert.deepEqual(await session.send!(outgoing(), signal), {
      ok: true,
      refs: [messageOf().id],
      wire: [`MESSAGE ${phone.uri}`, '202'],
    })
  })

  test('is from whoever sent it: names, short codes and users', async () => {
    for (const [from, uri] of [
      [{ value: 'ACME 24/7', ton: 'alphanumeric', npi: 'unknown' }, 'sip:ACME%2024/7@acme.example'],
      [{ value: '12345', ton: 'abbreviated', npi: 'unknown' }, 'sip:12345@acme.example'],
      [{ value: 'bob@acme.example', ton: 'unknown', npi: 'internet' }, 'sip:bob@acme.example'],
      [{ value: '*100#', ton: 'unknown', npi: 'unknown' }, 'sip:*100%23@acme.example'],
      [{ value: '\r\nX: "<>', ton: 'alphanumeric', npi: 'unknown' }, 'sip:%0D%0AX:%20%22%3C%3E@acme.example'],
    ] as const) {
      const { engine, session } = user()
      await session.send!(outgoing({ from }), signal)
      assert.equal(readNameAddr(engine.sent[0]!.from)?.uri, uri.replace('X:', 'X%3A'))
      assert.ok(readUri(uri))
    }
  })

  test('that no MESSAGE can say fails for good, and nothing is sent', async () => {
    const { engine, session } = user()
    const outcome = await session.send!(outgoing({ body: { kind: 'mms', parts: [] } }), signal)
    assert.ok(!outcome.ok && outcome.failure.kind === 'permanent' && outcome.failure.code === 'invalid-body')
    assert.equal(engine.sent.length, 0)
  })
})

describe('several contacts', () => {
  test('all are sent to, and one that takes it is enough', async () => {
    const { engine, session } = user([laptop, phone])
    engine.say(404, 200)
    assert.ok((await session.send!(outgoing(), signal)).ok)
    assert.deepEqual(
      engine.sent.map(({ uri }) => uri),
      [laptop.uri, phone.uri],
    )
  })

  test('those of the other domains of the user are among them', async () => {
    for (const how of ['all', 'first'] as const) {
      const preferred = contactOf('sip:desk@192.0.2.9', { registeredAt: now + 1 })
      const { engine, session } = user([phone], how, {}, [preferred])
      engine.say(480, 200)
      assert.ok((await session.send!(outgoing(), signal)).ok)
      assert.deepEqual(new Set(engine.sent.map(({ uri }) => uri)), new Set([preferred.uri, phone.uri]))
      const [first, second] = engine.sent
      assert.equal(first?.uri, preferred.uri)
      // Each hears of numbers and of itself at the domain that it knows.
      assert.deepEqual([first.from, first.to], ['<sip:+15550001111@[fd00::1]>', '<sip:alice@[fd00::1]>'])
      assert.deepEqual([second?.from, second?.to], ['<sip:+15550001111@acme.example>', '<sip:alice@acme.example>'])
      const from: Address = { value: 'bob@acme.example', ton: 'unknown', npi: 'internet' }
      await session.send!(outgoing({ from }), signal)
      assert.equal(engine.sent[2]?.from, '<sip:bob@acme.example>')
    }
    // One that changed its domain is registered by both for a while.
    const { engine, session } = user([phone], 'all', {}, [{ ...phone, registeredAt: now + 1 }])
    await session.send!(outgoing(), signal)
    assert.deepEqual(
      engine.sent.map(({ to }) => to),
      ['<sip:alice@[fd00::1]>'],
    )
  })

  test('the first is tried, then the next', async () => {
    const { engine, session } = user([laptop, phone], 'first')
    assert.ok((await session.send!(outgoing(), signal)).ok)
    assert.equal(engine.sent.length, 1)
    engine.say(480, 200)
    assert.ok((await session.send!(outgoing(), signal)).ok)
    assert.deepEqual(
      engine.sent.map(({ uri }) => uri),
      [laptop.uri, laptop.uri, phone.uri],
    )
    assert.deepEqual(
      engine.sent.map(({ limitMs }) => limitMs),
      [6000, 6000, undefined],
    )
  })

  test('a 6xx is the word of the user, and of nobody else the rest is asked', async () => {
    const { engine, session } = user([laptop, phone], 'first')
    engine.say(603, 200)
    const outcome = await session.send!(outgoing(), signal)
    assert.ok(!outcome.ok && outcome.failure.peerCode === '603')
    assert.equal(engine.sent.length, 1)
  })

  test('where all fail, what leaves most hope is told, with the wire of each', async () => {
    for (const how of ['all', 'first'] as const) {
      for (const [answers, expected] of [
        [[404, 480], 'temporary'],
        [[404, { kind: 'timeout', why: 'Timer F' }], 'unknown'],
        [
          [
            { kind: 'unsent', why: 'gone' },
            { kind: 'lost', why: 'cut' },
          ],
          'unknown',
        ],
        [[404, 415], 'permanent'],
        [[480, 603], 'permanent'],
      ] as const) {
        const { engine, session } = user([laptop, phone], how)
        engine.say(...answers)
        const outcome = await session.send!(outgoing(), signal)
        assert.equal(!outcome.ok && outcome.failure.kind, expected, JSON.stringify(outcome))
        if (answers[0] === 404 && answers[1] === 480) assert.equal(outcome.wire?.length, 4)
      }
    }
  })
})

describe('the session of a user', () => {
  test('is offline with no contact, though not at once', async () => {
    const { session, world, register } = user()
    register([])
    const send = session.send!(outgoing(), signal)
    let over = false
    void send.then(() => (over = true))
    await world.clock.advance(100)
    assert.equal(over, false, 'or it would be asked again and again')
    const outcome = await settled(world, send)
    assert.ok(!outcome.ok && outcome.failure.kind === 'offline')
  })

  test('ends when its last contact goes, with every send settled before', async () => {
    const { session, engine, world } = user()
    let answer = (): void => {}
    engine.send = () => new Promise((resolve) => (answer = () => resolve({ kind: 'unsent', why: 'flow gone' })))
    const events: string[] = []
    const open = session.send!(outgoing(), signal).then((outcome) => events.push(outcome.ok ? 'ok' : outcome.failure.kind))
    session.end('unregistered')
    const late = session.send!(outgoing(), signal).then((outcome) => events.push(`late ${outcome.ok ? 'ok' : outcome.failure.kind}`))
    void session.closed.then((why) => events.push(why))
    answer()
    await settled(world, Promise.all([open, late]))
    assert.deepEqual(events, ['offline', 'unregistered', 'late offline'])
  })

  test('does not wait for ever for a phone that is silent', async () => {
    const { session, engine, world } = user()
    engine.send = () => new Promise(() => {})
    const open = session.send!(outgoing(), signal)
    session.end('its connection is gone')
    const outcome = await settled(world, open)
    assert.ok(!outcome.ok && outcome.failure.kind === 'unknown')
    assert.equal(await session.closed, 'its connection is gone')
  })

  test('drains when it is closed', async () => {
    const { session, engine, world } = user()
    let answer = (): void => {}
    const { send } = engine
    engine.send = (request) => new Promise((resolve) => (answer = () => void send(request).then(resolve)))
    const open = session.send!(outgoing(), signal)
    const closing = session.close()
    answer()
    assert.ok((await settled(world, open)).ok)
    await closing
  })
})

const trunkSettings: Trunk = {
  profile: 'external',
  nextHops: ['sip:carrier.example;transport=tcp', 'sip:192.0.2.7'],
  route: [],
  addresses: [],
  from: { user: '*' },
  to: { scheme: 'sip', plus: true, userPhone: false },
  attemptMs: 5000,
  pingSeconds: 30,
  dialect: 'standard',
  defaultCoding: 0,
  receipts: 'x-header',
  answer: 202,
}

function trunk(more: Partial<Trunk> = {}, side: 'supplier' | 'client' = 'supplier', terms: Partial<MessageSettings> = {}) {
  const engine = recordingEngine()
  const drafts: Draft[] = []
  const world = worldOf({ kind: 'trunk', side, name: 'external/carrier', terms: { receipts: 'x-header', ...terms } })
  const send = createTrunkSend({
    peer: world.peer,
    trunk: { ...trunkSettings, ...more },
    ask(draft) {
      drafts.push(draft)
      return engine.send({ ...draft, method: 'MESSAGE', via: phone.flow } satisfies OutRequest)
    },
  })
  return { ...send, engine, drafts, world }
}

describe('a MESSAGE to a trunk', () => {
  for (const [name, more, from, to] of [
    ['as it is', {}, '<sip:+15550001111@carrier.example>', '<sip:+15550002222@carrier.example>'],
    [
      'with domains',
      { from: { user: '*', domain: 'us.example' }, to: { scheme: 'sip', domain: 'sms.example', plus: true, userPhone: true } },
      '<sip:+15550001111@us.example;user=phone>',
      '<sip:+15550002222@sms.example;user=phone>',
    ],
    [
      'without a plus',
      { to: { scheme: 'sip', plus: false, userPhone: false } },
      '<sip:15550001111@carrier.example>',
      '<sip:15550002222@carrier.example>',
    ],
    ['by tel:', { to: { scheme: 'tel', plus: true, userPhone: false } }, '<sip:+15550001111@carrier.example>', '<tel:+15550002222>'],
    ['from a fixed user', { from: { user: 'gateway' } }, '<sip:gateway@carrier.example>', '<sip:+15550002222@carrier.example>'],
    [
      'from a template',
      { from: { user: 'sms-*', domain: 'us.example' }, to: { scheme: 'sip', plus: false, userPhone: false } },
      '<sip:sms-15550001111@us.example>',
      '<sip:15550002222@carrier.example>',
    ],
  ] as const) {
    test(name, async () => {
      const { send, drafts } = trunk(more)
      assert.deepEqual((await send(outgoing(), signal)).ok, true)
      assert.deepEqual([drafts[0]!.from, drafts[0]!.to, `<${drafts[0]!.uri}>`], [from, to, to])
    })
  }

  test('awaits the receipts of a trunk that sends some, and of no other', async () => {
    for (const [receipts, side, status, final] of [
      ['x-header', 'supplier', 202, undefined],
      ['imdn', 'supplier', 200, undefined],
      ['none', 'supplier', 202, 'unconfirmed'],
      ['none', 'supplier', 200, 'delivered'],
      ['imdn', 'client', 200, 'delivered'],
    ] as const) {
      const { send, engine } = trunk({}, side, { receipts })
      engine.say(status)
      const outcome = await send(outgoing(), signal)
      assert.equal(outcome.ok && outcome.final, final, `${receipts} ${side} ${status}`)
    }
  })

  test('asks by CPIM where receipts are notifications', async () => {
    const { send, drafts } = trunk({}, 'supplier', { receipts: 'imdn' })
    await send(outgoing({ body: { kind: 'text', text: 'Grüße' } }), signal)
    const [{ headers, body, from, to }] = drafts as [Draft]
    assert.equal(header(headers, 'Content-Type'), 'message/cpim')
    assert.equal(header(headers, 'X-REG-DELIVERY'), undefined)
    const read = readCpim(body)
    assert.ok(read.ok)
    const { cpim } = read
    assert.deepEqual([`<${cpim.from.uri}>`, `<${cpim.to[0]!.uri}>`], [from, to], 'or Linphone answers 488')
    assert.equal(cpim.imdn?.messageId, messageOf().id)
    assert.deepEqual(cpim.imdn.dispositionNotification, ['positive-delivery', 'negative-delivery'])
    assert.deepEqual([cpim.contentType, cpim.body.toString()], ['text/plain;charset=UTF-8', 'Grüße'])
  })
})

describe('an answer', () => {
  for (const [status, kind, code] of [
    [302, 'permanent', 'undeliverable'],
    [400, 'permanent', 'invalid-body'],
    [401, 'permanent', 'not-permitted'],
    [403, 'permanent', 'not-permitted'],
    [404, 'permanent', 'unknown-subscriber'],
    [405, 'permanent', 'rejected'],
    [407, 'permanent', 'not-permitted'],
    [408, 'temporary', 'peer-timeout'],
    [410, 'permanent', 'unknown-subscriber'],
    [413, 'permanent', 'too-long'],
    [414, 'permanent', 'invalid-destination'],
    [415, 'permanent', 'invalid-body'],
    [416, 'permanent', 'invalid-destination'],
    [420, 'permanent', 'rejected'],
    [480, 'temporary', 'absent-subscriber'],
    [484, 'permanent', 'invalid-destination'],
    [485, 'permanent', 'invalid-destination'],
    [486, 'temporary', 'peer-busy'],
    [488, 'permanent', 'invalid-body'],
    [491, 'temporary', 'peer-error'],
    [493, 'permanent', 'invalid-body'],
    [500, 'temporary', 'peer-error'],
    [503, 'temporary', 'peer-busy'],
    [513, 'permanent', 'too-long'],
    [599, 'temporary', 'peer-error'],
    [600, 'permanent', 'rejected'],
    [604, 'permanent', 'unknown-subscriber'],
    [699, 'permanent', 'rejected'],
  ] as [number, FailureKind, FailureCode][]) {
    test(`of ${status} is ${kind}: ${code}`, async () => {
      const { send, engine } = trunk()
      engine.say(status)
      assert.deepEqual(await send(outgoing(), signal), {
        ok: false,
        failure: { kind, code, peer: `${status} Reason`, peerCode: String(status) },
        wire: [`MESSAGE sip:+15550002222@carrier.example`, String(status)],
      })
    })
  }

  test('may ask to wait, and say why', async () => {
    const { send, engine } = trunk()
    engine.say([503, ['Retry-After', '18 (busy);duration=60', 'Warning', String.raw`399 them "too \"much\"", 399 them "of it"`]])
    const outcome = await send(outgoing(), signal)
    assert.deepEqual(!outcome.ok && outcome.failure, {
      kind: 'temporary',
      code: 'peer-busy',
      peer: '503 Reason: too "much"',
      peerCode: '503',
      retryAfterMs: 18_000,
    })
    engine.say([503, ['Retry-After', '999999999']], [404, ['Retry-After', '5']], [503, ['Retry-After', 'soon']])
    const waits = []
    for (let i = 0; i < 3; i++) {
      const { ok, ...rest } = await send(outgoing(), signal)
      waits.push(ok || (rest as Extract<Outcome, { ok: false }>).failure.retryAfterMs)
    }
    assert.deepEqual(waits, [86_400_000, undefined, undefined])
  })

  test('that never comes is unknown, and what never left is offline', async () => {
    const { send, engine, world } = trunk()
    for (const [kind, expected] of [
      ['timeout', 'unknown'],
      ['lost', 'unknown'],
      ['unsent', 'offline'],
    ] as const) {
      engine.say({ kind, why: 'so' })
      const outcome = await settled(world, send(outgoing(), signal))
      assert.equal(!outcome.ok && outcome.failure.kind, expected)
    }
  })

  test('of a trunk that nobody pings: what never left is a try, or it would be tried for ever', async () => {
    const { send, engine, world } = trunk({ pingSeconds: 0 })
    engine.say({ kind: 'unsent', why: 'refused' })
    const outcome = await settled(world, send(outgoing(), signal))
    assert.equal(!outcome.ok && outcome.failure.kind, 'temporary')
  })
})
