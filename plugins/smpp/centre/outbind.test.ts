import assert from 'node:assert/strict'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { it, type TestContext } from 'node:test'
import { pino } from 'pino'
import { systemClock } from '../../../src/plugin.ts'
import { testClock } from '../../../src/clock.ts'
import type { PduOf } from '../codec/index.ts'
import { createLink, type Link } from '../link.ts'
import { bindDraft, bound, eventually, house } from './centre.fixture.ts'

/** Where a client's ESME listens, and the connections that it got. */
async function esme(t: TestContext): Promise<{ port: number; calls: { link: Link; outbind: PduOf<'outbind'> }[] }> {
  const calls: { link: Link; outbind: PduOf<'outbind'> }[] = []
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    const link: Link = createLink({
      socket,
      clock: systemClock,
      log: pino({ level: 'silent' }),
      enquireLinkMs: 60_000,
      responseTimeoutMs: 5000,
      onRequest: (pdu) => void (pdu.command === 'outbind' && calls.push({ link, outbind: pdu })),
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, calls }
}

it('a client for whom something waits is called, and binds over that connection', async (t) => {
  const clock = testClock()
  const { port, calls } = await esme(t)
  const outbind = { host: '127.0.0.1', port, systemId: 'signalbox', password: 'knock' }
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
  const outbind = { host: '127.0.0.1', port: there.port, systemId: 'signalbox', password: '' }
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
