import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { type BindPolicy, defaultClientPolicy, type Gateway, type Submission } from '../../../src/plugin.ts'
import { type PduOf, statuses, type StatusName, tags, type Tlv } from '../codec/index.ts'
import { plainSubmit } from '../codec/samples.ts'
import type { Version } from './admit.ts'
import { clientConfig, type ClientConfig } from './config.ts'
import { readSubmission } from './submission.ts'
import { termsOf } from './terms.ts'

const now = Date.UTC(2026, 10, 21, 12)
const base: PduOf<'submit_sm'> = { ...plainSubmit, source_addr: 'Shop', short_message: Buffer.from('Hi') }

function read(
  more: Partial<PduOf<'submit_sm'>> = {},
  config: Partial<ClientConfig> = {},
  policy: Partial<BindPolicy> = {},
  version: Version = 0x34,
) {
  const gateway = {
    bind: {
      policy: { ...defaultClientPolicy, ...policy },
      config: clientConfig.parse({ systemId: 's', password: 'p', ...config }),
    },
    number: (value: string) => (value === '+15550001111' ? {} : undefined),
  } as unknown as Gateway<ClientConfig>
  const pdu = { ...base, ...more }
  return readSubmission(pdu, pdu, termsOf({ gateway, role: 'transceiver', version }), now)
}
const taken = (...given: Parameters<typeof read>): Submission => {
  const got = read(...given)
  assert.ok('submission' in got, JSON.stringify(got))
  return got.submission
}

