// What passes by a drachtio server, both ways, and what is refused since it would not.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock, testClock } from '../../../../src/clock.ts'
import { startDrachtioPeer } from '../../../../test/peers/drachtio.ts'
import type { OutRequest, Reply, Sent } from '../engine.ts'
import { createYard, log, message, never, out, profileFor, secret, until, whyOf } from './drachtio.fixture.ts'
import { createDrachtio, listenersOf } from './index.ts'

const { later, setUp, phone } = createYard()

test('tells where the server listens', async () => {
  const peer = await startDrachtioPeer({ secret })
  later(() => peer.close())
  const engine = createDrachtio({ profile: profileFor(peer.port), clock: systemClock, log })
  later(() => engine.stop())
  const listened = await engine.start(() => undefined)
  assert.deepEqual(listened, [
    { address: '127.0.0.1', port: peer.sipPort, transport: 'udp' },
    { address: '127.0.0.1', port: peer.sipPort, transport: 'tcp' },
  ])
  assert.deepEqual(listenersOf('udp/192.0.2.1:5060,tls/[2001:db8::1]:5061,sctp/192.0.2.1:5060,rubbish'), [
    { address: '192.0.2.1', port: 5060, transport: 'udp' },
    { address: '2001:db8::1', port: 5061, transport: 'tls' },
  ])
})

test('says why it does not start: a secret that the server refuses, a server that is not there', async () => {
  const peer = await startDrachtioPeer({ secret })
  const wrong = createDrachtio({ profile: profileFor(peer.port, { secret: 'guessed' }), clock: systemClock, log })
  await assert.rejects(
    wrong.start(() => undefined),
    new RegExp(`127.0.0.1:${peer.port}: it refused the secret`),
  )
  await peer.close()
  const away = createDrachtio({ profile: profileFor(peer.port), clock: systemClock, log })
  await assert.rejects(
    away.start(() => undefined),
    /ECONNREFUSED/,
  )
})

test('hands a MESSAGE up with all its fields, its flow and its UTF-8 body, and answers it', async () => {
  const { peer, taken, engine } = await setUp()
  const alice = await phone()
  const seen: string[] = []
  engine.onMessage = (direction, octets, flow) => void seen.push(`${direction} ${octets.toString().split('\r\n')[0]} ${flow.transport}`)
  const headers = 'x-sms-coding: 2\r\nRoute: <sip:a;lr>\r\nRoute: <sip:b;lr>\r\nconstructor: x\r\n__proto__: y\r\n'
  alice.say(peer.sipPort, message(alice, { body: 'Grüße 🚂', headers }))
  await until(() => taken.length === 1, 'the MESSAGE')
  const { request, answer } = taken[0]!
  assert.equal(request.profile, 'carrier-grade')
  assert.equal(request.callId, 'z9hG4bKone@test')
  assert.equal(request.uri, 'sip:+4915112345678@acme.example')
  assert.equal(request.body.toString('utf8'), 'Grüße 🚂')
  assert.equal(request.headers.get('X-SMS-CODING'), '2')
  assert.deepEqual(request.headers.all('route'), ['<sip:a;lr>', '<sip:b;lr>'])
  assert.equal(request.headers.get('constructor'), 'x')
  assert.equal(request.flow.id, `udp 127.0.0.1:${alice.port} 127.0.0.1:${peer.sipPort}`)
  assert.deepEqual(request.flow.remote, { address: '127.0.0.1', port: alice.port })
  answer({ status: 202, headers: ['X-SMS-Message-ID', 'SM1', 'Warning', '399 a "b, c"', 'Warning', '399 a "d"'] })
  answer({ status: 500 })
  await until(() => alice.heard.length > 0, 'the answer')
  const [said] = alice.heard
  assert.ok(said?.kind === 'response')
  assert.equal(said.status, 202)
  assert.equal(said.reason, 'Accepted')
  assert.equal(said.headers.get('x-sms-message-id'), 'SM1')
  assert.deepEqual(said.headers.all('warning'), ['399 a "b, c"', '399 a "d"'])
  assert.notEqual(said.read.toTag, '')
  assert.deepEqual(seen, ['in MESSAGE sip:+4915112345678@acme.example SIP/2.0 udp', 'out SIP/2.0 202 Accepted udp'])
  assert.equal(alice.heard.length, 1)
})

test('hands one request up once, however often its sender repeats it', async () => {
  const { peer, taken, engine } = await setUp()
  const alice = await phone()
  for (let i = 0; i < 3; i++) alice.say(peer.sipPort, message(alice))
  await until(() => engine.counts().retransmissionsIn === 2, 'the repeats')
  assert.equal(taken.length, 1)
  taken[0]!.answer({ status: 202 })
  await until(() => alice.heard.length === 1, 'the answer')
  alice.say(peer.sipPort, message(alice))
  await until(() => alice.heard.length === 2, 'the answer again')
  alice.say(peer.sipPort, message(alice, { branch: 'z9hG4bKtwo' }))
  await until(() => taken.length === 2, 'another request')
})

