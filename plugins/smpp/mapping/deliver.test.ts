import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { AcceptRefused, international } from '../../../src/plugin.ts'
import { integer16, integer8, type PduOf, tags, type Tlv } from '../codec/index.ts'
import { type Delivery, readDelivery } from './deliver.ts'
import { configOf, submits, text } from './mapping.fixture.ts'
import { tlvRules } from './tlvs.ts'

/** What the carrier would hand to the other side. */
function asDelivery(pdu: PduOf<'submit_sm'>, more: Partial<PduOf<'deliver_sm'>> = {}): PduOf<'deliver_sm'> {
  return { ...pdu, command: 'deliver_sm', ...more }
}
const read = (pdu: PduOf<'deliver_sm' | 'data_sm'>, config = configOf()): Delivery =>
  readDelivery(pdu, { config, owned: (n) => n === '+12345678', tlvs: tlvRules(config) })

describe('deliveries', () => {
  it('bring back what any form of submit_sm said', () => {
    const words = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '€', '[', 'é', 'ж', 'ß', '😀'), maxLength: 400 })
    const form = fc.constantFrom('udh8', 'udh16', 'sar', 'payload' as const)
    fc.assert(
      fc.property(
        words,
        form,
        fc.constantFrom('gsm7', 'gsm7packed' as const),
        fc.option(fc.constantFrom(0, 1, 2, 3 as const)),
        (said, concatenation, defaultAlphabet, cls) => {
          const config = configOf({ defaultAlphabet })
          const pdus = submits(text(said, cls ?? undefined), concatenation, config)
          const parts = pdus.map((pdu) => read(asDelivery(pdu), config))
          const bodies = parts.map((part) => {
            assert.equal(part.kind, pdus.length > 1 ? 'part' : 'message')
            const submission =
              part.kind === 'part' ? part.part.submission : part.kind === 'message' ? part.submission : assert.fail('neither')
            assert.equal(submission.body.kind, 'text')
            return submission.body
          })
          assert.equal(bodies.map((body) => (body.kind === 'text' ? body.text : '')).join(''), said)
          for (const body of bodies) assert.equal(body.kind === 'text' ? (body.messageClass ?? null) : null, cls)
          parts.forEach((part, i) => {
            if (part.kind === 'part') assert.deepEqual([part.part.total, part.part.index], [pdus.length, i + 1])
          })
        },
      ),
      { numRuns: 200 },
    )
  })

  const base = asDelivery(submits(text('hi'))[0]!, {
    source_addr_ton: 1,
    source_addr_npi: 1,
    source_addr: '447700900123',
    tlvs: [],
    service_type: '',
  })

  it('of receipts for an id that no response could have had are left at that', () => {
    const receipt = (id: string): string =>
      read({
        ...base,
        esm_class: 4,
        short_message: Buffer.alloc(0),
        tlvs: [[tags.receipted_message_id, Buffer.from(id)], integer8(tags.message_state, 2)],
      }).kind
    assert.equal(receipt('x'.repeat(255)), 'receipt')
    assert.equal(receipt('x'.repeat(256)), 'nothing')
    assert.equal(receipt('x'.repeat(60_000)), 'nothing')
  })

  it('prefer the header where a peer sends sar as well', () => {
    const tlvs: Tlv[] = [integer16(tags.sar_msg_ref_num, 9), integer8(tags.sar_total_segments, 5), integer8(tags.sar_segment_seqnum, 5)]
    const short_message = Buffer.concat([Buffer.of(5, 0, 3, 7, 2, 1), Buffer.from('part')])
    const both = read({ ...base, esm_class: 0x40, short_message, tlvs })
    assert.ok(both.kind === 'part')
    assert.deepEqual([both.part.reference, both.part.total, both.part.index], [7, 2, 1])
    const alone = read({ ...base, tlvs })
    assert.ok(alone.kind === 'part' && alone.part.reference === 9)
    assert.equal(read({ ...base, tlvs: tlvs.slice(1) }).kind, 'message')
  })
  it('with application ports or an unreadable header are binary, and lose nothing', () => {
    const ports = read({ ...base, esm_class: 0x40, short_message: Buffer.from('060504158a0000ff41', 'hex') })
    assert.ok(ports.kind === 'message' && ports.submission.body.kind === 'binary')
    assert.equal(Buffer.from(ports.submission.body.udh!).toString('hex'), '0504158a0000')
    assert.equal(Buffer.from(ports.submission.body.data).toString('hex'), 'ff41')
    const broken = read({ ...base, esm_class: 0x40, short_message: Buffer.from('99aabb', 'hex') })
    assert.ok(broken.kind === 'message' && broken.submission.body.kind === 'binary')
    assert.equal(Buffer.from(broken.submission.body.data).toString('hex'), '99aabb')
  })
  it('read national tables by the header', () => {
    const turkish = read({ ...base, esm_class: 0x40, short_message: Buffer.from('032401011b49', 'hex') })
    assert.ok(turkish.kind === 'message' && turkish.submission.body.kind === 'text')
    assert.equal(turkish.submission.body.text, 'İ')
  })
  it('keep service_type and vendor TLVs as extras, and no others', () => {
    const found = read({
      ...base,
      service_type: 'CMT',
      tlvs: [
        [0x1403, Uint8Array.of(0xab)],
        [tags.source_port, Uint8Array.of(0, 1)],
      ],
    })
    assert.ok(found.kind === 'message')
    assert.deepEqual(found.submission.extras, { service_type: 'CMT', 'tlv.0x1403': 'ab' })
  })
  it('by data_sm read the same', () => {
    const { service_type, source_addr, source_addr_ton, source_addr_npi, destination_addr, dest_addr_ton, dest_addr_npi } = base
    const addresses = { service_type, source_addr, source_addr_ton, source_addr_npi, destination_addr, dest_addr_ton, dest_addr_npi }
    const found = read({
      command: 'data_sm',
      command_status: 0,
      sequence_number: 1,
      ...addresses,
      esm_class: 0,
      registered_delivery: 0,
      data_coding: 8,
      tlvs: [[tags.message_payload, Buffer.from('0416', 'hex')]],
    })
    assert.ok(found.kind === 'message' && found.submission.body.kind === 'text' && found.submission.body.text === 'Ж')
    assert.deepEqual(found.submission.from, international('+447700900123'))
  })

  const receiptOf = (more: Partial<PduOf<'deliver_sm'>>, config = configOf()) => {
    const found = read({ ...base, esm_class: 4, short_message: new Uint8Array(0), ...more }, config)
    assert.ok(found.kind === 'receipt', found.kind)
    return found.receipt
  }
  const words = (stat: string, err = '000') =>
    Buffer.from(`id:ab12 sub:001 dlvrd:001 submit date:2611210516 done date:2611210517 stat:${stat} err:${err} text:secret`)

  it('with the receipt type are receipts, read from the text', () => {
    const receipt = receiptOf({ short_message: words('DELIVRD') })
    assert.deepEqual(
      { ...receipt, wire: '' },
      {
        ref: 'ab12',
        state: 'delivered',
        final: true,
        submittedAt: Date.UTC(2026, 10, 21, 5, 16),
        doneAt: Date.UTC(2026, 10, 21, 5, 17),
        error: '000',
        wire: '',
      },
    )
    assert.doesNotMatch(receipt.wire!, /secret/)
  })
  it('are receipts with TLVs alone, in message_payload, and without the type bits', () => {
    const tlvs: Tlv[] = [
      [tags.receipted_message_id, Buffer.from('XY\0')],
      [tags.message_state, Uint8Array.of(5)],
      [tags.network_error_code, Uint8Array.of(3, 0, 27)],
    ]
    const receipt = receiptOf({ tlvs })
    assert.deepEqual([receipt.ref, receipt.state, receipt.error, receipt.failure?.code], ['XY', 'undeliverable', '27', 'absent-subscriber'])
    assert.equal(receiptOf({ tlvs, esm_class: 0 }).ref, 'XY')
    assert.equal(receiptOf({ tlvs: [[tags.message_payload, words('EXPIRED')]] }).state, 'expired')
  })
  it("mean by their code what the bind's table says, in the text alone, too", () => {
    const octets = Buffer.from('id:77 sub:001 dlvrd:000 submit date:2611210516 done date:2611210517 stat:UNDELIV err:027 text:')
    const code = (settings: object): string | undefined => receiptOf({ short_message: octets }, configOf(settings)).failure?.code
    assert.equal(code({}), 'undeliverable', "a carrier's own code says nothing by itself")
    assert.equal(code({ receiptErrors: { '027': 'absent-subscriber' } }), 'absent-subscriber')
    assert.equal(code({ receiptErrors: { '27': 'absent-subscriber', constructor: 'filtered' } }), 'undeliverable')
    const delivered = Buffer.from(octets.toString().replace('UNDELIV', 'DELIVRD'))
    assert.equal(receiptOf({ short_message: delivered }, configOf({ receiptErrors: { '027': 'absent-subscriber' } })).failure, undefined)
  })
  it('have the code of network_error_code where err of the text says nothing', () => {
    const tlvs: Tlv[] = [[tags.network_error_code, Uint8Array.of(3, 0, 27)]]
    const of = (stat: string, err: string) => receiptOf({ short_message: words(stat, err), tlvs })
    assert.deepEqual([of('UNDELIV', '000').error, of('UNDELIV', '000').failure?.code], ['27', 'absent-subscriber'])
    assert.equal(of('UNDELIV', '0').error, '27')
    assert.equal(of('UNDELIV', '004').error, '004')
    assert.equal(of('DELIVRD', '000').error, '000')
    const table = configOf({ receiptErrors: { '000': 'filtered' } })
    assert.equal(receiptOf({ short_message: words('UNDELIV', '000'), tlvs }, table).failure?.code, 'filtered')
  })
  it('are read behind a user data header, and where a carrier only copied the bit of one', () => {
    const said = Buffer.from(
      'id:77 sub:001 dlvrd:001 submit date:2611210516 done date:2611210517 stat:DELIVRD err:000 text:'.padEnd(140, 'x'),
    )
    const header = Buffer.from([5, 0, 3, 1, 1, 1])
    for (const short_message of [said, Buffer.concat([header, said])])
      assert.deepEqual(receiptOf({ esm_class: 0x44, short_message }).ref, '77')
  })
  it('are never receipts for what a handset wrote', () => {
    assert.equal(read({ ...base, esm_class: 0, short_message: words('DELIVRD') }).kind, 'message')
  })
  it('prefer the id of the TLV and the state of the text', () => {
    const tlvs: Tlv[] = [
      [tags.receipted_message_id, Buffer.from('TLV')],
      [tags.message_state, Uint8Array.of(2)],
    ]
    const receipt = receiptOf({ short_message: words('UNDELIV', '004'), tlvs })
    assert.deepEqual([receipt.ref, receipt.state, receipt.final, receipt.failure?.code], ['TLV', 'undeliverable', true, 'undeliverable'])
  })
  it('of intermediate states are never final', () => {
    for (const stat of ['ENROUTE', 'ACCEPTD', 'SCHEDULED', 'NO_SUCH_WORD'])
      assert.equal(receiptOf({ short_message: words(stat) }).final, false, stat)
    assert.equal(receiptOf({ esm_class: 0x20, short_message: words('DELIVRD') }).final, false)
    for (const stat of ['DELIVRD', 'EXPIRED', 'DELETED', 'UNDELIV', 'REJECTD', 'UNKNOWN', 'SKIPPED'])
      assert.equal(receiptOf({ short_message: words(stat) }).final, true, stat)
  })
  it('without an id, and acknowledgements by users, need nothing', () => {
    assert.equal(read({ ...base, esm_class: 4, short_message: Buffer.from('stat:DELIVRD') }).kind, 'nothing')
    assert.equal(read({ ...base, esm_class: 0x08 }).kind, 'nothing')
  })
  it('are read or refused, whatever the fields hold', () => {
    const tlv = fc.tuple(fc.constantFrom(...Object.values(tags)), fc.uint8Array({ maxLength: 20 }))
    fc.assert(
      fc.property(
        fc.oneof(fc.constant(0x40), fc.nat(255)),
        fc.nat(255),
        fc.uint8Array({ maxLength: 255 }),
        fc.array(tlv, { maxLength: 6 }),
        (esm_class, data_coding, short_message, tlvs) => {
          for (const defaultAlphabet of ['gsm7', 'gsm7packed', 'latin1', 'ascii'] as const)
            try {
              read({ ...base, esm_class, data_coding, short_message, tlvs }, configOf({ defaultAlphabet }))
            } catch (error) {
              assert.ok(error instanceof AcceptRefused, String(error))
            }
        },
      ),
      { numRuns: 3000 },
    )
  })
})
