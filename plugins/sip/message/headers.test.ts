// Each header of docs/sip-headers.md in both directions with every value, and what cannot be meant.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import type { Message, MessageClass, ReceiptWish } from '../../../src/plugin.ts'
import { headersOf } from '../codec/index.ts'
import type { Dialect } from '../profile/types.ts'
import { draftOf } from './draft.ts'
import { forwardsAfter, names, readFields, writeFields } from './headers.ts'
import { header, messageOf, now, worldOf } from './message.fixture.ts'
import { isRefusal } from './refusal.ts'
import { readDoubtfulTime, readTime, writeTime } from './times.ts'
import type { Way } from './way.ts'

const octetStream = 'application/octet-stream'

/** A way to nowhere, of a peer with these terms. */
function wayOf(terms: Parameters<typeof worldOf>[0], asksReceipts = false): Way {
  const { peer } = worldOf(terms)
  return {
    peer,
    asksReceipts,
    fromUri: ({ value }) => `sip:${value}@acme.example`,
    toUri: ({ value }) => `sip:${value}@carrier.example`,
    ask: () => Promise.resolve({ kind: 'unsent', why: 'nowhere' }),
    final: () => undefined,
  }
}

function written(
  more: Partial<Message>,
  terms: Parameters<typeof worldOf>[0] = {},
  asksReceipts = false,
): (name: string) => string | undefined {
  const draft = draftOf(messageOf(more), wayOf(terms, asksReceipts))
  return (name) => (name === 'body' ? draft.body.toString('hex') : header(draft.headers, name))
}