test('refuses a body that is no UTF-8 with 415, since it was spoilt on the way', async () => {
  const { peer, taken } = await setUp()
  const alice = await phone()
  const [head] = message(alice, { body: 'abcde' }).split('abcde')
  alice.say(peer.sipPort, Buffer.concat([Buffer.from(head!), Buffer.from('caf\xe9!', 'latin1')]))
  await until(() => alice.heard.length === 1, 'the refusal')
  const [said] = alice.heard
  assert.ok(said?.kind === 'response')
  assert.equal(said.status, 415)
  assert.equal(said.headers.get('accept'), 'text/plain;charset=UTF-8')
  assert.match(said.headers.get('warning') ?? '', /UTF-8/)
  assert.equal(taken.length, 0)
})

test('refuses what the embedded engine refuses before it hands up: extensions, encodings', async () => {
  const { peer, taken } = await setUp()
  const alice = await phone()
  alice.say(peer.sipPort, message(alice, { headers: 'Require: teleport\r\n' }))
  alice.say(peer.sipPort, message(alice, { branch: 'z9hG4bKtwo', headers: 'Content-Encoding: br\r\n' }))
  await until(() => alice.heard.length === 2, 'the refusals')
  assert.deepEqual(
    alice.heard.map((each) => (each.kind === 'response' ? each.status : 0)).sort((a, b) => a - b),
    [415, 420],
  )
  assert.equal(taken.length, 0)
})

test('says nothing to an address that is banned', async () => {
  const { peer, taken, engine } = await setUp({ refuses: (address) => address === '127.0.0.1' })
  const alice = await phone()
  alice.say(peer.sipPort, message(alice))
  await until(() => engine.counts().refused === 1, 'the ban')
  assert.deepEqual([taken.length, alice.heard.length], [0, 0])
})

test('answers 503 above its bound, and takes again below it', async () => {
  const peer = await startDrachtioPeer({ secret })
  later(() => peer.close())
  const engine = createDrachtio({ profile: profileFor(peer.port, { transactions: 1 }), clock: systemClock, log })
  later(() => engine.stop())
  const answers: ((reply: Reply) => void)[] = []
  await engine.start((_request, answer) => void answers.push(answer))
  const alice = await phone()
  alice.say(peer.sipPort, message(alice))
  await until(() => answers.length === 1, 'the first')
  alice.say(peer.sipPort, message(alice, { branch: 'z9hG4bKtwo' }))
  await until(() => alice.heard.length === 1, 'the refusal')
  assert.ok(alice.heard[0]?.kind === 'response')
  assert.equal(alice.heard[0].status, 503)
  assert.equal(alice.heard[0].headers.get('retry-after'), '10')
  answers[0]!({ status: 202 })
  alice.say(peer.sipPort, message(alice, { branch: 'z9hG4bKthree' }))
  await until(() => answers.length === 2, 'the next')
})

test('sends a MESSAGE to a hop and gives its final answer', async () => {
  const { engine } = await setUp()
  const pbx = await phone((request) => (request.headers.get('x-test') === null ? undefined : '202 Accepted'))
  const sent = await engine.send(out({ port: pbx.port }, { body: Buffer.from('Grüße 🚂'), callId: 'kept@us', cseq: 7 }), never())
  assert.ok(sent.kind === 'answered', whyOf(sent))
  assert.equal(sent.status, 202)
  const [got] = pbx.heard
  assert.ok(got?.kind === 'request')
  assert.equal(got.uri, 'sip:bob@pbx.example')
  assert.equal(got.body.toString(), 'Grüße 🚂')
  assert.equal(got.read.callId, 'kept@us')
  assert.equal(got.headers.get('cseq'), '7 MESSAGE')
  assert.equal(got.headers.get('x-sms-message-id'), 'SM1')
  assert.equal(got.headers.get('contact'), undefined)
  assert.notEqual(got.read.fromTag, '')
  assert.equal(sent.headers.get('call-id'), 'kept@us')
  assert.equal(sent.wire?.length, 2)
  assert.equal(engine.counts().transactions, 0)
})

test('sends back by the flow that a request came by, with its own Request-URI', async () => {
  const { peer, taken, engine } = await setUp()
  const alice = await phone((request) => (request.kind === 'request' ? '200 OK' : undefined))
  alice.say(peer.sipPort, message(alice, { method: 'REGISTER', body: '' }))
  await until(() => taken.length === 1, 'the REGISTER')
  const { flow } = taken[0]!.request
  taken[0]!.answer({ status: 200 })
  const revived = engine.revive(flow.id)
  assert.equal(revived?.id, flow.id)
  for (const via of [flow, revived]) {
    const sent = await engine.send(out({}, { via, uri: 'sip:alice@10.0.0.9:5999;ob' }), never())
    assert.equal(whyOf(sent), 'answered 200')
  }
  const requests = alice.heard.filter((each) => each.kind === 'request')
  assert.deepEqual(
    requests.map(({ uri }) => uri),
    ['sip:alice@10.0.0.9:5999;ob', 'sip:alice@10.0.0.9:5999;ob'],
  )
  assert.equal(engine.revive('tcp 127.0.0.1:1 127.0.0.1:2'), undefined)
  assert.equal(engine.revive('udp nonsense'), undefined)
})

