// An independent dissector looks at the SIP that we put on the wire: registrations, messages both ways
// by UDP, TCP and WebSocket, receipts, challenges, refusals, pings. None of it is malformed.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { WebSocket } from 'ws'
import { createFramer, defaultReadLimits, writeResponse } from '../../plugins/sip/codec/index.ts'
import { freePort } from '../bench/processes.ts'
import { phone } from '../e2e/sip-phone.ts'
import { create, eventually, sleep } from '../e2e/world.ts'
import { started } from './capture.ts'
import { needs, peer } from './found.ts'
import { domain, numbers, passwordOf, startSipWorld } from './sip-world.ts'

const run = promisify(execFile)

/** A carrier by TCP that takes everything. */
async function carrier(port: number): Promise<{ took: string[]; close(): void }> {
  const took: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    const framer = createFramer(defaultReadLimits, {
      message(message) {
        if (message.kind !== 'request') return
        took.push(`${message.method} ${message.body.toString()}`)
        const lines = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].flatMap((name) =>
          message.headers.all(name.toLowerCase()).flatMap((value) => [name, name === 'To' ? `${value};tag=carrier` : value]),
        )
        socket.write(writeResponse(200, undefined, lines))
      },
      bad: () => socket.destroy(),
      pings: () => void socket.write('\r\n'),
    })
    socket.on('data', (chunk) => framer.push(chunk))
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    took,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

test('a capture of our SIP traffic shows no malformed message', { ...needs('tshark'), timeout: 180_000 }, async () => {
  const [hop, external] = [await freePort(), await freePort()]
  const trunk = await carrier(hop)
  const it = await startSipWorld({
    externalPort: external,
    internal: 'messages: { receipts: imdn }',
    binds: [
      `{ id: tcp, connector: sip, config: { nextHops: ['sip:127.0.0.1:${hop};transport=tcp'], pingSeconds: 1, to: { domain: carrier.example, userPhone: true } } }`,
      `{ id: restcomm, connector: sip, config: { nextHops: ['sip:127.0.0.1:${hop};transport=tcp'], pingSeconds: 0, dialect: restcomm, to: { scheme: tel } } }`,
    ],
    routes: ['{ id: tcp, prefix: "+4471", to: [tcp] }', '{ id: restcomm, prefix: "+4472", to: [restcomm] }'],
  })
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-sip-'))
  const file = join(directory, 'sip.pcapng')
  const ports = [it.internal, it.external, hop, it.http]
  const capture = spawn(peer('tshark')!, ['-q', '-i', 'lo', '-f', ports.map((port) => `port ${port}`).join(' or '), '-w', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  try {
    await started(capture)
    const alice = await phone({ gateway: it.internal, user: 'alice', password: passwordOf('alice'), domain })
    assert.equal((await alice.register()).status, 200)
    const sent = await alice.message(`sip:+447000000055@${domain}`, 'Grüße ☃', ['Content-Type: text/plain', 'X-REG-DELIVERY: 1'])
    assert.equal(sent.status, 202)
    await alice.received('the receipt', ({ body }) => body.includes('imdn') || body.includes('delivered'))
    for (const text of ['short', 'äöü ☃ 🚂'.repeat(60)])
      it.world.carriers.reply({ carrier: 'north', from: '447000000055', to: numbers.alice.slice(1), text })
    await alice.received('the long one', ({ body }) => body.length > 300)
    for (const [method, uri, headers] of [
      ['MESSAGE', `sip:+447000000055@${domain}`, ['Content-Type: image/png']],
      ['MESSAGE', `sip:+447000000055@${domain}`, ['Content-Type: text/plain', 'X-SMS-CODING: 7']],
      ['MESSAGE', `sip:nobody@${domain}`, ['Content-Type: text/plain']],
      ['OPTIONS', `sip:${domain}`, []],
      ['SUBSCRIBE', `sip:alice@${domain}`, ['Event: presence']],
      ['TELEPORT', `sip:alice@${domain}`, []],
      ['MESSAGE', `sips:+447000000055@${domain}`, ['Content-Type: text/plain', 'Require: teleport']],
    ] as const)
      await alice.request(method, uri, headers, method === 'MESSAGE' ? 'a "quoted" text' : '')
    for (const to of ['+447100000055', '+447200000055']) {
      await create(it.world.setup, { To: to, From: numbers.alice, Body: `to ${to} ☃ ${'y'.repeat(200)}` })
      await eventually(to, () => trunk.took.find((each) => each.startsWith(`MESSAGE to ${to}`)))
    }
    await eventually('a ping', () => trunk.took.find((each) => each.startsWith('OPTIONS')))
    await byWebSocket(it.http)
    alice.close()
    await sleep(1000)
    capture.kill('SIGINT')
    await once(capture, 'exit')
    const decoded = [it.internal, it.external, hop].flatMap((port) => ['-d', `udp.port==${port},sip`, '-d', `tcp.port==${port},sip`])
    const read = async (...args: string[]): Promise<string> =>
      (await run(peer('tshark')!, ['-r', file, ...decoded, '-d', `tcp.port==${it.http},http`, ...args], { maxBuffer: 50_000_000 })).stdout
    const methods = await read('-Y', 'sip', '-T', 'fields', '-e', 'sip.Method', '-e', 'sip.Status-Code')
    const seen = methods.split(/[\s,]+/).filter((each) => each !== '')
    for (const each of ['REGISTER', 'MESSAGE', 'OPTIONS', '200', '202', '401', '407', '415', '400', '405'])
      assert.ok(seen.includes(each), `no ${each} in the capture`)
    assert.ok(seen.length > 40, `only ${seen.length} messages were captured`)
    assert.equal(await read('-Y', 'sip && _ws.malformed', '-T', 'fields', '-e', 'frame.number', '-e', 'sip.Request-Line'), '')
    assert.notEqual(await read('-Y', 'websocket && sip.Method == "OPTIONS"'), '', 'SIP in WebSocket frames was seen')
    // What the phone sent on purpose is its own fault: ours is what comes from our ports.
    const ours = `(udp.srcport == ${it.internal} || tcp.srcport == ${it.internal} || tcp.srcport == ${it.http} || tcp.dstport == ${hop})`
    assert.equal(await read('-Y', `${ours} && sip && _ws.expert.severity >= 6291456`, '-T', 'fields', '-e', '_ws.expert.message'), '')
  } finally {
    capture.kill('SIGKILL')
    await it.close()
    trunk.close()
    await rm(directory, { recursive: true, force: true })
  }
})

/** An OPTIONS and a REGISTER that is challenged, by hand. */
async function byWebSocket(port: number): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/sip`, 'sip')
  await once(socket, 'open')
  for (const [i, method] of ['OPTIONS', 'REGISTER'].entries()) {
    const answered = once(socket, 'message')
    socket.send(
      [
        `${method} sip:${domain} SIP/2.0`,
        `Via: SIP/2.0/WS web.invalid;branch=z9hG4bKweb${i}`,
        'Max-Forwards: 70',
        `From: <sip:alice@${domain}>;tag=web`,
        `To: <sip:alice@${domain}>`,
        `Call-ID: web-${i}`,
        `CSeq: ${i + 1} ${method}`,
        'Contact: <sip:web@web.invalid;transport=ws>',
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n'),
    )
    await answered
  }
  socket.close()
}