describe('X-SMS-CODING', () => {
  for (const [name, coding, type, body, expected] of [
    ['0, a text', '0', 'text/plain', Buffer.from('Hello €'), { kind: 'text', text: 'Hello €' }],
    ['none, a text', undefined, 'text/plain', Buffer.from('Hello'), { kind: 'text', text: 'Hello' }],
    ['none, a text beyond GSM', undefined, 'text/plain', Buffer.from('Ж'), { kind: 'text', text: 'Ж' }],
    ['1, a text', '1', 'text/plain', Buffer.from('Hi'), { kind: 'binary', data: new Uint8Array(Buffer.from('Hi')) }],
    ['2, a text', '2', 'text/plain', Buffer.from('Hello'), { kind: 'text', text: 'Hello', ucs2: true }],
    ['2, a text beyond GSM', '2', 'text/plain', Buffer.from('Ж'), { kind: 'text', text: 'Ж' }],
    ['none, octets', undefined, octetStream, Buffer.from([0, 255]), { kind: 'binary', data: Uint8Array.of(0, 255) }],
    ['1, octets', '1', octetStream, Buffer.from([0, 255]), { kind: 'binary', data: Uint8Array.of(0, 255) }],
    ['0, octets', '0', octetStream, Buffer.from([0x48, 0x1b, 0x65, 0]), { kind: 'text', text: 'H€@' }],
    ['2, octets', '2', octetStream, Buffer.from([0x04, 0x16]), { kind: 'text', text: 'Ж' }],
  ] as const) {
    test(`in: ${name}`, async () => {
      const headers = coding === undefined ? [] : ['X-SMS-CODING', coding]
      assert.deepEqual((await worldOf().taken({ type, body, headers })).body, expected)
    })
  }

  test('in: what the profile says where the request says nothing', async () => {
    const world = worldOf({ terms: { defaultCoding: 2 } })
    assert.deepEqual((await world.taken()).body, { kind: 'text', text: 'Hello', ucs2: true })
    assert.deepEqual((await world.taken({ type: octetStream })).body.kind, 'binary')
    const octets = worldOf({ terms: { defaultCoding: 1 } })
    assert.equal((await octets.taken()).body.kind, 'binary')
  })

  test('in: a body that does not fit its coding is refused', async () => {
    const world = worldOf()
    assert.match(await world.refused(400, { headers: ['X-SMS-CODING', '0'], body: 'Ж' }), /GSM 7-bit lacks/)
    assert.match(await world.refused(400, { headers: ['X-SMS-CODING', '0'], type: octetStream, body: Buffer.from([0x80]) }), /no septet/)
    assert.match(await world.refused(400, { headers: ['X-SMS-CODING', '2'], type: octetStream, body: 'odd' }), /3 octets are no UCS-2/)
    for (const coding of ['3', '7', '-1', '', '00', '8-bit'])
      assert.match(await world.refused(400, { headers: ['X-SMS-CODING', coding] }), /expected 0 \(GSM 7-bit\), 1 \(8-bit\) or 2 \(UCS-2\)/)
  })

  test('out: by what the body is, as UTF-8 or octets', () => {
    for (const [body, coding, type, octets] of [
      [{ kind: 'text', text: 'Hello €' }, '0', 'text/plain;charset=UTF-8', Buffer.from('Hello €')],
      [{ kind: 'text', text: 'Ж' }, '2', 'text/plain;charset=UTF-8', Buffer.from('Ж')],
      [{ kind: 'text', text: 'Hello', ucs2: true }, '2', 'text/plain;charset=UTF-8', Buffer.from('Hello')],
      [{ kind: 'binary', data: Uint8Array.of(0, 128, 255) }, '1', octetStream, Buffer.from([0, 128, 255])],
    ] as const) {
      const of = written({ body })
      assert.deepEqual([of('X-SMS-CODING'), of('Content-Type'), of('body')], [coding, type, octets.toString('hex')])
    }
  })

  test('out: in opensips-hex UCS-2 is hexadecimal', () => {
    const terms = { terms: { dialect: 'opensips-hex' as const } }
    const of = written({ body: { kind: 'text', text: 'ЖЗ' } }, terms)
    assert.deepEqual([of('Content-Type'), of('body')], ['text/plain; charset=UTF-16', Buffer.from('04160417').toString('hex')])
    assert.equal(written({ body: { kind: 'text', text: 'Hi' } }, terms)('body'), Buffer.from('Hi').toString('hex'))
  })

  test('out: markup goes back to trunks as markup, to phones as a text', () => {
    const more = { extras: { 'sip.content-type': 'text/html' } }
    assert.equal(written(more, { kind: 'trunk' })('Content-Type'), 'text/html;charset=UTF-8')
    assert.equal(written(more)('Content-Type'), 'text/plain;charset=UTF-8')
    assert.equal(
      written({ extras: { 'sip.content-type': 'text/x\r\nX: y' } }, { kind: 'trunk' })('Content-Type'),
      'text/plain;charset=UTF-8',
    )
  })
})

