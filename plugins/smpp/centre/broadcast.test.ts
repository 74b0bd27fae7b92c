import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AcceptRefused } from '../../../src/plugin.ts'
import { type PduOf, statuses, tags, type Tlv, tlv, tlvInteger } from '../codec/index.ts'
import { bound, house } from './centre.fixture.ts'

describe('a broadcast', () => {
  const tlvs: Tlv[] = [
    [tags.message_payload, Buffer.from('Storm')],
    [tags.broadcast_area_identifier, Buffer.from([0, 1, 2])],
    [tags.broadcast_content_type, Buffer.from([1, 0, 4])],
    [tags.broadcast_rep_num, Buffer.from([0, 3])],
    [tags.broadcast_frequency_interval, Buffer.from([9, 0, 5])],
  ]
  const draft = { command: 'broadcast_sm' as const, sequence_number: 0, source_addr_ton: 5, source_addr: 'Warn', tlvs }
  const whose = { sequence_number: 0, source_addr: 'Warn' }

  it('is refused where the bind has no address for it', async (t) => {
    const client = await bound(t, (await house(t)).port, { interface_version: 0x50 })
    assert.equal((await client.ask(draft)).command_status, statuses.ESME_RBCASTFAIL)
    assert.equal(
      (await client.ask({ command: 'query_broadcast_sm', ...whose, message_id: '1' })).command_status,
      statuses.ESME_RBCASTQUERYFAIL,
    )
    assert.equal(
      (await client.ask({ command: 'cancel_broadcast_sm', ...whose, message_id: '1' })).command_status,
      statuses.ESME_RBCASTCANCELFAIL,
    )
  })

  it('is a message to that address with its areas, can be asked for and taken back', async (t) => {
    const there = await house(t, [{ config: { broadcast: '5000' } }])
    const client = await bound(t, there.port, { interface_version: 0x50 })
    const { message_id, command_status } = (await client.ask(draft)) as PduOf<'broadcast_sm_resp'>
    assert.equal(command_status, 0)
    const [submission] = there.clients[0]!.accepted
    assert.deepEqual(
      [submission!.to.value, submission!.body, submission!.extras?.['tlv.0x0606']],
      ['5000', { kind: 'text', text: 'Storm' }, '000102'],
    )
    const state = await client.ask({ command: 'query_broadcast_sm', ...whose, message_id })
    assert.equal(tlvInteger(state.tlvs, tags.message_state), 1)
    assert.deepEqual([...tlv(state.tlvs, tags.broadcast_area_identifier)!], [0, 1, 2])
    assert.equal((await client.ask({ command: 'cancel_broadcast_sm', ...whose, message_id })).command_status, 0)
    assert.equal(there.views.get(message_id)!.state, 'canceled')
    assert.equal(
      (await client.ask({ command: 'cancel_broadcast_sm', ...whose, message_id })).command_status,
      statuses.ESME_RBCASTCANCELFAIL,
    )
  })

  it('has the priority and service_type that it says, and no field that cannot be meant', async (t) => {
    const there = await house(t, [{ config: { broadcast: '5000' } }])
    const client = await bound(t, there.port, { interface_version: 0x50 })
    assert.equal((await client.ask({ ...draft, priority_flag: 3, service_type: 'CBS' })).command_status, 0)
    const [submission] = there.clients[0]!.accepted
    assert.deepEqual([submission!.priority, submission!.extras?.['service_type']], [3, 'CBS'])
    for (const [more, status] of [
      [{ priority_flag: 9 }, 'ESME_RINVPRTFLG'],
      [{ replace_if_present_flag: 2 }, 'ESME_RINVREPFLAG'],
      [{ sm_default_msg_id: 5 }, 'ESME_RINVDFTMSGID'],
      [{ validity_period: 'soon' }, 'ESME_RINVEXPIRY'],
    ] as const)
      assert.equal((await client.ask({ ...draft, ...more })).command_status, statuses[status])
  })

  it('has all of its areas, and tells of each', async (t) => {
    const there = await house(t, [{ config: { broadcast: '5000' } }])
    const client = await bound(t, there.port, { interface_version: 0x50 })
    const second: Tlv = [tags.broadcast_area_identifier, Buffer.from([0, 3, 4])]
    const { message_id } = (await client.ask({ ...draft, tlvs: [...tlvs, second] })) as PduOf<'broadcast_sm_resp'>
    assert.equal(there.clients[0]!.accepted[0]!.extras?.['tlv.0x0606'], '000102 000304')
    const state = await client.ask({ command: 'query_broadcast_sm', ...whose, message_id })
    const areas = state.tlvs.filter(([tag]) => tag === tags.broadcast_area_identifier).map(([, value]) => [...value])
    assert.deepEqual(areas, [
      [0, 1, 2],
      [0, 3, 4],
    ])
    assert.equal(state.tlvs.filter(([tag]) => tag === tags.broadcast_area_success).length, 2)
  })

  it('replaces what waits of the same kind for the same area, or by its reference or id, and else nothing', async (t) => {
    const there = await house(t, [{ config: { broadcast: '5000' } }])
    const client = await bound(t, there.port, { interface_version: 0x50 })
    const send = async (more: Partial<PduOf<'broadcast_sm'>> = {}, ...others: Tlv[]) => {
      const all = [...tlvs.filter(([tag]) => !others.some(([other]) => other === tag)), ...others]
      return ((await client.ask({ ...draft, ...more, tlvs: all })) as PduOf<'broadcast_sm_resp'>).message_id
    }
    const stateOf = (id: string) => there.views.get(id)!.state
    const again = { replace_if_present_flag: 1 }
    const [first, service] = [await send(), await send({ service_type: 'CBS' })]
    const elsewhere = await send(again, [tags.broadcast_area_identifier, Buffer.from([0, 1, 3])])
    assert.deepEqual([first, service, elsewhere].map(stateOf), ['queued', 'queued', 'queued'])
    const second = await send(again, [tags.message_payload, Buffer.from('Calm')])
    assert.deepEqual([first, service, elsewhere, second].map(stateOf), ['canceled', 'queued', 'queued', 'queued'])
    const reference: Tlv = [tags.user_message_reference, Buffer.from([0, 7])]
    const third = await send({}, reference)
    const fourth = await send(again, reference, [tags.broadcast_area_identifier, Buffer.from([0, 1, 9])])
    assert.deepEqual([second, third, fourth].map(stateOf), ['queued', 'canceled', 'queued'])
    await send({ ...again, message_id: elsewhere })
    assert.deepEqual([elsewhere, service].map(stateOf), ['canceled', 'queued'])
    there.clients[0]!.durable = () => Promise.reject(new AcceptRefused('busy', 'full'))
    assert.equal((await client.ask({ ...draft, ...again })).command_status, statuses.ESME_RSYSERR)
    assert.equal(stateOf(second), 'queued', 'what is not taken replaces nothing')
  })

  it('is taken back without an id by its source, its service_type and its reference', async (t) => {
    const there = await house(t, [{ config: { broadcast: '5000' } }])
    const client = await bound(t, there.port, { interface_version: 0x50 })
    const reference: Tlv = [tags.user_message_reference, Buffer.from([0, 7])]
    const send = async (more: Partial<PduOf<'broadcast_sm'>>) =>
      ((await client.ask({ ...draft, ...more })) as PduOf<'broadcast_sm_resp'>).message_id
    const ids = [
      await send({}),
      await send({ service_type: 'CBS' }),
      await send({ tlvs: [...tlvs, reference] }),
      await send({ source_addr: 'Other' }),
    ]
    const states = () => ids.map((id) => there.views.get(id)!.state)
    const cancel = async (more: Partial<PduOf<'cancel_broadcast_sm'>>) =>
      (await client.ask({ command: 'cancel_broadcast_sm', ...whose, message_id: '', ...more })).command_status
    assert.equal(await cancel({ service_type: 'NONE' }), statuses.ESME_RBCASTCANCELFAIL)
    assert.equal(await cancel({ source_addr: '' }), statuses.ESME_RBCASTCANCELFAIL)
    assert.equal(await cancel({ service_type: 'CBS' }), 0)
    assert.equal(await cancel({ tlvs: [reference] }), 0)
    assert.deepEqual(states(), ['queued', 'canceled', 'canceled', 'queued'])
    assert.equal(await cancel({}), 0)
    assert.deepEqual(states(), ['canceled', 'canceled', 'canceled', 'queued'])
  })

  it('is no command before 5.0', async (t) => {
    const client = await bound(t, (await house(t, [{ config: { broadcast: '5000' } }])).port)
    const answer = await client.ask(draft)
    assert.deepEqual([answer.command, answer.command_status], ['generic_nack', statuses.ESME_RINVCMDID])
  })

  it('without an area is none', async (t) => {
    const client = await bound(t, (await house(t, [{ config: { broadcast: '5000' } }])).port, { interface_version: 0x50 })
    assert.equal((await client.ask({ ...draft, tlvs: tlvs.slice(0, 1) })).command_status, statuses.ESME_RMISSINGTLV)
  })
})
