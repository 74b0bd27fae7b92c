// Client transactions and where requests leave, on real sockets.
import assert from 'node:assert/strict'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, test } from 'node:test'
import { testClock } from '../../../../src/clock.ts'
import { createFramer, defaultReadLimits, type ReadMessage, type ReadRequest } from '../../codec/index.ts'
import type { Incoming, Target, Transport } from '../engine.ts'
import { messageTo, requestText, responseText, tcpPeer, udpPeer } from '../peer.fixture.ts'
import { freePort } from '../../../../test/bench/processes.ts'
import { type Given, started, until } from './embedded.fixture.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function world(given?: Given) {
  const taken: Incoming[] = []
  const { engine, at } = await started((request, answer) => {
    taken.push(request)
    answer({ status: 200 })
  }, given)
  closing.push(() => engine.stop())
  return { engine, at, taken }
}

async function udpTo(end: Parameters<typeof udpPeer>[0]) {
  const peer = await udpPeer(end)
  closing.push(() => peer.close())
  return peer
}

const target = (transport: Transport, port: number, name = '127.0.0.1'): Target => ({ transport, address: '127.0.0.1', port, name })
const never = new AbortController().signal

/** Answers each request 202 by TCP, and counts connections. */
async function tcpServer(port = 0): Promise<{ port: number; requests: ReadRequest[]; sockets: Socket[]; silent: boolean }> {
  const requests: ReadRequest[] = []
  const sockets: Socket[] = []
  const made = { port: 0, requests, sockets, silent: false }
  const server: Server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    const framer = createFramer(defaultReadLimits, {
      message(message: ReadMessage) {
        if (message.kind !== 'request') return
        requests.push(message)
        if (!made.silent) socket.write(responseText(message, 202))
      },
      bad: ({ why }) => assert.fail(why),
      pings: () => {},
    })
    socket.on('data', (chunk: Buffer) => framer.push(chunk))
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  made.port = (server.address() as { port: number }).port
  closing.push(
    () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  )
  return made
}

test('by UDP it is sent again at T1, doubling to T2, until Timer F', async () => {
  const clock = testClock()
  const { engine, at } = await world({ timers: { t1: 40, t2: 160, t4: 50, f: 700 }, parts: { clock } })
  const peer = await udpTo(at('udp'))
  const sent = engine.send(messageTo(target('udp', peer.local.port)), never)
  const branches = new Set([(await peer.request()).read.via.branch!])
  const times: number[] = []
  for (let ms = 20; ms <= 720; ms += 20) {
    await clock.advance(20)
    for (; times.length < engine.counts().retransmissionsOut; times.push(ms)) branches.add((await peer.request()).read.via.branch!)
  }
  assert.equal((await sent).kind, 'timeout')
  assert.equal(branches.size, 1)
  assert.deepEqual(times, [40, 120, 280, 440, 600])
})

test('after a provisional response it is sent again at T2 only, and a final one ends it', async () => {
  const clock = testClock()
  const { engine, at } = await world({ timers: { t1: 40, t2: 200, t4: 50, f: 3000 }, parts: { clock } })
  const peer = await udpTo(at('udp'))
  const sent = engine.send(messageTo(target('udp', peer.local.port)), never)
  const request = await peer.request()
  peer.send(responseText(request, 100))
  await until(() => engine.counts().responses === 1, 'the provisional one is heard')
  const times: number[] = []
  for (let ms = 20; ms <= 700; ms += 20) {
    await clock.advance(20)
    for (; times.length < engine.counts().retransmissionsOut; times.push(ms)) await peer.request()
  }
  assert.deepEqual(times, [40, 240, 440, 640])
  peer.send(responseText(request, 200))
  peer.send(responseText(request, 200))
  assert.equal((await sent).kind, 'answered')
  assert.equal(engine.counts().transactions, 0)
})

test('a response with another branch, method or a second Via is nobody’s', async () => {
  const { engine, at } = await world({ timers: { t1: 30, t2: 200, t4: 50, f: 400 } })
  const peer = await udpTo(at('udp'))
  const sent = engine.send(messageTo(target('udp', peer.local.port)), never)
  const request = await peer.request()
  const right = responseText(request, 200)
  peer.send(right.replace(/branch=[^;]+/, 'branch=z9hG4bKguessed'))
  peer.send(right.replace('CSeq: 1 MESSAGE', 'CSeq: 1 OPTIONS'))
  peer.send(right.replace('From:', 'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\nFrom:'))
  assert.equal((await sent).kind, 'timeout')
})

test('each request has a branch, a tag and, unless given, a Call-ID that no other has', async () => {
  const { engine, at } = await world()
  const peer = await udpTo(at('udp'))
  const seen = new Set<string>()
  for (let i = 0; i < 50; i++) {
    const sent = engine.send(messageTo(target('udp', peer.local.port)), never)
    const request = await peer.request()
    for (const each of [request.read.via.branch!, request.read.fromTag, request.read.callId]) {
      assert.ok(!seen.has(each))
      seen.add(each)
    }
    peer.send(responseText(request, 200))
    await sent
  }
  assert.equal(seen.size, 150)
})