describe('X-SMS-UDH', () => {
  const ports = '06050413011301'
  test('in: application ports make octets of whatever is written', async () => {
    const udh = new Uint8Array(Buffer.from(ports.slice(2), 'hex'))
    const of = async (headers: string[], body: string) => (await worldOf().taken({ headers: ['X-SMS-UDH', ports, ...headers], body })).body
    assert.deepEqual(await of([], 'Hi@'), { kind: 'binary', data: Uint8Array.of(0x48, 0x69, 0), udh })
    assert.deepEqual(await of(['X-SMS-CODING', '2'], 'Hi'), { kind: 'binary', data: Uint8Array.of(0, 0x48, 0, 0x69), udh })
    assert.deepEqual(await of(['X-SMS-CODING', '1'], '€'), { kind: 'binary', data: new Uint8Array(Buffer.from('€')), udh })
    const { body } = await worldOf().taken({ headers: ['X-SMS-UDH', ports], type: octetStream, body: Buffer.from([1, 2]) })
    assert.deepEqual(body, { kind: 'binary', data: Uint8Array.of(1, 2), udh })
  })

  test('in: half a pair is no UCS-2, but where it is cut between two parts', async () => {
    const world = worldOf()
    const type = 'application/octet-stream'
    const ucs2 = ['X-SMS-CODING', '2']
    for (const hex of ['d83d', 'de00', '0041d83d0042', 'de00d83d']) {
      const why = await world.refused(400, { type, body: Buffer.from(hex, 'hex'), headers: ucs2 })
      assert.match(why, /X-SMS-CODING: 2: a surrogate/)
      const { body } = await worldOf().taken({ type, body: Buffer.from(hex, 'hex') })
      assert.equal(body.kind, 'binary')
    }
    const taken = await worldOf().taken({ type, body: Buffer.from('d83dde00fffd', 'hex'), headers: ucs2 })
    assert.deepEqual(taken.body, { kind: 'text', text: '😀\ufffd' })
    for (const [part, hex, text] of [
      ['01', '0041d83d', 'A\ud83d'],
      ['02', 'de000042', '\ude00B'],
    ]) {
      const headers = [...ucs2, 'X-SMS-UDH', `05000307 02${part}`.replace(' ', '')]
      assert.equal((await world.say({ type, body: Buffer.from(hex!, 'hex'), headers })).status, 202)
      assert.deepEqual(world.parts.at(-1)!.submission.body, { kind: 'text', text })
    }
    const inner = { type, body: Buffer.from('0041d83d0042', 'hex'), headers: [...ucs2, 'X-SMS-UDH', '050003070201'] }
    assert.equal((await world.say(inner)).status, 400)
  })

  test('in: a part of one is a whole message', async () => {
    assert.deepEqual((await worldOf().taken({ headers: ['X-SMS-UDH', '0500030701 01'.replace(' ', '')] })).body, {
      kind: 'text',
      text: 'Hello',
    })
  })

  test('in: faults are named', async () => {
    const world = worldOf()
    for (const [udh, why] of [
      ['0605041301130', /13 digits: expected whole octets/],
      ['06050413zz1301', /expected hexadecimal digits/],
      ['05050413011301', /length octet says 5, 6 octets follow/],
      ['07050413011301', /length octet says 7, 6 octets follow/],
      ['', /empty/],
      ['02000a', /element 0x00 at octet 0 says 10 octets/],
      [`8c${'01'.repeat(140)}`, /141 octets: expected up to 140/],
    ] as const)
      assert.match(await world.refused(400, { headers: ['X-SMS-UDH', udh] }), why)
  })

  test('out: upper case, its length octet in front, the body without it', () => {
    const of = written({ body: { kind: 'binary', data: Uint8Array.of(9), udh: new Uint8Array(Buffer.from('05040b8423f0', 'hex')) } })
    assert.deepEqual([of('X-SMS-UDH'), of('X-SMS-CODING'), of('body')], ['0605040B8423F0', '1', '09'])
    assert.equal(written({})('X-SMS-UDH'), undefined)
  })
})

describe('X-M-CLASS', () => {
  for (const messageClass of [0, 1, 2, 3] as MessageClass[]) {
    test(`${messageClass}, both ways`, async () => {
      const headers = ['X-M-CLASS', String(messageClass)]
      const { body } = await worldOf().taken({ headers })
      assert.deepEqual(body, { kind: 'text', text: 'Hello', messageClass })
      const octets = await worldOf().taken({ headers, type: octetStream, body: 'x' })
      assert.equal((octets.body as { messageClass?: number }).messageClass, messageClass)
      assert.equal(written({ body })('X-M-CLASS'), String(messageClass))
    })
  }
  test('in: another is refused; out: none is none', async () => {
    for (const value of ['4', '', 'flash']) assert.match(await worldOf().refused(400, { headers: ['X-M-CLASS', value] }), /X-M-CLASS/)
    assert.equal(written({})('X-M-CLASS'), undefined)
  })
})

