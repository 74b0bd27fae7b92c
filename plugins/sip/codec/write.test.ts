import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  isClean,
  phraseOf,
  readMessage,
  type ReadRequest,
  type ReadResponse,
  Unwritable,
  warning,
  writeRequest,
  writeResponse,
} from './index.ts'
import { anyBody, otherLines, sampleLines, token } from './samples.fixture.ts'

test('what is written is read again: any method, fields and body', () => {
  fc.assert(
    fc.property(token, otherLines, anyBody, (method, others, body) => {
      const lines = [...sampleLines.map((line) => (line === '20 MESSAGE' ? `20 ${method}` : line)), ...others]
      const read = readMessage(writeRequest(method, 'sip:a@b.example;transport=tcp', lines, body)) as ReadRequest
      assert.equal(read.kind, 'request', JSON.stringify(read))
      assert.deepEqual([read.method, read.uri], [method, 'sip:a@b.example;transport=tcp'])
      assert.deepEqual([...read.headers.entries()].flat(), [...lines, 'Content-Length', String(body.length)])
      assert.ok(read.body.equals(body))
    }),
    { numRuns: 300 },
  )
})

test('responses have the registered phrase, or the one that is given', () => {
  assert.match(writeResponse(202, undefined, []).toString(), /^SIP\/2.0 202 Accepted\r\nContent-Length: 0\r\n\r\n$/)
  assert.match(writeResponse(488, 'Nö', []).toString(), /^SIP\/2.0 488 Nö\r\n/)
  assert.equal(phraseOf(499), 'Request Failure')
  const read = readMessage(writeResponse(486, 'Nö', sampleLines, Buffer.of(0, 255))) as ReadResponse
  assert.deepEqual([read.status, read.reason, [...read.body]], [486, 'Nö', [0, 255]])
})

test('a value that would end its line is refused, wherever it is, and not shown', () => {
  for (const evil of ['a\r\nRoute: <sip:evil>', 'a\nb', 'a\rb', 'a\0b', '\r\n', '\0', '\n']) {
    assert.equal(isClean(evil), false)
    const refused = [
      () => writeRequest('MESSAGE', 'sip:a@b', ['Subject', evil]),
      () => writeRequest('MESSAGE', 'sip:a@b', ['Subject', 'ü', 'X-A', evil]),
      () => writeResponse(200, undefined, ['Subject', evil]),
      () => writeResponse(200, evil, []),
      () => writeRequest('MESSAGE', `sip:a@b${evil}`, []),
      () => writeRequest(`MESSAGE${evil}`, 'sip:a@b', []),
      () => writeRequest('MESSAGE', 'sip:a@b', [`Subject${evil}`, 'a']),
    ]
    for (const write of refused)
      assert.throws(write, (error) => error instanceof Unwritable && !error.message.includes('evil') && error.message.length < 80)
  }
  assert.throws(() => writeRequest('MESSAGE', 'sip:a b@c', []), Unwritable)
  assert.throws(() => writeRequest('MESSAGE', '', []), Unwritable)
  assert.throws(() => writeRequest('MESSAGE', 'sip:a@b', ['', 'a']), Unwritable)
  assert.throws(() => writeRequest('MESSAGE', 'sip:a@b', ['l', '5']), Unwritable)
  assert.throws(() => writeRequest('MESSAGE', 'sip:a@b', ['Content-Length', '5']), Unwritable)
  assert.throws(() => writeResponse(1000, undefined, []), Unwritable)
  assert.throws(() => writeResponse(Number.NaN, undefined, []), Unwritable)
})

test('a NUL in a quoted-pair goes back as it came', () => {
  assert.match(writeResponse(501, undefined, ['To', '"NUL:\\\0" <sip:a@b>']).toString('latin1'), /"NUL:\\\0"/)
})

test('no value of any text makes another field', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('\r', '\n', '\0', '\\', ' ', 'a', ':', 'é', '\u2028', '\ud800') }), (text) => {
      let octets: Buffer
      try {
        octets = writeResponse(200, undefined, ['Subject', text])
      } catch (error) {
        assert.ok(error instanceof Unwritable && !isClean(text))
        return
      }
      assert.ok(isClean(text))
      const lines = octets.toString('utf8').split('\r\n')
      assert.deepEqual([lines.length, lines[0], lines[2]], [5, 'SIP/2.0 200 OK', 'Content-Length: 0'])
    }),
    { numRuns: 1000 },
  )
})

test('a Warning says what was wrong in one line, of bounded length, without saying who we are', () => {
  assert.equal(warning('X-SMS-CODING: 7 is not 0, 1 or 2'), '399 signalbox "X-SMS-CODING: 7 is not 0, 1 or 2"')
  assert.equal(warning('a "b" \\ \r\nRoute: c\0'), '399 signalbox "a \\"b\\" \\\\ Route: c"')
  assert.ok(warning('x'.repeat(5000)).length < 250)
  assert.ok(isClean(warning('\u0000\r\n\u007f😀'.repeat(300))))
})
