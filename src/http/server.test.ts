import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { Router } from 'express'
import type { Hot } from '../plugin.ts'
import { basic, listen, root, token } from './house.fixture.ts'

let house: Awaited<ReturnType<typeof listen>>
/** The same, and short of patience. */
let strict: Awaited<ReturnType<typeof listen>>
/** Resolves the answer of /slow. */
let finish = (): void => {}

before(async () => {
  const router = Router()
  router.get('/cold', (_request, response) => {
    response.send('cold')
  })
  router.post('/hot/x', async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
    response.send(`/hot/x ${body}`)
  })
  router.get('/api/laml/x', (_request, response) => {
    response.send('laml')
  })
  router.get('/throws', () => {
    throw new Error('secret details')
  })
  router.get('/slow', (_request, response) => {
    finish = () => void response.send('slow')
  })
  const hot: Hot = {
    takes: (_method, url) => url.startsWith('/hot'),
    serve({ url, body, header }, answer) {
      const said = {
        status: 200,
        headers: ['X-Said', header('x-say') ?? 'nothing'],
        body: url === '/hot' ? 'hot' : `${url} ${body.toString()} é`,
      }
      if (url === '/hot/slow') finish = () => answer(said)
      else answer(said)
    },
  }
  house = await listen({ sides: [{ router, hot }] })
  strict = await listen({ sides: [{ router, hot }], limits: { headersTimeout: 300, requestTimeout: 600, connectionsCheckingInterval: 50 } })
})
after(() => Promise.all([house.close(), strict.close()]))

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> => fetch(house.url + path, { headers })

test('hot requests are answered before express, the others by their router', async () => {
  const hot = await get('/hot')
  assert.equal(await hot.text(), 'hot')
  assert.equal(hot.headers.get('content-type'), null, 'express adds nothing')
  assert.equal(await (await get('/cold')).text(), 'cold')
})

test('a fault of ours is a 500 that tells nothing, and the listener lives on', async () => {
  const answer = await get('/throws')
  assert.equal(answer.status, 500)
  assert.doesNotMatch(await answer.text(), /secret details/)
  assert.equal((await get('/cold')).status, 200)
})

test("a connector's path below /api is its own, and the rest of /api is the admin API's", async () => {
  assert.equal(await (await get('/api/laml/x')).text(), 'laml')
  assert.equal((await get('/api/laml/y')).status, 404)
  assert.equal((await get('/api/v1/accounts', { authorization: basic(root, token) })).status, 200)
})

test('health is 200 while traffic is taken and 503 otherwise', async () => {
  assert.equal((await get('/health')).status, 200)
  house.health.ok = false
  assert.equal((await get('/health')).status, 503)
  house.health.ok = true
})

test('metrics tell messages, depths, sessions and the process', async () => {
  const text = await (await get('/metrics')).text()
  assert.match(text, /signalbox_messages_total\{bind="AC1+\/northern",event="delivered"\} 7/)
  assert.match(text, /signalbox_lane_depth\{bind="AC1+\/northern",kind="deliver"\} 3/)
  assert.match(text, /signalbox_sessions\{bind="AC1+\/northern"\} 2/)
  assert.match(text, /signalbox_in_flight\{bind="AC1+\/northern"\} 5/)
  assert.match(text, /signalbox_bound\{bind="AC1+\/northern",side="supplier",connector="smpp"\} 1/)
  assert.match(text, /^signalbox_store_writable 1$/m)
  assert.match(text, /signalbox_bound\{bind="AC1+\/southern",side="supplier",connector="smpp"\} 0/)
  assert.match(text, /signalbox_lane_depth\{bind="AC1+\/southern",kind="deliver"\} 0/, 'nothing waits there')
  assert.match(text, /signalbox_parked_receipts\{bind="AC1+\/northern"\} 4/)
  assert.match(text, /signalbox_parked_receipts_oldest_seconds\{bind="AC1+\/northern"\} 61.5/)
  assert.match(text, /signalbox_truth_score\{bind="AC1+\/northern"\} 87/)
  assert.match(text, /signalbox_accept_seconds_bucket/)
  assert.match(text, /process_resident_memory_bytes/)
  assert.match(await (await get('/metrics')).text(), /event="delivered"\} 7/, 'a second scrape does not add up')
})