describe('X-REG-DELIVERY', () => {
  const wishes: readonly ReceiptWish[] = ['none', 'both', 'failure', 'success']
  test('in: every value of registered_delivery', async () => {
    for (let bits = 0; bits < 256; bits++) {
      const { receipt, progress } = await worldOf().taken({ headers: ['X-REG-DELIVERY', String(bits)] })
      assert.equal(receipt, wishes[bits & 3], String(bits))
      assert.equal(progress, (bits & 0x10) !== 0 && (bits & 3) !== 0 ? true : undefined, String(bits))
    }
    assert.equal((await worldOf().taken({ headers: ['X-REG-DELIVERY', '0x11'] })).progress, true)
    for (const value of ['256', '-1', 'yes', '', '1.5']) await worldOf().refused(400, { headers: ['X-REG-DELIVERY', value] })
  })
  test('out: asked of a trunk that sends receipts, and of nobody else', () => {
    const terms = { kind: 'trunk', side: 'supplier', terms: { receipts: 'x-header' } } as const
    assert.equal(written({}, terms, true)('X-REG-DELIVERY'), '1')
    assert.equal(written({ progress: true }, terms, true)('X-REG-DELIVERY'), '17')
    assert.equal(written({ receipt: 'both' }, terms)('X-REG-DELIVERY'), undefined)
    const lines: string[] = []
    for (const receipt of wishes) writeFields(lines, { coding: 0, receipt, acceptedAt: now, id: 'x', hops: undefined })
    assert.deepEqual(
      lines.filter((_, i) => lines[i - 1] === 'X-REG-DELIVERY'),
      ['1', '2', '3'],
    )
  })
})

describe('X-SMS-Hops and Max-Forwards', () => {
  test('in: a count of gateways; what is no count is refused', async () => {
    for (const value of ['0', '1', '9', '007', '999'])
      assert.equal((await worldOf().taken({ headers: ['X-SMS-Hops', value] })).hops, Number(value), value)
    assert.equal((await worldOf().taken({})).hops, undefined)
    for (const value of ['-1', '1000', 'one', '', '1.5']) await worldOf().refused(400, { headers: ['X-SMS-Hops', value] })
  })
  test('out: one more than it came with', () => {
    assert.equal(written({})('X-SMS-Hops'), '1')
    assert.equal(written({ hops: 6 })('X-SMS-Hops'), '7')
  })
  test('what is left of Max-Forwards is handed on, one less, and what did not come by SIP has all of it', () => {
    const came = { 'sip.callId': 'a@b' }
    const left = (forwards?: string): number | undefined =>
      forwardsAfter({ report: came, ...(forwards === undefined ? {} : { extras: { 'sip.max-forwards': forwards } }) })
    assert.deepEqual([left(), left('69'), left('20'), left('1'), left('255')], [69, 68, 19, 0, 69])
    assert.equal(forwardsAfter({ extras: { 'sip.max-forwards': '3' } }), undefined)
    assert.equal(forwardsAfter({ report: { url: 'x' } }), undefined)
  })
  test('Max-Forwards of a message that comes in is kept where it is not 70', async () => {
    assert.equal((await worldOf().taken({ forwards: '12' })).extras?.['sip.max-forwards'], '12')
    assert.equal((await worldOf().taken({})).extras, undefined)
  })
})

