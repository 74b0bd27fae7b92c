import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PDU, Session as PeerSession } from 'smpp'
import { testClock } from '../../src/clock.ts'
import { Failure, type Session } from '../../src/plugin.ts'
import { freePort } from '../../test/bench/processes.ts'
import { carrier, eventually, outgoing, recorder, takeAll } from '../../test/peers/smpp-carrier.ts'
import { encodePdu, statuses } from './codec/index.ts'
import { smpp } from './index.ts'
import { bound, boundRaw, commandsOf, failure, inTime, never, parseOn, send } from '../../test/peers/smpp-bound.ts'

const refused = async (dial: Promise<Session> | Session): Promise<Failure> => {
  try {
    await dial
  } catch (error) {
    assert.ok(error instanceof Failure, String(error))
    return error
  }
  return assert.fail('it was bound')
}

describe('binding', () => {
  for (const [mode, commands] of [
    ['trx', ['bind_transceiver']],
    ['tx', ['bind_transmitter']],
    ['rx', ['bind_receiver']],
    ['tx+rx', ['bind_transmitter', 'bind_receiver']],
  ] as const) {
    it(`as ${mode} says ${commands.join(' and ')}, and unbinds when closed`, async (t) => {
      const { peer, session } = await bound(t, undefined, { mode, systemType: 'VMA' })
      assert.deepEqual(commandsOf(peer), commands)
      assert.equal(peer.got[0]!.system_id, 'box')
      assert.equal(peer.got[0]!.password, 'hunter22')
      assert.equal(peer.got[0]!['system_type'], 'VMA')
      assert.equal(peer.got[0]!['interface_version'], 0x34)
      assert.equal(session.send === undefined, mode === 'rx')
      await session.close()
      assert.equal(await session.closed, 'unbound')
      assert.equal(commandsOf(peer).filter((command) => command === 'unbind').length, commands.length)
    })
  }

  it('with a wrong password is a permanent failure in clear words', async (t) => {
    const peer = await carrier((pdu) => pdu.response({ command_status: statuses.ESME_RINVPASWD }))
    t.after(() => peer.close())
    const recorded = recorder(peer.port)
    const error = await refused(smpp.dial!(recorded.gateway, never))
    assert.equal(error.facts.kind, 'permanent')
    assert.match(error.facts.peer!, /ESME_RINVPASWD.*password/)
    assert.doesNotMatch(error.message + recorded.log.join(''), /hunter22/)
  })

  it('refused for another reason is temporary', async (t) => {
    const peer = await carrier((pdu) => pdu.response({ command_status: statuses.ESME_RALYBND }))
    t.after(() => peer.close())
    assert.equal((await refused(smpp.dial!(recorder(peer.port).gateway, never))).facts.kind, 'temporary')
  })

  it('to nobody says where', async () => {
    const gone = await carrier(undefined, {}, await freePort())
    await gone.close()
    const error = await refused(smpp.dial!(recorder(gone.port).gateway, never))
    assert.equal(error.facts.kind, 'offline')
    assert.match(error.facts.peer!, new RegExp(`127\\.0\\.0\\.1:${gone.port}.*ECONNREFUSED`))
  })

  it('to a peer that does not answer ends by bindTimeoutMs', async (t) => {
    const peer = await carrier(() => undefined)
    t.after(() => peer.close())
    const clock = testClock()
    const dialling = refused(smpp.dial!(recorder(peer.port, { bindTimeoutMs: 100 }, {}, clock).gateway, never))
    await eventually(() => peer.got.length === 1, 'the bind arrived')
    const error = await inTime(clock, dialling)
    assert.equal(error.facts.code, 'peer-timeout')
    await eventually(() => peer.sessions[0]!.socket.destroyed, 'the socket is closed')
  })

  it('to a peer that hangs up is temporary', async (t) => {
    const peer = await carrier((_, session) => {
      session.destroy()
      return undefined
    })
    t.after(() => peer.close())
    assert.equal((await refused(smpp.dial!(recorder(peer.port).gateway, never))).facts.kind, 'temporary')
  })

  it('is given up when the bind is stopped', async (t) => {
    const peer = await carrier(() => undefined)
    t.after(() => peer.close())
    const stop = new AbortController()
    const dialling = refused(smpp.dial!(recorder(peer.port).gateway, stop.signal))
    await eventually(() => peer.got.length === 1, 'the bind arrived')
    stop.abort()
    assert.equal((await dialling).facts.kind, 'offline')
  })

  it('unbinds the first of a pair when the second is refused', async (t) => {
    const peer = await carrier((pdu) => pdu.response(pdu.command === 'bind_receiver' ? { command_status: 0x0d } : {}))
    t.after(() => peer.close())
    assert.match((await refused(smpp.dial!(recorder(peer.port, { mode: 'tx+rx' }).gateway, never))).facts.peer!, /ESME_RBINDFAIL/)
    await eventually(() => peer.sessions.every((session) => session.socket.destroyed || session.socket.readableEnded), 'both are closed')
  })
})

