// The link to a drachtio server: it ends, falls silent, is spoilt or was meant for somebody else, and
// comes back; the process never falls over it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock, testClock } from '../../../../src/clock.ts'
import { pem, shown } from '../../../../test/peers/certificates.ts'
import { startDrachtioPeer } from '../../../../test/peers/drachtio.ts'
import { createYard, log, message, never, out, profileFor, secret, until, whyOf } from './drachtio.fixture.ts'
import { createDrachtio } from './index.ts'

const { later, setUp, phone } = createYard()

test('while the server is away nothing is sent, what was under way is lost, and the link comes back by itself', async () => {
  const { peer, engine, taken } = await setUp()
  const silent = await phone()
  const pending = engine.send(out({ port: silent.port }), never())
  await until(() => silent.heard.length > 0, 'the request')
  await peer.away()
  assert.equal(whyOf(await pending), 'lost: the connection closed')
  assert.equal(whyOf(await engine.send(out({ port: silent.port }), never())), 'unsent: the drachtio server is away')
  assert.equal(engine.counts().connections, 0)
  await peer.back()
  await until(() => peer.links() === 1, 'the link')
  silent.say(peer.sipPort, message(silent))
  await until(() => taken.length === 1, 'a request by the new link')
  taken[0]!.answer({ status: 202 })
  await until(() => silent.heard.some((each) => each.kind === 'response'), 'its answer')
})

test('a link by TLS comes back by TLS', async () => {
  const peer = await startDrachtioPeer({ secret, tls: shown('carrier') })
  later(() => peer.close())
  const parts = { profile: profileFor(peer.port, { tls: true }), clock: systemClock, log, random: () => 0 }
  await assert.rejects(
    createDrachtio(parts).start(() => undefined),
    /UNABLE_TO|SELF_SIGNED|CERT/,
  )
  assert.equal(peer.frames.length, 0, 'the secret is told to nobody who cannot show a certificate')
  const engine = createDrachtio({ ...parts, ca: pem('authority') })
  later(() => engine.stop())
  await engine.start(() => undefined)
  peer.cut()
  await until(() => peer.links() === 0, 'the cut')
  await until(() => peer.links() === 1, 'the link again')
  const pbx = await phone(() => '200 OK')
  await until(() => engine.counts().connections === 1, 'the link on our side')
  assert.equal(whyOf(await engine.send(out({ port: pbx.port }), never())), 'answered 200')
})

for (const [what, octets] of [
  ['a length that is none', '12x#abc'],
  ['a length of none', '#abcdef'],
  ['a length beyond all bounds', '99999999#abc'],
  ['no length at all', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['an unknown verb', '15#id|bogus|abcdef'],
  ['a cdr of nothing', '16#id|cdr:start|a|b'],
] as const) {
  test(`a server that sends ${what} loses its link at most, and that comes back`, async () => {
    const { peer, engine } = await setUp()
    const pbx = await phone(() => '200 OK')
    peer.write(Buffer.from(octets))
    await new Promise((resolve) => setTimeout(resolve, 100))
    await until(() => peer.links() === 1 && engine.counts().connections === 1, 'a link')
    assert.equal(whyOf(await engine.send(out({ port: pbx.port }), never())), 'answered 200')
  })
}

test('SIP that srf would print and stumble over is passed over', async () => {
  const { peer, engine, taken } = await setUp()
  for (const sip of [
    'nonsense',
    'MESSAGE sip:a@b SIP/2.0\r\nno colon here\r\n\r\nsecret text',
    'SIP/2.0 200 OK\r\nvery odd\r\n\r\n',
    '\r\n\r\n',
  ]) {
    const frame = `id|sip|network|10|udp|192.0.2.1|5060|time|t1||127.0.0.1|5060|\r\n${sip}`
    peer.write(Buffer.from(`${Buffer.byteLength(frame)}#${frame}`))
  }
  const frame = 'id|sip|network|10|udp|192.0.2.1|5060|time|t1||127.0.0.1|5060|\r\nMESSAGE sip:a@b SIP/2.0\r\nVia: odd\r\n\r\n'
  peer.write(Buffer.from(`${frame.length}#${frame}`))
  const pbx = await phone(() => '200 OK')
  assert.equal(whyOf(await engine.send(out({ port: pbx.port }), never())), 'answered 200')
  assert.equal(taken.length, 0)
  assert.equal(peer.links(), 1)
})

test('a server that takes requests and says nothing of them loses its link', async () => {
  const clock = testClock()
  const { peer, engine } = await setUp({ clock })
  peer.mute()
  const pending = engine.send(out({ port: 9 }), never())
  await clock.advance(10_000)
  assert.equal(whyOf(await pending), 'lost: no answer to a request within 10 s')
})

test('a server that gives no sign of life is noticed', async () => {
  const clock = testClock()
  const { peer, engine } = await setUp({ clock })
  for (let i = 0; i < 4; i++) {
    await clock.advance(15_000)
    await new Promise((resolve) => setTimeout(resolve, 30))
    assert.equal(engine.counts().connections, 1)
  }
  peer.mute()
  for (let i = 0; i < 3; i++) await clock.advance(15_000)
  await until(() => engine.counts().connections === 0, 'the end of the link')
})
