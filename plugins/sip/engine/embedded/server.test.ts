// Server transactions, on real sockets.
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { testClock } from '../../../../src/clock.ts'
import { readNameAddr } from '../../codec/index.ts'
import type { End, Incoming, Reply, Take } from '../engine.ts'
import { requestText, type Said, tcpPeer, udpPeer } from '../peer.fixture.ts'
import { type Given, started, until } from './embedded.fixture.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function world(take: Take, given?: Given) {
  const { engine, at } = await started(take, given)
  closing.push(() => engine.stop())
  const peer = await udpPeer(at('udp'))
  closing.push(() => peer.close())
  return { engine, at, peer }
}

const accepting: Take = (_request, answer) => answer({ status: 202 })
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
/** Timer F and J of 640 ms, Timer E at T2 after 30 ms. */
const quick = { t1: 10, t2: 20, t4: 50 }

test('what comes again is answered as before for Timer J, and is another request after it', async () => {
  let taken = 0
  const clock = testClock()
  const { engine, peer } = await world(
    (_request, answer) => {
      taken++
      answer({ status: 202 })
    },
    { parts: { clock } },
  )
  const octets = requestText(peer.local)
  peer.send(octets)
  const tag = readNameAddr((await peer.response()).headers.get('to')!)!.params.get('tag')
  peer.send(octets)
  assert.equal(readNameAddr((await peer.response()).headers.get('to')!)!.params.get('tag'), tag)
  assert.equal(engine.counts().retransmissionsIn, 1)
  for (let seconds = 0; engine.counts().transactions > 0; seconds++) {
    assert.ok(seconds < 40, 'Timer J is 32 s')
    await clock.advance(1000)
  }
  peer.send(octets)
  await peer.response()
  assert.equal(taken, 2)
})

test('what strangers are told uses up no transaction, and is told again to who asks again', async () => {
  const { engine, peer } = await world((request, answer) => answer({ status: request.method === 'MESSAGE' ? 407 : 200, fleeting: true }), {
    safety: { transactions: 2 },
  })
  const again = requestText(peer.local)
  for (const octets of [
    again,
    again,
    requestText(peer.local, { method: 'OPTIONS' }),
    requestText(peer.local, { headers: ['Require: x'] }),
  ]) {
    peer.send(octets)
    assert.ok([407, 200, 420].includes((await peer.response()).status))
  }
  assert.equal(engine.counts().transactions, 0)
  assert.equal(engine.counts().refused, 0)
})

test('while it is tried, what comes again is swallowed, then answered 100, and given up on with 500 (RFC 4320)', async () => {
  const clock = testClock()
  const { engine, peer } = await world(() => {}, { parts: { clock } })
  const octets = requestText(peer.local, { headers: ['Timestamp: 54'] })
  peer.send(octets)
  peer.send(octets)
  await until(() => engine.counts().retransmissionsIn === 1, 'it came twice')
  assert.equal(peer.waiting(), 0)
  // Timer E at T2, after 7.5 s.
  await clock.advance(7600)
  const trying = await peer.response()
  assert.equal(trying.status, 100)
  assert.equal(trying.headers.get('timestamp'), '54')
  assert.equal(readNameAddr(trying.headers.get('to')!)!.params.get('tag'), undefined)
  peer.send(octets)
  assert.equal((await peer.response()).status, 100)
  await clock.advance(32_000)
  assert.equal((await peer.response()).status, 500)
  assert.equal(engine.counts().retransmissionsIn, 2)
})

test('an answer after the last word is dropped', async () => {
  let late: ((reply: Reply) => void) | undefined
  const { peer } = await world((_request, answer) => void (late = answer), { timers: quick })
  peer.send(requestText(peer.local))
  assert.equal((await peer.response()).status, 100)
  assert.equal((await peer.response()).status, 500)
  late!({ status: 202 })
  await pause(50)
  assert.equal(peer.waiting(), 0)
})

test('the same branch from another address, by another method or sent-by is another request', async () => {
  const taken: string[] = []
  const { peer, at } = await world((request, answer) => {
    taken.push(request.method)
    answer({ status: 200 })
  })
  const branch = 'z9hG4bKshared'
  peer.send(requestText(peer.local, { branch }))
  await peer.response()
  peer.send(requestText(peer.local, { branch, method: 'OPTIONS' }))
  await peer.response()
  const other = await udpPeer(at('udp'))
  closing.push(() => other.close())
  other.send(requestText(other.local, { branch }))
  await other.response()
  assert.deepEqual(taken, ['MESSAGE', 'OPTIONS', 'MESSAGE'])
})

test('a request without the cookie is known by the rest of it (RFC 2543)', async () => {
  let taken = 0
  const { peer } = await world((_request, answer) => {
    taken++
    answer({ status: 200 })
  })
  const via = `Via: SIP/2.0/UDP 127.0.0.1:${peer.local.port};branch=1`
  const same: Said = { via, callId: 'old', from: '<sip:a@x>;tag=1' }
  peer.send(requestText(peer.local, same))
  await peer.response()
  peer.send(requestText(peer.local, same))
  await peer.response()
  assert.equal(taken, 1)
  peer.send(requestText(peer.local, { ...same, cseq: '2 MESSAGE' }))
  await peer.response()
  peer.send(requestText(peer.local, { ...same, uri: 'sip:other@x' }))
  await peer.response()
  assert.equal(taken, 3)
})

