import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { type Bad, createFramer, defaultReadLimits, type Framer, readMessage, type ReadLimits, type ReadMessage } from './index.ts'
import { anyBody, otherLines, sample, sampleLines } from './samples.fixture.ts'
import { writeRequest } from './write.ts'

interface Heard {
  framer: Framer
  messages: ReadMessage[]
  bads: Bad[]
  pings: number
}

function hearing(limits: ReadLimits = defaultReadLimits): Heard {
  const heard: Heard = {
    framer: createFramer(limits, {
      message: (message) => void heard.messages.push(message),
      bad: (bad) => void heard.bads.push(bad),
      pings: (times) => void (heard.pings += times),
    }),
    messages: [],
    bads: [],
    pings: 0,
  }
  return heard
}

const messages = fc.array(
  fc.oneof(
    fc.tuple(otherLines, anyBody).map(([others, body]) => writeRequest('MESSAGE', 'sip:a@b.example', [...sampleLines, ...others], body)),
    fc.constant(Buffer.from('\r\n\r\n')),
    // Malformed, but its length is known.
    anyBody.map((body) => writeRequest('MESSAGE', 'sip:a@b.example', sampleLines.slice(2), body)),
  ),
  { maxLength: 6 },
)

test('any split of the octets gives the same messages', () => {
  fc.assert(
    fc.property(messages, fc.array(fc.nat(2000), { maxLength: 12 }), (all, cuts) => {
      const whole = Buffer.concat(all)
      const heard = hearing()
      const at = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).toSorted((a, b) => a - b), whole.length]
      for (let i = 1; i < at.length; i++) {
        const piece = Buffer.from(whole.subarray(at[i - 1], at[i]))
        assert.ok(heard.framer.push(piece))
      }
      const expected = all.filter((octets) => octets.length > 4).map((octets) => readMessage(octets))
      const good = expected.filter((read) => read.kind !== 'bad')
      assert.equal(heard.pings, all.length - expected.length)
      assert.equal(heard.messages.length, good.length)
      assert.equal(heard.bads.length, expected.length - good.length)
      assert.ok(heard.bads.every(({ closes, why }) => !closes && why === 'Via: missing'))
      for (const [i, read] of good.entries()) {
        const got = heard.messages[i]!
        assert.deepEqual([...got.headers.entries()], [...read.headers.entries()])
        assert.deepEqual(got.read, read.read)
        assert.ok(got.body.equals(read.body))
      }
      assert.equal(heard.framer.held(), 0)
    }),
    { numRuns: 300 },
  )
})

test('octet by octet, too; and a body is not changed by what comes after it', () => {
  const whole = Buffer.concat([sample('one'), Buffer.from('\r\n\r\n\r\n'), sample('two'), sample('')])
  const heard = hearing()
  for (const octet of whole) heard.framer.push(Buffer.of(octet))
  assert.deepEqual(
    heard.messages.map(({ body }) => body.toString()),
    ['one', 'two', ''],
  )
  assert.equal(heard.pings, 1)
})

test('a double CRLF is a ping, a single one is not, and line ends in front of a message are nothing', () => {
  const heard = hearing()
  heard.framer.push(Buffer.from('\r\n'))
  assert.equal(heard.pings, 0)
  heard.framer.push(Buffer.from('\r'))
  heard.framer.push(Buffer.from('\n'))
  assert.equal(heard.pings, 1)
  heard.framer.push(Buffer.from('\r\n\r\n\r\n\r\n\r\n'))
  assert.equal(heard.pings, 3)
  heard.framer.push(sample('x'))
  assert.deepEqual([heard.pings, heard.messages.length], [3, 1])
})

test('without Content-Length the framing is lost: answered, and nothing more is read', () => {
  const heard = hearing()
  const octets = Buffer.from(sample('').toString().replace('Content-Length: 0\r\n', ''))
  assert.equal(heard.framer.push(Buffer.concat([octets, sample()])), false)
  assert.equal(heard.messages.length, 0)
  assert.deepEqual(
    heard.bads.map(({ status, closes, answerable }) => [status, closes, answerable?.callId]),
    [[400, true, '8swDSjn5Xx@192.0.2.10']],
  )
  assert.equal(heard.framer.push(sample()), false)
  assert.equal(heard.bads.length, 1)
})

