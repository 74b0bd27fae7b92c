// What comes by MESSAGE: who may send as whom, to whom, what its body means, and what it is answered.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { AcceptRefused, type RefusalWhy } from '../../../src/plugin.ts'
import { header, messageRequest, now, worldOf } from './message.fixture.ts'

const number = { value: '+15550009999' }

describe('an answer', () => {
  test('comes when the message is durable, not before, and names it', async () => {
    const world = worldOf()
    let done = (): void => {}
    world.durable = () => new Promise((resolve) => (done = resolve))
    let answered = false
    const reply = world.say().then((said) => {
      answered = true
      return said
    })
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(answered, false)
    done()
    const { status, headers } = await reply
    assert.equal(status, 202)
    assert.match(header(headers, 'X-SMS-Message-ID')!, /^[0-9a-f]{32}$/)
  })

  test('is 200 where the terms say so', async () => {
    assert.equal((await worldOf({ terms: { answer: 200 } }).say()).status, 200)
  })

  const table: Record<RefusalWhy, [status: number, retryAfter?: string]> = {
    'no-route': [404],
    suspended: [403],
    busy: [503, '5'],
    invalid: [400],
    'source-not-allowed': [403],
    'destination-not-allowed': [403],
    'opted-out': [403],
    'too-short': [400],
    'too-long': [413],
    validity: [400],
    throttled: [503, '1'],
    'queue-full': [480, '10'],
    quota: [480, '3600'],
    loop: [482],
  }
  for (const [why, [status, retryAfter]] of Object.entries(table)) {
    test(`is ${status} when the core refuses as ${why}`, async () => {
      const world = worldOf()
      world.durable = () => Promise.reject(new AcceptRefused(why as RefusalWhy, 'as it "says"'))
      const reply = await world.say()
      assert.equal(reply.status, status)
      assert.equal(header(reply.headers, 'Retry-After'), retryAfter)
      assert.equal(header(reply.headers, 'Warning'), String.raw`399 signalbox "as it \"says\""`)
    })
  }

  test('is 500, and the request is no repeat, after an error of ours', async () => {
    const world = worldOf()
    world.durable = () => Promise.reject(new Error('unforeseen'))
    const reply = await world.say({ callId: 'again' })
    assert.equal(reply.status, 500)
    assert.doesNotMatch(JSON.stringify(reply.headers), /unforeseen/)
    world.durable = () => Promise.resolve()
    assert.equal((await world.say({ callId: 'again' })).status, 202)
  })
})

describe('repeats', () => {
  test('of a request, in flight and later, are one message under one id', async () => {
    const world = worldOf()
    const same = { callId: 'one' }
    const replies = await Promise.all([world.say(same), world.say(same)])
    replies.push(await world.say(same))
    assert.equal(world.accepted.length, 1)
    assert.equal(new Set(replies.map(({ headers }) => header(headers, 'X-SMS-Message-ID'))).size, 1)
  })

  test('of a Call-ID with another text, recipient or tag are other messages', async () => {
    const world = worldOf({ numbers: [number] })
    const callId = 'one'
    await world.taken({ callId })
    await world.taken({ callId, body: 'Other' })
    await world.taken({ callId, uri: 'sip:+15550003333@acme.example' })
    await world.taken({ callId, from: '<sip:alice@acme.example>;tag=b' })
    assert.equal(new Set(world.accepted.map((each) => each.idempotencyKey)).size, 4)
  })

  test('of a text under a new Call-ID are one message for as long as the terms say, and only then', async () => {
    const world = worldOf({ terms: { repeatsWithinSeconds: 10 } })
    const first = await world.say()
    assert.deepEqual(await world.say(), first)
    await world.taken({ body: 'Other' })
    await world.clock.advance(10_001)
    await world.taken()
    const always = worldOf()
    await always.taken()
    await always.taken()
  })

  test('of a text that was refused are tried', async () => {
    const world = worldOf({ terms: { repeatsWithinSeconds: 10 } })
    world.durable = () => Promise.reject(new AcceptRefused('busy', 'no room'))
    assert.equal((await world.say()).status, 503)
    world.durable = () => Promise.resolve()
    await world.taken()
  })
})

