import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { OutboundError, type OutboundErrorKind } from './contract.ts'
import { maxHeadBytes, ResponseReader } from './response.ts'

const maxBytes = 1000

interface Read {
  status: number
  headers: Record<string, unknown>
  body: string
  keepAlive: boolean
  extra: boolean
}

/** Reads a response cut at these places; undefined while it is not whole. The buffer is spoilt after each piece. */
function read(
  text: string,
  cuts: readonly number[] = [],
  closes = true,
  reader = new ResponseReader({ text: '', head: undefined }),
  isCut = false,
) {
  reader.begin(maxBytes, isCut)
  const bytes = Buffer.from(text, 'latin1')
  const scratch = Buffer.alloc(bytes.length + 10)
  const places = [...new Set([0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length])].sort((a, b) => a - b)
  let done = false
  for (const [i, end] of places.entries()) {
    if (i === 0) continue
    const length = bytes.copy(scratch, 0, places[i - 1], end)
    done = reader.push(scratch, length)
    scratch.fill('#')
  }
  if (!done && closes) done = reader.finish()
  const { head, body, extra } = reader
  if (!done || !head) return undefined
  return {
    status: head.status,
    headers: { ...head.headers },
    body: body.toString('latin1'),
    keepAlive: head.keepAlive,
    extra,
  } satisfies Read
}

const good: [name: string, text: string, expected: Partial<Read>][] = [
  ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-A: b c \r\n\r\nabc', { status: 200, body: 'abc', keepAlive: true }],
  ['no body', 'HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n', { status: 204, body: '' }],
  ['not modified', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n', { status: 304, body: '' }],
  ['no reason', 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n', { status: 200, body: '' }],
  ['a status of its own', 'HTTP/1.1 999 No\r\nContent-Length: 0\r\n\r\n', { status: 999 }],
  ['closing', 'HTTP/1.1 200 OK\r\nConnection: Foo, CLOSE\r\nContent-Length: 0\r\n\r\n', { keepAlive: false }],
  ['an older peer', 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx', { body: 'x', keepAlive: false }],
  ['an older peer that stays', 'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\nContent-Length: 1\r\n\r\nx', { keepAlive: true }],
  ['the close as the end', 'HTTP/1.1 200 OK\r\n\r\nall that comes', { body: 'all that comes' }],
  [
    'interim answers',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 H\r\nLink: a\r\n\r\nHTTP/1.1 201 C\r\nContent-Length: 1\r\n\r\nx',
    { status: 201, body: 'x' },
  ],
  [
    'chunks',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n00A;x="y"\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n',
    { body: 'abc0123456789' },
  ],
  [
    'a header twice',
    'HTTP/1.1 200 OK\r\nA: 1\r\na: 2\r\nA: 3\r\nContent-Length: 0\r\n\r\n',
    { headers: { a: ['1', '2', '3'], 'content-length': '0' } },
  ],
  [
    'names that objects have',
    'HTTP/1.1 200 OK\r\n__proto__: 1\r\n__proto__: 2\r\nConstructor: 3\r\nContent-Length: 0\r\n\r\n',
    {
      headers: Object.fromEntries([
        ['__proto__', ['1', '2']],
        ['constructor', '3'],
        ['content-length', '0'],
      ]),
    },
  ],
]

test('reads what servers send, whole, a byte at a time and cut anywhere', () => {
  for (const [name, text, expected] of good) {
    const whole = read(text)
    assert.ok(whole, name)
    for (const [field, value] of Object.entries(expected)) assert.deepEqual(whole[field as keyof Read], value, `${name}: ${field}`)
    assert.equal(whole.extra, false, name)
    assert.deepEqual(
      read(
        text,
        Array.from(text, (_, i) => i),
      ),
      whole,
      `${name}, byte by byte`,
    )
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 6 }), (cuts) => assert.deepEqual(read(text, cuts), whole)),
      { numRuns: 50 },
    )
  }
})