describe('sending', () => {
  it('gives back the id, and both PDUs without the body', async (t) => {
    const { session, peer } = await bound(t, (pdu) => pdu.response(pdu.command === 'submit_sm' ? { message_id: '00aB' } : {}))
    const outcome = await send(session, 'a secret text')
    assert.deepEqual(outcome, {
      ok: true,
      refs: ['00aB'],
      wire: [
        'submit_sm seq=2 src=5/0/ACME dst=1/1/447700900123 dcs=0x00 esm=0x00 reg=1 len=13',
        'submit_sm_resp seq=2 status=ESME_ROK id=00aB',
      ],
    })
    assert.equal(peer.got[1]!.short_message.message, 'a secret text')
  })

  it('matches answers that come in any order', async (t) => {
    const waiting: PDU[] = []
    const { session } = await bound(t, (pdu, to) => {
      if (pdu.command !== 'submit_sm') return pdu.response()
      waiting.push(pdu)
      if (waiting.length === 200) for (const each of waiting.toReversed()) to.send(each.response({ message_id: each.destination_addr }))
      return undefined
    })
    const numbers = Array.from({ length: 200 }, (_, i) => `+4477009${10_000 + i}`)
    const outcomes = await Promise.all(numbers.map((to) => session.send!(outgoing('x', to), never)))
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.ok ? `+${outcome.refs[0]}` : outcome.failure)),
      numbers,
    )
  })

  it('sends what is asked for in one tick in one write', async (t) => {
    const chunks: number[] = []
    const { session } = await boundRaw(t, (socket) => {
      socket.on('data', (chunk) => chunks.push(chunk.length))
      parseOn(socket, (pdu) => socket.write(encodePdu({ command: 'submit_sm_resp', sequence_number: pdu.sequence_number })))
    })
    const outcomes = await Promise.all(Array.from({ length: 200 }, () => send(session)))
    assert.ok(outcomes.every((outcome) => outcome.ok))
    // One write may be read in a few pieces; 200 writes would be far more.
    assert.ok(chunks.length <= 5, `${chunks.length} reads`)
  })

  it('sends all parts of a long message and gives an id for each', async (t) => {
    const { session, peer } = await bound(t)
    const outcome = await send(session, 'long '.repeat(80))
    assert.ok(outcome.ok && outcome.refs.length === 3 && new Set(outcome.refs).size === 3)
    const submits = peer.got.filter((pdu) => pdu.command === 'submit_sm')
    assert.deepEqual(
      submits.map((pdu) => (pdu.short_message.udh![0] as Buffer).toString('hex')),
      ['0003070301', '0003070302', '0003070303'],
    )
  })

  it('gives the ids of the parts that were taken beside the first failure', async (t) => {
    let n = 0
    const { session } = await bound(t, (pdu) => {
      if (pdu.command !== 'submit_sm') return pdu.response()
      return ++n === 2 ? pdu.response({ command_status: statuses.ESME_RTHROTTLED }) : pdu.response({ message_id: `p${n}` })
    })
    const outcome = await send(session, 'long '.repeat(80))
    assert.ok(!outcome.ok)
    assert.deepEqual([outcome.failure.kind, outcome.refs], ['throttled', ['p1', undefined, 'p3']])
    assert.equal(outcome.wire!.length, 6)
  })

  it('turns statuses into failures, a generic_nack too', async (t) => {
    const { session } = await bound(t, (pdu) => {
      if (pdu.command !== 'submit_sm') return pdu.response()
      if (pdu.short_message.message === 'nack')
        return new (pdu.constructor as typeof PDU)('generic_nack', { sequence_number: pdu.sequence_number, command_status: 3 })
      return pdu.response({ command_status: Number(pdu.short_message.message) })
    })
    assert.equal(await failure(send(session, '11')), 'permanent invalid-destination')
    assert.equal(await failure(send(session, '20')), 'throttled queue-full')
    assert.equal(await failure(send(session, '8')), 'temporary peer-error')
    assert.equal(await failure(send(session, 'nack')), 'permanent rejected')
  })

  it('never rejects for a message that cannot be written', async (t) => {
    const { session, peer } = await bound(t)
    const out = outgoing('x')
    const to = { value: '1'.repeat(30), ton: 'unknown' as const, npi: 'unknown' as const }
    assert.equal(await failure(session.send!({ ...out, message: { ...out.message, to } }, never)), 'permanent invalid-destination')
    assert.equal(peer.got.length, 1)
  })

  it('settles as unknown when no answer comes, and ignores the late one', async (t) => {
    const clock = testClock()
    let late = (): void => {}
    const answer = (pdu: PDU, to: PeerSession): PDU | undefined => {
      if (pdu.command !== 'submit_sm') return pdu.response()
      late = () => void to.send(pdu.response({ message_id: 'late' }))
      return undefined
    }
    const { session, peer, recorded } = await bound(t, answer, { responseTimeoutMs: 100 }, clock)
    const outcome = failure(send(session))
    await eventually(() => commandsOf(peer).includes('submit_sm'), 'it is sent')
    await clock.advance(200)
    assert.equal(await outcome, 'unknown peer-timeout')
    late()
    await eventually(() => recorded.log.some((line) => line.includes('no request waits for')), 'the late response is logged')
    const again = await Promise.race([session.closed, new Promise((resolve) => setTimeout(resolve, 20, 'open'))])
    assert.equal(again, 'open')
  })

  it('settles as unknown what was written when the connection went', async (t) => {
    const { session } = await bound(t, (pdu, to) => {
      if (pdu.command === 'submit_sm') to.destroy()
      return pdu.command === 'submit_sm' ? undefined : pdu.response()
    })
    assert.equal(await failure(send(session)), 'unknown connection-lost')
    await session.closed
    assert.equal(await failure(send(session)), 'offline bind-down')
  })

  it('settles as offline what had not left when the connection went, the rest as unknown, and all of it', async (t) => {
    const { session, peer } = await bound(t, undefined, {}, testClock())
    peer.sessions[0]!.pause()
    // More than the kernel holds for a peer that does not read.
    const outcomes = Array.from({ length: 60 }, (_, i) => ({
      i,
      wait: () => Promise.all(Array.from({ length: 1000 }, () => failure(send(session, 'x'.repeat(150))))),
    }))
    const waits: Promise<string[]>[] = []
    for (const { wait } of outcomes) {
      waits.push(wait())
      await new Promise((resolve) => setImmediate(resolve))
    }
    peer.sessions[0]!.destroy()
    const counts = new Map<string, number>()
    for (const kind of (await Promise.all(waits)).flat()) counts.set(kind, (counts.get(kind) ?? 0) + 1)
    assert.deepEqual(
      [...counts.keys()].toSorted((a, b) => a.localeCompare(b)),
      ['offline bind-down', 'unknown connection-lost'],
    )
    assert.equal(
      [...counts.values()].reduce((a, b) => a + b),
      60_000,
    )
    assert.equal(await failure(send(session)), 'offline bind-down')
  })

  it('gives up a peer that takes no octets, though the connection stands', async (t) => {
    const clock = testClock()
    const { session, peer } = await bound(t, undefined, { responseTimeoutMs: 200, enquireLinkMs: 200 }, clock)
    peer.sessions[0]!.pause()
    const open: Promise<string>[] = []
    for (let i = 0; i < 40; i++) {
      for (let k = 0; k < 1000; k++) open.push(failure(send(session, 'x'.repeat(150))))
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.match(await inTime(clock, session.closed), /has taken no octets|no response to enquire_link/)
    assert.equal(new Set(await Promise.all(open)).has('ok'), false)
  })

  it('survives a peer that does not read, and loses nothing when it does again', async (t) => {
    const { session, peer } = await bound(t, undefined, { responseTimeoutMs: 60_000 })
    peer.sessions[0]!.pause()
    const outcomes = Array.from({ length: 3000 }, () => send(session, 'x'.repeat(150)))
    await new Promise((resolve) => setTimeout(resolve, 50))
    peer.sessions[0]!.resume()
    assert.ok((await Promise.all(outcomes)).every((outcome) => outcome.ok))
  })
})

