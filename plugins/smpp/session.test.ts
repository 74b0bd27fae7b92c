import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import type { PDU } from 'smpp'
import { AcceptRefused, Failure, type Outcome, type Session } from '../../src/plugin.ts'
import { type Carrier, carrier, eventually, outgoing, rawCarrier, type Recorded, recorder, takeAll } from '../../test/peers/smpp-carrier.ts'
import { createParser, encodePdu, type Pdu, statuses } from './codec/index.ts'
import type { SmppConfig } from './config.ts'
import { smpp } from './index.ts'

const never = new AbortController().signal

async function bound(
  t: TestContext,
  answer?: Parameters<typeof carrier>[0],
  config: Partial<SmppConfig> = {},
): Promise<{ peer: Carrier; session: Session; recorded: Recorded }> {
  const peer = await carrier(answer)
  t.after(() => peer.close())
  const recorded = recorder(peer.port, config)
  const session = await smpp.dial!(recorded.gateway, never)
  return { peer, session, recorded }
}

async function boundRaw(t: TestContext, afterBind: (socket: Socket) => void, config: Partial<SmppConfig> = {}) {
  const peer = await rawCarrier(afterBind)
  t.after(() => peer.close())
  const recorded = recorder(peer.port, config)
  return { recorded, session: await smpp.dial!(recorded.gateway, never) }
}

/** What we say to a bare socket, decoded. */
function heard(socket: Socket): Pdu[] {
  const pdus: Pdu[] = []
  const parser = createParser({ onPdu: (pdu) => pdus.push(pdu), onBad: (bad) => assert.fail(bad.reason) })
  socket.on('data', (chunk) => parser.push(chunk))
  return pdus
}