describe('what is no message', () => {
  test('that somebody types is answered 200 and is nothing, whatever is accepted', async () => {
    const world = worldOf({ terms: { accept: ['text/plain'] } })
    for (const type of ['application/im-iscomposing+xml', 'application/im-iscomposing+xml;charset=utf-8'])
      assert.deepEqual(await world.say({ type, body: '<isComposing/>' }), { status: 200 })
    assert.equal(world.accepted.length, 0)
  })

  test('a notification is a receipt of what we sent, and of nothing else', async () => {
    const world = worldOf({ terms: { accept: ['text/plain'] } })
    const id = 'cd'.repeat(16)
    const imdn = (messageId: string, what: string): string =>
      `<imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>${messageId}</message-id><datetime>2026-11-21T14:00:00Z</datetime>${what}</imdn>`
    const delivery = (status: string): string => `<delivery-notification><status><${status}/></status></delivery-notification>`
    const display = '<display-notification><status><displayed/></status></display-notification>'
    const processing = '<processing-notification><status><processed/></status></processing-notification>'
    for (const body of [
      imdn(id, delivery('delivered')),
      imdn(`${id}@host`, display),
      imdn(id, delivery('failed')),
      imdn(id, processing),
      imdn(id, delivery('forbidden')),
      imdn(`r-${id}-delivered`, delivery('delivered')),
      imdn('in1-plain', delivery('delivered')),
    ])
      assert.equal((await world.say({ type: 'message/imdn+xml', body })).status, 200)
    assert.deepEqual(
      world.receipts.map(({ ref, state, final }) => [ref, state, final]),
      [
        [id, 'delivered', true],
        [id, 'delivered', true],
        [id, 'undeliverable', true],
        [id, 'accepted', false],
      ],
    )
    assert.equal(world.accepted.length, 0)
    world.durable = () => Promise.reject(new AcceptRefused('busy', 'no room'))
    assert.equal((await world.say({ type: 'message/imdn+xml', body: imdn(id, display) })).status, 503)
    assert.equal((await world.say({ type: 'message/imdn+xml', body: '<imdn/>' })).status, 400)
  })

  test('SMS over IMS goes where it is done, and is refused where it is not', async () => {
    const type = 'application/vnd.3gpp.sms'
    const taken: string[] = []
    const world = worldOf({ ims: { take: (peer, _, answer) => (taken.push(peer.name), answer({ status: 202 })) } })
    assert.equal((await world.say({ type, body: Buffer.from([0, 1]) })).status, 202)
    assert.deepEqual(taken, ['alice@acme.example'])
    assert.equal((await worldOf().say({ type, body: Buffer.from([0, 1]) })).status, 415)
  })
})

describe('receipts of a trunk', () => {
  const trunk = { kind: 'trunk', side: 'supplier', name: 'external/carrier' } as const
  const id = 'cd'.repeat(16)

  test('are known by their mark, and name the message by In-Reply-To before all', async () => {
    const world = worldOf(trunk)
    const mark = (...headers: string[]) => world.say({ headers, body: 'id:…' })
    assert.equal(
      (await mark('X-SMS-Receipt', 'delivered;err=000;done=2026-11-21T14:05:00Z', 'In-Reply-To', id, 'X-SMS-Message-ID', 'theirs')).status,
      202,
    )
    assert.equal((await mark('X-SMS-Receipt', 'expired;err=012', 'X-SMS-Message-ID', id)).status, 202)
    assert.equal((await mark('X-SMS-Receipt', 'enroute', 'In-Reply-To', id)).status, 202)
    assert.deepEqual(world.receipts, [
      { ref: id, state: 'delivered', final: true, error: '000', doneAt: now - 9000, wire: `X-SMS-Receipt: delivered ${id}` },
      {
        ref: id,
        state: 'expired',
        final: true,
        error: '012',
        failure: { kind: 'permanent', code: 'expired', peer: 'expired 012' },
        wire: `X-SMS-Receipt: expired ${id}`,
      },
      { ref: id, state: 'enroute', final: false, wire: `X-SMS-Receipt: enroute ${id}` },
    ])
    assert.equal((await mark('X-SMS-Receipt', 'great', 'In-Reply-To', id)).status, 400)
    assert.equal((await mark('X-SMS-Receipt', 'delivered')).status, 400)
    assert.equal((await mark('X-SMS-Receipt', 'delivered', 'In-Reply-To', 'x'.repeat(129))).status, 400)
    assert.equal((await mark('X-SMS-Receipt', 'delivered', 'X-SMS-Message-ID', 'x'.repeat(129))).status, 400)
    assert.equal(world.accepted.length, 0)
  })

  test('in words are receipts where the trunk is set to it, and texts elsewhere', async () => {
    const body = 'id:0000000007 sub:001 dlvrd:000 submit date:2611211400 done date:2611211401 stat:UNDELIV err:027 text:Hello'
    const world = worldOf({ ...trunk, terms: { receipts: 'text' } })
    await world.say({ body })
    await world.say({ body: body.replace('UNDELIV', 'DELIVRD'), headers: ['In-Reply-To', id] })
    await world.say({ body: body.replace('027', '9'.repeat(500)) })
    assert.deepEqual(
      world.receipts.map(({ ref, state, error }) => [ref, state, error]),
      [
        ['0000000007', 'undeliverable', '027'],
        [id, 'delivered', '027'],
        ['0000000007', 'undeliverable', '9'.repeat(40)],
      ],
    )
    await world.taken({ body: 'id:7 is what I call it' })
    await worldOf({ ...trunk, terms: { receipts: 'imdn' } }).taken({ body })
  })
})

