// Name-addrs, Vias, lists, parameters, CSeq.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  hasCookie,
  isClean,
  quoted,
  readCSeq,
  readNameAddr,
  readParams,
  readVia,
  splitList,
  stampedVia,
  tagOf,
  unquoted,
  writeNameAddr,
  writeParams,
} from './index.ts'
import { token } from './samples.fixture.ts'

/** [value, display, uri, params] */
const addrs: readonly (readonly [string, string | undefined, string, Record<string, string>])[] = [
  ['<sip:a@b>', undefined, 'sip:a@b', {}],
  ['sip:a@b', undefined, 'sip:a@b', {}],
  ['sip:a@b;tag=1', undefined, 'sip:a@b', { tag: '1' }],
  [' sip:a@b ; tag = 1 ; X ', undefined, 'sip:a@b', { tag: '1', x: '' }],
  ['<sip:a@b;lr>;tag=1', undefined, 'sip:a@b;lr', { tag: '1' }],
  ['<sip:a@b?x=y,z>', undefined, 'sip:a@b?x=y,z', {}],
  ['Alice <sip:a@b>', 'Alice', 'sip:a@b', {}],
  ['A. B. Bell<sip:a@b>', 'A. B. Bell', 'sip:a@b', {}],
  ['Jürgen <sip:a@b>', 'Jürgen', 'sip:a@b', {}],
  ['"Watson, Thomas" <sip:a@b>', 'Watson, Thomas', 'sip:a@b', {}],
  ['"a \\"b\\" \\\\ <sip:c@d>;tag=2" <sip:a@b>;tag=1', 'a "b" \\ <sip:c@d>;tag=2', 'sip:a@b', { tag: '1' }],
  ['"" <sip:a@b>', undefined, 'sip:a@b', {}],
  ['<tel:+15551234>;q=0.5;+sip.instance="<urn:uuid:1;2>"', undefined, 'tel:+15551234', { q: '0.5', '+sip.instance': '<urn:uuid:1;2>' }],
]

for (const [value, display, uri, params] of addrs) {
  test(`${value} is read`, () => {
    const addr = readNameAddr(value)
    assert.ok(addr)
    assert.deepEqual([addr.display, addr.uri, Object.fromEntries(addr.params)], [display, uri, params])
    assert.equal(tagOf(value), params['tag'] ?? '')
    assert.deepEqual(readNameAddr(writeNameAddr(addr.uri, addr.display, addr.params)), addr)
  })
}

test('what two readers could read as two is refused', () => {
  for (const value of [
    '',
    '<>',
    '<sip:a@b',
    'sip:a@b>',
    '<a@b>',
    'a@b',
    '< sip:a@b>',
    '<sip:a@b >',
    '"A" < sip:a@b >',
    '"A <sip:a@b>',
    '"A" sip:a@b',
    'Watson, T <sip:a@b>',
    'sip:a@b, sip:c@d',
    '<sip:a@b>, <sip:c@d>',
    '<sip:a@b> x',
    '<sip:a@b>;',
    '<sip:a@b>;;tag=1',
    '<sip:a@b>;tag=1;tag=2',
    '<sip:a@b>;tag="1',
    'sip:a@b?Route=c',
    'A;tag=1 <sip:a@b>',
    'a:b <sip:a@b>',
    'sip:e@f <sip:a@b>',
    '<<sip:a@b>>',
    '<sip:"a"@b>',
    'A\0 <sip:a@b>',
    '<sip:a\0@b>',
    '1<sip:a@b>;a=<',
    ':a',
    '<:a>',
  ]) {
    assert.equal(readNameAddr(value), undefined, value)
    assert.equal(tagOf(value) === undefined || !value.includes('tag'), true, value)
  }
})

test('any display name is written so that it is read again, without what cannot stand in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (display) => {
      const written = writeNameAddr('sip:a@b', display)
      assert.ok(isClean(written))
      const shown = [...display].filter((c) => c === '\t' || !/\p{Cc}/u.test(c)).join('')
      assert.equal(readNameAddr(written)?.display ?? '', shown)
    }),
  )
})

test('parameters are written so that they are read again', () => {
  const values = fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => unquoted(quoted(text)))
  const any = fc
    .uniqueArray(
      fc.tuple(
        token.map((name) => name.toLowerCase()),
        values,
      ),
      { maxLength: 5, selector: ([name]) => name },
    )
    .map((pairs) => new Map(pairs))
  fc.assert(fc.property(any, (params) => assert.deepEqual(readParams(writeParams(params)), params)))
  assert.equal(readParams(';a;A'), undefined)
  assert.deepEqual(readParams(';__proto__=1')?.get('__proto__'), '1')
})

