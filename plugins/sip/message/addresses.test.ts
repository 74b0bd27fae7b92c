// Who a MESSAGE is from and whom it is for: what an account may send as, and where names lead.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import type { Address } from '../../../src/plugin.ts'
import { readUri } from '../codec/uri.ts'
import { addressUri } from './addresses.ts'
import { worldOf } from './message.fixture.ts'

const number = { value: '+15550009999' }

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
    const hidden = '"Anonymous" <sip:anonymous@anonymous.invalid>'
    for (const asserted of [
      ['P-Asserted-Identity', '<tel:+447700900999>'],
      ['P-Asserted-Identity', '"Doe, Jo" <sip:jo.doe.somewhere@ims.example>, <tel:+447700900999>'],
      ['P-Asserted-Identity', '<sip:+447700900999@ims.example;user=phone>, <tel:+447700900999>'],
      ['P-Asserted-Identity', '<sip:jo@ims.example>', 'P-Asserted-Identity', 'tel:+447700900999'],
    ])
      assert.equal((await of(hidden, asserted)).value, '+447700900999')
    assert.equal((await of(hidden, ['P-Asserted-Identity', '<sip:jo.doe.somewhere@ims.example>'])).value, 'jo.doe.somewhere@ims.example')
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
    ['tel:7700900123;phone-context=+44', '+447700900123', 'international'],
    ['tel:07700-900-123;phone-context=+44', '+447700900123', 'international'],
    ['tel:5550123;phone-context=+1-212', '+12125550123', 'international'],
    ['sip:7700900123;phone-context=+44@acme.example;user=phone', '+447700900123', 'international'],
    // RFC 3966 §5.1.5: +1911 is no number.
    ['tel:911;phone-context=+1', '911', 'abbreviated'],
    ['tel:7700900123;phone-context=acme.example', '7700900123', 'unknown'],
    ['tel:007700900123;phone-context=+44', '+7700900123', 'international'],
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

  test('a user is one in the domains of its account alone, and nothing for a carrier elsewhere', async () => {
    const world = worldOf({ users: ['bob@', 'carol@elsewhere.example'] })
    assert.equal((await world.say({ uri: 'sip:bob@acme.example' })).status, 202)
    for (const uri of ['sip:bob@elsewhere.example', 'sip:bob@acme.example.', 'sip:carol@elsewhere.example'])
      assert.equal((await world.say({ uri })).status, 404, uri)
  })

  test('what is no recipient is refused for what it is', async () => {
    const world = worldOf()
    assert.match(await world.refused(404, { uri: 'sip:acme.example' }), /expected a number/)
    assert.match(await world.refused(484, { uri: 'sip:+1@acme.example' }), /5 to 15 digits/)
    assert.match(await world.refused(484, { uri: 'sip:+1234567890123456@acme.example' }), /5 to 15 digits/)
    assert.match(await world.refused(416, { uri: 'mailto:bob@acme.example' }), /Request-URI/)
  })
})

describe('an address as a URI', () => {
  const style = { scheme: 'sip', host: 'acme.example', plus: true, userPhone: false } as const
  const uriOf = (value: string): string => addressUri({ value, ton: 'unknown', npi: 'internet' }, style)

  test('a user is at its host, with a port where that was said', () => {
    assert.equal(uriOf('bob@other.example'), 'sip:bob@other.example')
    assert.equal(uriOf('bob@other.example:5070'), 'sip:bob@other.example:5070')
    assert.equal(uriOf('bob@2001:db8::1'), 'sip:bob@[2001:db8::1]')
    assert.equal(uriOf('bob@[2001:db8::1]:5070'), 'sip:bob@[2001:db8::1]:5070')
  })

  test('whatever another protocol calls a user, it adds nothing to the URI', () => {
    for (const value of ['a@b>;tag=x', 'a@b;maddr=192.0.2.1', 'a@b?Route=c', 'a@b c', 'a@', '@b', 'a@b:99999', 'a@[b]'])
      assert.match(uriOf(value), /^sip:[^@<> ]*@acme\.example$/, value)
    const address = fc.record({
      value: fc.oneof(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), fc.stringMatching(/^[ab@:;?<>[\]= \r\n.-]{1,20}$/)),
      ton: fc.constantFrom<Address['ton']>('unknown', 'international', 'alphanumeric'),
      npi: fc.constantFrom<Address['npi']>('internet', 'e164', 'unknown'),
    })
    fc.assert(
      fc.property(address, (each) => {
        const text = addressUri(each, style)
        const uri = readUri(text)
        assert.ok(uri && !/[<>\s]/.test(text), text)
        assert.deepEqual([uri.params.size, uri.headers], [0, undefined], text)
      }),
      { numRuns: 2000 },
    )
  })
})
