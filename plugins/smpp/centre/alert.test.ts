import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { international, type Report, type Session } from '../../../src/plugin.ts'
import { integer8, type Pdu, type PduOf, statuses, tags, tlvInteger } from '../codec/index.ts'
import { bound, type Caller, eventually, house, type House, messageOf } from './centre.fixture.ts'

const never = new AbortController().signal
const flag = integer8(tags.set_dpf, 1)
const absent: Report = { state: 'undelivered', at: 0, failure: { kind: 'permanent', code: 'absent-subscriber' } }
const sessionOf = ({ clients }: House): Session => [...clients[0]!.sessions][0]!
const alerts = ({ got }: Caller): PduOf<'alert_notification'>[] =>
  got.filter((pdu): pdu is PduOf<'alert_notification'> => pdu.command === 'alert_notification')
const dpf = (pdu: Pdu | undefined): number | undefined => tlvInteger(pdu!.tlvs, tags.dpf_result)

describe('set_dpf', () => {
  it('of a message whose handset is absent: its receipt says that the flag is set, and the gateway is asked to watch', async (t) => {
    const there = await house(t)
    const client = await bound(t, there.port)
    const { message_id } = await client.submit({ tlvs: [flag], dest_addr_ton: 0, destination_addr: '447700900123' })
    const { message } = there.views.get(message_id)!
    assert.ok((await sessionOf(there).report!(message, absent, never)).ok)
    assert.equal(dpf(client.got[0]), 1)
    assert.deepEqual(
      there.clients[0]!.awaited.map(({ to }) => to.value),
      ['+447700900123'],
    )
  })

  it('sets nothing where it was not asked for, or the message failed otherwise', async (t) => {
    const there = await house(t)
    const client = await bound(t, there.port)
    const session = sessionOf(there)
    const asked = messageOf({ report: { set_dpf: '1' } })
    await session.report!(messageOf(), absent, never)
    await session.report!(asked, { state: 'delivered', at: 0 }, never)
    await session.report!(asked, { ...absent, failure: { kind: 'permanent', code: 'unknown-subscriber' } }, never)
    await session.report!(asked, { ...absent, state: 'sent' }, never)
    assert.deepEqual(client.got.map(dpf), [undefined, undefined, undefined, undefined])
    assert.deepEqual(there.clients[0]!.awaited, [])
  })

  it('of a transaction is answered with it: set when the handset is absent, not set when it failed otherwise', async (t) => {
    const there = await house(t, [{ policy: { mode: 'transaction' } }])
    const client = await bound(t, there.port)
    const [one] = there.clients
    one!.outcome = async () => ({ state: 'undelivered', failure: { kind: 'permanent', code: 'absent-subscriber' } })
    const failed = await client.submit({ tlvs: [flag] })
    assert.deepEqual([failed.command_status, dpf(failed)], [statuses.ESME_RDELIVERYFAILURE, 1])
    one!.outcome = async () => ({ state: 'undelivered', failure: { kind: 'permanent', code: 'rejected' } })
    assert.equal(dpf(await client.submit({ tlvs: [flag] })), 0)
    assert.equal(dpf(await client.submit()), undefined)
    assert.equal(one!.awaited.length, 1)
  })
})

describe('alert_notification', () => {
  it('has the ends as the client wrote them and what the carrier said', async (t) => {
    const there = await house(t)
    const client = await bound(t, there.port)
    const { alert } = sessionOf(there)
    const ends = { from: international('+15550001111'), to: international('+447700900123') }
    assert.ok(alert!(ends, undefined))
    assert.ok(alert!({ ...ends, report: { to: '0/1/07700900123', from: '3/0/12345' } }, 'denied'))
    await eventually(() => alerts(client).length === 2, 'both have come')
    assert.deepEqual(
      alerts(client).map((pdu) => [pdu.source_addr_ton, pdu.source_addr, pdu.esme_addr_ton, pdu.esme_addr]),
      [
        [1, '447700900123', 1, '15550001111'],
        [0, '07700900123', 3, '12345'],
      ],
    )
    assert.deepEqual(
      alerts(client).map((pdu) => tlvInteger(pdu.tlvs, tags.ms_availability_status)),
      [undefined, 1],
    )
    assert.equal((await client.submit()).command_status, 0, 'the session goes on')
  })

  it('is for receiving sessions of 3.4 and later only', async (t) => {
    const there = await house(t)
    await bound(t, there.port, { interface_version: 0x33 })
    await bound(t, there.port, { command: 'bind_transmitter' })
    await bound(t, there.port, { command: 'bind_receiver', interface_version: 0x50 })
    assert.deepEqual(
      [...there.clients[0]!.sessions].map(({ alert }) => alert !== undefined),
      [false, false, true],
    )
  })
})