const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
const bad: [name: string, kind: OutboundErrorKind, text: string][] = [
  ['another protocol', 'protocol', 'SSH-2.0-x\r\n'],
  ['another version', 'protocol', 'HTTP/2.0 200 OK\r\n\r\n'],
  ['a space before the status line', 'protocol', ' HTTP/1.1 200 OK\r\n\r\n'],
  ['a status of two digits', 'protocol', 'HTTP/1.1 20 OK\r\n\r\n'],
  ['a status of four digits', 'protocol', 'HTTP/1.1 2000 OK\r\n\r\n'],
  ['an upgrade', 'protocol', 'HTTP/1.1 101 Switching\r\n\r\n'],
  ['line feeds alone', 'protocol', 'HTTP/1.1 200 OK\nA: b\r\n\r\n'],
  ['a return alone', 'protocol', 'HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n'],
  ['a NUL', 'protocol', 'HTTP/1.1 200 OK\r\nA: \0\r\n\r\n'],
  ['a folded header', 'protocol', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n'],
  ['a space before the colon', 'protocol', 'HTTP/1.1 200 OK\r\nContent-Length : 3\r\n\r\nabc'],
  ['no colon', 'protocol', 'HTTP/1.1 200 OK\r\nabc\r\n\r\n'],
  ['two lengths', 'protocol', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd'],
  ['one length twice', 'protocol', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc'],
  ['lengths in a list', 'protocol', 'HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\nabc'],
  ['a negative length', 'protocol', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'],
  ['a length and chunks', 'protocol', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a coding nobody offered', 'protocol', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n'],
  ['codings twice', 'protocol', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['chunks of HTTP/1.0', 'protocol', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['no chunk size', 'protocol', `${chunked}\r\n`],
  ['a chunk size in words', 'protocol', `${chunked}three\r\nabc\r\n`],
  ['a chunk size beyond counting', 'protocol', `${chunked}fffffffff\r\n`],
  ['a chunk longer than its size', 'protocol', `${chunked}3\r\nabcd\r\n0\r\n\r\n`],
  ['an endless chunk extension', 'protocol', `${chunked}3;${'x'.repeat(2000)}`],
  ['many chunk extensions', 'protocol', chunked + `1;${'x'.repeat(900)}\r\na\r\n`.repeat(30)],
  ['a malformed trailer', 'protocol', `${chunked}0\r\nno trailer\r\n\r\n`],
  ['endless trailers', 'protocol', `${chunked}0\r\n${`A: ${'x'.repeat(900)}\r\n`.repeat(30)}`],
  ['an endless head', 'protocol', `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(maxHeadBytes)}`],
  ['endless interim answers', 'protocol', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(1000)],
  ['a length too great', 'too-large', 'HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n'],
  ['chunks too great', 'too-large', `${chunked}${`1f4\r\n${'x'.repeat(500)}\r\n`.repeat(3)}`],
  ['a close that comes too late', 'too-large', `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(1001)}`],
]

test('refuses what could be understood in two ways, and what does not end', () => {
  const fails = (kind: OutboundErrorKind) => (error: unknown) => error instanceof OutboundError && error.kind === kind
  for (const [name, kind, text] of bad) {
    assert.throws(() => read(text), fails(kind), name)
    const bytewise = Array.from(text, (_, i) => i)
    assert.throws(() => read(text, bytewise), fails(kind), `${name}, byte by byte`)
  }
})

test('is not whole before its end, and says when more came than the answer', () => {
  for (const [name, text] of good) {
    if (name === 'the close as the end') continue
    assert.equal(read(text.slice(0, -1)), undefined, name)
    assert.equal(read(`${text}H`)?.extra, true, name)
  }
})

test('reads one response after another, alike heads and different ones', () => {
  const reader = new ResponseReader({ text: '', head: undefined })
  const texts = ['a', 'b', 'b'].map((value) => `HTTP/1.1 200 OK\r\nX: ${value}\r\nContent-Length: 1\r\n\r\n${value}`)
  for (const text of texts) {
    const answer = read(text, [], true, reader)
    assert.equal(answer?.headers['x'], text.at(-1))
    assert.equal(answer?.body, text.at(-1))
  }
})

test('meets any bytes with an answer, a refusal or more waiting', () => {
  const survives = (text: string, cuts: number[]): void => {
    try {
      read(text, cuts)
    } catch (error) {
      assert.ok(error instanceof OutboundError, String(error))
    }
  }
  const cuts = fc.array(fc.nat(300), { maxLength: 5 })
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), cuts, (text, at) => survives(`HTTP/1.1 200 OK\r\n${text}`, at)))
  const edit = fc.record({
    at: fc.nat(200),
    drop: fc.nat(4),
    put: fc.constantFrom('', '\r', '\n', '\r\n', ' ', ':', '\0', '0', 'f', ';', 'é'),
  })
  fc.assert(
    fc.property(fc.constantFrom(...good), fc.array(edit, { maxLength: 4 }), cuts, ([, text], edits, at) => {
      const edited = edits.reduce((t, e) => t.slice(0, e.at) + e.put + t.slice(e.at + e.drop), text)
      survives(edited, at)
    }),
    { numRuns: 2000 },
  )
})

test('where nobody reads the body, one too long is an answer, and nothing more is to be read of it', () => {
  for (const text of [
    'HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n',
    `HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n${'x'.repeat(2000)}`,
    `${chunked}${`1f4\r\n${'x'.repeat(500)}\r\n`.repeat(3)}`,
    `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(1001)}`,
  ])
    for (const cuts of [[], [40, 60, 600], Array.from({ length: text.length }, (_, i) => i)]) {
      const found = read(text, cuts, false, undefined, true)
      assert.deepEqual([found?.status, found?.extra], [200, true])
      assert.ok((found?.body.length ?? 0) <= maxBytes)
    }
  assert.deepEqual(read('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc', [], false, undefined, true)?.extra, false)
})
