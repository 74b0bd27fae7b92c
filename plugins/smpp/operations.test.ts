// data_sm, query_sm, cancel_sm and replace_sm, and the TLVs of a bind, as a carrier sees them.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PDU } from 'smpp'
import { testClock } from '../../src/clock.ts'
import type { Session } from '../../src/plugin.ts'
import { bound, boundRaw, commandsOf, failure, inTime, never, parseOn, send } from '../../test/peers/smpp-bound.ts'
import { eventually, outgoing } from '../../test/peers/smpp-carrier.ts'
import { encodePdu, type Pdu, type PduOf, statuses, tags, tlvInteger } from './codec/index.ts'

const capable = { capabilities: { query: true, cancel: true, replace: true } }
const { message, segments } = outgoing('the new text')

describe('data_sm', () => {
  it('takes the place of submit_sm, with the text in message_payload and the validity in seconds', async (t) => {
    const got: Pdu[] = []
    const { session } = await boundRaw(
      t,
      (socket) =>
        parseOn(socket, (pdu) => {
          got.push(pdu)
          socket.write(encodePdu({ command: 'data_sm_resp', sequence_number: pdu.sequence_number, message_id: 'd1' }))
        }),
      { submitWith: 'data_sm', validity: 'relative', tlvsAlways: { '0x1400': '1101' } },
    )
    const outcome = await session.send!(outgoing('hello'), never)
    assert.ok(outcome.ok)
    assert.deepEqual(outcome.refs, ['d1'])
    const pdu = got[0] as PduOf<'data_sm'>
    assert.equal(pdu.command, 'data_sm')
    assert.deepEqual(
      pdu.tlvs.map(([tag, value]) => (tag === tags.qos_time_to_live ? tag : [tag, Buffer.from(value).toString()])),
      [[tags.message_payload, 'hello'], tags.qos_time_to_live, [0x1400, '1101']],
    )
    const seconds = tlvInteger(pdu.tlvs, tags.qos_time_to_live)!
    assert.ok(seconds > 3590 && seconds <= 3600, String(seconds))
    assert.equal(pdu.registered_delivery, 1)
  })
  it('is taken from a carrier as a message and as a receipt', async (t) => {
    const { peer, recorded } = await bound(t)
    const say = (fields: Record<string, unknown>): Promise<PDU> => new Promise((resolve) => peer.sessions[0]!.data_sm(fields, resolve))
    const parties = { source_addr_ton: 1, source_addr: '447700900123', dest_addr_ton: 1, destination_addr: '447700900999' }
    assert.equal((await say({ ...parties, message_payload: 'hello' })).command_status, 0)
    assert.equal((await say({ ...parties, esm_class: 4, receipted_message_id: 'm1', message_state: 2 })).command_status, 0)
    assert.equal(recorded.accepted.length, 1)
    assert.deepEqual(
      recorded.receipts.map(({ ref, state }) => [ref, state]),
      [['m1', 'delivered']],
    )
  })
})

describe('query_sm', () => {
  it("tells a segment's state, and nothing of what the carrier does not know", async (t) => {
    const { session, peer } = await bound(
      t,
      (pdu) => {
        if (pdu.command !== 'query_sm') return pdu.response()
        if (pdu.message_id === 'gone') return pdu.response({ command_status: statuses.ESME_RQUERYFAIL })
        const states: Record<string, number> = { a: 2, b: 1, c: 5 }
        const message_state = states[pdu.message_id]!
        return pdu.response({ message_id: pdu.message_id, final_date: '', message_state, error_code: message_state === 5 ? 27 : 0 })
      },
      capable,
    )
    const told = await session.query!(message, ['a', 'b', 'c', 'gone', 'x'.repeat(100)], never)
    assert.deepEqual(
      told.map((receipt) => receipt && [receipt.ref, receipt.state, receipt.final, receipt.error, receipt.failure?.code]),
      [
        ['a', 'delivered', true, undefined, undefined],
        ['b', 'enroute', false, undefined, undefined],
        ['c', 'undeliverable', true, '27', 'undeliverable'],
        undefined,
        undefined,
      ],
    )
    const asked = peer.got.filter((pdu) => pdu.command === 'query_sm')
    assert.equal(asked.length, 4)
    assert.deepEqual([asked[0]!.source_addr_ton, asked[0]!.source_addr], [5, 'ACME'])
  })
  it('is not there unless the carrier is said to do it', async (t) => {
    const { session } = await bound(t)
    assert.deepEqual([session.query, session.cancel, session.replace], [undefined, undefined, undefined])
  })
})

