// TCP and TLS: what peers may do to a connection, and what they may not do to anyone else's.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterEach, test } from 'node:test'
import { testClock } from '../../../../src/clock.ts'
import type { Take, Target } from '../engine.ts'
import { freePort } from '../../../../test/bench/processes.ts'
import { requestText, type StreamPeer, tcpPeer } from '../peer.fixture.ts'
import { anyPort, type Given, started, until } from './embedded.fixture.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const accepting: Take = (_request, answer) => answer({ status: 202 })
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const pem = (name: string): string => readFileSync(`test/fixtures/tls/${name}`, 'utf8')

async function world(given?: Given, take: Take = accepting) {
  const { engine, at } = await started(take, given)
  closing.push(() => engine.stop())
  async function peerOf(): Promise<StreamPeer> {
    const peer = await tcpPeer(at('tcp'))
    closing.push(() => peer.close())
    return peer
  }
  return { engine, at, peerOf }
}

/** Whoever else is connected is still served. */
async function lives(peer: StreamPeer): Promise<void> {
  peer.send(requestText(peer.local, { transport: 'TCP' }))
  assert.equal((await peer.response()).status, 202)
}

/** Fails where it is open after half a minute: the real time, in which the engine's own idle limit has not struck. */
async function closes(peer: StreamPeer, what: string): Promise<void> {
  let late: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    late = setTimeout(() => reject(new Error(`${what}: the connection is still open`)), 30_000)
  })
  await Promise.race([peer.closed, tooLate]).finally(() => clearTimeout(late))
}

test('messages that drip in octet by octet are answered, and a double CRLF has one in answer', async () => {
  const { peerOf } = await world()
  const peer = await peerOf()
  const octets = requestText(peer.local, { transport: 'TCP' })
  for (const octet of octets) {
    peer.send(Buffer.from([octet]))
    if (octet === 10) await pause(1)
  }
  assert.equal((await peer.response()).status, 202)
  const before = peer.raw().length
  peer.send('\r\n\r\n')
  await until(() => peer.raw().length > before, 'an answer')
  assert.equal(peer.raw().subarray(before).toString(), '\r\n')
})

test('garbage, lies and floods end their connection, answered where that is due, and no other', async () => {
  const { peerOf, engine } = await world({ safety: { headerCount: 50, headerBytes: 8192, bodyBytes: 1000 } })
  const witness = await peerOf()
  const [local, transport] = [{ address: '127.0.0.1', port: 5060 }, 'TCP']
  const spoilers: [what: string, octets: Buffer, status: number | undefined][] = [
    ['60 kB of a\\r\\n\\r\\n', Buffer.from('a\r\n\r\n'.repeat(12_000)), undefined],
    ['60 kB without a line end', Buffer.alloc(60_000, 0x61), undefined],
    ['NULs', Buffer.alloc(20_000), undefined],
    ['a header flood', requestText(local, { transport, headers: Array.from({ length: 200 }, (_, i) => `X-${i}: y`) }), 400],
    ['a header that never ends', requestText(local, { transport, headers: [`X: ${'y'.repeat(20_000)}`] }), 513],
    ['a Content-Length above the cap', requestText(local, { transport, length: '99999999' }), 413],
    ['a negative Content-Length', requestText(local, { transport, length: '-1' }), 400],
    ['two Content-Lengths', requestText(local, { transport, headers: ['Content-Length: 3'] }), 400],
    [
      'no Content-Length',
      Buffer.from(
        requestText(local, { transport })
          .toString()
          .replace(/Content-Length: \d+\r\n/, ''),
      ),
      400,
    ],
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), undefined],
  ]
  for (const [what, octets, status] of spoilers) {
    const peer = await peerOf()
    peer.send(octets)
    await closes(peer, what)
    const answers = [
      ...peer
        .raw()
        .toString('latin1')
        .matchAll(/^SIP\/2\.0 (\d+)/gm),
    ].map((each) => Number(each[1]))
    assert.deepEqual(answers, status === undefined ? [] : [status], what)
    await lives(witness)
  }
  await until(() => engine.counts().connections === 1, 'the witness alone is left')
})

test('what is malformed inside its frame is answered 400 with a Warning, and the connection goes on', async () => {
  const { peerOf } = await world()
  const peer = await peerOf()
  const answers = async (n: number): Promise<string> => {
    const text = (): string => peer.raw().toString()
    while ((text().match(/^SIP[^]*?\r\n\r\n/gm)?.length ?? 0) < n) await pause(10)
    return text()
  }
  let n = 0
  for (const said of [{ cseq: '4294967296 MESSAGE' }, { cseq: '1 OPTIONS' }, { to: '"unterminated <sip:a@b>' }]) {
    peer.send(requestText(peer.local, { transport: 'TCP', ...said }))
    const text = await answers(++n)
    assert.match(text.slice(text.lastIndexOf('SIP/2.0 ')), /^SIP\/2\.0 400 [^]*\r\nWarning: 399 \S+ ".+"\r\n/, JSON.stringify(said))
  }
  peer.send(requestText(peer.local, { transport: 'TCP' }))
  assert.match(await answers(4), /SIP\/2\.0 202 /)
})

test('a connection has its share and no more, and gives it back', async () => {
  const { engine, peerOf, at } = await world({ safety: { connectionsPerAddress: 2 } })
  const first = await peerOf()
  const second = await peerOf()
  const third = await tcpPeer(at('tcp'))
  await third.closed
  await lives(first)
  await second.close()
  await until(() => engine.counts().connections === 1, 'it is gone')
  await lives(await peerOf())
})

