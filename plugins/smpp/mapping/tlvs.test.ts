import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { tags, type Tlv } from '../codec/index.ts'
import { configOf } from './mapping.fixture.ts'
import { tlvRules } from './tlvs.ts'

const rules = (given: object = {}) => tlvRules(configOf(given))
const shown = (list: readonly Tlv[]): [number, string][] => list.map(([tag, value]) => [tag, Buffer.from(value).toString('latin1')])
const hex = (text: string): string => Buffer.from(text).toString('hex')

describe('TLVs that go out', () => {
  const extras = { 'tlv.0x1400': hex('pe'), 'tlv.0x060b': hex('bill'), 'tlv.0x0424': hex('payload'), 'tlv.0x1401': 'zz', other: 'x' }
  it("are of the vendors' range unless the bind says otherwise", () => {
    assert.deepEqual(shown(rules().out(extras)), [[0x1400, 'pe']])
    assert.deepEqual(rules().out(undefined), [])
    assert.deepEqual(rules().out({ other: 'x' }), [])
  })
  it('are those of the list, or all but what the gateway writes itself', () => {
    assert.deepEqual(shown(rules({ tlvs: { out: ['billing_identification'], in: [] } }).out(extras)), [[0x060b, 'bill']])
    assert.deepEqual(shown(rules({ tlvs: { out: '*', in: [] } }).out(extras)), [
      [0x1400, 'pe'],
      [0x060b, 'bill'],
    ])
    assert.deepEqual(rules({ tlvs: { out: [], in: [] } }).out(extras), [])
  })
  it('are joined by those of the bind, but what a message brings goes first', () => {
    const fixed = rules({ tlvsAlways: { '0x1400': '1101', '0x1402': 'hex:00FF' } })
    assert.deepEqual(shown(fixed.out(undefined)), [
      [0x1400, '1101'],
      [0x1402, '\0\xff'],
    ])
    assert.deepEqual(shown(fixed.out({ other: 'x' })), shown(fixed.out(undefined)))
    assert.deepEqual(shown(fixed.out(extras)), [
      [0x1400, 'pe'],
      [0x1402, '\0\xff'],
    ])
  })
  it('are filled from extras, and left out where the extra is missing', () => {
    const filled = rules({ tlvsAlways: { '0x1400': '1101', '0x1401': '{dlt.template}\0' } })
    assert.deepEqual(shown(filled.out({ 'dlt.template': '777' })), [
      [0x1400, '1101'],
      [0x1401, '777\0'],
    ])
    assert.deepEqual(shown(filled.out(undefined)), [[0x1400, '1101']])
    assert.deepEqual(shown(filled.out({ toString: 'x' })), [[0x1400, '1101']])
  })
  it('never throw and never are our own, whatever the extras', () => {
    const all = rules({ tlvs: { out: '*', in: '*' }, tlvsAlways: { '0x1401': '{a}' } })
    const name = fc.oneof(
      fc.nat(0xffff).map((tag) => `tlv.0x${tag.toString(16)}`),
      fc.string({ maxLength: 8 }),
    )
    fc.assert(
      fc.property(fc.dictionary(name, fc.oneof(fc.string({ maxLength: 20 }), fc.stringMatching(/^[0-9a-f]{0,20}$/))), (any) => {
        for (const [tag, value] of all.out(any))
          assert.ok(tag !== tags.message_payload && tag !== tags.sar_msg_ref_num && value.length <= 512)
      }),
    )
  })
})

describe('TLVs that come in', () => {
  const list: Tlv[] = [
    [0x1403, Buffer.from('ab')],
    [tags.billing_identification, Buffer.from('bill')],
    [tags.message_state, Uint8Array.of(2)],
    [tags.source_port, Uint8Array.of(1, 2)],
  ]
  it("are kept of the vendors' range and of 5.0's networks", () => {
    assert.deepEqual(rules().in(list), { 'tlv.0x1403': '6162', 'tlv.0x060b': hex('bill') })
    assert.equal(rules().in([]), undefined)
  })
  it('are kept by the list, beside what is there', () => {
    const some = rules({ tlvs: { out: [], in: ['source_port'] } })
    assert.deepEqual(some.in(list, { service_type: 'x' }), { service_type: 'x', 'tlv.0x020a': '0102' })
    assert.equal(rules({ tlvs: { out: [], in: [] } }).in(list), undefined)
  })
  it('are all with *, but for those that the message says by itself: they would be said twice', () => {
    const all = rules({ tlvs: { out: '*', in: '*' } })
    const meant = ['source_port', 'destination_port', 'dest_addr_subunit', 'ms_msg_wait_facilities', 'qos_time_to_live'] as const
    const octet = Uint8Array.of(1)
    assert.deepEqual(all.in([...meant.map((name): Tlv => [tags[name], octet]), [tags.callback_num, octet]]), { 'tlv.0x0381': '01' })
  })
  it('are kept all where one comes more than once, and go out as they came', () => {
    const all = rules({ tlvs: { out: '*', in: '*' } })
    const numbers = ['one', 'two', ''].map((text): Tlv => [tags.callback_num, Buffer.from(text)])
    const kept = all.in([[tags.callback_num, new Uint8Array(256)], ...numbers, [0x1400, Uint8Array.of(1)]])!
    assert.deepEqual(kept, { 'tlv.0x0381': `${hex('one')} ${hex('two')} `, 'tlv.0x1400': '01' })
    assert.deepEqual(shown(all.out(kept)), [
      [tags.callback_num, 'one'],
      [tags.callback_num, 'two'],
      [tags.callback_num, ''],
      [0x1400, '\x01'],
    ])
    const many = all.in(Array.from({ length: 40 }, (): Tlv => [0x1400, Uint8Array.of(1)]))!
    assert.equal(all.out(many).length, 16)
  })
  it('are not more than sixteen, and no long ones', () => {
    const many = Array.from({ length: 40 }, (_, i): Tlv => [0x1400 + i, new Uint8Array(i === 0 ? 256 : 1)])
    const kept = rules().in(many)!
    assert.equal(Object.keys(kept).length, 16)
    assert.ok(!('tlv.0x1400' in kept))
  })
})
