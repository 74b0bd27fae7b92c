// What comes by MESSAGE: who may send as whom, to whom, what its body means, and what it is answered.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { deflateSync } from 'node:zlib'
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
    'too-short': [400],
    'too-long': [413],
    validity: [400],
    throttled: [503, '1'],
    'queue-full': [480, '10'],
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

describe('the sender', () => {
  test('a user sends by its own number, to another user as itself', async () => {
    const world = worldOf({
      users: ['bob@acme.example'],
      numbers: [
        { ...number, bind: 'AC1/other' },
        { value: '+15550008888', createdAt: 5 },
      ],
    })
    assert.deepEqual((await world.taken()).from, { value: '+15550008888', ton: 'international', npi: 'e164' })
    const { from, to } = await world.taken({ uri: 'sip:bob@acme.example' })
    assert.deepEqual([from.value, from.npi, to.value, to.npi], ['alice@acme.example', 'internet', 'bob@acme.example', 'internet'])
    assert.equal((await worldOf().taken()).from.value, 'alice@acme.example')
  })

  test('any number of the account may be From, with or without its +', async () => {
    const world = worldOf({ numbers: [{ ...number, bind: 'AC1/other' }] })
    for (const from of ['<sip:+15550009999@acme.example>;tag=a', 'sip:15550009999@elsewhere.example;tag=b', '<tel:+1-555-000-9999>;tag=c'])
      assert.equal((await world.taken({ from })).from.value, '+15550009999')
  })

  test("nobody sends as another account's number, another user, or anything else", async () => {
    const world = worldOf({ users: ['bob@acme.example'], numbers: [{ ...number, account: 'AC2' }] })
    for (const user of ['+15550009999', 'bob', 'ACME', '12345', 'alice%00'])
      assert.match(await world.refused(403, { from: `<sip:${user}@acme.example>;tag=a` }), /expected alice@acme.example or a number/)
    assert.match(await world.refused(400, { from: '<mailto:alice@acme.example>;tag=a' }), /From/)
  })

  test('other senders pass to the core where the bind lists some', async () => {
    const policy = { sources: { allow: ['ACME'], deny: [], tons: [], npis: [] } }
    const world = worldOf({ policy })
    assert.deepEqual((await world.taken({ from: '<sip:ACME@acme.example>;tag=a' })).from, {
      value: 'ACME',
      ton: 'alphanumeric',
      npi: 'unknown',
    })
  })

  test('a supplier is believed: numbers, short codes, names, and what it asserts of who hides', async () => {
    const world = worldOf({ kind: 'trunk', side: 'supplier', name: 'external/carrier' })
    const of = async (from: string, headers: string[] = []) => (await world.taken({ from: `${from};tag=a`, headers })).from
    assert.deepEqual(await of('<sip:+447700900123@carrier.example>'), { value: '+447700900123', ton: 'international', npi: 'e164' })
    assert.deepEqual(await of('<sip:447700900123@carrier.example>'), { value: '447700900123', ton: 'unknown', npi: 'e164' })
    assert.deepEqual(await of('<tel:12345;phone-context=uk>'), { value: '12345', ton: 'abbreviated', npi: 'unknown' })
    assert.deepEqual(await of('<sip:Bank%201@carrier.example>'), { value: 'Bank 1', ton: 'alphanumeric', npi: 'unknown' })
    assert.deepEqual(await of('<sip:somebody.long@other.example>'), {
      value: 'somebody.long@other.example',
      ton: 'unknown',
      npi: 'internet',
    })
    const asserted = ['P-Asserted-Identity', '<tel:+447700900999>']
    assert.equal((await of('"Anonymous" <sip:anonymous@anonymous.invalid>', asserted)).value, '+447700900999')
  })

  test("a customer's PBX sends as its users and numbers alone", async () => {
    const world = worldOf({ kind: 'trunk', name: 'external/pbx', users: ['bob@acme.example'], numbers: [number] })
    assert.equal((await world.taken({ from: '<sip:bob@acme.example>;tag=a' })).from.value, 'bob@acme.example')
    assert.equal((await world.taken({ from: '<sip:+15550009999@pbx.example>;tag=a' })).from.value, '+15550009999')
    const denied = await world.say({ from: '<sip:eve@acme.example>;tag=a' })
    assert.equal(denied.status, 403)
  })
})

