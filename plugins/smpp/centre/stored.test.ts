import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { AcceptRefused, type MessageView } from '../../../src/plugin.ts'
import { type PduOf, statuses, tags, type Tlv } from '../codec/index.ts'
import { bound, type Caller, house, type House, submitDraft } from './centre.fixture.ts'

async function submitted(t: TestContext, more = {}): Promise<{ there: House; client: Caller; id: string; view: MessageView }> {
  const there = await house(t)
  const client = await bound(t, there.port)
  const id = (await client.submit(more)).message_id
  return { there, client, id, view: there.views.get(id)! }
}
const query = async (client: Caller, message_id: string, source_addr = 'Shop') =>
  (await client.ask({ command: 'query_sm', sequence_number: 0, message_id, source_addr })) as PduOf<'query_sm_resp'>
const cancel = async (client: Caller, more: Partial<PduOf<'cancel_sm'>>) =>
  (await client.ask({ command: 'cancel_sm', sequence_number: 0, ...more })).command_status
const replace = async (client: Caller, more: Partial<PduOf<'replace_sm'>>) =>
  (await client.ask({ command: 'replace_sm', sequence_number: 0, source_addr: 'Shop', ...more })).command_status

describe('query_sm', () => {
  it('tells the state, the final date and the error', async (t) => {
    const { client, id, view } = await submitted(t)
    assert.deepEqual(await query(client, id).then((pdu) => [pdu.message_id, pdu.message_state, pdu.final_date]), [id, 1, ''])
    view.state = 'undelivered'
    view.finalAt = Date.UTC(2026, 0, 2, 3, 4, 5)
    view.failure = { kind: 'permanent', code: 'absent-subscriber' }
    assert.deepEqual(await query(client, id).then((pdu) => [pdu.message_state, pdu.final_date, pdu.error_code]), [
      5,
      '260102030405000+',
      27,
    ])
  })

  it('tells a client of 3.3 or 3.4 that a scheduled message is on its way: only 5.0 has a state for it', async (t) => {
    const there = await house(t)
    for (const [interface_version, state] of [
      [0x33, 1],
      [0x34, 1],
      [0x50, 0],
    ] as const) {
      const client = await bound(t, there.port, { interface_version })
      const { message_id } = await client.submit({ schedule_delivery_time: '000001000000000R' })
      for (const view of there.views.values()) view.state = 'scheduled'
      assert.equal((await query(client, message_id)).message_state, state)
    }
  })

  it('finds nothing of another sender, another bind or another account', async (t) => {
    const there = await house(t, [
      { account: 'AC1' },
      { account: 'AC1', config: { systemId: 'till' } },
      { account: 'AC2', config: { password: 'other' } },
    ])
    const client = await bound(t, there.port)
    const { message_id } = await client.submit()
    assert.equal((await query(client, message_id)).command_status, 0)
    assert.equal((await query(client, message_id, 'Else')).command_status, statuses.ESME_RQUERYFAIL)
    for (const given of [{ system_id: 'till' }, { password: 'other' }])
      assert.equal((await query(await bound(t, there.port, given), message_id)).command_status, statuses.ESME_RQUERYFAIL)
  })

  for (const id of ['', '0', 'x'.repeat(60), 'f'.repeat(32)]) {
    it(`refuses the id '${id.slice(0, 12)}'`, async (t) => {
      const { client } = await submitted(t)
      assert.equal((await query(client, id)).command_status, statuses.ESME_RQUERYFAIL)
    })
  }

  it('finds a long message by the id of each part', async (t) => {
    const { there, client } = await submitted(t)
    const base = `${'ab'.repeat(15)}00`
    const parts = { 'part.1': `${base.slice(0, 30)}01`, 'part.2': `${base.slice(0, 30)}02` }
    const [known] = there.views.values()
    there.views.set(base, { ...known!, message: { ...known!.message, id: base, report: parts } })
    for (const id of Object.values(parts)) assert.equal((await query(client, id)).command_status, 0)
    assert.equal((await query(client, `${base.slice(0, 30)}03`)).command_status, statuses.ESME_RQUERYFAIL)
  })

  it('tells of a submit_multi what is still to come before what is done', async (t) => {
    const { there, client } = await submitted(t)
    const dests = ['447700900001', '447700900002'].map((destination_addr) => ({
      dest_flag: 1 as const,
      dest_addr_ton: 1,
      dest_addr_npi: 1,
      destination_addr,
    }))
    const pdu = (await client.ask({ ...submitDraft, command: 'submit_multi', dest_address: dests })) as PduOf<'submit_multi_resp'>
    there.views.get(pdu.message_id)!.state = 'delivered'
    assert.equal((await query(client, pdu.message_id)).message_state, 1)
    for (const view of there.views.values()) view.state = 'delivered'
    assert.equal((await query(client, pdu.message_id)).message_state, 2)
  })

  it('finds by the short id of a 3.3 client', async (t) => {
    const there = await house(t)
    const client = await bound(t, there.port, { interface_version: 0x33 })
    const { message_id } = await client.submit()
    const id = [...there.views.keys()][0]!
    // The house's ids are not made of time: what is looked for is the message's own.
    const recent = (Date.now() * 4096).toString(16).padStart(14, '0') + id.slice(14)
    there.views.set(recent, { ...there.views.get(id)!, message: { ...there.views.get(id)!.message, id: recent } })
    assert.equal((await query(client, recent.slice(6, 14))).command_status, 0)
    assert.equal(
      (
        await query(
          client,
          message_id.replace(/.$/, (c) => (c === '0' ? '1' : '0')),
        )
      ).command_status,
      statuses.ESME_RQUERYFAIL,
    )
  })
})

