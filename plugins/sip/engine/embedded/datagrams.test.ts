// What strangers may send by UDP: each is answered or dropped as it must be, and the engine lives.
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { afterEach, test } from 'node:test'
import * as fc from 'fast-check'
import { requestText } from '../peer.fixture.ts'
import { started, until } from './embedded.fixture.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** Holds what comes as it came: an answer repeats what was malformed. */
async function world() {
  const { engine, at } = await started((_request, answer) => answer({ status: 202 }))
  closing.push(() => engine.stop())
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  closing.push(() => new Promise((resolve) => socket.close(resolve)))
  const heard: string[] = []
  socket.on('message', (octets) => heard.push(octets.toString()))
  const { address, port } = socket.address()
  const local = { address, port }
  return {
    engine,
    local,
    heard,
    send: (octets: string | Buffer) => socket.send(octets, at('udp').port, '127.0.0.1'),
    async lives() {
      const callId = `lives-${Math.random()}`
      const own = (): string[] => heard.filter((each) => each.includes(callId))
      socket.send(requestText(local, { callId }), at('udp').port, '127.0.0.1')
      await until(() => own().length > 0, 'an answer')
      await pause(20)
      assert.equal(own().length, 1)
      assert.match(own()[0]!, /^SIP\/2\.0 202 /)
    },
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const mostBuffered = process.platform === 'linux' ? Number(readFileSync('/proc/sys/net/core/rmem_max', 'latin1')) : 0
const roomy =
  mostBuffered >= 4 * 1024 * 1024 ? {} : { skip: 'the system gives a socket less than 4 MB: sysctl -w net.core.rmem_max=4194304' }

test('a thousand messages that come while the gateway is busy are waiting when it is not', roomy, async () => {
  const { engine, local, send } = await world()
  // The engine is of this very thread: until the loop ends it reads nothing.
  for (let n = 0; n < 1000; n++) send(requestText(local))
  await until(() => engine.counts().requests === 1000, 'all are read')
})

test('datagrams that are no requests, or lead nowhere back, are dropped without a word', async () => {
  const { send, heard, local, lives, engine } = await world()
  const text = requestText(local).toString()
  const dropped: (string | Buffer)[] = [
    '\r\n\r\n',
    Buffer.alloc(4),
    'jaK',
    Buffer.from('000100002112a442000000000000000000000000', 'hex'),
    Buffer.alloc(2000, 0x41),
    text.replace(/Via: .*\r\n/, ''),
    text.replace(/Via: .*\r\n/, 'Via: \r\n'),
    text.replace(/^.*\r\n/, 'SIP/2.0 200 OK\r\n'),
    text.replace(/^MESSAGE/, 'ACK').replace('CSeq: 1 MESSAGE', 'CSeq: x'),
    'SIP/2.0 200 OK\r\n\r\n',
  ]
  for (const each of dropped) send(each)
  await lives()
  assert.equal(heard.length, 1, 'of all of them, the last has an answer')
  assert.equal(engine.counts().transactions, 1)
})

test('a malformed request has one answer, which says what was wrong and is hardly larger', async () => {
  const { send, heard, local, engine } = await world()
  const text = requestText(local).toString()
  const spoiled: [what: string, text: string][] = [
    ['Via', text.replace(/Via: .*\r\n/, 'Via: SIP/2.0/UDP 192.0.2.15;;,;,,\r\n')],
    ['a port beyond the last', text.replace(/Via: .*\r\n/, `Via: SIP/2.0/UDP 127.0.0.1:70000;rport;branch=z9hG4bKport\r\n`)],
    ['a port that is none', text.replace(/Via: .*\r\n/, `Via: SIP/2.0/UDP [::1]:x;branch=z9hG4bKport\r\n`)],
    ['CSeq', text.replace('CSeq: 1 MESSAGE', 'CSeq: one MESSAGE')],
    ['CSeq of another method', text.replace('CSeq: 1 MESSAGE', 'CSeq: 1 REGISTER')],
    ['no From', text.replace(/From: .*\r\n/, '')],
    ['no Call-ID', text.replace(/Call-ID: .*\r\n/, '')],
    ['a Content-Length that lies', text.replace('Content-Length: 5', 'Content-Length: 50')],
    ['two Call-IDs', text.replace('CSeq:', 'Call-ID: second\r\nCSeq:')],
    ['an LF alone', text.replace('CSeq: 1 MESSAGE\r\n', 'CSeq: 1 MESSAGE\n')],
    ['a NUL', text.replace('Max-Forwards: 70', 'Max-Forwards: 7\u00000')],
    ['no URI', text.replace(/^MESSAGE \S+/, 'MESSAGE')],
    ['no UTF-8', text.replace('Max-Forwards: 70', 'Subject: \u00ff')],
  ]
  for (const [what, octets] of spoiled) {
    heard.length = 0
    send(what === 'no UTF-8' ? Buffer.from(octets, 'latin1') : octets)
    await until(() => heard.length > 0, 'an answer')
    await pause(10)
    assert.equal(heard.length, 1, what)
    assert.match(heard[0]!, /^SIP\/2\.0 400 [^]*\r\nWarning: 399 \S+ ".+"\r\n/, what)
    assert.ok(heard[0]!.length < octets.length + 200, what)
  }
  assert.equal(engine.counts().transactions, 0)
})

test('SIP of another version is told which one is spoken', async () => {
  const { send, heard, local } = await world()
  send(requestText(local).toString().replace('SIP/2.0\r\n', 'SIP/7.0\r\n'))
  await until(() => heard.length > 0, 'an answer')
  assert.match(heard[0]!, /^SIP\/2\.0 505 /)
})

test('whatever a message is mutated into, the engine lives and answers each at most once', async () => {
  const { send, heard, local, lives, engine } = await world()
  const original = requestText(local)
  const change = fc.tuple(fc.nat(original.length - 1), fc.integer({ min: 0, max: 255 }))
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), fc.nat(original.length), async (changes, cut) => {
      const octets = Buffer.from(original)
      for (const [place, octet] of changes) octets[place] = octet
      send(octets.subarray(0, cut % 3 === 0 ? cut : octets.length))
      await new Promise((resolve) => setImmediate(resolve))
    }),
    { numRuns: 300 },
  )
  await lives()
  assert.ok(heard.length <= 301, `${heard.length} answers`)
  assert.ok(engine.counts().transactions <= 301)
})
