import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { pino } from 'pino'
import { systemClock, type Host } from '../../../src/plugin.ts'
import { createParser, encodePdu, type Pdu } from '../codec/index.ts'
import { createLink } from '../link.ts'
import { bindDraft, bound, call, eventually, house, submitDraft } from './centre.fixture.ts'
import { startCentre } from './listener.ts'

const pem = (name: string): string => readFileSync(`test/fixtures/tls/${name}`, 'utf8')

it('clients bind and submit over TLS as they do without', async (t) => {
  const tls = { certificate: pem('carrier.pem'), key: pem('carrier.key') }
  const { port, clients } = await house(t, [{}], systemClock, { listen: [{ host: '127.0.0.1', port: 0, tls }] })
  const socket = connectTls({ port, host: '127.0.0.1', ca: pem('authority.pem'), checkServerIdentity: () => undefined })
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve)
    socket.once('error', reject)
  })
  assert.ok(socket.authorized, String(socket.authorizationError))
  const log = pino({ level: 'silent' })
  const link = createLink({ socket, clock: systemClock, log, enquireLinkMs: 60_000, responseTimeoutMs: 5000, onRequest() {} })
  for (const draft of [bindDraft(), { ...submitDraft }]) {
    const answer = await link.request(draft)
    assert.ok(answer.kind === 'pdu' && answer.pdu.command_status === 0)
  }
  assert.equal(clients[0]!.accepted.length, 1)
  link.end('done')
  await eventually(() => clients[0]!.sessions.size === 0, 'the session is gone')
})

for (const over of ['plain', 'TLS'] as const) {
  it(`a client that closes its side hears what became of what it submitted: ${over}`, async (t) => {
    const tls = { certificate: pem('carrier.pem'), key: pem('carrier.key') }
    const listening = { host: '127.0.0.1', port: 0, ...(over === 'TLS' ? { tls } : {}) }
    const { port, clients } = await house(t, [{}], systemClock, { listen: [listening] })
    clients[0]!.durable = () => new Promise((resolve) => setTimeout(resolve, 100))
    const to = { port, host: '127.0.0.1' }
    const socket = over === 'TLS' ? connectTls({ ...to, ca: pem('authority.pem'), checkServerIdentity: () => undefined }) : connect(to)
    t.after(() => socket.destroy())
    const got: Pdu[] = []
    const parser = createParser({ onPdu: (pdu) => got.push(pdu), onBad: (bad) => assert.fail(bad.reason) })
    socket.on('data', (chunk) => parser.push(chunk))
    socket.write(encodePdu({ ...bindDraft(), sequence_number: 1 }))
    await eventually(() => got.length === 1, 'it is bound')
    socket.end(Buffer.concat([2, 3].map((sequence_number) => encodePdu({ ...submitDraft, sequence_number }))))
    await once(socket, 'close')
    assert.deepEqual(
      got.slice(1).map((pdu) => [pdu.command, pdu.sequence_number, pdu.command_status]),
      [
        ['submit_sm_resp', 2, 0],
        ['submit_sm_resp', 3, 0],
      ],
    )
    await eventually(() => clients[0]!.sessions.size === 0, 'the session is gone')
  })
}

it('what is no TLS harms nobody on the port for TLS', async (t) => {
  const tls = { certificate: pem('carrier.pem'), key: pem('carrier.key') }
  const { port, log } = await house(t, [{}], systemClock, { listen: [{ host: '127.0.0.1', port: 0, tls }] })
  const client = await call(t, port)
  await assert.rejects(client.ask(bindDraft()))
  await client.link.closed
  assert.doesNotMatch(log.join(''), /secret/)
})

it('an address may have so many connections that are not bound, while those that are go on', async (t) => {
  const { port } = await house(t)
  const client = await bound(t, port)
  const idle = await Promise.all(Array.from({ length: 50 }, () => call(t, port)))
  await eventually(() => idle.every((each) => !each.socket.destroyed), 'all have a place')
  const more = await call(t, port)
  await more.link.closed
  assert.equal((await client.submit()).command_status, 0)
  await bound(t, port, {}).then(
    () => assert.fail('there was a place'),
    () => {},
  )
  idle[0]!.link.destroy('goes')
  await new Promise((resolve) => setTimeout(resolve, 50))
  await bound(t, port)
})

it('a port that is taken is told as what it is', async (t) => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  t.after(() => other.close())
  const { port } = other.address() as AddressInfo
  const host = { log: pino({ level: 'silent' }), clock: systemClock, claimants: () => [] } as unknown as Host
  await assert.rejects(startCentre(host, { listen: [{ host: '127.0.0.1', port }] }, new AbortController().signal), { code: 'EADDRINUSE' })
})
