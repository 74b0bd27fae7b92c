// Connecting and binding, where the carrier is not just one plain 3.4 host: TLS, several addresses,
// other versions, and connections that the carrier opens.
import assert from 'node:assert/strict'
import { connect, createServer, type Socket, type AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import type { TlsOptions } from 'node:tls'
import type { PDU } from 'smpp'
import { testClock } from '../../src/clock.ts'
import { Failure, type Gateway, type Session } from '../../src/plugin.ts'
import { freePort } from '../../test/bench/processes.ts'
import { pem, shown } from '../../test/peers/certificates.ts'
import { bound, commandsOf, failure, inTime, never, parseOn, send } from '../../test/peers/smpp-bound.ts'
import { type Carrier, carrier, eventually, outgoing, type Recorded, recorder, takeAll } from '../../test/peers/smpp-carrier.ts'
import { encodePdu, integer8, type Pdu, statuses, tags } from './codec/index.ts'
import type { SmppConfig } from './config.ts'
import { smpp } from './index.ts'
import { createLink } from './link.ts'
import { takeOutbind } from './outbind.ts'

async function there(t: TestContext, answer?: Parameters<typeof carrier>[0], tls?: TlsOptions, port?: number): Promise<Carrier> {
  const peer = await carrier(answer, tls, port)
  t.after(() => peer.close())
  return peer
}

/** A bind whose addresses are these. */
function trunk(peers: readonly { port: number }[], config: Partial<SmppConfig> = {}): Recorded {
  return recorder(1, { host: undefined, port: undefined, addresses: peers.map(({ port }) => `127.0.0.1:${port}`), ...config })
}

async function dialled(t: TestContext, { gateway }: Recorded, peer?: number): Promise<Session> {
  const session = await smpp.dial!(gateway, never, peer)
  t.after(() => session.close())
  return session
}

const refused = (dial: Promise<Session> | Session): Promise<Failure> =>
  Promise.resolve(dial).then(
    () => assert.fail('it was bound'),
    (error: unknown) => (error instanceof Failure ? error : assert.fail(String(error))),
  )
const submits = (peer: Carrier): number => commandsOf(peer).filter((command) => command === 'submit_sm').length
const errorsIn = ({ log }: Recorded): string[] => log.filter((line) => (JSON.parse(line) as { level: number }).level >= 50)

describe('over TLS', () => {
  const secure = { tls: true, tlsCa: pem('authority') }
  it('binds and sends where certificate and name are right', async (t) => {
    const peer = await there(t, undefined, shown('carrier'))
    const session = await dialled(t, recorder(peer.port, secure))
    assert.equal(await failure(send(session)), 'ok')
  })
  it('takes the name that is given in place of the host', async (t) => {
    const peer = await there(t, undefined, shown('elsewhere'))
    await dialled(t, recorder(peer.port, { ...secure, tlsServername: 'other.example' }))
    assert.deepEqual(commandsOf(peer), ['bind_transceiver'])
  })

  for (const [what, server, settings, words] of [
    ['an unknown authority', 'carrier', { tlsCa: pem('stranger') }, /not from an authority that we trust: set tlsCa/],
    ["no authority of the system's", 'carrier', { tlsCa: undefined }, /not from an authority that we trust/],
    ['an expired certificate', 'expired', {}, /has expired: the carrier must renew it \(CERT_HAS_EXPIRED\)/],
    ['another name', 'elsewhere', {}, /for another name: set tlsServername .*other\.example/],
  ] as const)
    it(`refuses ${what} for good, in clear words, and says nothing of itself`, async (t) => {
      const peer = await there(t, undefined, shown(server))
      const { facts } = await refused(smpp.dial!(recorder(peer.port, { ...secure, ...settings }).gateway, never))
      assert.equal(facts.kind, 'permanent')
      assert.match(facts.peer!, words)
      assert.match(facts.peer!, new RegExp(`tls:127\\.0\\.0\\.1:${peer.port}`))
      assert.deepEqual(peer.got, [])
    })

  it('takes any certificate only where somebody said so, and says so at each bind', async (t) => {
    const peer = await there(t, undefined, shown('expired'))
    const recorded = recorder(peer.port, { tls: true, tlsVerify: 'none' })
    await dialled(t, recorded)
    assert.match(errorsIn(recorded).join(), /tlsVerify is none/)
  })
  it('shows a certificate of its own to a carrier that asks for one', async (t) => {
    const asks = { ...shown('carrier'), ca: pem('authority'), requestCert: true, rejectUnauthorized: true }
    const peer = await there(t, undefined, asks)
    await dialled(t, recorder(peer.port, { ...secure, tlsCertificate: shown('esme').cert, tlsKey: shown('esme').key }))
    const { facts } = await refused(smpp.dial!(recorder(peer.port, secure).gateway, never))
    assert.match(facts.peer!, /certificate required|closed|ECONNRESET/i)
  })
  it('says when the other end speaks no TLS, or the key is none', async (t) => {
    const peer = await there(t)
    assert.match(
      (await refused(smpp.dial!(recorder(peer.port, { ...secure, bindTimeoutMs: 300 }).gateway, never))).facts.peer!,
      /TLS|no bind with/,
    )
    const broken = { ...secure, tlsCertificate: shown('esme').cert, tlsKey: '-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----' }
    const { facts } = await refused(smpp.dial!(recorder(peer.port, broken).gateway, never))
    assert.match(facts.peer!, /tlsKey cannot be used/)
    assert.equal(facts.kind, 'permanent')
  })
})

describe('several addresses', () => {
  it('in parallel are each bound by themselves', async (t) => {
    const peers = [await there(t), await there(t)]
    const recorded = trunk(peers, { addressUse: 'parallel' })
    assert.equal(smpp.peers!(recorded.gateway.bind.config), 2)
    for (const n of [0, 1]) await send(await dialled(t, recorded, n))
    assert.deepEqual(peers.map(submits), [1, 1])
  })
  it('on standby are tried in their order', async (t) => {
    const gone = await carrier(undefined, {}, await freePort())
    await gone.close()
    const full = await there(t, (pdu) => pdu.response({ command_status: statuses.ESME_RBINDFAIL }))
    const last = await there(t)
    const session = await dialled(t, trunk([gone, full, last]))
    assert.equal(await failure(send(session)), 'ok')
    assert.deepEqual([commandsOf(full), commandsOf(last)], [['bind_transceiver'], ['bind_transceiver', 'submit_sm']])
  })
  it('on standby can all that one address can', async (t) => {
    const peer = await there(t)
    const capabilities = { query: true, cancel: true, replace: true }
    const one = await dialled(t, trunk([peer], { capabilities }))
    const two = await dialled(t, trunk([peer, peer], { capabilities }))
    assert.deepEqual(Object.keys(two).toSorted(), Object.keys(one).toSorted())
    const report = { state: 'delivered', at: Date.now() } as const
    assert.deepEqual(await failure(two.report!(outgoing('hello').message, report, never)), 'ok')
    assert.equal(submits(peer), 1)
  })
  it('fail together with what each of them said, for good only where all say so', async (t) => {
    const gone = await carrier(undefined, {}, await freePort())
    await gone.close()
    const wrong = await there(t, (pdu) => pdu.response({ command_status: statuses.ESME_RINVPASWD }))
    const { facts } = await refused(smpp.dial!(trunk([wrong, gone]).gateway, never))
    assert.equal(facts.kind, 'offline')
    assert.match(facts.peer!, new RegExp(`${wrong.port}: ESME_RINVPASWD.*; 127\\.0\\.0\\.1:${gone.port}: .*ECONNREFUSED`))
    assert.equal((await refused(smpp.dial!(trunk([wrong, wrong]).gateway, never))).facts.kind, 'permanent')
  })
  it('goes back to the first when it is there again, and loses nothing on the way', async (t) => {
    const first = await carrier(undefined, {}, await freePort())
    const { port } = first
    await first.close()
    const second = await there(t, (pdu, to) => {
      if (pdu.command !== 'submit_sm') return pdu.response()
      setTimeout(() => to.send(takeAll(pdu)), 20)
      return undefined
    })
    const session = await dialled(t, trunk([first, second], { returnAfterMs: 100 }))
    const healed = await there(t, undefined, undefined, port)
    const outcomes: Promise<string>[] = []
    while (submits(healed) < 5) {
      outcomes.push(failure(send(session)))
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    assert.ok((await Promise.all(outcomes)).every((outcome) => outcome === 'ok'))
    await eventually(() => commandsOf(second).includes('unbind'), 'the standby session is unbound')
    assert.equal(submits(second) + submits(healed), outcomes.length)
    assert.equal(await Promise.race([session.closed, new Promise((resolve) => setTimeout(resolve, 20, 'open'))]), 'open')
    healed.sessions[0]!.destroy()
    await session.closed
  })
  it('stays where it is while the first refuses', async (t) => {
    const first = await there(t, (pdu) => pdu.response({ command_status: statuses.ESME_RALYBND }))
    const second = await there(t)
    const session = await dialled(t, trunk([first, second], { returnAfterMs: 100 }))
    await eventually(() => first.got.length >= 3, 'the first is asked again')
    assert.equal(await failure(send(session)), 'ok')
    assert.equal(submits(second), 1)
  })
  it('are left alone once the session is closed', async (t) => {
    const first = await there(t, (pdu) => pdu.response({ command_status: statuses.ESME_RBINDFAIL }))
    const session = await dialled(t, trunk([first, await there(t)], { returnAfterMs: 100 }))
    await session.close()
    await session.closed
    const asked = first.got.length
    await new Promise((resolve) => setTimeout(resolve, 250))
    assert.equal(first.got.length, asked)
  })
})

describe('the version', () => {
  const withTlvs = { extras: { 'tlv.0x1400': '3131' } }
  const sendWith = (session: Session, text = 'x', concatenation: 'udh8' | 'sar' | 'payload' = 'udh8') => {
    const out = outgoing(text, '+447700900123', concatenation)
    return session.send!({ ...out, message: { ...out.message, ...withTlvs } }, never)
  }
  const tlvOf = (pdu: PDU): unknown => pdu['0x1400'] ?? (pdu as { tlvs?: unknown }).tlvs

  for (const [offered, said, spoken] of [
    ['3.4', undefined, '0x34'],
    ['5.0', 0x34, '0x34'],
    ['5.0', 0x50, '0x50'],
    ['3.4', 0x50, '0x34'],
    ['3.4', 0x33, '0x33'],
    ['3.4', 0x00, '0x33'],
  ] as const)
    it(`is ${spoken} where we offer ${offered} and the carrier says ${said === undefined ? 'nothing' : `0x${said.toString(16)}`}`, async (t) => {
      const answer = (pdu: PDU) => pdu.response(said === undefined || pdu.command === 'unbind' ? {} : { sc_interface_version: said })
      const { recorded, session } = await bound(t, answer, { interfaceVersion: offered })
      t.after(() => session.close())
      assert.match(recorded.log.join(), new RegExp(`"version":"${spoken}"`))
    })

  it('of 3.3 has a pair instead of a transceiver, and no TLVs', async (t) => {
    const { peer, session, recorded } = await bound(t, undefined, { interfaceVersion: '3.3' })
    t.after(() => session.close())
    assert.deepEqual(commandsOf(peer), ['bind_transmitter', 'bind_receiver'])
    assert.equal(peer.got[0]!['interface_version'], 0x33)
    assert.ok((await sendWith(session)).ok)
    assert.equal(tlvOf(peer.got.at(-1)!), undefined)
    assert.ok((await sendWith(session, 'long '.repeat(80))).ok)
    for (const concatenation of ['sar', 'payload'] as const) {
      recorded.gateway.bind.policy.concatenation = concatenation
      const told = await sendWith(session, 'long '.repeat(80), concatenation)
      assert.ok(!told.ok && told.failure.kind === 'permanent' && /set the policy concatenation/.test(told.failure.peer!))
    }
  })
  it('of a carrier that knows no transceiver is found out, and bound as a pair', async (t) => {
    const { peer, session } = await bound(t, (pdu) => {
      if (pdu.command !== 'bind_transceiver') return takeAll(pdu)
      return new (pdu.constructor as typeof PDU)('generic_nack', { sequence_number: pdu.sequence_number, command_status: 3 })
    })
    t.after(() => session.close())
    assert.deepEqual(commandsOf(peer), ['bind_transceiver', 'bind_transmitter', 'bind_receiver'])
    assert.equal(await failure(send(session)), 'ok')
  })
  it('is lowered to what a refusal names', async (t) => {
    const offered: number[] = []
    const server = createServer((socket) => {
      parseOn(socket, (pdu) => {
        if (pdu.command !== 'bind_transceiver') return
        offered.push(pdu.interface_version)
        const isNew = pdu.interface_version === 0x50
        const tlvs = [integer8(tags.sc_interface_version, 0x34)]
        const { sequence_number } = pdu
        socket.write(encodePdu({ command: 'bind_transceiver_resp', sequence_number, command_status: isNew ? 8 : 0, system_id: 'c', tlvs }))
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => server.close())
    const session = await smpp.dial!(recorder((server.address() as AddressInfo).port, { interfaceVersion: '5.0' }).gateway, never)
    assert.deepEqual(offered, [0x50, 0x34])
    await session.close()
  })
  it('of 5.0 says how full the carrier is in its responses', async (t) => {
    const percents: number[] = []
    const peer = await there(t, (pdu) =>
      pdu.command === 'submit_sm' ? pdu.response({ message_id: 'a', congestion_state: 85 }) : pdu.response(),
    )
    const recorded = recorder(peer.port, { interfaceVersion: '5.0' })
    recorded.gateway.congestion = (percent) => void percents.push(percent)
    await send(await dialled(t, recorded))
    assert.deepEqual(percents, [85])
  })
})

describe('outbind', () => {
  const expected = { outbind: { systemId: 'carrier', password: 'knock' }, host: undefined, port: undefined }
  const outbind = { system_id: 'carrier', password: 'knock' }

  /** A carrier's connection to a listener of ours; the listener's end as a link. */
  async function called(t: TestContext, onPdu: (pdu: Pdu, socket: Socket) => void) {
    let arrived: (socket: Socket) => void
    const ours = new Promise<Socket>((resolve) => (arrived = resolve))
    const server = createServer((socket) => arrived(socket))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => server.close())
    const theirs = connect((server.address() as AddressInfo).port, '127.0.0.1')
    t.after(() => theirs.destroy())
    parseOn(theirs, (pdu) => onPdu(pdu, theirs))
    const { gateway } = recorder(1)
    return createLink({
      socket: await ours,
      clock: gateway.clock,
      log: gateway.log,
      enquireLinkMs: 60_000,
      responseTimeoutMs: 60_000,
      onRequest() {},
    })
  }
  const hostOf = (...gateways: Gateway<SmppConfig>[]) => ({
    calling: (_connector: string, name: string) =>
      gateways.filter((gateway) => gateway.bind.config.outbind?.systemId === name) as unknown as Gateway[],
  })

  it('binds over the connection that the carrier opened, and delivers and sends on it', async (t) => {
    const said: string[] = []
    const link = await called(t, (pdu, socket) => {
      said.push(pdu.command)
      if (pdu.command === 'bind_transceiver') {
        socket.write(encodePdu({ command: 'bind_transceiver_resp', sequence_number: pdu.sequence_number, system_id: 'carrier' }))
        socket.write(
          encodePdu({ command: 'deliver_sm', sequence_number: 9, source_addr: '447700900123', short_message: Buffer.from('hi') }),
        )
      }
      if (pdu.command === 'submit_sm')
        socket.write(encodePdu({ command: 'submit_sm_resp', sequence_number: pdu.sequence_number, message_id: 'm1' }))
      if (pdu.command === 'unbind') socket.write(encodePdu({ command: 'unbind_resp', sequence_number: pdu.sequence_number }))
    })
    const recorded = recorder(1, expected)
    let attached: Session | undefined
    recorded.gateway.attach = (session) => ((attached = session), true)
    assert.equal(await takeOutbind(hostOf(recorded.gateway), link, outbind, never), true)
    assert.equal(await link.closed, 'the connection was handed over')
    assert.equal(await failure(send(attached!)), 'ok')
    await eventually(() => recorded.accepted.length === 1 && said.includes('deliver_sm_resp'), 'the delivery is taken and answered')
    await attached!.close()
    assert.ok(said.includes('unbind'))
  })
  it('of a carrier of 3.4 is answered by a receiver', async (t) => {
    const said: string[] = []
    const link = await called(t, (pdu, socket) => {
      said.push(pdu.command)
      const { sequence_number } = pdu
      if (pdu.command === 'bind_transceiver') socket.write(encodePdu({ command: 'generic_nack', sequence_number, command_status: 3 }))
      else if (pdu.command === 'bind_receiver') socket.write(encodePdu({ command: 'bind_receiver_resp', sequence_number, system_id: 'c' }))
      else socket.destroy()
    })
    const recorded = recorder(1, expected)
    let attached: Session | undefined
    recorded.gateway.attach = (session) => ((attached = session), true)
    assert.equal(await takeOutbind(hostOf(recorded.gateway), link, outbind, never), true)
    assert.equal(attached!.send, undefined)
    assert.deepEqual(said, ['bind_transceiver', 'bind_receiver'])
    await attached!.close()
  })
  it('with a wrong password, or by a stranger, is nothing to us: the connection stays as it is', async (t) => {
    const link = await called(t, () => {})
    const { gateway } = recorder(1, expected)
    for (const other of [
      { ...outbind, password: 'x' },
      { ...outbind, system_id: 'x' },
    ])
      assert.equal(await takeOutbind(hostOf(gateway), link, other, never), false)
    assert.equal(link.taking, true)
    link.destroy('test over')
  })
  it('that cannot be bound, or of which there are enough, ends the connection', async (t) => {
    const clock = testClock()
    const recorded = recorder(1, { ...expected, bindTimeoutMs: 100 }, {}, clock)
    const silent = await called(t, () => {})
    assert.equal(await inTime(clock, takeOutbind(hostOf(recorded.gateway), silent, outbind, never)), false)
    assert.match(errorsIn(recorded).join(), /binding over its connection failed/)
    assert.doesNotMatch(recorded.log.join(), /knock|hunter22/)
    const said: string[] = []
    const second = await called(t, (pdu, socket) => {
      said.push(pdu.command)
      const { sequence_number } = pdu
      if (pdu.command === 'bind_transceiver') socket.write(encodePdu({ command: 'bind_transceiver_resp', sequence_number, system_id: 'c' }))
      if (pdu.command === 'unbind') socket.write(encodePdu({ command: 'unbind_resp', sequence_number }))
    })
    assert.equal(await takeOutbind(hostOf(recorded.gateway), second, outbind, never), false)
    assert.deepEqual(said, ['bind_transceiver', 'unbind'])
  })
  it('is how the bind is called, and nobody is dialled', () => {
    const { gateway } = recorder(1, expected)
    assert.equal(smpp.caller!(gateway.bind.config), 'carrier')
    assert.equal(smpp.peers!(gateway.bind.config), 0)
  })
})
