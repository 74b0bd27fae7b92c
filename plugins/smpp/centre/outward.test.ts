import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Outcome, type Session, split } from '../../../src/plugin.ts'
import { type Pdu, type PduOf, statuses, type StatusName, tags, tlv, tlvInteger, tlvString } from '../codec/index.ts'
import { bound, type Caller, delivered, eventually, house, type House, messageOf } from './centre.fixture.ts'

const never = new AbortController().signal
const [only] = [0]
const sessionOf = ({ clients }: House): Session => [...clients[only]!.sessions][0]!
const failure = (outcome: Outcome): string => (outcome.ok ? 'ok' : `${outcome.failure.kind} ${outcome.failure.code}`)
const mo = (text: string, more = {}) => {
  const message = messageOf({ direction: 'mo', body: { kind: 'text', text }, priority: 0, ...more })
  return { message, segments: split(message.body, { concatenation: 'udh8', nationalTables: [], reference: 9 }), attempt: 0 }
}
const deliveries = ({ got }: Caller): PduOf<'deliver_sm'>[] => got.filter((pdu): pdu is PduOf<'deliver_sm'> => pdu.command === 'deliver_sm')
const textOf = (pdu: Pdu): string => Buffer.from('short_message' in pdu ? pdu.short_message : []).toString('latin1')

describe('a receipt', () => {
  it('is sent with text and TLVs, from where the message went to, and done when it is acknowledged', async (t) => {
    const there = await house(t)
    const client = await bound(t, there.port)
    const message = messageOf()
    const outcome = await sessionOf(there).report!(message, delivered(), never)
    assert.ok(outcome.ok)
    const [pdu] = deliveries(client)
    assert.match(
      textOf(pdu!),
      new RegExp(`^id:${message.id} sub:001 dlvrd:001 submit date:2601020304 done date:2601020305 stat:DELIVRD err:000`),
    )
    assert.equal(tlvString(pdu!.tlvs, tags.receipted_message_id), message.id)
    assert.equal(tlvInteger(pdu!.tlvs, tags.message_state), 2)
    assert.deepEqual(
      [pdu!.esm_class, pdu!.source_addr_ton, pdu!.source_addr, pdu!.dest_addr_ton, pdu!.destination_addr],
      [4, 1, '447700900123', 5, 'Shop'],
    )
  })

  it('of a 3.3 client has no TLVs and the short id', async (t) => {
    const there = await house(t)
    const client = await bound(t, there.port, { interface_version: 0x33 })
    await sessionOf(there).report!(messageOf({ report: { message_id: '00abcdef' } }), delivered(), never)
    const [pdu] = deliveries(client)
    assert.match(textOf(pdu!), /^id:00abcdef /)
    assert.deepEqual(pdu!.tlvs, [])
  })

  it('has the ends as the client wrote them, and its user_message_reference', async (t) => {
    const there = await house(t)
    const client = await bound(t, there.port)
    const report = { to: '0/1/0301234567', from: '3/0/12345', 'tlv.0x0204': '002a' }
    await sessionOf(there).report!(messageOf({ report }), delivered(), never)
    const [pdu] = deliveries(client)
    assert.deepEqual(
      [pdu!.source_addr_ton, pdu!.source_addr_npi, pdu!.source_addr, pdu!.dest_addr_ton, pdu!.destination_addr],
      [0, 1, '0301234567', 3, '12345'],
    )
    assert.equal(tlvInteger(pdu!.tlvs, tags.user_message_reference), 42)
  })

  it('of a long message comes for each part that was submitted', async (t) => {
    const there = await house(t)
    const client = await bound(t, there.port)
    const ids = ['a', 'b', 'c'].map((letter) => letter.repeat(32))
    const report = Object.fromEntries(ids.map((id, i) => [`part.${i + 1}`, id]))
    assert.ok((await sessionOf(there).report!(messageOf({ report, segments: 4 }), delivered(), never)).ok)
    assert.deepEqual(
      deliveries(client).map((pdu) => tlvString(pdu.tlvs, tags.receipted_message_id)),
      ids,
    )
    for (const pdu of deliveries(client)) assert.match(textOf(pdu), /sub:001 dlvrd:001/)
  })

  it('comes by data_sm where the bind says so', async (t) => {
    const there = await house(t, [{ config: { deliverBy: 'data_sm' } }])
    const client = await bound(t, there.port)
    assert.ok((await sessionOf(there).report!(messageOf(), delivered(), never)).ok)
    const [pdu] = client.got
    assert.equal(pdu!.command, 'data_sm')
    assert.match(Buffer.from(tlv(pdu!.tlvs, tags.message_payload)!).toString(), /stat:DELIVRD/)
  })
})

