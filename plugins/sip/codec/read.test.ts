import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  type Bad,
  defaultReadLimits,
  headersOf,
  isKeepAlive,
  readMessage,
  type ReadRequest,
  type ReadResponse,
  writeResponse,
} from './index.ts'
import { anyBody, changed, otherLines, sample, sampleLines } from './samples.fixture.ts'

function request(octets: Buffer): ReadRequest {
  const read = readMessage(octets)
  assert.equal(read.kind, 'request', JSON.stringify(read))
  return read
}

function bad(octets: Buffer, limits = defaultReadLimits): Bad {
  const read = readMessage(octets, limits)
  assert.equal(read.kind, 'bad', octets.toString('latin1').slice(0, 200))
  return read
}

test('a MESSAGE is read: start line, fields, body, and what transactions are known by', () => {
  const { method, uri, headers, body, read } = request(sample())
  assert.deepEqual([method, uri, body.toString()], ['MESSAGE', 'sip:+4915112345678@sms.example', 'Grüße'])
  assert.equal(headers.get('Content-type'), 'text/plain;charset=UTF-8')
  assert.equal(headers.get('content-length'), '7')
  assert.equal(headers.get('x-sms-udh'), undefined)
  assert.deepEqual([...headers.entries()].flat(), [...sampleLines, 'Content-Length', '7'])
  const { via, ...others } = read
  assert.deepEqual(others, {
    moreVias: false,
    callId: '8swDSjn5Xx@192.0.2.10',
    cseq: 20,
    cseqMethod: 'MESSAGE',
    fromTag: 'Y0ughfUMe',
    toTag: '',
  })
  assert.deepEqual([via.transport, via.host, via.port, via.branch, via.rport], ['UDP', '192.0.2.10', 5060, 'z9hG4bK.VQZJxHiq9', 0])
})

test('fields are found by every form of their name', () => {
  const { headers } = request(changed('Content-Type: ', 'c:'))
  for (const name of ['c', 'C', 'content-type', 'Content-Type', 'CONTENT-TYPE']) assert.equal(headers.get(name), 'text/plain;charset=UTF-8')
  const { headers: shouted } = request(changed('From: ', 'FROM\t : \t'))
  assert.equal(shouted.get('f'), '"Alice" <sip:alice@sms.example>;tag=Y0ughfUMe')
})

test('names that JavaScript knows are names like any other', () => {
  const names = ['constructor', '__proto__', 'prototype', 'toString', 'hasOwnProperty', 'valueOf']
  const { headers } = request(changed('Max-Forwards', `${names.map((name) => `${name}: ${name} value\r\n`).join('')}Max-Forwards`))
  for (const name of names) {
    assert.equal(headers.get(name), `${name} value`)
    assert.deepEqual(headers.all(name.toUpperCase()), [`${name} value`])
  }
  const none = request(sample()).headers
  for (const name of names) {
    assert.equal(none.get(name), undefined)
    assert.deepEqual(none.all(name), [])
    assert.equal(headersOf([]).get(name), undefined)
  }
  assert.equal(({} as Record<string, unknown>)['x'], undefined)
})

test('a folded value is one line, whatever of it is empty', () => {
  const { headers } = request(changed('Max-Forwards: 70', 'Max-Forwards: 70\r\nSubject:\r\n one \r\n\t two\r\n   \r\nX-Next: 1'))
  assert.equal(headers.get('subject'), 'one two')
  assert.equal(headers.get('x-next'), '1')
})

test('values keep what only looks like blanks, and their UTF-8', () => {
  const octets = Buffer.from(sample('é').toString('utf8').replace('Max-Forwards', 'Subject: \u00a0\ufeffÄ 😀\u2003\r\nMax-Forwards'))
  const { headers, body } = request(octets)
  assert.equal(headers.get('subject'), '\u00a0\ufeffÄ 😀\u2003')
  assert.equal(headers.get('max-forwards'), '70')
  assert.equal(body.toString(), 'é')
})

