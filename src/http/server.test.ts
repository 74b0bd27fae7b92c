import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { Router } from 'express'
import { basic, listen, root, token } from './fixture.ts'

let house: Awaited<ReturnType<typeof listen>>
/** Resolves the answer of /slow. */
let finish = (): void => {}

before(async () => {
  const router = Router()
  router.get('/cold', (_request, response) => {
    response.send('cold')
  })
  router.get('/throws', () => {
    throw new Error('secret details')
  })
  router.get('/slow', (_request, response) => {
    finish = () => void response.send('slow')
  })
  const hot = (request: IncomingMessage, response: ServerResponse): boolean => {
    if (request.url === '/broken') throw new Error('secret details')
    if (request.url !== '/hot') return false
    response.end('hot')
    return true
  }
  house = await listen({ sides: [{ router, hot }], limits: { headersTimeout: 300, requestTimeout: 600, connectionsCheckingInterval: 50 } })
})
after(() => house.close())

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> => fetch(house.url + path, { headers })

test('hot requests are answered before express, the others by their router', async () => {
  const hot = await get('/hot')
  assert.equal(await hot.text(), 'hot')
  assert.equal(hot.headers.get('content-type'), null, 'express adds nothing')
  assert.equal(await (await get('/cold')).text(), 'cold')
})

test('a fault of ours is a 500 that tells nothing, and the listener lives on', async () => {
  for (const path of ['/throws', '/broken']) {
    const answer = await get(path)
    assert.equal(answer.status, 500)
    assert.doesNotMatch(await answer.text(), /secret details/)
  }
  assert.equal((await get('/cold')).status, 200)
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

/** Writes, then waits for the peer to hang up; resolves to what it said. */
async function converse(...writes: string[]): Promise<string> {
  const socket = connect(house.port, '127.0.0.1')
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
  const slow = get('/slow')
  await new Promise((resolve) => setTimeout(resolve, 50))
  const began = Date.now()
  const closed = house.server.close(10_000)
  await assert.rejects(get('/cold'))
  finish()
  const answer = await slow
  assert.equal(await answer.text(), 'slow')
  await closed
  assert.ok(Date.now() - began < 5000, 'the answer was waited for, not the time')
})
