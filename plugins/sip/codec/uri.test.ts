import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { readHost, readUri, sameUri, schemeOf, writeHost, writeUri } from './index.ts'
import type { SipUri } from './types.ts'

test('the examples of RFC 3261 §19.1.3 and RFC 3966 are read', () => {
  const read = (text: string) => {
    const uri = readUri(text)
    assert.ok(uri, text)
    return { ...uri, params: Object.fromEntries(uri.params) }
  }
  assert.deepEqual(read('sip:alice@atlanta.com'), { scheme: 'sip', user: 'alice', host: 'atlanta.com', params: {} })
  assert.deepEqual(read('sip:alice:secretword@atlanta.com;transport=tcp'), {
    scheme: 'sip',
    user: 'alice',
    password: 'secretword',
    host: 'atlanta.com',
    params: { transport: 'tcp' },
  })
  assert.deepEqual(read('sips:alice@Atlanta.com?subject=project%20x&priority=urgent'), {
    scheme: 'sips',
    user: 'alice',
    host: 'atlanta.com',
    params: {},
    headers: 'subject=project%20x&priority=urgent',
  })
  assert.deepEqual(read('sip:+1-212-555-1212:1234@gateway.com;user=phone'), {
    scheme: 'sip',
    user: '+1-212-555-1212',
    password: '1234',
    host: 'gateway.com',
    params: { user: 'phone' },
  })
  assert.deepEqual(read('sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com'), {
    scheme: 'sip',
    host: 'atlanta.com',
    params: { method: 'REGISTER' },
    headers: 'to=alice%40atlanta.com',
  })
  assert.deepEqual(read('sip:alice;day=tuesday@atlanta.com'), { scheme: 'sip', user: 'alice;day=tuesday', host: 'atlanta.com', params: {} })
  assert.deepEqual(read('SIP:a@[2001:DB8::10]:5070;LR'), { scheme: 'sip', user: 'a', host: '2001:db8::10', port: 5070, params: { lr: '' } })
  assert.deepEqual(read('tel:+1-201-555-0123'), { scheme: 'tel', user: '+12015550123', host: '', params: {} })
  assert.deepEqual(read('tel:7042;phone-context=example.com'), {
    scheme: 'tel',
    user: '7042',
    host: '',
    params: { 'phone-context': 'example.com' },
  })
  assert.deepEqual(read('sip:*123#@pbx_1.example'), { scheme: 'sip', user: '*123#', host: 'pbx_1.example', params: {} })
})

test('what is none is not guessed at', () => {
  for (const text of [
    '',
    'sip:',
    'sip',
    'sip:@a',
    'sip:a@',
    'sip:a@b:',
    'sip:a@b:x',
    'sip:a@b:65536',
    'sip:a@b:5060x',
    'sip:2001:db8::10',
    'sip:a@[2001:db8::g]',
    'sip:a@[::1',
    'sip:a@[1.2.3.4]',
    'sip:a@b;',
    'sip:a@b;=c',
    'sip:a@b;;c',
    'sip:a@b;c=d=e',
    'sip:a@b;c;C',
    'sip:a@b?',
    'sip:a@b?<',
    'sip:a b@c',
    'sip:a@b c',
    'sip:a%@b',
    'sip:a%4@b',
    'sip:%ff@b',
    'sip:ü@b',
    'sip:a@ü',
    '<sip:a@b>',
    'sip:"a"@b',
    'sip:a@b@',
    'tel:',
    'tel:+',
    'tel:+a',
    'tel:-',
    'tel:1 2',
    'tel:+1@b',
    'mailto:a@b',
    'http://a',
    ' sip:a@b',
    'sip:a@b\r\n',
    'sip:a\0@b',
    'sip:a@b\0',
  ])
    assert.equal(readUri(text), undefined, text)
})

test('a scheme is one', () => {
  assert.deepEqual(['sip:a', 'SIPS:a', 'soap.beep://a', '<sip:a>', ':a', 'a', '1a:b'].map(schemeOf), [
    'sip',
    'sips',
    'soap.beep',
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})

test('hosts are names and addresses, IPv6 in brackets', () => {
  assert.equal(readHost('[::FFFF:192.0.2.1]'), '::ffff:192.0.2.1')
  assert.equal(writeHost('::1'), '[::1]')
  assert.equal(writeHost('[::1]'), '[::1]')
  assert.equal(writeHost('192.0.2.1'), '192.0.2.1')
  assert.equal(readHost('::1'), undefined)
})

const text = fc.string({ unit: 'binary', maxLength: 12 })
const host = fc.oneof(
  fc.domain().map((name) => name.toLowerCase()),
  fc.ipV4(),
  fc.constantFrom('::1', '2001:db8::10'),
)
const params = fc
  .uniqueArray(
    fc.tuple(
      text.filter((name) => name !== ''),
      text,
    ),
    { maxLength: 4, selector: ([name]) => name.toLowerCase() },
  )
  .map((pairs) => new Map(pairs.map(([name, value]) => [name.toLowerCase(), value])))
const uris: fc.Arbitrary<SipUri> = fc.record(
  {
    scheme: fc.constantFrom('sip' as const, 'sips' as const),
    user: text.filter((each) => each !== ''),
    host,
    port: fc.nat(65_535),
    params,
  },
  { requiredKeys: ['scheme', 'host', 'params'], noNullPrototype: true },
)

test('any URI that is written is read as it was, and is the same as itself', () => {
  fc.assert(
    fc.property(uris, (uri) => {
      const written = writeUri(uri)
      assert.match(written, /^[!-~]+$/)
      const read = readUri(written)
      assert.deepEqual(read, uri, written)
      assert.ok(sameUri(read, uri))
    }),
    { numRuns: 500 },
  )
})

test('reading any text does not throw, and what it takes it can write', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'sip:tel@[]:;=?%4+-.ab1 "<>'.split('')) }), (tail) => {
      for (const scheme of ['sip:', 'tel:']) {
        const uri = readUri(scheme + tail)
        if (uri) assert.deepEqual(readUri(writeUri(uri)), uri)
      }
    }),
    { numRuns: 2000 },
  )
})

const same = (a: string, b: string): boolean => sameUri(readUri(a)!, readUri(b)!)

test('the pairs of RFC 3261 §19.1.4 are the same', () => {
  for (const [a, b] of [
    ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtLanTa.CoM;Transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;security=on'],
    ['sip:carol@chicago.com;newparam=5', 'sip:carol@chicago.com;security=on'],
    [
      'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
      'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
    ],
    ['sip:alice@atlanta.com?subject=project%20x&priority=urgent', 'sip:alice@atlanta.com?priority=urgent&subject=project%20x'],
    ['tel:+1-201-555-0123', 'tel:+1(201)555.0123'],
  ] as const)
    assert.ok(same(a, b) && same(b, a), `${a} ${b}`)
})

test('the pairs of RFC 3261 §19.1.4 that differ, differ', () => {
  for (const [a, b] of [
    ['SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting'],
    ['sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4'],
    ['sip:a@b', 'sips:a@b'],
    ['sip:a@b;x=1', 'sip:a@b;x=2'],
    ['tel:7042;phone-context=a.example', 'tel:7042;phone-context=b.example'],
    ['tel:7042', 'tel:7042;phone-context=b.example'],
  ] as const)
    assert.ok(!same(a, b) && !same(b, a), `${a} ${b}`)
})