test('Vias are read in every form that the grammar has', () => {
  const read = (value: string) => {
    const via = readVia(value)
    assert.ok(via, value)
    const { transport, host, port, branch, rport, received, maddr } = via
    return [transport, host, port, branch, rport, received, maddr]
  }
  const none = undefined
  assert.deepEqual(read('SIP/2.0/UDP a.example'), ['UDP', 'a.example', none, none, none, none, none])
  assert.deepEqual(read('SIP/2.0/udp A.Example:5070;branch=z9hG4bKa;rport'), ['UDP', 'a.example', 5070, 'z9hG4bKa', 0, none, none])
  assert.deepEqual(read('SIP / 2.0 / TLS-SCTP\t[2001:DB8::1] : 5061 ; rport = 9 ; branch = a ; received=[::1];maddr=224.0.0.1'), [
    'TLS-SCTP',
    '2001:db8::1',
    5061,
    'a',
    9,
    '::1',
    '224.0.0.1',
  ])
  assert.deepEqual(read('SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK1, SIP/2.0/UDP b;branch=2'), [
    'WSS',
    'df7jal23ls0d.invalid',
    none,
    'z9hG4bK1',
    none,
    none,
    none,
  ])
  assert.deepEqual(read('SIP/2.0/UDP a;branch="q,\\"u";ttl=1;x'), ['UDP', 'a', none, 'q,"u', none, none, none])
  for (const value of [
    '',
    'SIP/2.0/UDP',
    'SIP/2.0/UDP ',
    'SIP/2.0/ a',
    'SIP/2.0 a',
    'HTTP/2.0/UDP a',
    'SIP/2.0/UDP a b',
    'SIP/2.0/UDP ::1',
    'SIP/2.0/UDP [::1',
    'SIP/2.0/UDP a:',
    'SIP/2.0/UDP a;',
    'SIP/2.0/UDP ,',
    'SIP/2.0/UDP a;b=',
    'SIP/2.0/UDP a;b="',
    'SIP/2.0/UDP a;branch',
    'SIP/2.0//UDP a',
  ])
    assert.equal(readVia(value), undefined, value)
})

test('a response says where the request came from, in the first Via only (RFC 3261 §18.2.1, RFC 3581 §4)', () => {
  const stamped = (value: string): string => stampedVia(readVia(value)!, '192.0.2.7', 4242)
  assert.equal(stamped('SIP/2.0/UDP a:5060;branch=1'), 'SIP/2.0/UDP a:5060;branch=1;received=192.0.2.7')
  assert.equal(stamped('SIP/2.0/UDP 192.0.2.7:5060;branch=1'), 'SIP/2.0/UDP 192.0.2.7:5060;branch=1')
  assert.equal(stamped('SIP/2.0/UDP 192.0.2.7;rport;branch=1'), 'SIP/2.0/UDP 192.0.2.7;rport=4242;branch=1;received=192.0.2.7')
  assert.equal(stamped('SIP/2.0/UDP a;rport=5;branch=1'), 'SIP/2.0/UDP a;rport=4242;branch=1;received=192.0.2.7')
  assert.equal(stamped('SIP/2.0/UDP a;received=10.0.0.1;rport;branch=1'), 'SIP/2.0/UDP a;rport=4242;branch=1;received=192.0.2.7')
  assert.equal(
    stamped('SIP/2.0/UDP a;branch=1 , SIP/2.0/UDP b;received=x'),
    'SIP/2.0/UDP a;branch=1 ;received=192.0.2.7, SIP/2.0/UDP b;received=x',
  )
  assert.equal(stamped('SIP/2.0/UDP a;received=x;z="1,2", SIP/2.0/UDP b'), 'SIP/2.0/UDP a;z="1,2";received=192.0.2.7, SIP/2.0/UDP b')
})

test('a branch counts from the first character behind the cookie', () => {
  assert.deepEqual(['z9hG4bK1', 'z9hG4bK', 'Z9HG4BK1', '1', undefined].map(hasCookie), [true, false, false, false, false])
})

test('lists are split at commas that stand for themselves', () => {
  assert.deepEqual(splitList(['a, b', '"c,d" <sip:e,f>;g="h,\\"i", j', '', ' , k,,']), ['a', 'b', '"c,d" <sip:e,f>;g="h,\\"i"', 'j', 'k'])
  assert.deepEqual(splitList(['"a, b', '<c, d', 'e']), ['"a, b', '<c, d', 'e'])
  assert.deepEqual(splitList([]), [])
})

test('CSeq is a number of 32 bits and a method', () => {
  assert.deepEqual(readCSeq('0009  INVITE'), { number: 9, method: 'INVITE' })
  assert.deepEqual(readCSeq('4294967295\tX'), { number: 4_294_967_295, method: 'X' })
  for (const value of ['', '1', '1 ', ' 1 A', '-1 A', '1.5 A', '4294967296 A', '36893488147419103232 A', '1 A B', '1A', '1 é'])
    assert.equal(readCSeq(value), undefined, value)
})
