import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { OutboundRequest } from '../outbound.ts'
import { ask, fails, outbounds } from './asking.fixture.ts'

const { closing, outbound } = outbounds()

interface Peer {
  url: string
  port: number
  /** Connections so far, and those open now. */
  connections: number
  open: Set<Socket>
  requests: string[]
}

/** `said` gets each piece that comes, the number of the connection and of the piece on it. */
async function peer(said: (socket: Socket, connection: number, piece: number) => void, server: Server = createServer()): Promise<Peer> {
  const made: Peer = { url: '', port: 0, connections: 0, open: new Set(), requests: [] }
  server.on('addContext' in server ? 'secureConnection' : 'connection', (socket: Socket) => {
    const connection = ++made.connections
    let piece = 0
    made.open.add(socket.setNoDelay(true))
    socket.on('error', () => {})
    socket.on('close', () => made.open.delete(socket))
    socket.on('data', (bytes: Buffer) => {
      made.requests.push(bytes.toString('latin1'))
      said(socket, connection, ++piece)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    for (const socket of made.open) socket.destroy()
    server.close()
  })
  made.port = (server.address() as AddressInfo).port
  made.url = `http://127.0.0.1:${made.port}/`
  return made
}

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

const post = (url: string, more: Partial<OutboundRequest> = {}): OutboundRequest => ask(url, { body: 'a=b', ...more })

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 6000 && !holds(); i++) await sleep(10)
  assert.ok(holds())
}

test('sends a request in one piece with its length in bytes', async () => {
  const to = await peer((socket) => socket.write(ok))
  const out = outbound()
  await out.request(post(`${to.url}a?b=c`, { headers: { 'x-a': 'é' }, body: 'né' }))
  assert.equal(
    to.requests[0],
    `POST /a?b=c HTTP/1.1\r\nhost: 127.0.0.1:${to.port}\r\nconnection: keep-alive\r\nx-a: é\r\ncontent-length: 3\r\n\r\n${Buffer.from('né').toString('latin1')}`,
  )
  assert.equal(to.requests.length, 1)
})

test('never uses a connection again on which more came than the answer, or that the peer wants closed', async () => {
  for (const answer of [`${ok}HTTP/1.1 200 OK\r\n`, ok.replace('\r\n', '\r\nConnection: close\r\n'), ok.replace('1.1', '1.0')]) {
    const to = await peer((socket) => socket.write(answer))
    const out = outbound()
    for (let i = 0; i < 3; i++) assert.equal((await out.request(post(to.url))).body.toString(), 'ok')
    assert.equal(to.connections, 3, answer)
  }
})

test('closes an idle connection on which something comes unasked', async () => {
  const to = await peer((socket, _connection, piece) => {
    socket.write(ok)
    if (piece === 1) setTimeout(() => socket.write('HTTP/1.1 200 OK\r\n\r\n'), 20)
  })
  const out = outbound()
  await out.request(post(to.url))
  await until(() => to.open.size === 0)
  assert.equal((await out.request(post(to.url))).body.toString(), 'ok')
})

test('sends a repeatable request once more when the kept connection was dead, and no other', async () => {
  const dead = (): Promise<Peer> =>
    peer((socket, connection, piece) => (connection === 1 && piece === 2 ? socket.destroy() : socket.write(ok)))
  const out = outbound()
  for (const more of [{ repeatable: true }, { method: 'GET' as const }]) {
    const to = await dead()
    await out.request(post(to.url, more))
    assert.equal((await out.request(post(to.url, more))).status, 200)
    assert.equal(to.requests.length, 3)
  }
  const to = await dead()
  await out.request(post(to.url))
  await fails('connect', out.request(post(to.url)))
  assert.equal(to.requests.length, 2)
})

test('does not repeat on a new connection, nor once a byte of the answer has come, nor twice', async () => {
  const out = outbound()
  const fresh = await peer((socket) => socket.destroy())
  await fails('connect', out.request(post(fresh.url, { repeatable: true })))
  assert.equal(fresh.requests.length, 1)
  const begun = await peer((socket, _connection, piece) => (piece === 2 ? socket.end('HTTP/1.1 2') : socket.write(ok)))
  await out.request(post(begun.url, { repeatable: true }))
  await fails('connect', out.request(post(begun.url, { repeatable: true })))
  assert.equal(begun.requests.length, 2)
  const twice = await peer((socket, connection, piece) => (connection === 1 && piece === 1 ? socket.write(ok) : socket.destroy()))
  await out.request(post(twice.url, { repeatable: true }))
  await fails('connect', out.request(post(twice.url, { repeatable: true })))
  assert.equal(twice.requests.length, 3)
})