test('metrics through a proxy want the root account', async () => {
  const proxied = { 'x-forwarded-for': '203.0.113.9' }
  assert.equal((await get('/metrics', proxied)).status, 401)
  assert.equal((await get('/metrics', { ...proxied, authorization: basic(root, token) })).status, 200)
})

/** What is said to these bytes, written piece by piece, until it is enough, and a little longer. */
async function bytes(enough: (said: string) => boolean, ...pieces: string[]): Promise<string> {
  const socket = connect(house.port, '127.0.0.1')
  let said = ''
  socket.on('data', (chunk: Buffer) => (said += chunk.toString()))
  socket.on('error', () => {})
  for (const piece of pieces) {
    socket.write(piece)
    await new Promise((resolve) => setTimeout(resolve, 60))
  }
  await until(
    () => enough(said),
    () => `to ${pieces.join('|')} it said ${said}`,
  )
  await new Promise((resolve) => setTimeout(resolve, 20))
  socket.destroy()
  return said
}

async function until(holds: () => boolean, what: () => string): Promise<void> {
  const end = Date.now() + 60_000
  while (!holds()) {
    if (Date.now() > end) throw new Error(`never: ${what()}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
const unserved = (): void => {}
/** A request has come whose answer `finish` gives. */
const served = (): Promise<void> =>
  until(
    () => finish !== unserved,
    () => 'the request',
  )
const times = (said: string, what: string): number => said.split(what).length - 1

const post = (body: string, more = ''): string => `POST /hot/x HTTP/1.1\r\nHost: x\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`

test('a hot request straight off its socket is answered whole, in its own character set, and the connection kept', async () => {
  const said = await bytes((text) => times(text, '/hot/x ') === 2, post('a=b', 'X-Say: yes\r\n'), post('c=d'))
  assert.equal(said.match(/HTTP\/1\.1 200 OK\r\n/g)?.length, 2)
  assert.match(said, /X-Said: yes\r\nContent-Length: 13\r\nDate: .* GMT\r\nConnection: keep-alive/)
  assert.match(said, /\/hot\/x a=b é/)
  assert.match(said, /\/hot\/x c=d é/)
})

test('of requests on one connection each has its own head, be it as the one before, of the same length, or longer', async () => {
  const asked = ['one', 'one', 'two', 'three', 'one'].map((word) => post('a=b', `X-Say: ${word}\r\n`))
  asked.push(post('a=bc', 'X-Say: one\r\n'), post('', 'X-Say: one\r\n'), post('a=b', 'X-Say: one\r\nX-More: 1\r\n'))
  const said = await bytes((text) => times(text, 'X-Said: ') === 8, ...asked)
  assert.deepEqual(
    [...said.matchAll(/X-Said: (\w+)/g)].map(([, word]) => word),
    ['one', 'one', 'two', 'three', 'one', 'one', 'one', 'one'],
  )
  assert.deepEqual(
    [...said.matchAll(/\/hot\/x (\S*) ?é/g)].map(([, body]) => body),
    ['a=b', 'a=b', 'a=b', 'a=b', 'a=b', 'a=bc', '', 'a=b'],
  )
})

/** What is said to these bytes until the other side hangs up. */
async function untilClosed(text: string, meanwhile?: () => Promise<void>): Promise<string> {
  const socket = connect(house.port, '127.0.0.1')
  let said = ''
  socket.on('data', (chunk: Buffer) => (said += chunk.toString()))
  socket.on('error', () => {})
  const closed = once(socket, 'close')
  socket.write(text)
  await meanwhile?.()
  await closed
  return said
}

test('an address that is named whole is answered by its path', { timeout: 60_000 }, async () => {
  const last = 'Connection: close\r\n'
  const asked = (target: string): Promise<string> => untilClosed(`GET ${target} HTTP/1.1\r\nHost: sms.example\r\n${last}\r\n`)
  assert.match(await asked('http://sms.example/cold'), /^HTTP\/1\.1 200 .*\r\n\r\ncold$/s)
  assert.match(await untilClosed(post('a=b', last).replace('/hot/x', 'HTTPS://sms.example:8080/hot/x')), /\/hot\/x a=b/)
  for (const nothing of ['http://sms.example', 'http://sms.example?a=b', 'http://sms.example/cold/x'])
    assert.match(await asked(nothing), /^HTTP\/1\.1 404 /, nothing)
})

test('what was asked before octets that are no HTTP has its own answer, and they have theirs', { timeout: 60_000 }, async () => {
  finish = unserved
  const said = await untilClosed(`GET /slow HTTP/1.1\r\nHost: x\r\n\r\n${post('a=b')}garbage\r\n\r\n`, async () => {
    await served()
    finish()
  })
  assert.deepEqual(said.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 400'])
  assert.match(said, /slow.*\/hot\/x a=b/s)
  const halfBody = await untilClosed(`${post('a=b')}POST /hot/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: x\r\n\r\nzz\r\n`)
  assert.deepEqual(halfBody.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 400'])
})

test('a hot request in pieces, pipelined, chunked or by other words is answered just so', async () => {
  const whole = post('a=b')
  for (const pieces of [
    [whole.slice(0, 9), whole.slice(9)],
    [whole.slice(0, -2), whole.slice(-2)],
    [whole + whole],
    [whole, 'GET /cold HTTP/1.1\r\nHost: x\r\n\r\n', whole],
    ['POST /hot/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n'],
    ['POST /hot/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\na=b'],
    ['POST /hot/x HTTP/1.0\r\nContent-Length: 3\r\n\r\na=b'],
  ]) {
    const expected = times(pieces.join(''), 'POST /hot')
    const said = await bytes((text) => times(text, '/hot/x a=b') >= expected, ...pieces)
    assert.equal(times(said, '/hot/x a=b'), expected, `${pieces.join('|')} → ${said}`)
    assert.doesNotMatch(said, /HTTP\/1\.1 [45]/)
  }
})

test('a hot request whose head is doubtful is refused as node refuses it', async () => {
  for (const doubtful of [
    'Content-Length: 4\r\n',
    'Content-Length: -1\r\n',
    'Bad Name: x\r\n',
    'A: b\r\n c\r\nTransfer-Encoding: chunked\r\n',
  ]) {
    const said = await bytes((text) => text !== '', `POST /hot/x HTTP/1.1\r\nHost: x\r\n${doubtful}Content-Length: 3\r\n\r\na=b`)
    assert.match(said, /^HTTP\/1\.1 400 /, doubtful)
  }
  assert.match(await bytes((text) => text !== '', 'POST /hot/x HTTP/1.1\r\nContent-Length: 3\r\n\r\na=b'), /^HTTP\/1\.1 400 /, 'no Host')
})

test('a body in a transfer coding other than chunked is refused with the reason, hot or cold', async () => {
  for (const path of ['/hot/x', '/cold'])
    for (const coding of ['gzip, chunked', 'chunked, chunked']) {
      const said = await untilClosed(`POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: ${coding}\r\n\r\n3\r\na=b\r\n0\r\n\r\n`)
      assert.match(said, /^HTTP\/1\.1 (501|400) /, coding)
      assert.doesNotMatch(said, /a=b/)
    }
  const said = await untilClosed('POST /hot/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n')
  assert.match(said, /^HTTP\/1\.1 501 Not Implemented\r\n.*only chunked is read here, got "gzip, Chunked"/s)
})

test('a compressed hot request goes to the router, whoever reads it, and the next one is hot again', async () => {
  const packed = post('a=b').replace('Content-Length', 'Content-Encoding: gzip\r\nContent-Length')
  const said = await bytes((text) => text.includes('a=b é'), packed, post('a=b'))
  assert.match(said, /\/hot\/x a=b(?! é)[^]*a=b é/)
  assert.equal(said.match(/200 OK/g)?.length, 2)
})

test('a hot connection that says nothing is cut, and one that stops in a body', async () => {
  assert.equal(await converse(), '')
  assert.match(await converse('POST /hot/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc'), /^HTTP\/1\.1 408 |^$/)
})

test('whoever ends its side with a hot request is answered, and the connection closed', async () => {
  const socket = connect({ port: house.port, host: '127.0.0.1', allowHalfOpen: true })
  let said = ''
  socket.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const whole = post('a=b').replace('/hot/x', '/hot/slow')
  finish = unserved
  const ended = once(socket, 'end')
  socket.end(whole)
  await served()
  finish()
  await ended
  assert.match(said, /^HTTP\/1\.1 200 OK/)
})

test('closing is not held up by a peer that keeps its side of a hot connection open', async () => {
  const other = await listen({ sides: [{ router: Router(), hot: slowHot }] })
  const stubborn = connect({ port: other.port, host: '127.0.0.1', allowHalfOpen: true })
  stubborn.on('error', () => {}).resume()
  finish = unserved
  stubborn.write(post('a=b'))
  await served()
  const began = Date.now()
  const closed = other.server.close(60_000)
  finish()
  await closed
  assert.ok(Date.now() - began < 30_000)
  stubborn.destroy()
  await other.close()
})

test('closing waits for a hot answer under way too', async () => {
  const other = await listen({ sides: [{ router: Router(), hot: slowHot }] })
  const idle = connect(other.port, '127.0.0.1')
  await once(idle, 'connect')
  finish = unserved
  const answer = fetch(`${other.url}/hot`, { method: 'POST', body: 'a=b' })
  await served()
  const began = Date.now()
  const left = once(idle, 'close')
  const closed = other.server.close(60_000)
  idle.resume()
  await left
  finish()
  assert.equal(await (await answer).text(), 'late')
  await closed
  assert.ok(Date.now() - began < 30_000)
  await other.close()
})

const slowHot: Hot = {
  takes: () => true,
  serve: (_request, answer) => void (finish = () => answer({ status: 200, headers: [], body: 'late' })),
}

/** Writes to the strict one, then waits for it to hang up; resolves to what it said. */
async function converse(...writes: string[]): Promise<string> {
  const socket = connect(strict.port, '127.0.0.1')
  let said = ''
  socket.on('data', (chunk: Buffer) => (said += chunk.toString()))
  socket.on('error', () => {})
  for (const text of writes) socket.write(text)
  await once(socket, 'close')
  return said
}

test('whoever sends headers or a body slowly is cut', async () => {
  assert.match(await converse('GET /cold HTTP/1.1\r\nHost: x\r\nX-Slow'), /^HTTP\/1\.1 408 /)
  assert.match(await converse('POST /api/v1/plan HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc'), /^HTTP\/1\.1 (401|408) /)
})

test('headers above 16 KiB are refused, and what is no HTTP', async () => {
  assert.match(await converse(`GET /cold HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /)
  assert.match(await converse('\u0000\u0001garbage\r\n\r\n'), /^HTTP\/1\.1 400 /)
})

test('an unknown path is a 404 in the envelope', async () => {
  const answer = await get('/nowhere')
  assert.equal(answer.status, 404)
  assert.deepEqual(await answer.json(), { error: { code: 'absent', message: 'There is nothing here.' } })
})

test('a port that is taken rejects with the system’s error', async () => {
  const other = await listen()
  await other.server.close(0)
  await assert.rejects(other.server.listen('127.0.0.1', house.port), { code: 'EADDRINUSE' })
  await other.close()
})

test('closing waits for the answer under way, and takes nothing new', async () => {
  finish = unserved
  const slow = get('/slow')
  await served()
  const began = Date.now()
  const closed = house.server.close(60_000)
  await assert.rejects(get('/cold'))
  finish()
  const answer = await slow
  assert.equal(await answer.text(), 'slow')
  await closed
  assert.ok(Date.now() - began < 30_000, 'the answer was waited for, not the time')
})