describe('a submission', () => {
  for (const [what, more, status] of [
    ['no sender', { source_addr: '' }, 'ESME_RINVSRCADR'],
    ['a sender of an unknown type', { source_addr_ton: 7 }, 'ESME_RINVSRCTON'],
    ['a sender with control characters', { source_addr_ton: 5, source_addr: 'Sh\u001b[2Jop' }, 'ESME_RINVSRCADR'],
    ['a sender of several lines', { source_addr_ton: 5, source_addr: 'Shop\r\nX: y' }, 'ESME_RINVSRCADR'],
    ['no recipient', { destination_addr: '' }, 'ESME_RINVDSTADR'],
    ['a recipient with control characters', { dest_addr_ton: 5, destination_addr: 'mo\u0007ther' }, 'ESME_RINVDSTADR'],
    ['a recipient in words', { destination_addr: 'mother' }, 'ESME_RINVDSTADR'],
    ['a recipient of an unknown type', { dest_addr_ton: 9 }, 'ESME_RINVDSTTON'],
    ['an unknown priority', { priority_flag: 5 }, 'ESME_RINVPRTFLG'],
    ['an unknown replace_if_present_flag', { replace_if_present_flag: 2 }, 'ESME_RINVREPFLAG'],
    ['a canned message', { sm_default_msg_id: 1 }, 'ESME_RINVDFTMSGID'],
    ['a time that is none', { schedule_delivery_time: 'tomorrow' }, 'ESME_RINVSCHED'],
    ['a time more than 35 days ahead', { schedule_delivery_time: '000105000001000R' }, 'ESME_RINVSCHED'],
    ['a time in another decade', { schedule_delivery_time: '361231000000000+' }, 'ESME_RINVSCHED'],
    ['an acknowledgement of delivery', { esm_class: 0x08 }, 'ESME_RINVESMCLASS'],
    ["a user's acknowledgement", { esm_class: 0x13 }, 'ESME_RINVESMCLASS'],
    ['a day that is none', { schedule_delivery_time: '261345000000000+' }, 'ESME_RINVSCHED'],
    ['a validity that is none', { validity_period: '26112112000000R0' }, 'ESME_RINVEXPIRY'],
    ['a validity that is over', { validity_period: '261121110000000+' }, 'ESME_RINVEXPIRY'],
    [
      'a validity before its schedule',
      { schedule_delivery_time: '000001000000000R', validity_period: '000000010000000R' },
      'ESME_RINVEXPIRY',
    ],
    ['a header that is none', { esm_class: 0x40, short_message: Buffer.from([200, 1]) }, 'ESME_RINVESMCLASS'],
    ['both short_message and message_payload', { tlvs: [[tags.message_payload, Buffer.from('Hi')] as Tlv] }, 'ESME_RTLVNOTALLWD'],
  ] satisfies [string, Partial<PduOf<'submit_sm'>>, StatusName][]) {
    it(`with ${what} is refused as ${status}`, () => {
      const got = read(more)
      assert.ok('status' in got)
      assert.equal(got.status, statuses[status])
    })
  }

  it('has its mode, priority, receipts and times', () => {
    assert.deepEqual(
      [0, 1, 2, 3].map((esm_class) => taken({ esm_class }).mode),
      [undefined, 'datagram', 'transaction', 'store'],
    )
    assert.deepEqual(
      [0, 1, 2, 3, 4].map((priority_flag) => taken({ priority_flag }).priority),
      [1, 1, 2, 3, 3],
    )
    assert.deepEqual(
      [0x00, 0x01, 0x02, 0x03, 0x11, 0x10].map((registered_delivery) => {
        const { receipt, progress } = taken({ registered_delivery })
        return [receipt, progress]
      }),
      [
        ['none', undefined],
        ['both', undefined],
        ['failure', undefined],
        ['success', undefined],
        ['both', true],
        ['none', undefined],
      ],
    )
    const { deliverAfter, validUntil } = taken({ schedule_delivery_time: '000000013000000R', validity_period: '261122120000004+' })
    assert.equal(deliverAfter, now + 5_400_000)
    assert.equal(validUntil, now + 86_400_000 - 3_600_000)
    assert.equal(taken({ schedule_delivery_time: '200101000000000+' }).deliverAfter, undefined)
  })

  it('may be scheduled up to 35 days ahead', () => {
    assert.equal(taken({ schedule_delivery_time: '000105000000000R' }).deliverAfter, now + 35 * 86_400_000)
  })

  it('is a text with a type of esm_class that says nothing of an ESME, or in 3.3', () => {
    for (const esm_class of [0x04, 0x0c, 0x18, 0x20, 0x3c]) assert.deepEqual(taken({ esm_class }).body, { kind: 'text', text: 'Hi' })
    for (const esm_class of [0x08, 0x10]) assert.deepEqual(taken({ esm_class }, {}, {}, 0x33).body, { kind: 'text', text: 'Hi' })
  })

  it('goes where the client means', () => {
    const to = (more: Partial<PduOf<'submit_sm'>>, policy: Partial<BindPolicy> = {}): string => taken(more, {}, policy).to.value
    assert.equal(to({ destination_addr: '+447700900123', dest_addr_ton: 0 }), '+447700900123')
    assert.equal(to({ destination_addr: '447700900123', dest_addr_ton: 0 }), '+447700900123')
    assert.equal(to({ destination_addr: '12345', dest_addr_ton: 6 }), '12345')
    assert.equal(to({ destination_addr: '0301234567', dest_addr_ton: 2 }, { destinationRewrites: { '0': '+49' } }), '+49301234567')
    assert.equal(
      to({ destination_addr: '0017815551212', dest_addr_ton: 0 }, { destinationRewrites: { '001': '+1', '00': '+' } }),
      '+17815551212',
    )
  })

  it('without a sender has the one of the bind', () => {
    const none = { source_addr: '', source_addr_ton: 0 }
    assert.deepEqual(taken(none, { source: 'Shop' }).from, { value: 'Shop', ton: 'alphanumeric', npi: 'unknown' })
    assert.equal(taken(none, { source: '+15550001111' }).from.value, '+15550001111')
  })

  it('keeps the TLVs that the bind lists, by number, and the service_type', () => {
    const tlvs: Tlv[] = [
      [0x1400, Buffer.from('0102', 'hex')],
      [tags.callback_num, Buffer.from('03', 'hex')],
    ]
    assert.deepEqual(taken({ tlvs, service_type: 'CMT' }).extras, { service_type: 'CMT', 'tlv.0x1400': '0102' })
    assert.deepEqual(taken({ tlvs }, { tlvs: { in: ['callback_num'], out: [] } }).extras, { 'tlv.0x0381': '03' })
  })

  it('notes what its receipts need, and nothing where that is plain', () => {
    assert.equal(taken({}).report, undefined)
    const tlvs: Tlv[] = [[tags.user_message_reference, Buffer.from('002a', 'hex')]]
    const { report, ref } = taken({ tlvs, dest_addr_ton: 0, data_coding: 8, short_message: Buffer.from('0041', 'hex') })
    assert.deepEqual(report, { to: '0/1/447700900123', data_coding: '8', 'tlv.0x0204': '002a' })
    assert.equal(ref, '42')
  })

  it('is read or refused, whatever the fields', () => {
    const byte = fc.integer({ min: 0, max: 255 })
    const text = fc.string({ maxLength: 20 })
    const octets = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array))
    const fields = fc.record({
      source_addr_ton: byte,
      source_addr: text,
      dest_addr_ton: byte,
      dest_addr_npi: byte,
      destination_addr: text,
      esm_class: byte,
      priority_flag: byte,
      schedule_delivery_time: fc.oneof(fc.constant(''), fc.stringMatching(/^\d{15}[R+-]$/)),
      validity_period: fc.oneof(fc.constant(''), fc.stringMatching(/^\d{15}[R+-]$/)),
      registered_delivery: byte,
      data_coding: byte,
      short_message: octets,
      tlvs: fc.array(fc.tuple(fc.integer({ min: 0, max: 0xffff }), octets), { maxLength: 4 }),
    })
    fc.assert(
      fc.property(fields, (more) => {
        const got = read(more)
        assert.ok('submission' in got || got.status > 0)
      }),
      { numRuns: 2000 },
    )
  })
})