test('idle connections are closed, and so are those whose message does not end', async () => {
  const clock = testClock()
  const { peerOf } = await world({ safety: { idleSeconds: 30 }, parts: { clock } })
  const idle = await peerOf()
  const dripping = await peerOf()
  const alive = await peerOf()
  await lives(alive)
  dripping.send('MESSAGE sip:a@b SIP/2.0\r\nX: ')
  await pause(30)
  for (let second = 0; second < 12; second++) {
    dripping.send('y')
    await pause(5)
    await clock.advance(1000)
  }
  await closes(dripping, 'the dripping one')
  for (let second = 0; second < 20; second++) {
    if (second % 5 === 0) alive.send('\r\n\r\n')
    await pause(5)
    await clock.advance(1000)
  }
  await closes(idle, 'the idle one')
  await lives(alive)
})

test('a peer that does not read is read from no more, and the others are served', async () => {
  const body = Buffer.alloc(60_000, 0x78)
  const { engine, at, peerOf } = await world({}, (_request, answer) => answer({ status: 200, body }))
  const deaf = connect(at('tcp').port, '127.0.0.1')
  deaf.pause()
  deaf.on('error', () => {})
  closing.push(async () => void deaf.destroy())
  const octets = Buffer.concat(Array.from({ length: 500 }, () => requestText({ address: '127.0.0.1', port: 1 }, { transport: 'TCP' })))
  deaf.write(octets)
  await pause(300)
  const witness = await peerOf()
  witness.send(requestText(witness.local, { transport: 'TCP' }))
  assert.equal((await witness.response()).status, 200)
  const { requests } = engine.counts()
  assert.ok(requests < 400, `${requests} of 500 were read`)
  assert.ok(process.memoryUsage().rss < 400 * 1024 * 1024)
})

test('TLS peers are served by their connection, and TLS targets are asked for the name that was configured', async () => {
  const tls = { certificate: pem('carrier.pem'), key: pem('carrier.key') }
  const { engine, at } = await world({ listen: { tls: anyPort, ...tls }, parts: { ca: pem('authority.pem') } })
  const peer = await new Promise<{ heard: Promise<string> }>((resolve) => {
    const socket = connectTls({ port: at('tls').port, host: '127.0.0.1', ca: pem('authority.pem'), servername: 'smsc.example' }, () => {
      socket.write(requestText({ address: '127.0.0.1', port: 1 }, { transport: 'TLS', uri: 'sips:a@b' }))
      const heard = new Promise<string>((done) => socket.once('data', (chunk: Buffer) => done(chunk.toString())))
      resolve({ heard })
      closing.push(async () => void socket.destroy())
    })
  })
  assert.match(await peer.heard, /^SIP\/2\.0 202 /)
  const never = new AbortController().signal
  const to = (name: string): Target => ({ transport: 'tls', address: '127.0.0.1', port: at('tls').port, name })
  const request = { method: 'OPTIONS', uri: 'sip:a@b', from: '<sip:a@b>', to: '<sip:a@b>', headers: [], body: Buffer.alloc(0) } as const
  const right = await engine.send({ ...request, via: to('smsc.example') }, never)
  assert.equal(right.kind, 'answered')
  const wrong = await engine.send({ ...request, via: to('other.example') }, never)
  assert.match(wrong.kind === 'unsent' ? wrong.why : '', /other\.example/)
})

test('a port that is taken is told with what to do, and what was opened before it is closed again', async () => {
  const { at } = await world()
  const taken = at('tcp')
  const port = await freePort()
  await assert.rejects(
    started(accepting, { listen: { udp: { address: '127.0.0.1', port }, tcp: taken } }),
    /cannot listen on tcp 127\.0\.0\.1:\d+: another program has it/,
  )
  const again = await started(accepting, { listen: { udp: { address: '127.0.0.1', port } } })
  await again.engine.stop()
})

test('a peer that ends its side once it has asked still has its answers, and is closed behind the last', async () => {
  const late: Take = (_request, answer) => void setTimeout(() => answer({ status: 202 }), 100)
  const { at } = await world({}, late)
  const socket = connect({ ...at('tcp'), host: at('tcp').address, allowHalfOpen: true })
  const heard: Buffer[] = []
  socket.on('data', (chunk: Buffer) => heard.push(chunk))
  const ended = new Promise<void>((resolve) => socket.once('end', resolve))
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
  const local = { address: '127.0.0.1', port: socket.localPort! }
  socket.end(Buffer.concat([requestText(local, { transport: 'TCP' }), requestText(local, { transport: 'TCP' })]))
  const before = Date.now()
  await ended
  assert.ok(Date.now() - before < 30_000)
  socket.destroy()
  assert.equal(
    Buffer.concat(heard)
      .toString()
      .match(/^SIP\/2\.0 202 /gm)?.length,
    2,
  )
})

test('what came before octets that are no SIP is answered, then the connection closes', async () => {
  const late: Take = (_request, answer) => void setTimeout(() => answer({ status: 202 }), 50)
  for (const last of ['no SIP at all\r\n\r\n', 'MESSAGE sip:a@b SIP/2.0\r\nContent-Length: z\r\n\r\n']) {
    const { peerOf } = await world(undefined, late)
    const peer = await peerOf()
    const two = [requestText(peer.local, { transport: 'TCP' }), requestText(peer.local, { transport: 'TCP' })]
    peer.send(Buffer.concat([...two.map((text) => Buffer.from(text)), Buffer.from(last)]))
    await closes(peer, last)
    assert.equal(
      peer
        .raw()
        .toString()
        .match(/^SIP\/2\.0 202 /gm)?.length,
      2,
      last,
    )
  }
})