describe('cancel_sm', () => {
  it('takes back what waits, by its id, once', async (t) => {
    const { client, id, view } = await submitted(t)
    assert.equal(await cancel(client, { message_id: id, source_addr: 'Shop', destination_addr: '447700900123' }), 0)
    assert.equal(view.state, 'canceled')
    assert.equal(await cancel(client, { message_id: id, source_addr: 'Shop' }), statuses.ESME_RCANCELFAIL)
  })

  it('of parts that cannot be taken back now is answered, to be asked again', async (t) => {
    const { there, client, id, view } = await submitted(t)
    const { gateway } = there.clients[0]!
    gateway.unfinished = () => view
    gateway.cancelUnfinished = () => Promise.reject(new AcceptRefused('busy', 'the disk is full'))
    assert.equal(await cancel(client, { message_id: id, source_addr: 'Shop' }), statuses.ESME_RSYSERR)
  })

  it('of other ends, or of nothing known, is refused', async (t) => {
    const { client, id, view } = await submitted(t)
    assert.equal(await cancel(client, { message_id: id, source_addr: 'Shop', destination_addr: '447700900999' }), statuses.ESME_RINVMSGID)
    assert.equal(await cancel(client, { message_id: 'f'.repeat(32) }), statuses.ESME_RINVMSGID)
    assert.equal(await cancel(client, {}), statuses.ESME_RINVMSGID)
    assert.equal(view.state, 'queued')
  })

  it('of a submit_multi takes back what goes to the recipient that it names, or all', async (t) => {
    const { there, client } = await submitted(t)
    const dests = [1, 2, 3].map((n) => ({ dest_flag: 1 as const, dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: `44770090000${n}` }))
    const pdu = (await client.ask({ ...submitDraft, command: 'submit_multi', dest_address: dests })) as PduOf<'submit_multi_resp'>
    const states = () =>
      [...there.views.values()]
        .slice(1)
        .map(({ message, state }) => message.to.value.slice(-1) + state)
        .toSorted()
    assert.equal(await cancel(client, { message_id: pdu.message_id, source_addr: 'Shop', destination_addr: '447700900002' }), 0)
    assert.deepEqual(states(), ['1queued', '2canceled', '3queued'])
    assert.equal(await cancel(client, { message_id: pdu.message_id }), 0)
    assert.deepEqual(states(), ['1canceled', '2canceled', '3canceled'])
  })

  it('without an id takes back all that waits between these ends, of this service_type', async (t) => {
    const { there, client } = await submitted(t)
    await client.submit({ service_type: 'CMT' })
    await client.submit({ destination_addr: '447700900999' })
    const ends = { source_addr: 'Shop', destination_addr: '447700900123' }
    assert.equal(await cancel(client, { ...ends, service_type: 'CMT' }), 0)
    assert.deepEqual(
      [...there.views.values()].map((view) => view.state),
      ['queued', 'canceled', 'queued'],
    )
    assert.equal(await cancel(client, ends), 0)
    assert.equal(await cancel(client, ends), statuses.ESME_RCANCELFAIL)
    assert.equal([...there.views.values()][2]!.state, 'queued')
  })

  it("without an id and a source takes back what has the bind's own source, and nothing of another", async (t) => {
    const there = await house(t, [{ config: { source: '+15550004444' } }])
    const client = await bound(t, there.port)
    await client.submit()
    await client.submit({ source_addr: '', source_addr_ton: 0 })
    assert.equal(await cancel(client, { destination_addr: '447700900123' }), 0)
    assert.deepEqual(
      [...there.views.values()].map((view) => view.state),
      ['queued', 'canceled'],
    )
    assert.equal(await cancel(client, { destination_addr: '447700900123' }), statuses.ESME_RCANCELFAIL)
  })
})

