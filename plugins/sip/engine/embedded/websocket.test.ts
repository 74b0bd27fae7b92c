// SIP by WebSocket, with a client nobody here wrote (npm ws).
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readFileSync } from 'node:fs'
import { afterEach, test } from 'node:test'
import { type ClientOptions, WebSocket } from 'ws'
import { testClock } from '../../../../src/clock.ts'
import { readMessage, type ReadMessage } from '../../codec/index.ts'
import type { Incoming, Take } from '../engine.ts'
import { requestText, responseText } from '../peer.fixture.ts'
import { anyPort, type Given, started, until } from './embedded.fixture.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const accepting: Take = (_request, answer) => answer({ status: 202 })
const somewhere = { address: 'df7jal23ls0d.invalid', port: 5060 }

async function world(given?: Given, take: Take = accepting) {
  const { engine, at } = await started(take, { ...given, listen: { ws: anyPort, ...given?.listen } })
  closing.push(() => engine.stop())
  return { engine, at, url: `ws://127.0.0.1:${at('ws').port}/` }
}

interface Client {
  socket: WebSocket
  frames: { message: ReadMessage | { kind: 'bad' }; binary: boolean; octets: Buffer }[]
  /** The nth frame that came, from 0. */
  frame(n: number): Promise<Client['frames'][number]>
}

async function client(url: string, protocol: string | undefined = 'sip', options: ClientOptions = {}): Promise<Client> {
  const socket = protocol === '' ? new WebSocket(url, options) : new WebSocket(url, protocol, options)
  const frames: Client['frames'] = []
  socket.on('message', (octets: Buffer, binary) => frames.push({ message: readMessage(octets), binary, octets }))
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve())
    socket.once('error', reject)
  })
  closing.push(async () => socket.terminate())
  return {
    socket,
    frames,
    async frame(n) {
      await until(() => frames.length > n, 'a frame')
      return frames[n]!
    },
  }
}

const via = (n: number): string => `Via: SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bKws${n}`

test('text and binary frames are taken, one message each, and answered by the same connection', async () => {
  const taken: Incoming[] = []
  const { url, engine } = await world({}, (request, answer) => {
    taken.push(request)
    answer({ status: 202 })
  })
  const { socket, frame } = await client(url)
  socket.send(requestText(somewhere, { via: via(1), body: 'Grüße' }).toString())
  const first = await frame(0)
  assert.equal(first.message.kind === 'response' && first.message.status, 202)
  assert.equal(first.binary, false)
  socket.send(requestText(somewhere, { via: via(2), body: Buffer.from([0, 0xff, 0x80]) }))
  await frame(1)
  assert.equal(taken[0]!.body.toString(), 'Grüße')
  assert.deepEqual(Buffer.from(taken[1]!.body), Buffer.from([0, 0xff, 0x80]))
  const { flow } = taken[0]!
  assert.equal(flow.transport, 'ws')
  assert.equal(flow, taken[1]!.flow)
  const sent = engine.send(
    {
      method: 'MESSAGE',
      uri: 'sip:a@df7jal23ls0d.invalid',
      via: flow,
      from: '<sip:a@b>',
      to: '<sip:a@b>',
      headers: [],
      body: Buffer.from([0xff, 1]),
    },
    new AbortController().signal,
  )
  const { message, binary } = await frame(2)
  assert.ok(message.kind === 'request')
  assert.equal(binary, true, 'what is no UTF-8 is no text frame')
  assert.match(message.headers.get('via')!, /^SIP\/2\.0\/WS 127\.0\.0\.1:\d+;/)
  socket.send(responseText(message, 200))
  assert.equal((await sent).kind, 'answered')
  const gone = new Promise<void>((resolve) => void flow.onClose(resolve))
  socket.terminate()
  await gone
  assert.equal(flow.open, false)
})

test('the subprotocol must be asked for, and the origin let in where origins are listed', async () => {
  const { url } = await world({ listen: { origins: ['https://phone.example'] } })
  await assert.rejects(client(url, ''), /400/)
  await assert.rejects(client(url, 'chat'), /400/)
  await assert.rejects(client(url, 'sip', { origin: 'https://evil.example' }), /403/)
  assert.equal((await client(url, 'sip', { origin: 'https://phone.example' })).socket.protocol, 'sip')
  await client(url, 'sip')
})

test('whoever asks by plain HTTP is told what is wanted', async () => {
  const { at } = await world()
  const answer = await fetch(`http://127.0.0.1:${at('ws').port}/`)
  assert.equal(answer.status, 426)
})

test('keep-alives are answered, garbage is not, and frames that are too long end their connection', async () => {
  const { url } = await world({ safety: { headerBytes: 2000, bodyBytes: 2000 } })
  const { socket, frame, frames } = await client(url)
  socket.send('\r\n\r\n')
  assert.equal((await frame(0)).octets.toString(), '\r\n')
  socket.send('garbage')
  socket.send(requestText(somewhere, { via: via(3) }))
  await frame(1)
  assert.equal(frames.length, 2)
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  socket.send(Buffer.alloc(10_000, 0x61))
  assert.equal(await closed, 1009)
})

test('places are counted, and given back', async () => {
  const { url, engine } = await world({ safety: { connectionsPerAddress: 1 } })
  const first = await client(url)
  await assert.rejects(client(url), /503/)
  first.socket.terminate()
  await until(() => engine.counts().connections === 0, 'it is gone')
  await client(url)
})

test('secure WebSocket has the certificate of the profile', async () => {
  const pem = (name: string): string => readFileSync(`test/fixtures/tls/${name}`, 'utf8')
  const { at } = await world({ listen: { wss: anyPort, certificate: pem('carrier.pem'), key: pem('carrier.key') } })
  const { socket, frame } = await client(`wss://localhost:${at('wss').port}/`, 'sip', { ca: pem('authority.pem') })
  socket.send(requestText(somewhere, { via: via(4).replace('/WS', '/WSS') }))
  const { message } = await frame(0)
  assert.equal(message.kind === 'response' && message.status, 202)
})

test("at /sip of another's HTTP port it takes what is its own, where the profile says so", async () => {
  const { engine } = await world({ listen: { httpPath: true } })
  const other = await world()
  const server = createServer((_request, response) => response.end('page'))
  server.on('upgrade', (request, socket, head) => {
    if (other.engine.upgrade?.(request, socket, head) || engine.upgrade?.(request, socket, head)) return
    socket.end('HTTP/1.1 404 Not Found\r\n\r\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => new Promise((resolve) => void server.close(() => resolve())))
  const { port } = server.address() as AddressInfo
  await assert.rejects(client(`ws://127.0.0.1:${port}/elsewhere`), /404/)
  const { socket, frame } = await client(`ws://127.0.0.1:${port}/sip?x=1`)
  socket.send(requestText(somewhere, { via: via(5) }))
  const { message } = await frame(0)
  assert.equal(message.kind === 'response' && message.status, 202)
})

test('a peer that answers no ping is gone after a while', async () => {
  const clock = testClock()
  const { url, engine } = await world({ safety: { idleSeconds: 60 }, parts: { clock } })
  const { socket } = await client(url)
  let pings = 0
  socket.on('ping', () => pings++)
  // Every twenty seconds; after fifty without an answer it would be gone.
  for (let n = 1; n <= 5; n++) {
    await clock.advance(20_100)
    await until(() => pings >= n, `ping ${n}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  assert.equal(engine.counts().connections, 1, 'it answers pings by itself')
  socket.pause()
  await clock.advance(100_000)
  assert.equal(engine.counts().connections, 0)
})