test('connections to a target are opened once, shared, and used both ways', async () => {
  const { engine, taken } = await world()
  const server = await tcpServer()
  const answers = await Promise.all(Array.from({ length: 20 }, () => engine.send(messageTo(target('tcp', server.port)), never)))
  assert.ok(answers.every((each) => each.kind === 'answered' && each.status === 202))
  assert.equal(server.sockets.length, 1)
  server.sockets[0]!.write(requestText({ address: '127.0.0.1', port: server.port }, { transport: 'TCP' }))
  await until(() => taken.length > 0, 'the request of the server')
  assert.equal(taken[0]?.flow.remote.port, server.port)
  assert.equal(engine.counts().connections, 1)
})

test('a target that takes no connection is unsent, with what is wrong; the next try dials anew', async () => {
  const { engine } = await world()
  const gone = await tcpServer(await freePort())
  const { port } = gone
  for (const close of closing.splice(1)) await close()
  const answer = await engine.send(messageTo(target('tcp', port)), never)
  assert.equal(answer.kind, 'unsent')
  assert.match(answer.kind === 'unsent' ? answer.why : '', /ECONNREFUSED/)
  await tcpServer(port)
  assert.equal((await engine.send(messageTo(target('tcp', port)), never)).kind, 'answered')
})

test('what is open on a connection that breaks is lost, at once', async () => {
  const { engine } = await world()
  const server = await tcpServer()
  server.silent = true
  const sent = engine.send(messageTo(target('tcp', server.port)), never)
  await until(() => server.requests.length > 0, 'the request')
  server.sockets[0]!.destroy()
  assert.equal((await sent).kind, 'lost')
})

test('a flow whose connection is gone is unsent, and says so to whoever asked', async () => {
  const { engine, at, taken } = await world()
  const peer = await tcpPeer(at('tcp'))
  peer.send(requestText(peer.local, { transport: 'TCP' }))
  await peer.response()
  const { flow } = taken[0]!
  const gone = new Promise<void>((resolve) => void flow.onClose(resolve))
  let unwanted = 0
  flow.onClose(() => unwanted++)()
  assert.equal(flow.open, true)
  await peer.close()
  await gone
  assert.equal(flow.open, false)
  assert.equal(unwanted, 0)
  assert.equal((await engine.send(messageTo(flow), never)).kind, 'unsent')
})

test('above 1,300 octets it leaves by TCP, and by UDP where the target takes no TCP', async () => {
  const { engine, at } = await world()
  const peer = await udpTo(at('udp'))
  const large = Buffer.alloc(1200, 0x61)
  // Nobody listens there by TCP.
  const first = engine.send(messageTo(target('udp', peer.local.port), { body: large }), never)
  const request = await peer.request()
  assert.match(request.headers.get('via')!, /^SIP\/2\.0\/UDP/)
  peer.send(responseText(request, 200))
  assert.equal((await first).kind, 'answered')
  const server = await tcpServer()
  const second = await engine.send(messageTo(target('udp', server.port), { body: large }), never)
  assert.equal(second.kind, 'answered')
  assert.match(server.requests[0]!.headers.get('via')!, /^SIP\/2\.0\/TCP/)
  assert.deepEqual(Buffer.from(server.requests[0]!.body), large)
})

test('WebSocket peers are not dialled, and a family that is not listened on is said', async () => {
  const { engine } = await world()
  const ws = await engine.send(messageTo(target('ws', 80)), never)
  assert.equal(ws.kind, 'unsent')
  const v6 = await engine.send(messageTo({ transport: 'udp', address: '::1', port: 5060, name: '::1' }), never)
  assert.match(v6.kind === 'unsent' ? v6.why : '', /reaches no IPv6/)
})

test('what is external of a profile is what its Via names', async () => {
  const { engine, at } = await world({ listen: { external: { host: 'sms.example.com', port: 5070 } } })
  const peer = await udpTo(at('udp'))
  const sent = engine.send(messageTo(target('udp', peer.local.port)), never)
  const request = await peer.request()
  assert.match(request.headers.get('via')!, /^SIP\/2\.0\/UDP sms\.example\.com:5070;/)
  peer.send(responseText(request, 200))
  await sent
})

test('bound to every address, it names the one that the peer would reach', async () => {
  const { engine, at } = await world({ listen: { udp: { address: '0.0.0.0', port: 0 } } })
  const peer = await udpTo({ address: '127.0.0.1', port: at('udp').port })
  const sent = engine.send(messageTo(target('udp', peer.local.port)), never)
  const request = await peer.request()
  assert.match(request.headers.get('via')!, new RegExp(`^SIP/2\\.0/UDP 127\\.0\\.0\\.1:${at('udp').port};`))
  peer.send(responseText(request, 200))
  await sent
})

test('whoever watches sees each message as it came and as it leaves', async () => {
  const { engine, at } = await world()
  const seen: string[] = []
  engine.onMessage = (direction, octets, flow) => seen.push(`${direction} ${flow.transport} ${octets.toString('latin1').split('\r\n')[0]}`)
  const peer = await udpTo(at('udp'))
  peer.send(requestText(peer.local))
  await peer.response()
  const stream = await tcpPeer(at('tcp'))
  closing.push(() => stream.close())
  stream.send(requestText(stream.local, { transport: 'TCP', method: 'OPTIONS' }))
  await stream.response()
  engine.onMessage = undefined
  peer.send(requestText(peer.local))
  await peer.response()
  assert.deepEqual(seen, [
    'in udp MESSAGE sip:+4915112345678@gateway.example SIP/2.0',
    'out udp SIP/2.0 200 OK',
    'in tcp OPTIONS sip:+4915112345678@gateway.example SIP/2.0',
    'out tcp SIP/2.0 200 OK',
  ])
})