describe('X-SMS-VALIDITY', () => {
  const until = Date.UTC(2026, 10, 21, 16, 0, 0)
  test('in: as documented, with a zero in front, as ISO 8601', async () => {
    for (const value of [
      '2026-11-21 16:00:00',
      '02026-11-21 16:00:00',
      '2026-11-21T16:00:00Z',
      '2026-11-21T17:00:00.000+01:00',
      '2026-11-21 16:00',
    ])
      assert.equal((await worldOf().taken({ headers: ['X-SMS-VALIDITY', value] })).validUntil, until, value)
  })
  test('in: what is no time, or over, is refused', async () => {
    const world = worldOf()
    for (const value of [
      '2026-02-30 12:00:00',
      '2026-13-01 12:00:00',
      '2026-11-22 24:00:00',
      '2026-11-22 12:60:00',
      'tomorrow',
      '',
      '20261122',
      '9999-01-01 00:00:00',
    ])
      assert.match(await world.refused(400, { headers: ['X-SMS-VALIDITY', value] }), /expected a time/, value)
    assert.match(await world.refused(400, { headers: ['X-SMS-VALIDITY', '2026-11-21 14:05:09'] }), /over already/)
  })
  test('in: of RestComm the month is doubted, and the half of the day', async () => {
    const of = async (value: string, dialect: Dialect) => {
      const world = worldOf({ terms: { dialect } })
      return new Date((await world.taken({ headers: ['X-SMS-VALIDITY', value] })).validUntil!).toISOString()
    }
    // 2026-11-21 16:05:09 as its code writes it: minutes for the month, hours of half a day.
    assert.equal(await of('02026-05-21 04:05:09', 'restcomm'), '2026-11-21T16:05:09.000Z')
    assert.equal(await of('02026-12-31 11:30:00', 'restcomm'), '2026-12-31T11:30:00.000Z')
    assert.equal(await of('02027-05-21 04:05:09', 'standard'), '2027-05-21T04:05:09.000Z')
    await worldOf({ terms: { dialect: 'restcomm' } }).refused(400, {
      headers: ['X-SMS-VALIDITY', '02026-05-20 04:05:09'].map((each) => each.replace('2026', '2025')),
    })
  })
  test('in: Expires from Date on, where there is none (RFC 3428)', async () => {
    const date = ['Date', new Date(now - 60_000).toUTCString()]
    assert.equal((await worldOf().taken({ headers: ['Expires', '300'] })).validUntil, now + 300_000)
    assert.equal((await worldOf().taken({ headers: ['Expires', '300', ...date] })).validUntil, now + 240_000)
    assert.equal((await worldOf().taken({ headers: ['Expires', '0'] })).validUntil, undefined)
    await worldOf().refused(400, { headers: ['Expires', '30', ...date] })
    assert.equal((await worldOf().taken({ headers: ['Expires', '4294967295'] })).validUntil, now + 4_294_967_295_000)
    for (const value of ['soon', '-5', '4294967296', '1e3']) await worldOf().refused(400, { headers: ['Expires', value] })
  })
  test('out: in UTC, as documented', () => {
    assert.equal(written({ validUntil: until })('X-SMS-VALIDITY'), '2026-11-21 16:00:00')
    assert.equal(written({ validUntil: until }, { terms: { dialect: 'restcomm' } })('X-SMS-VALIDITY'), '2026-11-21 16:00:00')
  })
})

describe('X-SMSC-ID and X-DELIVERY_TIME', () => {
  test('in: kept, never passed on', async () => {
    const { extras } = await worldOf().taken({ headers: ['X-SMSC-ID', 'cluster1', 'X-DELIVERY_TIME', '2026-11-21 14:00:00'] })
    assert.deepEqual(extras, { 'sip.x-smsc-id': 'cluster1', 'sip.x-delivery_time': '2026-11-21T14:00:00.000Z' })
    assert.equal(written({ extras })('X-DELIVERY_TIME'), writeTime(now))
    await worldOf().refused(400, { headers: ['X-DELIVERY_TIME', 'now'] })
    const restcomm = await worldOf({ terms: { dialect: 'restcomm' } }).taken({ headers: ['X-DELIVERY_TIME', '02026-05-21 02:05:09'] })
    assert.equal(restcomm.extras?.['sip.x-delivery_time'], '2026-11-21T14:05:09.000Z')
  })
  test('out: the bind that it came by, to its own account, and not of what came by SIP', () => {
    assert.equal(written({})('X-SMSC-ID'), 'carrier')
    assert.equal(written({ arrival: 'AC10/carrier' })('X-SMSC-ID'), undefined)
    assert.equal(written({ arrival: 'AC2/carrier' })('X-SMSC-ID'), undefined)
    assert.equal(written({ report: { 'sip.callId': 'x' } })('X-SMSC-ID'), undefined)
    assert.equal(written({})('X-DELIVERY_TIME'), '2026-11-21 14:05:09')
  })
})