describe('the Request-URI', () => {
  for (const [uri, value, ton] of [
    ['sip:+15550001111@acme.example', '+15550001111', 'international'],
    ['sip:+1-555-000-1111@acme.example;user=phone', '+15550001111', 'international'],
    ['sip:+15550001111;phone-context=x@acme.example;user=phone', '+15550001111', 'international'],
    ['tel:+1(555)000.1111', '+15550001111', 'international'],
    ['sips:12345@acme.example', '12345', 'abbreviated'],
    ['sip:005550001111@acme.example', '+5550001111', 'international'],
    ['sip:0301234567@acme.example', '0301234567', 'unknown'],
    ['sip:*100%23@acme.example', '*100#', 'unknown'],
  ] as const) {
    test(`${uri} is ${value}`, async () => {
      const { to, via } = await worldOf({ policy: { destinationRewrites: { '00': '+' } } }).taken({ uri })
      assert.deepEqual([to.value, to.ton, via], [value, ton, undefined])
    })
  }

  test('names the bind to send by', async () => {
    for (const [host, via] of [
      ['masslist._smpp.acme.example', 'masslist'],
      ['masslist._smpp', 'masslist'],
      ['smpp', undefined],
      ['smpp.acme.example', undefined],
      ['masslist._smppx.example', undefined],
    ] as const)
      assert.equal((await worldOf().taken({ uri: `sip:+15550001111@${host}` })).via, via, host)
    const supplier = worldOf({ kind: 'trunk', side: 'supplier' })
    assert.equal(
      (await supplier.taken({ uri: 'sip:+15550001111@masslist._smpp' })).via,
      undefined,
      'what a carrier brings goes to our number',
    )
  })

  test('an extension is a user before it is a short code, a phone is not', async () => {
    const world = worldOf({ users: ['1001@acme.example'] })
    assert.equal((await world.taken({ uri: 'sip:1001@ACME.example' })).to.npi, 'internet')
    assert.equal((await world.taken({ uri: 'sip:1001@acme.example;user=phone' })).to.ton, 'abbreviated')
    assert.equal((await world.taken({ uri: 'sip:1002@acme.example' })).to.ton, 'abbreviated')
  })

  test("another account's user is as unknown as nobody", async () => {
    const world = worldOf({ strangers: ['bob@other.example'] })
    const theirs = await world.refused(404, { uri: 'sip:bob@other.example' })
    assert.equal(theirs.replaceAll('bob', ''), (await world.refused(404, { uri: 'sip:eve@other.example' })).replaceAll('eve', ''))
  })

  test('what is no recipient is refused for what it is', async () => {
    const world = worldOf()
    assert.match(await world.refused(404, { uri: 'sip:acme.example' }), /expected a number/)
    assert.match(await world.refused(484, { uri: 'sip:+1@acme.example' }), /5 to 15 digits/)
    assert.match(await world.refused(484, { uri: 'sip:+1234567890123456@acme.example' }), /5 to 15 digits/)
    assert.match(await world.refused(416, { uri: 'mailto:bob@acme.example' }), /Request-URI/)
  })
})

describe('the body', () => {
  const text = async (type: string, body: Buffer | string, headers: string[] = [], terms = {}) => {
    const taken = await worldOf({ terms }).taken({ type, body, headers })
    assert.equal(taken.body.kind, 'text')
    return (taken.body as { text: string }).text
  }

  test('is a text in any charset', async () => {
    assert.equal(await text('text/plain', 'Grüße 😀'), 'Grüße 😀')
    assert.equal(await text('text/plain;charset=UTF-8', '\ufeffHi'), 'Hi')
    assert.equal(await text('Text/Plain; Charset="ISO-8859-1"', Buffer.from('Grüße', 'latin1')), 'Grüße')
    assert.equal(await text('text/plain;charset=UTF-16', Buffer.from([0x04, 0x16, 0x04, 0x17])), 'ЖЗ')
    assert.equal(await text('text/plain;charset=utf-16le', Buffer.from('Ж', 'utf16le')), 'Ж')
    assert.equal(await text('text/plain;charset=koi8-r', Buffer.from([0xf0])), 'П')
    assert.equal(await text('text/plain;charset=UTF-16', '04160417', [], { dialect: 'opensips-hex' }), 'ЖЗ')
  })

  test('is markup as it stands, and known as such', async () => {
    for (const type of ['text/html', 'text/vnd.wap.wml']) {
      const { body, extras } = await worldOf().taken({ type, body: '<p>Hi</p>' })
      assert.deepEqual(body, { kind: 'text', text: '<p>Hi</p>' })
      assert.deepEqual(extras, { 'sip.content-type': type })
    }
  })

  test('is octets, all of them', async () => {
    const octets = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    const { body } = await worldOf().taken({ type: 'application/octet-stream', body: octets })
    assert.deepEqual(body, { kind: 'binary', data: new Uint8Array(octets) })
  })

  test('is inflated, up to a cap', async () => {
    const headers = ['Content-Encoding', 'deflate']
    assert.equal(await text('text/plain', deflateSync('Hello'), headers), 'Hello')
    const world = worldOf()
    assert.match(await world.refused(400, { headers, body: deflateSync(Buffer.alloc(100_000)) }), /more than 65536 octets/)
    assert.match(await world.refused(400, { headers, body: 'no zlib' }), /broken/)
    assert.match(await world.refused(415, { headers: ['Content-Encoding', 'gzip'] }), /expected deflate/)
  })

  test('that cannot be meant is refused with what would be right', async () => {
    const world = worldOf({ terms: { accept: ['text/plain', 'message/cpim'] } })
    const other = await world.say({ type: 'text/html' })
    assert.equal(other.status, 415)
    assert.equal(header(other.headers, 'Accept'), 'text/plain, message/cpim')
    const charset = await world.say({ type: 'text/plain;charset=klingon' })
    assert.deepEqual([charset.status, header(charset.headers, 'Accept-Charset')], [415, 'utf-8'])
    assert.match(await world.refused(400, { body: Buffer.from([0xc3, 0x28]) }), /not valid utf-8/)
    assert.match(await world.refused(400, { type: 'text/plain;charset=UTF-16', body: 'odd' }), /not valid utf-16/)
    assert.match(await world.refused(400, { type: undefined, body: '' }), /no body/)
    assert.match(await world.refused(400, { type: undefined }), /Content-Type/)
    assert.match(await world.refused(400, { type: 'message/cpim', body: 'Hello' }), /message\/cpim/)
    assert.match(await world.refused(415, { type: 'multipart/mixed; boundary=x', body: '--x--' }), /multipart/)
    const hex = worldOf({ terms: { dialect: 'opensips-hex' } })
    assert.match(await hex.refused(400, { type: 'text/plain;charset=UTF-16', body: '041' }), /hexadecimal/)
  })
})