describe('replace_sm', () => {
  it('gives what waits another text, validity and wish for a receipt', async (t) => {
    const { there, client, id } = await submitted(t)
    const status = await replace(client, {
      message_id: id,
      short_message: Buffer.from('Other'),
      registered_delivery: 2,
      validity_period: '000001000000000R',
    })
    assert.equal(status, 0)
    const { body, receipt, validUntil } = there.views.get(id)!.message
    assert.deepEqual([body, receipt], [{ kind: 'text', text: 'Other' }, 'failure'])
    assert.ok(Math.abs(validUntil - Date.now() - 86_400_000) < 5000)
  })

  it('without a text leaves the text, and refuses one of too many parts', async (t) => {
    const { there, client, id } = await submitted(t)
    assert.equal(await replace(client, { message_id: id, registered_delivery: 0 }), 0)
    assert.deepEqual([there.views.get(id)!.message.body, there.views.get(id)!.message.receipt], [{ kind: 'text', text: 'Hello' }, 'none'])
    const tlvs: Tlv[] = [[tags.message_payload, Buffer.alloc(60_000, 'x')]]
    assert.equal(await replace(client, { message_id: id, tlvs }), statuses.ESME_RINVMSGLEN)
  })

  it('keeps the data_coding of the submit', async (t) => {
    const { there, client, id } = await submitted(t, { data_coding: 8, short_message: Buffer.from('0041', 'hex') })
    assert.equal(await replace(client, { message_id: id, short_message: Buffer.from('0042', 'hex') }), 0)
    assert.deepEqual(there.views.get(id)!.message.body, { kind: 'text', text: 'B' })
  })

  it('does not let a message end before the time that it is scheduled for', async (t) => {
    const { client, id, view } = await submitted(t, { schedule_delivery_time: '000002000000000R' })
    const short_message = Buffer.from('Other')
    const before = view.message.validUntil
    assert.equal(await replace(client, { message_id: id, short_message, validity_period: '000001000000000R' }), statuses.ESME_RINVEXPIRY)
    assert.equal(view.message.validUntil, before)
    assert.equal(await replace(client, { message_id: id, short_message, validity_period: '000003000000000R' }), 0)
  })

  it('of what is sent already, of another id or for another time is refused', async (t) => {
    const { client, id, view } = await submitted(t)
    const short_message = Buffer.from('Other')
    assert.equal(
      await replace(client, { message_id: id, short_message, schedule_delivery_time: '000001000000000R' }),
      statuses.ESME_RINVSCHED,
    )
    assert.equal(await replace(client, { message_id: id, short_message, validity_period: 'tomorrow' }), statuses.ESME_RINVEXPIRY)
    assert.equal(await replace(client, { message_id: 'f'.repeat(32), short_message }), statuses.ESME_RINVMSGID)
    view.state = 'sent'
    assert.equal(await replace(client, { message_id: id, short_message }), statuses.ESME_RREPLACEFAIL)
  })
})

describe('replace_if_present_flag', () => {
  it('replaces what waits between the same ends, and is a new message where nothing does', async (t) => {
    const { there, client, id } = await submitted(t, { replace_if_present_flag: 1 })
    assert.equal((await client.submit({ replace_if_present_flag: 1, short_message: Buffer.from('Other') })).message_id, id)
    assert.equal(there.views.size, 1)
    assert.deepEqual(there.views.get(id)!.message.body, { kind: 'text', text: 'Other' })
    assert.notEqual((await client.submit({ replace_if_present_flag: 1, destination_addr: '447700900999' })).message_id, id)
    assert.equal(there.views.size, 2)
  })
})