test('refuses for good what the server cannot carry, and leaves unsent what is malformed', async () => {
  const { engine, peer } = await setUp()
  const pbx = await phone(() => '200 OK')
  const { length } = peer.frames
  const cases: [Partial<OutRequest>, RegExp, Sent['kind']][] = [
    [{ body: Buffer.from([1, 0, 2]) }, /no binary body/, 'refused'],
    [{ body: Buffer.from([0xe9]) }, /no binary body/, 'refused'],
    [{ headers: ['X-SMS-UDH', 'a\r\nBcc: everybody'] }, /X-SMS-UDH: line ends/, 'unsent'],
    [{ headers: ['X SMS', 'a'] }, /no token/, 'unsent'],
    [{ from: '<sip:a@b>\r\nX: y' }, /From: line ends/, 'unsent'],
    [{ uri: 'sip:a@b SIP/2.0\r\nX: y' }, /Request-URI/, 'unsent'],
    [{ body: Buffer.alloc(4000, 'x') }, /4000 octets of message at most/, 'refused'],
    [{ headers: ['Route', '<sip:127.0.0.1:1;lr>'] }, /no Route but/, 'refused'],
    [{ headers: ['Route', `<sip:127.0.0.1:${pbx.port};lr>, <sip:192.0.2.1;lr>`] }, /no Route but/, 'refused'],
    [{ headers: ['Route', `<sip:token@127.0.0.1:${pbx.port};lr>`] }, /no Route but/, 'refused'],
  ]
  for (const [more, why, kind] of cases) {
    const sent = await engine.send(out({ port: pbx.port }, more), never())
    assert.equal(sent.kind, kind)
    assert.match(whyOf(sent), why)
  }
  assert.equal(peer.frames.length, length, 'nothing of it has reached the server')
  const hop = await engine.send(
    out({ port: pbx.port }, { headers: ['Content-Type', 'text/plain', 'Route', `<sip:127.0.0.1:${pbx.port};lr>`] }),
    never(),
  )
  assert.equal(whyOf(hop), 'answered 200')
  const refused = await engine.send(out({ port: pbx.port }, { headers: [] }), never())
  assert.equal(whyOf(refused), 'unsent: the drachtio server refused it: missing content-type')
})

test('a long text passes, up to what the ring of the server holds', async () => {
  const { engine } = await setUp()
  const pbx = await phone(() => '200 OK')
  const all = Array.from({ length: 30 }, (_, i) =>
    engine.send(out({ port: pbx.port }, { body: Buffer.alloc(3300, String(i % 10)) }), never()),
  )
  for (const sent of await Promise.all(all)) assert.equal(whyOf(sent), 'answered 200')
})

test('a hop that says nothing is a timeout, whether the server says so or our own limit is first', async () => {
  const { engine } = await setUp({}, { t1Ms: 5 })
  const silent = await phone()
  assert.equal(whyOf(await engine.send(out({ port: silent.port }), never())), 'timeout: no final response came to the drachtio server')
  const limited = await engine.send(out({ port: silent.port }, { limitMs: 20 }), never())
  assert.equal(whyOf(limited), 'timeout: no final response within 0.02 s')
  const giving = new AbortController()
  const pending = engine.send(out({ port: silent.port }), giving.signal)
  setTimeout(() => giving.abort(), 20)
  assert.equal((await pending).kind, 'timeout')
  assert.equal((await engine.send(out({ port: silent.port }), giving.signal)).kind, 'unsent')
})

test('stopping answers what is open with 503 and takes nothing new', async () => {
  const clock = testClock()
  const { peer, engine, taken } = await setUp({ clock })
  const alice = await phone()
  alice.say(peer.sipPort, message(alice))
  await until(() => taken.length === 1, 'the request')
  const stopped = engine.stop()
  alice.say(peer.sipPort, message(alice, { branch: 'z9hG4bKlate' }))
  await until(() => alice.heard.length === 1, 'the refusal')
  await clock.advance(4000)
  await stopped
  await until(() => alice.heard.length === 2, 'the other refusal')
  assert.deepEqual(
    alice.heard.map((each) => each.kind === 'response' && each.status),
    [503, 503],
  )
  assert.equal(taken.length, 1)
  assert.equal(whyOf(await engine.send(out({ port: 9 }), never())), 'unsent: the drachtio server is away')
})

test('what nobody answers is answered 500 before its sender gives up', async () => {
  const clock = testClock()
  const { peer, taken } = await setUp({ clock })
  const alice = await phone()
  alice.say(peer.sipPort, message(alice, { method: 'INVITE', body: '' }))
  await until(() => taken.length === 1, 'the request')
  await clock.advance(30_000)
  await until(() => alice.heard.length === 1, 'the answer')
  assert.ok(alice.heard[0]?.kind === 'response')
  assert.equal(alice.heard[0].status, 500)
})