describe('message/cpim', () => {
  const cpim = (head: string, body = 'Hello', type = 'text/plain'): string =>
    `From: <sip:anonymous@anonymous.invalid>\r\nTo: <sip:x@y>\r\n${head}\r\nContent-Type: ${type}\r\n\r\n${body}`
  const asking = (wishes: string, id = 'imdn.Message-ID: 34jk\r\n'): string =>
    cpim(`NS: imdn <urn:ietf:params:imdn>\r\n${id}DateTime: 2026-11-21T14:00:00Z\r\nimdn.Disposition-Notification: ${wishes}\r\n`)
  const type = 'message/cpim'

  for (const [wishes, receipt, progress] of [
    ['positive-delivery, negative-delivery', 'both', undefined],
    ['positive-delivery', 'success', undefined],
    ['negative-delivery, processing', 'failure', true],
    ['display', 'none', undefined],
    ['', 'none', undefined],
  ] as const) {
    test(`that asks for "${wishes}" wants ${receipt}`, async () => {
      const taken = await worldOf().taken({ type, body: asking(wishes) })
      assert.deepEqual([taken.receipt, taken.progress], [receipt, progress])
      assert.deepEqual(taken.body, { kind: 'text', text: 'Hello' })
      if (wishes !== '') assert.equal(taken.report?.['sip.imdn'], '34jk')
    })
  }

  test('that asks without a Message-ID is delivered, and nothing is told', async () => {
    assert.equal((await worldOf().taken({ type, body: asking('positive-delivery', '') })).receipt, 'none')
  })

  test('that requires what is not known here is refused', async () => {
    assert.match(await worldOf().refused(488, { type, body: cpim('NS: x <urn:x>\r\nRequire: x.y\r\n') }), /x\.y/)
  })

  test('within itself, or around what is not taken, is refused', async () => {
    const world = worldOf()
    await world.refused(415, { type, body: cpim('', cpim(''), type) })
    await world.refused(415, { type, body: cpim('', 'x', 'image/png') })
    await world.refused(415, { type, body: cpim('', 'x', 'application/vnd.3gpp.sms') })
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
    assert.equal(world.accepted.length, 0)
  })

  test('in words are receipts where the trunk is set to it, and texts elsewhere', async () => {
    const body = 'id:0000000007 sub:001 dlvrd:000 submit date:2611211400 done date:2611211401 stat:UNDELIV err:027 text:Hello'
    const world = worldOf({ ...trunk, terms: { receipts: 'text' } })
    await world.say({ body })
    await world.say({ body: body.replace('UNDELIV', 'DELIVRD'), headers: ['In-Reply-To', id] })
    assert.deepEqual(
      world.receipts.map(({ ref, state, error }) => [ref, state, error]),
      [
        ['0000000007', 'undeliverable', '027'],
        [id, 'delivered', '027'],
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
    ...['X-SMS-UDH', 'X-SMS-CODING', 'X-SMS-VALIDITY', 'X-M-CLASS', 'X-REG-DELIVERY', 'X-SMSC-ID', 'X-DELIVERY_TIME', 'X-SMS-Receipt'],
    ...['X-SMS-Message-ID', 'In-Reply-To', 'Expires', 'Date', 'Priority', 'Content-Encoding', 'P-Asserted-Identity', 'User-Agent'],
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