test('without Content-Length a datagram is the message', () => {
  const { body } = request(changed(/Content-Length: 5\r\n/, ''))
  assert.equal(body.toString(), 'Hello')
  assert.equal(request(changed('Hello', 'Hello and noise')).body.toString(), 'Hello')
  assert.equal(request(Buffer.concat([Buffer.from('\r\n\r\n'), sample()])).body.toString(), 'Grüße')
})

/** [what is replaced, by what, status, what is said of it] */
const malformed: readonly (readonly [string | RegExp, string, number, RegExp])[] = [
  ['MESSAGE sip:', 'MESSAGE  sip:', 400, /request line/],
  [' SIP/2.0\r\n', ' SIP/2.0 \r\n', 400, /request line/],
  [' SIP/2.0\r\n', '\r\n', 400, /request line/],
  [' SIP/2.0\r\n', ' HTTP/1.1\r\n', 400, /request line/],
  [' SIP/2.0\r\n', ' SIP/3.0\r\n', 505, /SIP\/2.0/],
  ['MESSAGE sip', 'MESS@GE sip', 400, /request line/],
  ['sip:+4915112345678@sms.example SIP', '<sip:a@b> SIP', 400, /Request-URI/],
  ['sip:+4915112345678@sms.example SIP', '+4915112345678 SIP', 400, /Request-URI/],
  ['sip:+4915112345678@sms.example SIP', 'sip:@sms.example SIP', 400, /Request-URI/],
  ['sip:+4915112345678@sms.example SIP', 'sip:a%zz@sms.example SIP', 400, /Request-URI/],
  ['sip:+4915112345678@sms.example SIP', 'sip:a@b:70000 SIP', 400, /Request-URI/],
  ['sip:+4915112345678@sms.example SIP', 'sip:a@b;x=1;x=2 SIP', 400, /Request-URI/],
  ['sip:+4915112345678@sms.example SIP', 'sip:a@b?Route=c SIP', 400, /Request-URI/],
  ['sip:+4915112345678@sms.example SIP', 'tel:+abc SIP', 400, /Request-URI/],
  ['Via: SIP/2.0/UDP ', 'Via: SIP/2.0/UDP', 400, /Via: malformed/],
  [/Via: .*\r\n/, 'Via: \r\n', 400, /Via: malformed/],
  ['192.0.2.10:5060', '192.0.2.10:port', 400, /Via: malformed/],
  [';rport', ';rport=70000', 400, /Via: malformed/],
  [';rport', ';rport;rport', 400, /Via: malformed/],
  [';rport', ';branch=z9hG4bKother', 400, /Via: malformed/],
  [';rport', ';', 400, /Via: malformed/],
  [/From: .*\r\n/, '', 400, /From: missing/],
  [/To: .*\r\n/, '', 400, /To: missing/],
  [/CSeq: .*\r\n/, '', 400, /CSeq: missing/],
  [/Call-ID: .*\r\n/, '', 400, /Call-ID: missing/],
  [/Call-ID: .*\r\n/, 'Call-ID:\r\n', 400, /Call-ID: missing/],
  ['"Alice"', '"Alice', 400, /From: malformed/],
  ['"Alice"', 'Alice, Bob', 400, /From: malformed/],
  [';tag=Y0ughfUMe', ';tag=a;tag=b', 400, /From: malformed/],
  [';tag=Y0ughfUMe', ';tag', 400, /From: malformed/],
  [';tag=Y0ughfUMe', ', <sip:b@b>', 400, /From: malformed/],
  ['20 MESSAGE', '20MESSAGE', 400, /CSeq/],
  ['20 MESSAGE', 'x MESSAGE', 400, /CSeq/],
  ['20 MESSAGE', '4294967296 MESSAGE', 400, /CSeq/],
  ['20 MESSAGE', '20 OPTIONS', 400, /CSeq/],
  ['20 MESSAGE', '20 message', 400, /CSeq/],
  ['Max-Forwards: 70', 'CSeq: 20 MESSAGE', 400, /CSeq: twice/],
  ['Max-Forwards: 70', 'f: <sip:eve@sms.example>', 400, /From: twice/],
  ['Max-Forwards: 70', 'l: 5', 400, /Content-Length: twice/],
  ['Max-Forwards: 70', 'Max-Forwards 70', 400, /colon/],
  ['Max-Forwards: 70', 'Max Forwards: 70', 400, /token/],
  ['Max-Forwards: 70', 'Mäx: 70', 400, /token/],
  ['Max-Forwards: 70', ': 70', 400, /token/],
  ['Max-Forwards: 70\r\n', 'Max-Forwards: 70\n', 400, /CRLF/],
  ['Max-Forwards: 70', 'Subject: a\rFrom: b', 400, /CRLF/],
  ['Max-Forwards: 70', 'Subject: a\nFrom: b', 400, /CRLF/],
  ['Max-Forwards: 70', 'Subject: a\r\n b\n c', 400, /CRLF/],
  ['Max-Forwards: 70', 'Subject: \0', 400, /NUL/],
  ['Max-Forwards: 70', 'Subject: \xff', 400, /UTF-8/],
  ['Max-Forwards: 70', 'Subject: \xc3', 400, /UTF-8/],
  ['Max-Forwards: 70', 'Subject: \xed\xa0\x80', 400, /UTF-8/],
  ['Content-Length: 5', 'Content-Length: 6', 400, /Content-Length: 6, but 5/],
  ['Content-Length: 5', 'Content-Length: -5', 400, /Content-Length: expected a number/],
  ['Content-Length: 5', 'Content-Length: 5, 5', 400, /Content-Length: expected a number/],
  ['Content-Length: 5', 'Content-Length: 0x5', 400, /Content-Length: expected a number/],
  ['Content-Length: 5', 'Content-Length:', 400, /Content-Length: expected a number/],
  ['Content-Length: 5', 'Content-Length: 65537', 413, /at most 65536/],
  ['Content-Length: 5', `Content-Length: ${'9'.repeat(400)}`, 413, /at most 65536/],
  ['\r\n\r\n', '\r\n', 400, /empty line/],
]