test('a Content-Length that lies takes what follows with it, and is found out', () => {
  const heard = hearing()
  const shorter = Buffer.from(sample('12(45').toString().replace('Content-Length: 5', 'Content-Length: 2'))
  assert.equal(heard.framer.push(Buffer.concat([shorter, sample()])), false)
  assert.equal(heard.messages[0]!.body.toString(), '12')
  assert.equal(heard.bads.length, 1)
  const twice = hearing()
  const two = Buffer.from(sample('12345').toString().replace('Content-Length: 5', 'Content-Length: 5\r\nl: 3'))
  assert.equal(twice.framer.push(Buffer.concat([two, sample()])), false)
  assert.deepEqual([twice.messages.length, twice.bads.length, twice.bads[0]!.status], [0, 1, 400])
})

test('60 kB of one letter and empty lines end the connection at the first, whatever the pieces', () => {
  const flood = Buffer.from('a\r\n\r\n'.repeat(12_000))
  for (const size of [1, 7, 1448, flood.length]) {
    const heard = hearing()
    let at = 0
    while (at < flood.length && heard.framer.push(flood.subarray(at, at + size))) at += size
    assert.equal(heard.bads.length, 1)
    assert.ok(at < 1448)
    assert.equal(heard.framer.held(), 0)
  }
})

test('neither head nor body grow beyond their limits, and a length is not believed before its octets come', () => {
  const limits = { headerBytes: 1000, headerCount: 20, bodyBytes: 500 }
  const dripping = hearing(limits)
  let pushed = 0
  while (dripping.framer.push(Buffer.from('MESSAGE sip:a SIP/2.0\r\n'.slice(pushed % 23, (pushed % 23) + 1)))) {
    pushed++
    assert.ok(dripping.framer.held() <= 1001)
  }
  assert.ok(pushed <= 1005)
  const huge = hearing(limits)
  assert.equal(huge.framer.push(Buffer.from(sample('').toString().replace('Content-Length: 0', 'Content-Length: 501'))), false)
  assert.equal(huge.bads[0]!.status, 413)
  assert.equal(huge.bads[0]!.answerable?.cseq, '20 MESSAGE')
  const waits = hearing()
  assert.ok(waits.framer.push(Buffer.from(sample('').toString().replace('Content-Length: 0', 'Content-Length: 60000'))))
  assert.equal(waits.framer.held(), 1)
  waits.framer.push(Buffer.alloc(10))
  assert.equal(waits.framer.held(), 10)
  const many = hearing(limits)
  assert.equal(
    many.framer.push(
      Buffer.from(
        sample()
          .toString()
          .replace('Max', `${'a: b\r\n'.repeat(30)}Max`),
      ),
    ),
    false,
  )
})

test('a head of just the largest size is taken, one octet more is not, in any pieces', () => {
  const octets = sample('body')
  const head = octets.indexOf('\r\n\r\n') + 2
  for (const size of [1, 3, 100, octets.length]) {
    for (const [headerBytes, fits] of [
      [head, true],
      [head - 1, false],
    ] as const) {
      const heard = hearing({ headerBytes, headerCount: 20, bodyBytes: 100 })
      for (let at = 0; at < octets.length; at += size) heard.framer.push(octets.subarray(at, at + size))
      assert.deepEqual(
        [heard.messages.length, heard.bads.map(({ status }) => status)],
        fits ? [1, []] : [0, [513]],
        `${size}, ${headerBytes}`,
      )
    }
  }
})

test('what is malformed but framed leaves the connection as it is', () => {
  const heard = hearing()
  const noTo = Buffer.from(
    sample('12345')
      .toString()
      .replace(/To: .*\r\n/, ''),
  )
  const otherVersion = Buffer.from(sample('12345').toString().replace('SIP/2.0\r\n', 'SIP/2.1\r\n'))
  assert.ok(heard.framer.push(Buffer.concat([noTo, sample('next'), otherVersion, sample('last')])))
  assert.deepEqual(
    heard.messages.map(({ body }) => body.toString()),
    ['next', 'last'],
  )
  assert.deepEqual(
    heard.bads.map(({ status }) => status),
    [400, 505],
  )
})
