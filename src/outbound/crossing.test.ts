import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Asker, OutboundRequest, OutboundResponse } from './contract.ts'
import { OutboundError } from './contract.ts'
import { Asking, Hearing, Reading, Telling, type Asked, type Told } from './crossing.ts'

/** As they come out on the other side of a thread. */
const across = <T>(what: T): T => structuredClone(what)

const lines = fc.array(fc.tuple(fc.constantFrom('a', 'X-B', 'cookie'), fc.stringMatching(/^[ -~\xa0-\xff]{0,9}$/))).map(Object.fromEntries)

const request: fc.Arbitrary<OutboundRequest> = fc.record(
  {
    method: fc.constantFrom('GET', 'POST'),
    url: fc.oneof(fc.constantFrom('http://a.test/', 'http://a.test/?n=1'), fc.string({ unit: 'binary' })),
    headers: lines as fc.Arbitrary<Record<string, string>>,
    body: fc.string({ unit: 'binary' }),
    connectTimeoutMs: fc.constantFrom(1, 5000),
    readTimeoutMs: fc.constant(15_000),
    totalTimeoutMs: fc.constantFrom(14_998, 15_000),
    allowPrivate: fc.boolean(),
    maxBytes: fc.constant(65_536),
    redirects: fc.constantFrom(0, 10),
    repeatable: fc.boolean(),
    cut: fc.boolean(),
  },
  {
    requiredKeys: ['method', 'url', 'connectTimeoutMs', 'readTimeoutMs', 'totalTimeoutMs', 'allowPrivate', 'maxBytes', 'redirects'],
  },
)

const linesOf = ({ headers = {} }: OutboundRequest): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')

test('requests cross as they are, whatever their texts hold, in as many batches as may be', () => {
  fc.assert(
    fc.property(fc.array(fc.array(request, { minLength: 1, maxLength: 5 }), { maxLength: 4 }), (batches) => {
      const asking = new Asking()
      const reading = new Reading()
      let last = 0
      for (const batch of batches) {
        const first = last + 1
        for (const one of batch) asking.add(++last, one)
        const came: [number, OutboundRequest][] = []
        reading.read(across<Asked>(asking.take()), (id, one) => came.push([id, one]))
        assert.ok(asking.empty)
        assert.deepEqual(
          came,
          batch.map((one, i) => {
            const { body, repeatable = false, cut = false } = one
            const expected: OutboundRequest = { ...one, headers: linesOf(one), repeatable, cut }
            if (body === undefined) delete expected.body
            return [first + i, expected]
          }),
        )
      }
    }),
  )
})

test('of requests alike there crosses only what differs', () => {
  const asking = new Asking()
  const alike: OutboundRequest = {
    method: 'POST',
    url: 'http://a.test/',
    headers: 'a: b\r\n',
    body: '1',
    connectTimeoutMs: 5000,
    readTimeoutMs: 15_000,
    totalTimeoutMs: 15_000,
    allowPrivate: false,
    maxBytes: 65_536,
    redirects: 10,
    repeatable: true,
  }
  asking.add(1, alike)
  asking.add(2, { ...alike, headers: { c: 'd' }, body: '2' })
  const [text, ...numbers] = asking.take()
  assert.equal(text, 'POST 5000 15000 15000 65536 10 0 1 0http://a.test/a: b\r\n1c: d\r\n2')
  assert.deepEqual(numbers, [1, 36, 14, 6, 1, 0, -1, 6, 1])
  asking.add(3, alike)
  assert.deepEqual(asking.take(), ['a: b\r\n1', 3, 0, -1, 6, 1])
})

test('headers that cannot be sent are refused, and what was added before crosses unharmed', () => {
  const asking = new Asking()
  const base: OutboundRequest = {
    method: 'GET',
    url: 'http://a.test/',
    connectTimeoutMs: 1,
    readTimeoutMs: 1,
    totalTimeoutMs: 1,
    allowPrivate: false,
    maxBytes: 1,
    redirects: 0,
  }
  asking.add(1, base)
  const unfit: Record<string, string>[] = [
    { a: 'b\nc: d' },
    { a: 'b\r\nc: d' },
    { 'a b': 'c' },
    { Host: 'a' },
    { 'content-length': '1' },
    { a: '€' },
  ]
  for (const headers of unfit) assert.throws(() => asking.add(2, { ...base, headers }), { kind: 'bad-url' }, JSON.stringify(headers))
  asking.add(2, { ...base, url: 'http://b.test/' })
  const urls: string[] = []
  new Reading().read(across(asking.take()), (id, { url }) => urls.push(`${id} ${url}`))
  assert.deepEqual(urls, ['1 http://a.test/', '2 http://b.test/'])
})

test('answers and failures cross as they are; of a usual answer only id and status', () => {
  const usual = { server: 'a' }
  const answer = (status: number, body = '', headers: OutboundResponse['headers'] = usual, url = 'http://a.test/'): OutboundResponse => ({
    status,
    headers,
    body: Buffer.from(body, 'latin1'),
    url,
  })
  const telling = new Telling()
  const asked = 'http://a.test/'
  const answers = [
    answer(200),
    answer(204),
    answer(404, 'né\0'),
    answer(200),
    answer(200, '', { b: ['c', 'd'] }),
    answer(302, '', usual, 'http://b.test/'),
  ]
  for (const [i, one] of answers.entries()) telling.answer(i, asked, one)
  telling.failure(6, new OutboundError('tls', 'why'))
  telling.failure(7, new OutboundError('connect', 'lost', undefined, true))
  telling.answer(8, asked, answer(200))
  telling.answer(9, asked, answer(200))
  const told = across<Told>(telling.take())
  assert.deepEqual(told.slice(5, 7), [1, 204])
  assert.deepEqual(told.slice(-2), [9, 200])
  const heard = new Map<number, OutboundResponse | OutboundError>()
  const asker = (id: number): Asker => ({
    request: { url: asked } as OutboundRequest,
    answered: (response) => void heard.set(id, response),
    failed: (error) => void heard.set(id, error),
  })
  // Nobody waits for the first any more.
  new Hearing().hear(told, (id) => (id === 0 ? undefined : asker(id)))
  for (const [i, one] of answers.entries()) if (i > 0) assert.deepEqual(heard.get(i), one)
  assert.ok(!heard.has(0))
  const failures = [6, 7].map((id) => heard.get(id) as OutboundError)
  assert.deepEqual(
    failures.map(({ kind, message, written }) => [kind, message, written]),
    [
      ['tls', 'why', false],
      ['connect', 'lost', true],
    ],
  )
  assert.deepEqual(
    [heard.get(8), heard.get(9)],
    [answers[1], answers[1]].map(() => answer(200)),
  )
})