for (const [what, by, status, why] of malformed) {
  test(`'${by.replaceAll('\r\n', '⏎').slice(0, 40)}' for '${String(what).slice(0, 40)}' is refused, and can be answered`, () => {
    const refused = bad(changed(what, by))
    assert.equal(refused.status, status, refused.why)
    assert.match(refused.why, why)
    assert.equal(refused.answerable === undefined, by === 'Via: \r\n' || by.startsWith('MESS@GE'))
    if (refused.answerable) {
      const { vias, from, to, callId, cseq } = refused.answerable
      // All of it can be written again, whatever it is.
      const lines = ['Via', vias[0]!, 'From', from ?? '', 'To', to ?? '', 'Call-ID', callId ?? '', 'CSeq', cseq ?? '']
      assert.ok(writeResponse(refused.status, undefined, lines).length > 100)
    }
  })
}

test('a request without a Via, a malformed ACK and a malformed response have no answer', () => {
  assert.equal(bad(changed(/Via: .*\r\n/, '')).answerable, undefined)
  assert.equal(bad(Buffer.from('ACK sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP a\r\n\r\n')).answerable, undefined)
  assert.equal(bad(Buffer.from('SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a\r\n\r\n')).answerable, undefined)
})

test('what is no SIP is no SIP', () => {
  for (const octets of [
    '',
    'a',
    'a\r\n\r\n',
    '\r',
    '\r\r\r\r'.repeat(10_000),
    '\n\n',
    'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    '\x00\x01\x00\x00',
    '\x16\x03\x01',
  ])
    assert.equal(bad(Buffer.from(octets, 'latin1')).answerable, undefined, octets.slice(0, 20))
})

test('keep-alives are known as such', () => {
  for (const octets of ['\r\n\r\n', '\r\n', '\0', '\0\0\0\0', '']) assert.ok(isKeepAlive(Buffer.from(octets)))
  assert.equal(isKeepAlive(sample()), false)
})

