import assert from 'node:assert/strict'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { it, type TestContext } from 'node:test'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { pino } from 'pino'
import { systemClock } from '../../../src/plugin.ts'
import { testClock } from '../../../src/clock.ts'
import { pem, shown } from '../../../test/peers/certificates.ts'
import { clientConfig } from './config.ts'
import type { PduOf } from '../codec/index.ts'
import { createLink, type Link } from '../link.ts'
import { bindDraft, bound, eventually, house } from './centre.fixture.ts'

/** Where a client's ESME listens, and the connections that it got. */
async function esme(t: TestContext, tls?: TlsOptions): Promise<{ port: number; calls: { link: Link; outbind: PduOf<'outbind'> }[] }> {
  const calls: { link: Link; outbind: PduOf<'outbind'> }[] = []
  const sockets: Socket[] = []
  const take = (socket: Socket): void => {
    sockets.push(socket)
    const link: Link = createLink({
      socket,
      clock: systemClock,
      log: pino({ level: 'silent' }),
      enquireLinkMs: 60_000,
      responseTimeoutMs: 5000,
      onRequest: (pdu) => void (pdu.command === 'outbind' && calls.push({ link, outbind: pdu })),
    })
  }
  const server = tls ? createTlsServer(tls, take) : createServer(take)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, calls }
}

const called = (outbind: object) => clientConfig.parse({ systemId: 'shop', password: 'secret', outbind }).outbind

it('a client for whom something waits is called, and binds over that connection', async (t) => {
  const clock = testClock()
  const { port, calls } = await esme(t)
  const outbind = called({ host: '127.0.0.1', port, password: 'knock' })
  const { clients } = await house(t, [{ config: { outbind } }], clock)
  await clock.advance(5000)
  assert.equal(calls.length, 0)
  clients[0]!.waiting = 1
  await clock.advance(1000)
  await eventually(() => calls.length === 1, 'it is called')
  const [call] = calls
  assert.deepEqual([call!.outbind.system_id, call!.outbind.password], ['signalbox', 'knock'])
  const answer = await call!.link.request(bindDraft({ command: 'bind_receiver' }))
  assert.ok(answer.kind === 'pdu' && answer.pdu.command_status === 0)
  assert.equal(clients[0]!.sessions.size, 1)
  await clock.advance(20_000)
  assert.equal(calls.length, 1)
})

it('a client that does not bind is called again, ever later, and not while it is bound', async (t) => {
  const clock = testClock()
  const there = await esme(t)
  const outbind = called({ host: '127.0.0.1', port: there.port })
  const { clients, port } = await house(t, [{ config: { outbind } }], clock)
  clients[0]!.waiting = 1
  for (const [seconds, calls] of [
    [1, 1],
    [2, 2],
    [4, 3],
    [8, 4],
  ] as const) {
    await clock.advance(seconds * 1000)
    await eventually(() => there.calls.length === calls, `${calls} calls`)
    await clock.advance(900)
    assert.equal(there.calls.length, calls)
  }
  const client = await bound(t, port)
  await clock.advance(40_000)
  assert.equal(there.calls.length, 4)
  client.link.destroy('gone')
  await eventually(() => clients[0]!.sessions.size === 0, 'it is away')
  await clock.advance(2000)
  await eventually(() => there.calls.length === 5, 'it is called again')
})

it('a client is called over TLS, and only where its certificate is from whom we trust and for its name', async (t) => {
  const { port, calls } = await esme(t, shown('carrier'))
  const tls = { host: '127.0.0.1', port, tls: true, password: 'knock' }
  for (const [settings, isCalled] of [
    [{ tlsCa: pem('authority') }, true],
    [{ tlsCa: pem('stranger') }, false],
    [{ tlsCa: pem('authority'), tlsServername: 'other.example' }, false],
    [{ tlsVerify: 'none' }, true],
  ] as const) {
    const clock = testClock()
    const before = calls.length
    const { clients, log } = await house(t, [{ config: { outbind: called({ ...tls, ...settings }) } }], clock)
    clients[0]!.waiting = 1
    await clock.advance(1000)
    if (!isCalled) {
      await eventually(() => log.some((line) => /cannot be called by outbind/.test(line) && /certificate/.test(line)), 'the log says why')
      assert.equal(calls.length, before)
      continue
    }
    await eventually(() => calls.length > before, 'it is called')
    const answer = await calls.at(-1)!.link.request(bindDraft({ command: 'bind_receiver' }))
    assert.ok(answer.kind === 'pdu' && answer.pdu.command_status === 0)
    assert.equal(
      log.some((line) => /tlsVerify is none/.test(line)),
      'tlsVerify' in settings,
    )
    calls.at(-1)!.link.destroy('done')
  }
})