test('what reports need is kept with the message', async () => {
  const world = worldOf({ terms: { receipts: 'imdn' } })
  const request = { callId: 'Xo7Vd2~k9Q', uri: 'sip:+15550001111@acme.example;transport=udp' }
  const taken = await world.taken({ ...request, headers: ['User-Agent', 'Linphone Daemon/5.1'] })
  assert.deepEqual(taken.report, {
    'sip.callId': 'Xo7Vd2~k9Q',
    'sip.from': 'sip:alice@acme.example',
    'sip.to': 'sip:+15550001111@acme.example',
    'sip.bare': '1',
  })
  assert.equal(taken.receipt, 'both', 'Linphone shows what became of it')
  assert.equal((await world.taken()).receipt, 'none')
  const none = worldOf({ terms: { receipts: 'none' } })
  assert.equal((await none.taken({ headers: ['X-REG-DELIVERY', '17'] })).receipt, 'none')
})

test('a part of a long message is joined by the core, each part once', async () => {
  const world = worldOf()
  const part = (n: number) => ({ callId: `part-${n}`, headers: ['X-SMS-UDH', `0500030702 0${n}`.replace(' ', '')], body: `part ${n}` })
  const replies = await Promise.all([world.say(part(1)), world.say(part(2)), world.say(part(2))])
  replies.push(await world.say(part(2)))
  assert.deepEqual(
    replies.map(({ status }) => status),
    [202, 202, 202, 202],
  )
  assert.deepEqual(
    world.parts.map(({ reference, total, index, submission }) => [reference, total, index, submission.body]),
    [1, 2].map((n) => [7, 2, n, { kind: 'text', text: `part ${n}` }]),
  )
  assert.equal(world.accepted.length, 0)
})

test('a header of a name that JavaScript knows is harmless', async () => {
  const world = worldOf({ terms: { passHeaders: ['X-Campaign', '__proto__'] } })
  const taken = await world.taken({ headers: ['constructor', 'x', '__proto__', 'y', 'X-Campaign', 'autumn', 'X-Other', 'z'] })
  assert.deepEqual(Object.entries(taken.extras ?? {}), [
    ['sip.x-campaign', 'autumn'],
    ['sip.__proto__', 'y'],
  ])
  assert.equal(messageRequest({}).headers.get('constructor'), undefined)
})

test('whatever a MESSAGE says, it is answered once, with no line of its own in the answer', async () => {
  const value = fc.stringMatching(/^[!-~]([ -~]{0,40}[!-~])?$/)
  const name = fc.constantFrom(
    'X-SMS-UDH',
    'X-SMS-CODING',
    'X-SMS-VALIDITY',
    'X-M-CLASS',
    'X-REG-DELIVERY',
    'X-SMSC-ID',
    'X-DELIVERY_TIME',
    'X-SMS-Receipt',
    'X-SMS-Message-ID',
    'In-Reply-To',
    'Expires',
    'Date',
    'Priority',
    'Content-Encoding',
    'P-Asserted-Identity',
    'User-Agent',
  )
  const likely = fc.constantFrom('0', '1', '2', '7', '06050413011301', '2026-11-22 10:00:00', 'deflate', 'delivered', 'urgent', '17')
  const type = fc.oneof(
    fc.constantFrom('text/plain', 'message/cpim', 'message/imdn+xml', 'application/octet-stream', 'text/html;charset=utf-16'),
    value,
  )
  // A field twice is the codec's to refuse.
  const lines = fc.uniqueArray(fc.tuple(name, fc.oneof(likely, value)), { maxLength: 4, selector: ([each]) => each })
  const given = fc.constantFrom({}, { kind: 'trunk', side: 'supplier', terms: { receipts: 'text', dialect: 'restcomm' } } as const)
  await fc.assert(
    fc.asyncProperty(given, type, lines, fc.uint8Array({ maxLength: 60 }), async (how, contentType, headers, body) => {
      const { status, headers: said = [] } = await worldOf(how).say({ type: contentType, headers: headers.flat(), body: Buffer.from(body) })
      assert.ok(status >= 200 && status < 500, String(status))
      assert.ok(status < 300 || header(said, 'Warning') !== undefined)
      for (const each of said) assert.doesNotMatch(each, /\p{Cc}/u)
    }),
    { numRuns: 500 },
  )
})