describe('a message from a handset', () => {
  it('is sent as deliver_sm with its class, TLVs and service_type', async (t) => {
    const there = await house(t)
    const client = await bound(t, there.port)
    const out = mo('Hi', { priority: 1, extras: { service_type: 'CMT', 'tlv.0x1400': '0102', 'tlv.0x0304': '01' } })
    assert.ok((await sessionOf(there).send!(out, never)).ok)
    const [pdu] = deliveries(client)
    assert.equal(textOf(pdu!), 'Hi')
    assert.equal(pdu!.service_type, 'CMT')
    assert.equal(pdu!.priority_flag, 0)
    assert.equal(pdu!.esm_class, 0)
    assert.deepEqual(
      pdu!.tlvs.map(([tag, value]) => [tag, Buffer.from(value).toString('hex')]),
      [[0x1400, '0102']],
    )
  })

  it('reaches a 3.3 client without what only a TLV can say; one that is nothing without a TLV is not sent', async (t) => {
    const there = await house(t, [{ config: { messageClassBy: 'subunit' }, policy: { concatenation: 'payload' } }])
    const client = await bound(t, there.port, { interface_version: 0x33 })
    const flash = mo('Now', { body: { kind: 'text', text: 'Now', messageClass: 0 } })
    const voicemail = mo('Call', { body: { kind: 'binary', data: Buffer.from('Call') }, extras: { waiting: 'voicemail:on:store' } })
    for (const out of [flash, voicemail]) assert.equal(failure(await sessionOf(there).send!(out, never)), 'ok')
    assert.deepEqual(
      deliveries(client).map((pdu) => [textOf(pdu), pdu.tlvs.length]),
      [
        ['Now', 0],
        ['Call', 0],
      ],
    )
    const long = mo('x'.repeat(300))
    const whole = { ...long, segments: split(long.message.body, { concatenation: 'payload', nationalTables: [], reference: 9 }) }
    assert.equal(failure(await sessionOf(there).send!(whole, never)), 'permanent too-long')
  })

  it('that is long comes in parts, no more at a time than the window', async (t) => {
    const there = await house(t, [{ policy: { window: 2 } }])
    const client = await bound(t, there.port)
    client.answer = undefined
    const sending = sessionOf(there).send!(mo('x'.repeat(600)), never)
    await eventually(() => client.got.length === 2, 'two have come')
    await new Promise((resolve) => setTimeout(resolve, 40))
    assert.equal(client.got.length, 2)
    client.answer = 0
    for (const { sequence_number } of client.got) client.link.post({ command: 'deliver_sm_resp', sequence_number })
    assert.ok((await sending).ok)
    assert.deepEqual(
      deliveries(client).map((pdu) => [pdu.esm_class, Buffer.from(pdu.short_message.subarray(0, 6)).toString('hex')]),
      [1, 2, 3, 4].map((n) => [0x40, `05000309040${n}`]),
    )
  })

  for (const [status, expected] of [
    ['ESME_RX_T_APPN', 'temporary peer-error'],
    ['ESME_RSYSERR', 'temporary peer-error'],
    ['ESME_RMSGQFUL', 'temporary queue-full'],
    ['ESME_RTHROTTLED', 'throttled throttled'],
    ['ESME_RX_P_APPN', 'permanent rejected'],
    ['ESME_RX_R_APPN', 'permanent rejected'],
    ['ESME_RINVDSTADR', 'permanent invalid-destination'],
  ] satisfies [StatusName, string][]) {
    it(`that the client answers with ${status} is ${expected}`, async (t) => {
      const there = await house(t)
      const client = await bound(t, there.port)
      client.answer = statuses[status]
      assert.equal(failure(await sessionOf(there).send!(mo('Hi'), never)), expected)
    })
  }

  it('that is not answered before the client vanishes has an unknown outcome; what comes after is offline', async (t) => {
    const there = await house(t)
    const client = await bound(t, there.port)
    client.answer = undefined
    const session = sessionOf(there)
    const sending = session.send!(mo('Hi'), never)
    await eventually(() => client.got.length === 1, 'it has come')
    client.socket.destroy()
    assert.equal(failure(await sending), 'unknown connection-lost')
    assert.equal(failure(await session.send!(mo('Hi'), never)), 'offline bind-down')
  })

  it('in UCS-2 and binary comes as it is', async (t) => {
    const there = await house(t)
    const client = await bound(t, there.port)
    await sessionOf(there).send!(mo('Привет'), never)
    await sessionOf(there).send!(mo('', { body: { kind: 'binary', data: Uint8Array.of(1, 0, 255) } }), never)
    assert.deepEqual(
      deliveries(client).map((pdu) => [pdu.data_coding, Buffer.from(pdu.short_message).toString('hex')]),
      [
        [8, '041f04400438043204350442'],
        [4, '0100ff'],
      ],
    )
  })
})

describe('a session that is closed', () => {
  it('waits for what is open, takes nothing new, unbinds', async (t) => {
    const there = await house(t)
    const client = await bound(t, there.port)
    client.answer = undefined
    const session = sessionOf(there)
    const sending = session.send!(mo('Hi'), never)
    await eventually(() => client.got.length === 1, 'it has come')
    const closing = session.close()
    assert.equal(failure(await session.report!(messageOf(), delivered(), never)), 'offline bind-down')
    assert.equal((await client.submit()).command_status, statuses.ESME_RSYSERR)
    client.link.post({ command: 'deliver_sm_resp', sequence_number: client.got[0]!.sequence_number })
    assert.ok((await sending).ok)
    await closing
    assert.match(await client.link.closed, /unbound/)
  })
})