test('leaves a connection before the peer does', async () => {
  const brief = await peer((socket) => socket.write(ok.replace('\r\n', '\r\nKeep-Alive: timeout=1\r\n')))
  const out = outbound()
  for (let i = 0; i < 2; i++) await out.request(post(brief.url))
  assert.equal(brief.connections, 2)
  const long = await peer((socket) => socket.write(ok.replace('\r\n', '\r\nKeep-Alive: timeout=60, max=100\r\n')))
  for (let i = 0; i < 2; i++) await out.request(post(long.url))
  assert.equal(long.connections, 1)
  const two = await peer((socket) => socket.write(ok.replace('\r\n', '\r\nKeep-Alive: timeout=2, max=100\r\n')))
  await out.request(post(two.url))
  await until(() => two.open.size === 0)
  assert.equal(long.open.size, 1)
})

test('keeps to its bounds for one origin and for all, and serves everybody', async () => {
  const slow = (): Promise<Peer> => peer((socket) => void setTimeout(() => socket.write(ok), 30))
  const one = await slow()
  const out = outbound({ connectionsPerOrigin: 2, connections: 3 })
  let most = 0
  const watch = setInterval(() => (most = Math.max(most, one.open.size)), 1)
  await Promise.all(Array.from({ length: 10 }, () => out.request(post(one.url))))
  clearInterval(watch)
  assert.equal(one.connections, 2)
  assert.ok(most <= 2)
  const others = await Promise.all(Array.from({ length: 5 }, slow))
  const answers = await Promise.all([one, ...others].flatMap(({ url }) => [out.request(post(url)), out.request(post(url))]))
  assert.ok(answers.every(({ status }) => status === 200))
})

test('gives up on a head that drips, one request at a time, and goes on with others', async () => {
  const drip = await peer((socket) => {
    const timer = setInterval(() => socket.write('H'), 20)
    socket.on('close', () => clearInterval(timer))
  })
  const slow = await peer((socket) => {
    let at = 0
    const timer = setInterval(() => socket.write(ok.charAt(at++ % 8)), 30)
    socket.on('close', () => clearInterval(timer))
  })
  const out = outbound()
  await fails('protocol', out.request(post(drip.url)))
  await fails('total-timeout', out.request(post(slow.url, { totalTimeoutMs: 200, readTimeoutMs: 30_000 })))
  await until(() => slow.open.size === 0)
})

test('speaks TLS to whom the certificate names, and to nobody else', async () => {
  const key = readFileSync('test/fixtures/outbound/key.pem')
  const ca = readFileSync('test/fixtures/outbound/certificate.pem', 'utf8')
  const names: (string | false)[] = []
  const server = createTlsServer({ key, cert: ca }, (socket) => names.push(socket.servername ?? false))
  const to = await peer((socket) => socket.write(ok), server)
  const resolve = async () => [{ address: '127.0.0.1', family: 4 }]
  const trusting = outbound({ ca, resolve })
  for (let i = 0; i < 3; i++) assert.equal((await trusting.request(post(`https://webhook.test:${to.port}/`))).body.toString(), 'ok')
  assert.equal(to.connections, 1)
  assert.deepEqual(names, ['webhook.test'])
  await fails('tls', trusting.request(post(`https://other.test:${to.port}/`)))
  await fails('tls', trusting.request(post(`https://127.0.0.1:${to.port}/`)))
  await fails('tls', outbound({ resolve }).request(post(`https://webhook.test:${to.port}/`)))
  await fails('refused', trusting.request(post(`https://webhook.test:${to.port}/`, { allowPrivate: false })))
  assert.equal(to.requests.length, 3)
})

test('refuses headers that would end a line or say how long the request is', async () => {
  const out = outbound()
  for (const headers of [
    { 'x-a': 'b\nc' },
    { 'x-a': 'b\0' },
    { 'x-a': '€' },
    { 'x a': 'b' },
    { 'x\r\ny': 'b' },
    { 'Content-Length': '3' },
    { host: 'x' },
  ])
    await fails('bad-url', out.request(post('http://127.0.0.1:9/', { headers })))
})

test('ends what is open when it is closed', async () => {
  const hung = await peer(() => {})
  const out = outbound({ connectionsPerOrigin: 1 })
  const open = [1, 2].map(() => fails('aborted', out.request(post(hung.url))))
  await until(() => hung.requests.length === 1)
  await out.close()
  await Promise.all(open)
  await until(() => hung.open.size === 0)
})