describe('keeping the link', () => {
  it('answers enquire_link and asks when it is idle', async (t) => {
    const { peer } = await bound(t, undefined, { enquireLinkMs: 100 })
    const answered = new Promise<PDU>((resolve) => peer.sessions[0]!.enquire_link(resolve))
    assert.equal((await answered).command, 'enquire_link_resp')
    await eventually(() => commandsOf(peer).includes('enquire_link'), 'enquire_link is sent')
  })

  it('closes a half-open connection, settling what it holds', async (t) => {
    const clock = testClock()
    const silent = (pdu: PDU): PDU | undefined => (pdu.command === 'bind_transceiver' ? pdu.response() : undefined)
    const { session } = await bound(t, silent, { enquireLinkMs: 100, responseTimeoutMs: 150 }, clock)
    const outcome = failure(send(session))
    assert.match(await inTime(clock, session.closed), /no response to enquire_link/)
    assert.match(await outcome, /^unknown/)
  })

  it('answers unbind and is closed', async (t) => {
    const { session, peer } = await bound(t)
    const answered = new Promise<PDU>((resolve) => peer.sessions[0]!.unbind(resolve))
    assert.equal((await answered).command, 'unbind_resp')
    assert.equal(await session.closed, 'the peer unbound')
  })

  it('waits for open answers before it unbinds, and takes nothing new', async (t) => {
    const { session, peer } = await bound(t, (pdu, to) => {
      if (pdu.command !== 'submit_sm') return pdu.response()
      setTimeout(() => to.send(takeAll(pdu)), 100)
      return undefined
    })
    const open = send(session)
    await eventually(() => peer.got.length === 2, 'the submit arrived')
    const closing = session.close()
    assert.equal(await failure(send(session)), 'offline bind-down')
    assert.equal(await failure(open), 'ok')
    await closing
    assert.equal(commandsOf(peer).at(-1), 'unbind')
  })

  it('closes all of a pair when one goes', async (t) => {
    const { session, peer } = await bound(t, undefined, { mode: 'tx+rx' })
    peer.sessions[1]!.destroy()
    await session.closed
    await eventually(() => peer.sessions[0]!.socket.destroyed || peer.sessions[0]!.socket.readableEnded, 'the transmitter is closed')
  })
})