describe('cancel_sm and replace_sm', () => {
  it('name the message by its id and its parties', async (t) => {
    const { session, peer } = await bound(t, undefined, capable)
    assert.deepEqual(await session.cancel!(message, 'm7'), { ok: true })
    const cancel = peer.got.at(-1)!
    assert.deepEqual(
      [cancel.command, cancel.message_id, cancel.source_addr, cancel.destination_addr, cancel.dest_addr_ton],
      ['cancel_sm', 'm7', 'ACME', '447700900123', 1],
    )
    assert.deepEqual(await session.replace!(message, 'm7', segments[0]!), { ok: true })
    const replace = peer.got.at(-1)!
    assert.deepEqual([replace.command, replace.message_id], ['replace_sm', 'm7'])
  })
  it('fail as the carrier says, and for good where the new text does not fit', async (t) => {
    const { session } = await bound(
      t,
      (pdu) =>
        pdu.command === 'cancel_sm'
          ? pdu.response({ command_status: statuses.ESME_RCANCELFAIL })
          : pdu.command === 'replace_sm'
            ? new (pdu.constructor as typeof PDU)('generic_nack', { sequence_number: pdu.sequence_number, command_status: 3 })
            : pdu.response(),
      capable,
    )
    const why = async (doing: ReturnType<NonNullable<Session['cancel']>>): Promise<string> => {
      const done = await doing
      return done.ok ? 'ok' : `${done.failure.kind} ${done.failure.peerCode ?? done.failure.code}`
    }
    assert.equal(await why(session.cancel!(message, 'm7')), 'permanent ESME_RCANCELFAIL')
    assert.equal(await why(session.replace!(message, 'm7', segments[0]!)), 'permanent ESME_RINVCMDID')
    const part = outgoing('long '.repeat(80)).segments[0]!
    assert.equal(await why(session.replace!(message, 'm7', part)), 'permanent invalid-body')
    assert.equal(await why(session.cancel!(message, 'x'.repeat(100))), 'permanent invalid-body')
    await session.close()
    assert.match(await why(session.cancel!(message, 'm7')), /^offline/)
  })
})

describe('TLVs of a receipt', () => {
  it('are kept with it, as far as the bind says', async (t) => {
    const { recorded } = await boundRaw(t, (socket) => {
      const tlvs = [
        [tags.receipted_message_id, Buffer.from('m1\0')],
        [tags.message_state, Uint8Array.of(2)],
        [0x1403, Buffer.from('ab')],
        [0x0501, Uint8Array.of(1)],
      ] as const
      socket.write(encodePdu({ command: 'deliver_sm', sequence_number: 1, esm_class: 4, tlvs }))
    })
    await eventually(() => recorded.receipts.length === 1, 'the receipt arrived')
    assert.deepEqual(recorded.receipts[0]!.extras, { 'tlv.0x1403': '6162' })
  })
})

describe('the room of a session', () => {
  it('is its window less what is open, and none once it closes', async (t) => {
    const waiting: (() => void)[] = []
    const { session } = await bound(t, (pdu, to) => {
      if (pdu.command !== 'submit_sm') return pdu.response()
      waiting.push(() => to.send(pdu.response({ message_id: 'm' })))
      return undefined
    })
    const before = session.free!()
    const outcomes = [failure(send(session)), failure(send(session, 'long '.repeat(80)))]
    assert.equal(session.free!(), before - 4)
    await eventually(() => waiting.length === 4, 'all arrived')
    for (const answer of waiting) answer()
    assert.deepEqual(await Promise.all(outcomes), ['ok', 'ok'])
    assert.equal(session.free!(), before)
    await session.close()
    assert.ok(session.free!() < 0)
  })
})