describe('X-SMS-Message-ID and others', () => {
  test("in: the sender's own name; out: ours", async () => {
    assert.equal((await worldOf().taken({ headers: ['X-SMS-Message-ID', 'order-7'] })).ref, 'order-7')
    await worldOf().refused(400, { headers: ['X-SMS-Message-ID', 'x'.repeat(129)] })
    assert.equal(written({})('X-SMS-Message-ID'), messageOf().id)
  })
  test('in: what is there twice is refused by its name, not chosen from', async () => {
    const world = worldOf()
    for (const name of Object.values(names)) {
      const value = name === names.receipt ? 'delivered' : '1'
      const why = await world.refused(400, { headers: [name, value, name.toLowerCase(), value] })
      assert.match(why, new RegExp(`${name}: it is there twice`))
    }
  })

  test('Priority, both ways', async () => {
    for (const [word, priority] of [
      ['non-urgent', 0],
      ['normal', 1],
      ['urgent', 2],
      ['emergency', 3],
    ] as const) {
      assert.equal((await worldOf().taken({ headers: ['Priority', word] })).priority, priority)
      assert.equal(written({ priority })('Priority'), priority === 1 ? undefined : word)
    }
    assert.equal((await worldOf().taken({ headers: ['Priority', 'whatever'] })).priority, 1)
  })
  test('headers on the list pass both ways, and end no line', () => {
    const more = { extras: { 'sip.x-campaign': 'a\r\nX-Evil: b', 'sip.x-other': 'c' } }
    const of = written(more, { terms: { passHeaders: ['X-Campaign'] } })
    assert.equal(of('X-Campaign'), 'a X-Evil: b')
    assert.equal(of('X-Other'), undefined)
  })
})

test('what is written is read as the same', () => {
  const fields = fc.record({
    coding: fc.constantFrom(0 as const, 1 as const, 2 as const),
    udh: fc.option(
      fc.uint8Array({ maxLength: 100 }).map((data) => Uint8Array.of(0x70, data.length, ...data)),
      { nil: undefined },
    ),
    messageClass: fc.option(fc.constantFrom<MessageClass>(0, 1, 2, 3), { nil: undefined }),
    receipt: fc.constantFrom<ReceiptWish>('none', 'both', 'failure', 'success'),
    validUntil: fc.option(
      fc.integer({ min: now / 1000 + 1, max: now / 1000 + 100_000_000 }).map((s) => s * 1000),
      { nil: undefined },
    ),
    acceptedAt: fc.integer({ min: 0, max: now }),
    id: fc.stringMatching(/^[0-9a-f]{32}$/),
    hops: fc.option(fc.nat({ max: 998 }), { nil: undefined }),
  })
  fc.assert(
    fc.property(fields, (wanted) => {
      const lines: string[] = []
      writeFields(lines, wanted)
      const read = readFields(headersOf(lines), 'standard', now)
      assert.ok(!isRefusal(read), JSON.stringify(read))
      assert.deepEqual(
        [read.coding, read.messageClass, read.validUntil, read.ref, read.hops],
        [wanted.coding, wanted.messageClass, wanted.validUntil, wanted.id, (wanted.hops ?? 0) + 1],
      )
      assert.deepEqual(read.udh, wanted.udh)
      assert.equal(read.receipt ?? 'none', wanted.receipt)
    }),
  )
})

test('every time that is written is read, by whichever dialect', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (seconds) => {
      const at = seconds * 1000
      assert.equal(readTime(writeTime(at)), at)
      const doubtful = readDoubtfulTime(writeTime(at), at - 1, 'future')
      assert.ok(doubtful !== undefined && doubtful <= at, 'the nearest that it can be')
    }),
  )
})