test('responses are read, with a phrase, with none, without the blank in front of it', () => {
  const response = (start: string): Buffer => Buffer.from(`${start}\r\n${sample('').toString('utf8').split('\r\n').slice(1).join('\r\n')}`)
  for (const [start, status, reason] of [
    ['SIP/2.0 202 Accepted', 202, 'Accepted'],
    ['SIP/2.0 404 Gibt es nicht: ü', 404, 'Gibt es nicht: ü'],
    ['SIP/2.0 100 ', 100, ''],
    ['SIP/2.0 100', 100, ''],
    ['SIP/2.0 699 x', 699, 'x'],
  ] as const) {
    const read = readMessage(response(start)) as ReadResponse
    assert.deepEqual([read.kind, read.status, read.reason], ['response', status, reason], start)
  }
  for (const start of [
    'SIP/2.0 099 x',
    'SIP/2.0 700 x',
    'SIP/2.0 2000 x',
    'SIP/2.0 20 x',
    'SIP/3.0 200 OK',
    'SIP/2.0  200 OK',
    'SIP/2.0 200\tOK',
    'SIP/2.0 200 \0',
  ])
    assert.equal(bad(response(start)).answerable, undefined, start)
})

test('more header fields or octets than are allowed are refused, soon', () => {
  const limits = { headerBytes: 2000, headerCount: 20, bodyBytes: 100 }
  assert.match(bad(changed('Max-Forwards', `${'a: b\r\n'.repeat(20)}Max-Forwards`), limits).why, /more than 20 header fields/)
  const long = bad(changed('Max-Forwards', `Subject: ${'x'.repeat(2000)}\r\nMax-Forwards`), limits)
  assert.deepEqual([long.status, long.answerable?.cseq], [513, '20 MESSAGE'])
  assert.equal(bad(sample('x'.repeat(101)), limits).status, 413)
  assert.equal(bad(Buffer.from(changed(/Content-Length: 5\r\n/, '').toString() + 'x'.repeat(100)), limits).status, 413)
  assert.equal(request(changed('Max-Forwards', `${'a: b\r\n'.repeat(150)}Max-Forwards`)).headers.all('Accept-Contact').length, 150)
})

test('long and strange fields cost no more than their octets', () => {
  const wide = { headerBytes: 65_536, headerCount: 100_000, bodyBytes: 100 }
  const strange = [
    Buffer.from('a\r\n\r\n'.repeat(12_000)),
    Buffer.from(`MESSAGE sip:a SIP/2.0\r\n${'a:\r\n '.repeat(10_000)}\r\n\r\n`),
    changed('Max-Forwards', `Subject: ${' '.repeat(30_000)}\r\n${' \r\n'.repeat(10_000)}Max-Forwards`),
    changed('Max-Forwards', `${'v:\r\n'.repeat(12_000)}Max-Forwards`),
    ...[';', ',', '\\', '"', '<', '%', ';a', '=', ' '].flatMap((c) => [
      changed('rport', c.repeat(30_000)),
      changed('Alice', c.repeat(30_000)),
      changed(';tag=Y0ughfUMe', c.repeat(30_000)),
      changed('sip:+4915112345678', `sip:${c.repeat(30_000)}`),
    ]),
  ]
  const started = process.cpuUsage()
  for (let i = 0; i < 5; i++) for (const octets of strange) readMessage(octets, wide)
  const each = process.cpuUsage(started).user / 5 / strange.length
  assert.ok(each < 20_000, `${each} µs`)
})

test('any fields and any body come out as they went in', () => {
  fc.assert(
    fc.property(otherLines, anyBody, (others, body) => {
      const head = sample('', [...others, ...sampleLines])
        .toString('utf8')
        .replace(/Content-Length: 0\r\n/, '')
      const { headers, body: got } = request(Buffer.concat([Buffer.from(head), body]))
      assert.deepEqual([...headers.entries()].flat(), [...others, ...sampleLines])
      assert.ok(got.equals(body))
      for (let i = 0; i < others.length; i += 2) {
        assert.ok(headers.all(others[i]!.toLowerCase()).includes(others[i + 1]!))
        assert.equal(headersOf(others).get(others[i]!), headers.get(others[i]!))
      }
    }),
    { numRuns: 500 },
  )
})