test('one that comes by two ways while it is tried is merged; what is repeated later is taken', async () => {
  const answers: ((reply: Reply) => void)[] = []
  const { peer } = await world((_request, answer) => void answers.push(answer))
  const same = { callId: 'forked', from: '<sip:a@x>;tag=1' }
  peer.send(requestText(peer.local, same))
  peer.send(requestText(peer.local, same))
  assert.equal((await peer.response()).status, 482)
  answers[0]!({ status: 202 })
  assert.equal((await peer.response()).status, 202)
  peer.send(requestText(peer.local, same))
  await until(() => answers.length === 2, 'it is taken again')
  answers[1]!({ status: 202 })
  assert.equal((await peer.response()).status, 202)
})

test('above so many transactions newcomers are asked to come again, and nobody is forgotten', async () => {
  const { engine, peer } = await world(accepting, { safety: { transactions: 5 } })
  const first = requestText(peer.local)
  peer.send(first)
  await peer.response()
  for (let i = 0; i < 4; i++) {
    peer.send(requestText(peer.local))
    await peer.response()
  }
  peer.send(requestText(peer.local))
  const refused = await peer.response()
  assert.equal(refused.status, 503)
  assert.match(refused.headers.get('retry-after')!, /^\d+$/)
  peer.send(first)
  assert.equal((await peer.response()).status, 202)
  assert.equal(engine.counts().refused, 1)
})

test('an ACK is never answered, a CANCEL of a message changes nothing, one of nothing is 481', async () => {
  let answer: ((reply: Reply) => void) | undefined
  const { peer } = await world((_request, answering) => void (answer = answering))
  const branch = 'z9hG4bKtocancel'
  peer.send(requestText(peer.local, { branch, callId: 'm' }))
  await until(() => answer !== undefined, 'it is taken')
  peer.send(requestText(peer.local, { branch, callId: 'm', method: 'CANCEL' }))
  const cancelled = await peer.response()
  assert.deepEqual([cancelled.status, cancelled.headers.get('cseq')], [200, '1 CANCEL'])
  answer!({ status: 202 })
  assert.equal((await peer.response()).status, 202)
  peer.send(requestText(peer.local, { method: 'CANCEL' }))
  assert.equal((await peer.response()).status, 481)
  peer.send(requestText(peer.local, { method: 'ACK' }))
  await pause(50)
  assert.equal(peer.waiting(), 0)
})

test('what a request asks that we cannot do is refused before anyone looks at what it is for', async () => {
  const taken: Incoming[] = []
  const { peer } = await world((request, answer) => {
    taken.push(request)
    answer({ status: 200 })
  })
  const refused: [said: Said, status: number, header?: [name: string, value: string]][] = [
    [{ maxForwards: '0' }, 483],
    [{ maxForwards: '-1' }, 400],
    [{ maxForwards: '256' }, 400],
    [{ uri: 'sips:a@gateway.example' }, 416],
    [{ uri: 'soap.beep://192.0.2.103:3002' }, 416],
    [{ headers: ['Require: path, nothingSupportsThis', 'Require: norThis'] }, 420, ['unsupported', 'nothingSupportsThis, norThis']],
    [{ headers: ['Proxy-Require: sec-agree'] }, 420, ['unsupported', 'sec-agree']],
    [{ headers: ['Content-Encoding: br'] }, 415, ['accept-encoding', 'gzip, deflate, identity']],
    [
      { headers: ['Content-Encoding: gzip', 'e: br'] },
      415,
      ['warning', '399 signalbox "Content-Encoding br: expected gzip, deflate or identity"'],
    ],
  ]
  for (const [said, status, header] of refused) {
    peer.send(requestText(peer.local, said))
    const response = await peer.response()
    assert.equal(response.status, status, JSON.stringify(said))
    if (header) assert.equal(response.headers.get(header[0]), header[1])
  }
  assert.deepEqual(taken, [])
  const passed: Said[] = [
    { uri: 'tel:+4915112345678' },
    { uri: 'SIP:a@gateway.example' },
    { method: 'OPTIONS', maxForwards: '0' },
    { headers: ['Require: Path', 'Content-Encoding: Deflate'] },
    { headers: ['Content-Encoding: gzip'] },
    { method: 'OPTIONS', headers: ['Proxy-Require: sec-agree'] },
    { method: 'SUBSCRIBE', headers: ['Require: eventlist'] },
  ]
  for (const said of passed) {
    peer.send(requestText(peer.local, said))
    assert.equal((await peer.response()).status, 200, JSON.stringify(said))
  }
  assert.equal(taken.length, passed.length)
})

