import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Address, Failure, type Message } from '../../../src/plugin.ts'
import { tags } from '../codec/index.ts'
import type { SmppConfig } from '../config.ts'
import { acme, configOf, submits, text } from './mapping.fixture.ts'
import { absoluteTime, relativeTime } from './time.ts'

describe('submit_sm', () => {
  it('of a short text', () => {
    const [pdu] = submits(text('hello'), 'udh8', configOf({ serviceType: 'CMT' }), {
      extras: { 'tlv.0x1400': '3131', 'x-other': 'zz', 'tlv.0x1401': 'not hex' },
    })
    assert.deepEqual(
      {
        ...pdu!,
        short_message: Buffer.from(pdu!.short_message).toString(),
        tlvs: pdu!.tlvs.map(([t, v]) => [t, Buffer.from(v).toString()]),
      },
      {
        command: 'submit_sm',
        command_status: 0,
        sequence_number: 0,
        service_type: 'CMT',
        source_addr_ton: 5,
        source_addr_npi: 0,
        source_addr: 'ACME',
        dest_addr_ton: 1,
        dest_addr_npi: 1,
        destination_addr: '447700900123',
        esm_class: 0,
        protocol_id: 0,
        priority_flag: 2,
        schedule_delivery_time: '',
        validity_period: '',
        registered_delivery: 1,
        replace_if_present_flag: 0,
        data_coding: 0,
        sm_default_msg_id: 0,
        short_message: 'hello',
        tlvs: [[0x1400, '11']],
      },
    )
  })
  it('asks for no priority where the sender did not: to a GSM carrier any flag but 0 is one', () => {
    const flags = ([0, 1, 2, 3] as const).map((priority) => submits(text('a'), 'udh8', configOf(), { priority })[0]!.priority_flag)
    assert.deepEqual(flags, [0, 0, 2, 3])
  })
  it("takes the message's service_type before the bind's", () => {
    assert.equal(submits(text('a'), 'udh8', configOf({ serviceType: 'CMT' }), { extras: { service_type: 'WAP' } })[0]!.service_type, 'WAP')
    assert.equal(
      submits(text('a'), 'udh8', configOf({ serviceType: 'CMT' }), { extras: { service_type: 'far too long' } })[0]!.service_type,
      'CMT',
    )
  })
  it('says validity as the carrier wants it', () => {
    assert.equal(submits(text('a'), 'udh8', configOf({ validity: 'relative' }))[0]!.validity_period, '000001010101000R')
    assert.equal(submits(text('a'), 'udh8', configOf({ validity: 'absolute' }))[0]!.validity_period, '261122061701000+')
    assert.deepEqual([relativeTime(-5), relativeTime(59_001)], ['000000000001000R', '000000000100000R'])
    assert.equal(absoluteTime(Date.UTC(2009, 0, 2, 3, 4, 5)), '090102030405000+')
  })
  it('asks for the receipts that the bind wants', () => {
    const asked = (registeredDelivery: SmppConfig['registeredDelivery']) =>
      submits(text('a'), 'udh8', configOf({ registeredDelivery }))[0]!.registered_delivery
    assert.deepEqual([asked('none'), asked('final'), asked('failure'), asked('intermediate')], [0, 1, 2, 0x11])
  })
  it('says that a message waits by the data_coding, else by a TLV', () => {
    const waits = (waiting: string, config = configOf(), words = 'hi') => {
      const [pdu] = submits(text(words), 'udh8', config, { extras: { waiting } })
      return [pdu!.data_coding, ...pdu!.tlvs.map(([tag, value]) => [tag, ...value])]
    }
    assert.deepEqual(waits('voicemail:on:discard'), [0xc8])
    assert.deepEqual(waits('fax:off:store'), [0xd1])
    assert.deepEqual(waits('email:on:store', configOf(), 'ж'), [0xea])
    assert.deepEqual(waits('other:on:discard', configOf(), 'ж'), [0x08, [tags.ms_msg_wait_facilities, 0x83]])
    assert.deepEqual(waits('voicemail:off:store', configOf({ defaultAlphabet: 'latin1' })), [0, [tags.ms_msg_wait_facilities, 0x00]])
    assert.deepEqual(waits('pigeon:on:store'), [0])
  })
  it('keeps what the body says where an extra says it too', () => {
    const extras = { 'tlv.0x020c': '0099', 'tlv.0x1400': '31' }
    const [pdu] = submits(text('x'.repeat(200)), 'sar', configOf({ tlvs: { out: '*', in: '*' } }), { extras })
    assert.deepEqual(
      pdu!.tlvs.map(([tag]) => tag),
      [tags.sar_msg_ref_num, tags.sar_total_segments, tags.sar_segment_seqnum, 0x1400],
    )
  })
  it('refuses an address that no field can hold', () => {
    const far: Address = { value: '1'.repeat(21), ton: 'unknown', npi: 'unknown' }
    const code = (more: Partial<Message>): string | undefined => {
      try {
        submits(text('a'), 'udh8', configOf(), more)
      } catch (error) {
        return error instanceof Failure ? error.facts.code : 'other'
      }
      return undefined
    }
    assert.equal(code({ to: far }), 'invalid-destination')
    assert.equal(code({ from: far }), 'invalid-source')
    assert.equal(code({ from: { ...acme, value: 'Ж' } }), 'invalid-source')
  })
  const long = 'a long message, '.repeat(20)
  it('of a long text by UDH, 8 and 16 bits', () => {
    for (const [form, header] of [
      ['udh8', '050003340301'],
      ['udh16', '06080412340301'],
    ] as const) {
      const pdus = submits(text(long), form)
      assert.equal(pdus.length, 3)
      assert.equal(pdus[0]!.esm_class, 0x40)
      assert.equal(
        Buffer.from(pdus[0]!.short_message)
          .subarray(0, header.length / 2)
          .toString('hex'),
        header,
      )
      assert.deepEqual(pdus[0]!.tlvs, [])
    }
  })
  it('of a long text by sar', () => {
    const pdus = submits(text(long), 'sar')
    assert.deepEqual(
      pdus.map((pdu) => [pdu.esm_class, ...pdu.tlvs.map(([tag, value]) => [tag, Buffer.from(value).toString('hex')])]),
      [1, 2, 3].map((n) => [0, [tags.sar_msg_ref_num, '1234'], [tags.sar_total_segments, '03'], [tags.sar_segment_seqnum, `0${n}`]]),
    )
  })
  it('of a long text by message_payload, a short one in short_message', () => {
    const [pdu, ...others] = submits(text(long), 'payload')
    assert.equal(others.length, 0)
    assert.equal(pdu!.short_message.length, 0)
    assert.deepEqual([pdu!.tlvs[0]![0], Buffer.from(pdu!.tlvs[0]![1]).toString()], [tags.message_payload, long])
    assert.equal(submits(text('x'.repeat(160)), 'payload')[0]!.short_message.length, 160)
    assert.equal(submits(text('x'.repeat(161)), 'payload')[0]!.short_message.length, 0)
    assert.equal(submits(text('ж'.repeat(71)), 'payload')[0]!.short_message.length, 0)
  })
})