describe('an unbind by the peer', () => {
  it('is answered when what is open has been, and nothing new is sent', async (t) => {
    const later: (() => void)[] = []
    const { session, peer, recorded } = await bound(t, (pdu, to) => {
      if (pdu.command !== 'submit_sm') return pdu.response()
      later.push(() => to.send(pdu.response({ message_id: 'm1' })))
      return undefined
    })
    let commit = (): void => {}
    recorded.durable = () => new Promise<void>((resolve) => (commit = resolve))
    const open = send(session)
    const order: string[] = []
    const heard = (pdu: PDU): void => void order.push(pdu.command)
    peer.sessions[0]!.deliver_sm({ source_addr: '447700900123', destination_addr: '1', short_message: 'hi' }, heard)
    await eventually(() => later.length === 1, 'the submit arrived')
    peer.sessions[0]!.unbind(heard)
    await eventually(() => session.free!() < 0, 'the unbind arrived')
    assert.equal(await failure(send(session)), 'offline bind-down')
    assert.deepEqual(order, [])
    later[0]!()
    assert.equal(await failure(open), 'ok')
    commit()
    await eventually(() => order.length === 2, 'both are answered')
    assert.deepEqual(order, ['deliver_sm_resp', 'unbind_resp'])
    assert.equal(await session.closed, 'the peer unbound')
    assert.equal(commandsOf(peer).filter((command) => command === 'submit_sm').length, 1)
  })
  it('is answered after a while where nothing else is', async (t) => {
    const { session, peer } = await bound(t, (pdu) => (pdu.command === 'submit_sm' ? undefined : pdu.response()))
    const open = failure(send(session))
    await eventually(() => commandsOf(peer).includes('submit_sm'), 'the submit arrived')
    const startedAt = Date.now()
    peer.sessions[0]!.unbind()
    assert.equal(await session.closed, 'the peer unbound')
    assert.ok(Date.now() - startedAt < 30_000)
    assert.equal(await open, 'unknown connection-lost')
  })
})

describe('our own close', () => {
  it('takes and answers what the carrier says meanwhile', async (t) => {
    const { session, peer, recorded } = await bound(t, (pdu, to) => {
      if (pdu.command !== 'unbind') return pdu.response()
      to.deliver_sm({ source_addr: '447700900123', destination_addr: '1', short_message: 'late' }, (answer) => {
        assert.equal(answer.command_status, 0)
        answered = true
      })
      setTimeout(() => to.send(pdu.response()), 30)
      return undefined
    })
    let answered = false
    await session.close()
    assert.equal(recorded.accepted.length, 1)
    await eventually(() => answered, 'the delivery is answered before the end')
    assert.equal(commandsOf(peer).filter((command) => command === 'unbind').length, 1)
  })
  it('of a peer that says nothing more settles all that is open, once', async (t) => {
    const clock = testClock()
    const silent = (pdu: PDU): PDU | undefined => (pdu.command === 'bind_transceiver' ? pdu.response() : undefined)
    const { session } = await bound(t, silent, { responseTimeoutMs: 200 }, clock)
    let settled = 0
    const open = Array.from({ length: 20 }, () => failure(send(session)).then((told) => (settled++, told)))
    await inTime(clock, session.close())
    const told = await Promise.all(open)
    assert.ok(told.every((each) => each.startsWith('unknown')))
    assert.equal(settled, 20)
  })
})

describe('a connection that is open on our side only', () => {
  it('is found by the first request without an answer, however long the keep-alive is', async (t) => {
    const clock = testClock()
    const silent = (pdu: PDU): PDU | undefined => (pdu.command === 'bind_transceiver' ? pdu.response() : undefined)
    const { session } = await bound(t, silent, { enquireLinkMs: 60_000, responseTimeoutMs: 150 }, clock)
    const startedAt = clock.now()
    assert.equal(await inTime(clock, failure(send(session))), 'unknown peer-timeout')
    assert.match(await inTime(clock, session.closed), /no response to enquire_link/)
    assert.ok(clock.now() - startedAt < 5000)
  })
  it('is not assumed of a carrier that still answers enquire_link', async (t) => {
    const clock = testClock()
    const partly = (pdu: PDU): PDU | undefined => (pdu.command === 'submit_sm' ? undefined : pdu.response())
    const { session, peer } = await bound(t, partly, { enquireLinkMs: 60_000, responseTimeoutMs: 150 }, clock)
    const outcome = failure(send(session))
    await eventually(() => commandsOf(peer).includes('submit_sm'), 'it is sent')
    await clock.advance(200)
    assert.equal(await outcome, 'unknown peer-timeout')
    await eventually(() => commandsOf(peer).includes('enquire_link'), 'it is asked')
    // Our answer to this comes behind our reading of theirs.
    await new Promise((resolve) => peer.sessions[0]!.enquire_link(resolve))
    await clock.advance(1000)
    const open = await Promise.race([session.closed, new Promise((resolve) => setTimeout(resolve, 20, 'open'))])
    assert.equal(open, 'open')
  })
})