test('a request of ours that comes back as it left is a loop; one that was sent elsewhere meanwhile is not', async () => {
  const { engine, peer } = await world(accepting)
  const uri = 'sip:+4930@carrier.example'
  void engine.send(
    {
      method: 'MESSAGE',
      uri,
      via: { transport: 'udp', address: peer.local.address, port: peer.local.port, name: 'carrier' },
      from: '<sip:a@x>',
      to: '<sip:b@x>',
      headers: [],
      body: Buffer.from('round'),
    },
    new AbortController().signal,
  )
  const ours = (await peer.request()).headers.get('via')!
  const proxied = (): string => `Via: SIP/2.0/UDP 127.0.0.1:${peer.local.port};branch=z9hG4bKproxy${Math.random()};rport\r\nVia: ${ours}`
  peer.send(requestText(peer.local, { uri, via: proxied() }))
  assert.equal((await peer.response()).status, 482)
  peer.send(requestText(peer.local, { uri: 'sip:+4930@gateway.example', via: proxied() }))
  const response = await peer.response()
  assert.equal(response.status, 202)
  assert.equal(response.headers.all('via').length, 2)
})

test('what is sent to our own address goes round once', async () => {
  let taken = 0
  const { engine, at } = await world((_request, answer) => {
    taken++
    answer({ status: 202 })
  })
  for (const transport of ['udp', 'tcp'] as const) {
    const { address, port } = at(transport)
    const via = { transport, address, port, name: address }
    const request = { method: 'MESSAGE' as const, uri: 'sip:+4930@carrier.example', from: '<sip:a@x>', to: '<sip:b@x>', headers: [] }
    const sent = await engine.send({ ...request, via, body: Buffer.from('round') }, new AbortController().signal)
    assert.equal(sent.kind === 'answered' && sent.status, 482, transport)
  }
  assert.equal(taken, 0)
})

test('a response goes to the port that it came from where that is asked or a NAT is seen, else to that of its Via', async () => {
  const { peer, at } = await world(accepting)
  const elsewhere = await udpPeer(at('udp'))
  closing.push(() => elsewhere.close())
  const named = (host: string, port: number, more = ''): string => `Via: SIP/2.0/UDP ${host}:${port};branch=z9hG4bK${Math.random()}${more}`
  peer.send(requestText(peer.local, { via: named('127.0.0.1', elsewhere.local.port, ';rport') }))
  assert.match((await peer.response()).headers.get('via')!, new RegExp(`rport=${peer.local.port};received=127.0.0.1`))
  peer.send(requestText(peer.local, { via: named('10.0.0.9', elsewhere.local.port) }))
  assert.match((await peer.response()).headers.get('via')!, /received=127\.0\.0\.1/)
  peer.send(requestText(peer.local, { via: named('127.0.0.1', elsewhere.local.port) }))
  assert.equal((await elsewhere.response()).status, 202)
})

test('an answer that cannot be written is a 500, and nothing of it gets out', async () => {
  const { peer } = await world((_request, answer) => answer({ status: 202, headers: ['X-SMS-Message-ID', 'a\r\nEvil: yes'] }))
  peer.send(requestText(peer.local))
  const response = await peer.response()
  assert.equal(response.status, 500)
  assert.equal(response.headers.get('evil'), undefined)
})

test('an answer is given once', async () => {
  const { peer } = await world((_request, answer) => {
    answer({ status: 202 })
    answer({ status: 500 })
  })
  peer.send(requestText(peer.local))
  assert.equal((await peer.response()).status, 202)
  await pause(30)
  assert.equal(peer.waiting(), 0)
})

test('by TCP nothing is kept once it is answered', async () => {
  const { engine, at } = await world(accepting)
  const peer = await tcpPeer(at('tcp'))
  closing.push(() => peer.close())
  peer.send(requestText(peer.local, { transport: 'TCP' }))
  await peer.response()
  assert.equal(engine.counts().transactions, 0)
})

test('IPv6 is spoken as IPv4 is', async () => {
  const end: End = { address: '::1', port: 0 }
  const { engine, at } = await started(accepting, { listen: { udp: end, tcp: end } })
  closing.push(() => engine.stop())
  const peer = await udpPeer(at('udp'))
  closing.push(() => peer.close())
  peer.send(requestText(peer.local))
  assert.equal((await peer.response()).status, 202)
  const sent = engine.send(
    {
      method: 'OPTIONS',
      uri: 'sip:a@[::1]',
      via: { transport: 'udp', address: '::1', port: peer.local.port, name: '::1' },
      from: '<sip:a@x>',
      to: '<sip:b@x>',
      headers: [],
      body: Buffer.alloc(0),
      limitMs: 100,
    },
    new AbortController().signal,
  )
  assert.match((await peer.request()).headers.get('via')!, /^SIP\/2\.0\/UDP \[::1\]:\d+;branch=z9hG4bK\S+;rport$/)
  assert.equal((await sent).kind, 'timeout')
})

test('addresses that are refused hear nothing', async () => {
  const { engine, peer, at } = await world(accepting, { parts: { refuses: (address) => address === '127.0.0.1' } })
  peer.send(requestText(peer.local))
  await until(() => engine.counts().refused === 1, 'it is refused')
  await pause(20)
  assert.equal(peer.waiting(), 0)
  const stream = await tcpPeer(at('tcp'))
  await stream.closed
  assert.equal(stream.raw().length, 0)
})