const send = (session: Session, text = 'hello'): Promise<Outcome> => session.send!(outgoing(text), never)
const failure = async (outcome: Promise<Outcome>): Promise<string> => {
  const got = await outcome
  return got.ok ? 'ok' : `${got.failure.kind} ${got.failure.code}`
}
const commandsOf = (peer: Carrier): string[] => peer.got.map((pdu) => pdu.command)
const refused = async (dial: Promise<Session>): Promise<Failure> => {
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
    const gone = await carrier()
    await gone.close()
    const error = await refused(smpp.dial!(recorder(gone.port).gateway, never))
    assert.equal(error.facts.kind, 'offline')
    assert.match(error.facts.peer!, new RegExp(`127\\.0\\.0\\.1:${gone.port}.*ECONNREFUSED`))
  })

  it('to a peer that does not answer ends by bindTimeoutMs', async (t) => {
    const peer = await carrier(() => undefined)
    t.after(() => peer.close())
    const error = await refused(smpp.dial!(recorder(peer.port, { bindTimeoutMs: 100 }).gateway, never))
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
      createParserOn(socket, (pdu) => socket.write(encodePdu({ command: 'submit_sm_resp', sequence_number: pdu.sequence_number })))
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
    const { session, recorded } = await bound(
      t,
      (pdu, to) => {
        if (pdu.command === 'submit_sm') setTimeout(() => to.send(pdu.response({ message_id: 'late' })), 250)
        return pdu.command === 'submit_sm' ? undefined : pdu.response()
      },
      { responseTimeoutMs: 100 },
    )
    assert.equal(await failure(send(session)), 'unknown peer-timeout')
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
    const { session, peer } = await bound(t)
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
    const { session, peer } = await bound(t, undefined, { responseTimeoutMs: 200, enquireLinkMs: 200 })
    peer.sessions[0]!.pause()
    const open: Promise<string>[] = []
    for (let i = 0; i < 40; i++) {
      for (let k = 0; k < 1000; k++) open.push(failure(send(session, 'x'.repeat(150))))
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.match(await session.closed, /has taken no octets|no response to enquire_link/)
    assert.equal(new Set(await Promise.all(open)).has('ok'), false)
  })

  it('survives a peer that does not read, and loses nothing when it does again', async (t) => {
    const { session, peer } = await bound(t, undefined, { responseTimeoutMs: 5000 })
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
    const { session } = await bound(t, (pdu) => (pdu.command === 'bind_transceiver' ? pdu.response() : undefined), {
      enquireLinkMs: 100,
      responseTimeoutMs: 150,
    })
    const outcome = failure(send(session))
    assert.match(await session.closed, /no response to enquire_link/)
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

describe('deliveries', () => {
  const mo = {
    source_addr_ton: 1,
    source_addr_npi: 1,
    source_addr: '447700900123',
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    destination_addr: '447700900999',
  }
  const deliver = (peer: Carrier, fields: Record<string, unknown>): Promise<PDU> =>
    new Promise((resolve) => peer.sessions.at(-1)!.deliver_sm({ ...mo, ...fields }, resolve))

  it('are answered only once they are durable', async (t) => {
    const { peer, recorded } = await bound(t)
    let commit = (): void => {}
    recorded.durable = () => new Promise<void>((resolve) => (commit = resolve))
    let answered = false
    const response = deliver(peer, { short_message: 'hello' }).then((pdu) => {
      answered = true
      return pdu
    })
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal(answered, false)
    commit()
    assert.equal((await response).command_status, 0)
    assert.deepEqual(recorded.accepted, [
      {
        from: { value: '+447700900123', ton: 'international', npi: 'e164' },
        to: { value: '+447700900999', ton: 'international', npi: 'e164' },
        body: { kind: 'text', text: 'hello' },
        priority: 1,
        receipt: 'none',
      },
    ])
  })

  for (const [why, status] of [
    ['busy', statuses.ESME_RX_T_APPN],
    ['invalid', statuses.ESME_RX_P_APPN],
    ['suspended', statuses.ESME_RX_R_APPN],
  ] as const) {
    it(`are refused by meaning: ${why}`, async (t) => {
      const { peer, recorded } = await bound(t)
      recorded.durable = () => Promise.reject(new AcceptRefused(why, 'no'))
      assert.equal((await deliver(peer, { short_message: 'hello' })).command_status, status)
    })
  }

  it('are asked for again when something unforeseen happens', async (t) => {
    const { peer, recorded } = await bound(t)
    recorded.durable = () => Promise.reject(new Error('disk'))
    assert.equal((await deliver(peer, { short_message: 'hello' })).command_status, statuses.ESME_RX_T_APPN)
  })

  it('of receipts come by text and by TLV, on the receiver of a pair too', async (t) => {
    const { peer, recorded } = await bound(t, undefined, { mode: 'tx+rx' })
    await deliver(peer, { esm_class: 4, short_message: Buffer.from('id:7 sub:001 dlvrd:001 stat:DELIVRD err:000 text:hi') })
    await deliver(peer, { esm_class: 4, short_message: Buffer.alloc(0), receipted_message_id: '8', message_state: 5 })
    assert.deepEqual(
      recorded.receipts.map(({ ref, state, final }) => ({ ref, state, final })),
      [
        { ref: '7', state: 'delivered', final: true },
        { ref: '8', state: 'undeliverable', final: true },
      ],
    )
    assert.doesNotMatch(recorded.log.join(''), /text:hi/)
  })

  it('of long messages come as parts by UDH 8, UDH 16 and sar, and whole by message_payload', async (t) => {
    const { peer, recorded } = await bound(t)
    await deliver(peer, { esm_class: 0x40, short_message: Buffer.from('0500030902026f6e65', 'hex') })
    await deliver(peer, { esm_class: 0x40, short_message: Buffer.from('060804123402016f6e65', 'hex') })
    await deliver(peer, { short_message: 'one', sar_msg_ref_num: 300, sar_total_segments: 2, sar_segment_seqnum: 2 })
    assert.deepEqual(
      recorded.parts.map(({ reference, total, index, submission }) => [reference, total, index, submission.body]),
      [
        [9, 2, 2, { kind: 'text', text: 'one' }],
        [0x1234, 2, 1, { kind: 'text', text: 'one' }],
        [300, 2, 2, { kind: 'text', text: 'one' }],
      ],
    )
    await deliver(peer, { short_message: Buffer.alloc(0), message_payload: Buffer.from('x'.repeat(500)) })
    assert.deepEqual(recorded.accepted[0]!.body, { kind: 'text', text: 'x'.repeat(500) })
  })

  it('come by data_sm too, and its response is data_sm_resp', async (t) => {
    const { peer, recorded } = await bound(t)
    const response = await new Promise<PDU>((resolve) =>
      peer.sessions[0]!.data_sm({ ...mo, data_coding: 0, message_payload: Buffer.from('hi') }, resolve),
    )
    assert.equal(response.command, 'data_sm_resp')
    assert.deepEqual(recorded.accepted[0]!.body, { kind: 'text', text: 'hi' })
  })

  it('in a flood are all taken and answered', async (t) => {
    const { peer, recorded } = await bound(t)
    recorded.durable = () => new Promise((resolve) => setImmediate(resolve))
    const responses = await Promise.all(Array.from({ length: 2000 }, (_, i) => deliver(peer, { short_message: `n${i}` })))
    assert.ok(responses.every((pdu) => pdu.command_status === 0))
    assert.equal(recorded.accepted.length, 2000)
  })
})

describe('a peer that misbehaves', () => {
  const header = (length: number, id: number, sequence: number): Buffer => {
    const bytes = Buffer.alloc(16)
    bytes.writeUInt32BE(length, 0)
    bytes.writeUInt32BE(id, 4)
    bytes.writeUInt32BE(sequence, 12)
    return bytes
  }

  for (const [what, bytes] of [
    ['garbage', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['a length of 8', header(8, 5, 1)],
    ['a length of 16 MB', header(16_777_216, 5, 1)],
  ] as const) {
    it(`by sending ${what} loses the session, and only that`, async (t) => {
      const { session } = await boundRaw(t, (socket) => setTimeout(() => socket.write(bytes), 20))
      assert.match(await session.closed, /broken framing/)
      assert.equal(await failure(send(session)), 'offline bind-down')
    })
  }

  it('keeps the bind after PDUs that cannot be read, and gets each refused', async (t) => {
    let peer: Socket | undefined
    let pdus: Pdu[] = []
    const { session } = await boundRaw(t, (socket) => {
      peer = socket
      pdus = heard(socket)
    })
    const truncated = Buffer.concat([header(19, 5, 41), Buffer.from('CMT')])
    const badTlv = Buffer.concat([encodePdu({ command: 'deliver_sm', sequence_number: 42 }), Buffer.from('04240099', 'hex')])
    badTlv.writeUInt32BE(badTlv.length, 0)
    peer!.write(Buffer.concat([truncated, badTlv, header(16, 0x4711, 43), encodePdu({ command: 'enquire_link', sequence_number: 44 })]))
    await eventually(() => pdus.length === 4, 'four answers')
    assert.deepEqual(
      pdus.map((pdu) => [pdu.command, pdu.sequence_number, pdu.command_status]),
      [
        ['deliver_sm_resp', 41, statuses.ESME_RINVCMDLEN],
        ['deliver_sm_resp', 42, statuses.ESME_RINVTLVSTREAM],
        ['generic_nack', 43, statuses.ESME_RINVCMDID],
        ['enquire_link_resp', 44, 0],
      ],
    )
    void session.close()
  })

  it('answers with wrong sequence numbers, unasked or of another command: ignored, and logged at most once in a while', async (t) => {
    const { session, recorded } = await boundRaw(
      t,
      (socket) => {
        for (let i = 0; i < 50; i++) socket.write(encodePdu({ command: 'submit_sm_resp', sequence_number: 900 + i, message_id: 'x' }))
        createParserOn(socket, (pdu) => {
          if (pdu.command !== 'submit_sm') return
          socket.write(encodePdu({ command: 'enquire_link_resp', sequence_number: pdu.sequence_number }))
          socket.write(encodePdu({ command: 'submit_sm_resp', sequence_number: pdu.sequence_number, message_id: 'right' }))
        })
      },
      { responseTimeoutMs: 1000 },
    )
    const outcome = await send(session)
    assert.ok(outcome.ok && outcome.refs[0] === 'right')
    assert.equal(recorded.log.filter((line) => line.includes('no request waits for')).length, 1)
  })

  it('answers a submit unreadably: the outcome is unknown', async (t) => {
    const { session } = await boundRaw(t, (socket) =>
      createParserOn(socket, (pdu) => {
        const body = Buffer.alloc(300, 0x61)
        if (pdu.command === 'submit_sm') socket.write(Buffer.concat([header(316, 0x8000_0004, pdu.sequence_number), body]))
      }),
    )
    assert.equal(await failure(send(session)), 'unknown outcome-unknown')
  })

  it('sends one octet at a time: understood', async (t) => {
    const { recorded } = await boundRaw(t, (socket) => {
      const bytes = encodePdu({
        command: 'deliver_sm',
        sequence_number: 5,
        source_addr: '1',
        destination_addr: '2',
        short_message: Buffer.from('slow'),
      })
      socket.setNoDelay(true)
      void (async () => {
        for (const octet of bytes) {
          socket.write(Buffer.of(octet))
          await new Promise((resolve) => setImmediate(resolve))
        }
      })()
    })
    await eventually(() => recorded.accepted.length === 1, 'it is accepted')
    assert.deepEqual(recorded.accepted[0]!.body, { kind: 'text', text: 'slow' })
  })

  it('asks for what only a message centre serves: generic_nack', async (t) => {
    let pdus: Pdu[] = []
    await boundRaw(t, (socket) => {
      pdus = heard(socket)
      socket.write(encodePdu({ command: 'submit_sm', sequence_number: 6 }))
    })
    await eventually(() => pdus.length === 1, 'an answer')
    assert.deepEqual([pdus[0]!.command, pdus[0]!.sequence_number, pdus[0]!.command_status], ['generic_nack', 6, statuses.ESME_RINVCMDID])
  })
})

function createParserOn(socket: Socket, onPdu: (pdu: Pdu) => void): void {
  const parser = createParser({ onPdu, onBad: (bad) => assert.fail(bad.reason) })
  socket.on('data', (chunk) => parser.push(chunk))
}
