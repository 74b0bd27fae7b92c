import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { describe, it } from 'node:test'
import smpp, { type PDU } from 'smpp'
import { testClock } from '../../src/clock.ts'
import { AcceptRefused } from '../../src/plugin.ts'
import { type Carrier, eventually } from '../../test/peers/smpp-carrier.ts'
import { encodePdu, type Pdu, statuses } from './codec/index.ts'
import { bound, boundRaw, failure, parseOn, send } from '../../test/peers/smpp-bound.ts'

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

  it('are told of once in a while when none can be taken, and not each', async (t) => {
    const { peer, recorded } = await bound(t)
    for (const error of [new Error('disk'), new AcceptRefused('busy', 'full')]) {
      recorded.durable = () => Promise.reject(error)
      for (let i = 0; i < 5; i++) assert.equal((await deliver(peer, { short_message: 'hello' })).command_status, statuses.ESME_RX_T_APPN)
    }
    assert.equal(recorded.log.filter((line) => line.includes('a delivery was not taken')).length, 2)
  })

  for (const [mode, receipt] of [
    ['trx', 'both'],
    ['tx+rx', 'both'],
    ['rx', 'none'],
  ] as const) {
    it(`in transit are asked about what the session can tell: ${mode}`, async (t) => {
      const { peer, recorded } = await bound(t, undefined, { mode })
      recorded.gateway.bind.policy.transit = true
      assert.equal((await deliver(peer, { registered_delivery: 1, short_message: 'hello' })).command_status, 0)
      assert.equal(recorded.accepted[0]!.receipt, receipt)
    })
  }

  it('of alerts say which handset may be reached, and are not answered', async (t) => {
    const { peer, recorded } = await bound(t)
    const { dest_addr_ton: _ton, dest_addr_npi: _npi, destination_addr: _to, ...handset } = mo
    const esme = { esme_addr_ton: 1, esme_addr_npi: 1, esme_addr: '15550001111' }
    peer.sessions.at(-1)!.send(new smpp.PDU('alert_notification', { ...handset, ...esme, ms_availability_status: 2 }))
    peer.sessions.at(-1)!.send(new smpp.PDU('alert_notification', { ...handset, ...esme }))
    await eventually(() => recorded.alerts.length === 2, 'both have come')
    assert.deepEqual(recorded.alerts, [
      { handset: '+447700900123', said: 'unavailable' },
      { handset: '+447700900123', said: undefined },
    ])
    assert.equal((await deliver(peer, { short_message: 'hello' })).command_status, 0)
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
    const pdus: Pdu[] = []
    const { session } = await boundRaw(t, (socket) => {
      peer = socket
      parseOn(socket, (pdu) => pdus.push(pdu))
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
        parseOn(socket, (pdu) => {
          if (pdu.command !== 'submit_sm') return
          socket.write(encodePdu({ command: 'enquire_link_resp', sequence_number: pdu.sequence_number }))
          socket.write(encodePdu({ command: 'submit_sm_resp', sequence_number: pdu.sequence_number, message_id: 'right' }))
        })
      },
      {},
      testClock(),
    )
    const outcome = await send(session)
    assert.ok(outcome.ok && outcome.refs[0] === 'right')
    assert.equal(recorded.log.filter((line) => line.includes('no request waits for')).length, 1)
  })

  it('closes its side: it hears what became of what it delivered', async (t) => {
    const pdus: Pdu[] = []
    const { session, recorded } = await boundRaw(t, (socket) => {
      parseOn(socket, (pdu) => pdus.push(pdu))
      setTimeout(() => socket.end(encodePdu({ command: 'deliver_sm', sequence_number: 41, source_addr: '1', destination_addr: '2' })), 20)
    })
    recorded.durable = () => new Promise((resolve) => setTimeout(resolve, 100))
    assert.equal(await session.closed, 'the peer closed the connection')
    await eventually(() => pdus.length > 0, 'the response')
    assert.deepEqual(
      pdus.map((pdu) => [pdu.command, pdu.sequence_number, pdu.command_status]),
      [['deliver_sm_resp', 41, 0]],
    )
  })

  it('answers a submit unreadably: the outcome is unknown', async (t) => {
    const { session } = await boundRaw(t, (socket) =>
      parseOn(socket, (pdu) => {
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
    const pdus: Pdu[] = []
    await boundRaw(t, (socket) => {
      parseOn(socket, (pdu) => pdus.push(pdu))
      socket.write(encodePdu({ command: 'submit_sm', sequence_number: 6 }))
    })
    await eventually(() => pdus.length === 1, 'an answer')
    assert.deepEqual([pdus[0]!.command, pdus[0]!.sequence_number, pdus[0]!.command_status], ['generic_nack', 6, statuses.ESME_RINVCMDID])
  })
})
