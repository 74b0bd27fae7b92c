// The torture messages against a profile that listens: each has the answer that the table says, and
// no other, by UDP and by TCP; and whoever comes next is served.
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, test } from 'node:test'
import { coreOf, profileOf } from './access/access.fixture.ts'
import { createFront, createGuard } from './access/index.ts'
import { createFramer, defaultReadLimits, readMessage, type ReadMessage, type ReadResponse, splitList } from './codec/index.ts'
import { torture, tortureOctets, type TortureCase } from './codec/torture.fixture.ts'
import { anyPort, started, type Started } from './engine/embedded/embedded.fixture.ts'
import type { SipEngine } from './engine/engine.ts'
import { createUa } from './ua.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** A profile that challenges REGISTER and MESSAGE. */
async function world(): Promise<Started> {
  const profile = profileOf()
  const { host } = coreOf()
  const guard = createGuard({ safety: profile.safety, clock: host.clock })
  const engine: Pick<SipEngine, 'send' | 'revive'> = { send: () => assert.fail('nothing is sent'), revive: () => undefined }
  const { access, registrar } = createFront({
    host,
    profile,
    guard,
    engine,
    openSession: () => assert.fail('nobody registers'),
    trunksAt: () => [],
    file: undefined,
  })
  const ua = createUa({
    profile,
    access,
    registrar,
    guard,
    inbound: () => assert.fail('nobody is known'),
    failed: (error) => assert.fail(String(error)),
  })
  const it = await started(ua, { listen: { udp: anyPort, tcp: anyPort } })
  closing.push(() => it.engine.stop())
  return it
}

const lastCallId = 'last@torture'
const last = Buffer.from(
  [
    'OPTIONS sip:acme.example SIP/2.0',
    'Via: SIP/2.0/UDP client.invalid;branch=z9hG4bKlast;rport',
    'From: <sip:last@acme.example>;tag=last',
    'To: <sip:acme.example>',
    `Call-ID: ${lastCallId}`,
    'CSeq: 1 OPTIONS',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n'),
)

function response(message: ReturnType<typeof readMessage>): ReadResponse {
  assert.ok(message.kind === 'response', JSON.stringify(message))
  return message
}

/** What came before the answer to a request that is as it should be. */
async function byUdp(octets: Buffer): Promise<ReadResponse[]> {
  const { at } = await world()
  const socket = createSocket('udp4')
  closing.push(() => new Promise<void>((resolve) => socket.close(() => resolve())))
  const heard: ReadResponse[] = []
  const over = new Promise<void>((resolve) => {
    socket.on('message', (datagram) => {
      // An answer repeats what was malformed; it is read without it.
      const message = readMessage(datagram)
      const answer = response(message.kind === 'bad' ? readMessage(withoutTo(datagram)) : message)
      if (answer.read.callId === lastCallId) resolve()
      else heard.push(answer)
    })
  })
  const { port } = at('udp')
  socket.send(octets, port, '127.0.0.1')
  await new Promise((resolve) => setTimeout(resolve, 5))
  socket.send(last, port, '127.0.0.1')
  await over
  return heard
}

/** From and To of what was refused as malformed are as malformed in its answer; so may Call-ID and CSeq be, or missing. */
function withoutTo(datagram: Buffer): Buffer {
  const [head = '', body = ''] = datagram.toString('utf8').split('\r\n\r\n')
  const names = /^(From|To|Call-ID|CSeq):/
  const lines = head.split('\r\n').filter((line) => !names.test(line))
  lines.push('From: <sip:a@b>', 'To: <sip:a@b>;tag=1', 'Call-ID: malformed', 'CSeq: 1 A')
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`)
}

for (const each of torture) {
  test(`${each.name} by UDP: ${each.answer ?? 'no answer'} (${each.section}, ${each.why})`, async () => {
    const octets = tortureOctets(each)
    const answers = await byUdp(octets)
    assert.deepEqual(
      answers.map(({ status }) => status),
      each.answer === undefined ? [] : [each.answer],
    )
    if (each.answer === undefined) return
    const [answer] = answers
    fits(each, answer!)
  })
}

/** What every answer says, and what those of this status say. */
function fits(each: TortureCase, { status, headers, read }: ReadResponse): void {
  const asked = readMessage(tortureOctets(each))
  const vias = asked.kind === 'bad' ? asked.answerable!.vias : asked.headers.all('via')
  // How many a malformed field holds nobody knows.
  const apart = asked.kind === 'bad' ? (fields: readonly string[]): readonly string[] => fields : splitList
  assert.equal(apart(headers.all('via')).length, apart(vias).length, 'all Vias come back')
  assert.match(headers.get('via')!, /received=127\.0\.0\.1/)
  assert.deepEqual(apart(headers.all('via')).slice(1), apart(vias).slice(1), 'and in their order')
  assert.equal(headers.get('server'), undefined)
  if (asked.kind === 'request') {
    assert.equal(read.callId, asked.read.callId)
    assert.equal(read.cseq, asked.read.cseq)
    assert.equal(headers.get('from'), asked.headers.get('from'))
    assert.notEqual(read.toTag, '')
    if (asked.read.toTag !== '') assert.equal(read.toTag, asked.read.toTag)
  } else assert.match(headers.get('warning')!, /^399 signalbox ".{10,}"$/)
  if (status === 405 || status === 501) assert.equal(headers.get('allow'), 'REGISTER, MESSAGE, OPTIONS')
  if (status === 401) assert.match(headers.get('www-authenticate')!, /^Digest /)
  if (status === 407) assert.match(headers.get('proxy-authenticate')!, /^Digest /)
  if (status === 420) assert.equal(headers.get('unsupported'), 'nothingSupportsThis, nothingSupportsThisEither')
}

/** By a stream, where that differs: what is framed otherwise than a datagram. */
const byStream: Readonly<Record<string, readonly number[]>> = {
  // Two requests.
  dblreq: [401, 405],
  // No Content-Length.
  inv2543: [400],
  // More is announced than comes, or the empty line is still to come: waits.
  baddn: [],
  clerr: [],
  'ipv6-in-sdp': [],
}

/** What comes until nothing more can: as many answers as are due, or the end of the connection. */
async function byTcp(octets: Buffer, due: number): Promise<number[]> {
  const { at } = await world()
  const socket = connect(at('tcp').port, '127.0.0.1')
  closing.push(async () => socket.destroy())
  await once(socket, 'connect')
  const statuses: number[] = []
  let wake: () => void = () => {}
  const enough = new Promise<void>((resolve) => (wake = resolve))
  const framer = createFramer(defaultReadLimits, {
    message(message: ReadMessage) {
      statuses.push(response(message).status)
      if (statuses.length === due) wake()
    },
    // What was malformed in the request is in the answer.
    bad({ why }) {
      assert.match(why, /^(From|To|CSeq|Call-ID): /)
      statuses.push(400)
      if (statuses.length === due) wake()
    },
    pings: () => {},
  })
  socket.on('data', (chunk: Buffer) => framer.push(chunk))
  socket.on('close', () => wake())
  socket.write(octets)
  if (due > 0) await enough
  await new Promise((resolve) => setTimeout(resolve, 20))
  return statuses
}

test('by TCP each has the same answer, but for what is framed otherwise', async () => {
  for (const each of torture) {
    const expected = byStream[each.name] ?? (each.answer === undefined ? [] : [each.answer])
    assert.deepEqual(await byTcp(tortureOctets(each), expected.length), expected, each.name)
    for (const close of closing.splice(0).toReversed()) await close()
  }
})
