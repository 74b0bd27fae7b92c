// Our codec and npm `smpp` must say the same of every PDU that both know. Its own habits are set
// aside by name: it turns times into Dates, decodes text, and does not know unknown TLVs.
import assert from 'node:assert/strict'
import { describe as suite, it } from 'node:test'
import * as fc from 'fast-check'
import smpp from 'smpp'
import { commandIds, createParser, encodePdu, type Pdu, tags } from './index.ts'
import { samples } from './samples.ts'

function read(bytes: Buffer): Pdu {
  const pdus: Pdu[] = []
  createParser({
    onPdu: (pdu) => pdus.push(pdu),
    onBad: (bad) => assert.fail(bad.reason),
  }).push(bytes)
  assert.equal(pdus.length, 1)
  return pdus[0]!
}

const asDate = new Set(['schedule_delivery_time', 'validity_period', 'final_date'])
const asText = new Set(['short_message'])

/** Field by field what the peer reads; octets where it offers them. */
function compare(ours: Pdu, theirs: InstanceType<typeof smpp.PDU>): void {
  assert.equal(theirs.command, ours.command)
  assert.equal(theirs.command_status, ours.command_status)
  assert.equal(theirs.sequence_number, ours.sequence_number)
  for (const [field, value] of Object.entries(ours)) {
    if (field === 'tlvs' || asDate.has(field) || asText.has(field)) continue
    if (field === 'dest_address' || field === 'unsuccess_sme') {
      const list = (value as object[]).map(({ dest_flag: _flag, ...rest }: { dest_flag?: number }) => rest)
      assert.deepEqual(JSON.parse(JSON.stringify(theirs[field])), list, field)
    } else assert.equal(theirs[field], value, field)
  }
}

suite('against npm smpp', () => {
  it('knows the same commands and ids', () => {
    const theirs = Object.fromEntries(Object.entries(smpp.commands).map(([name, { id }]) => [name, id]))
    assert.deepEqual(theirs, { ...commandIds })
  })

  it('knows the same tags', () => {
    const renamed = new Map([['dest_port', 'destination_port']])
    const aliases = new Set(['alert_on_msg_delivery', 'failed_broadcast_area_identifier'])
    const theirs = Object.entries(smpp.tlvs).filter(([name]) => !aliases.has(name))
    assert.deepEqual(Object.fromEntries(theirs.map(([name, { id }]) => [renamed.get(name) ?? name, id])), { ...tags })
  })

  for (const sample of samples) {
    it(`it reads ${sample.command} as we wrote it`, () => {
      const known = { ...sample, tlvs: sample.tlvs.filter(([tag]) => tag < 0x1400) }
      const theirs = new smpp.PDU(encodePdu(known))
      compare(known, theirs)
      assert.equal(theirs['user_message_reference'], 0x1234)
    })

    it(`we read ${sample.command} as it wrote it`, () => {
      const { command, command_status: _status, tlvs: _tlvs, sequence_number, ...fields } = sample
      const bytes = new smpp.PDU(command, {
        ...withBuffers(fields),
        sequence_number,
        user_message_reference: 7,
        message_payload: Buffer.from('pay'),
      }).toBuffer()
      const ours = read(bytes)
      compare(ours, new smpp.PDU(bytes))
      for (const [field, value] of Object.entries(fields)) {
        const got = (ours as unknown as Record<string, unknown>)[field]
        if (value instanceof Uint8Array) assert.deepEqual([...(got as Uint8Array)], [...value], field)
        else assert.deepEqual(got, value, field)
      }
      const octets = new Map(ours.tlvs.map(([tag, value]) => [tag, Buffer.from(value).toString('latin1')]))
      assert.deepEqual(
        octets,
        new Map<number, string>([
          [tags.user_message_reference, '\0\x07'],
          [tags.message_payload, 'pay'],
        ]),
      )
    })
  }

  it('agrees on submit_sm of any content', () => {
    const octet = fc.nat(255)
    const word = (max: number) => fc.string({ unit: 'grapheme-ascii', maxLength: max - 1 })
    const submit = fc.record({
      command: fc.constant('submit_sm' as const),
      sequence_number: fc.integer({ min: 1, max: 0x7fff_ffff }),
      service_type: word(6),
      source_addr_ton: octet,
      source_addr_npi: octet,
      source_addr: word(21),
      dest_addr_ton: octet,
      dest_addr_npi: octet,
      destination_addr: word(21),
      protocol_id: octet,
      priority_flag: octet,
      registered_delivery: octet,
      replace_if_present_flag: octet,
      data_coding: fc.constant(4),
      sm_default_msg_id: octet,
      short_message: fc.uint8Array({ maxLength: 255 }),
    })
    fc.assert(
      fc.property(submit, (draft) => {
        const bytes = encodePdu(draft)
        const { command, short_message, ...fields } = draft
        const theirs = new smpp.PDU(command, { ...fields, short_message: Buffer.from(short_message) }).toBuffer()
        assert.equal(bytes.toString('hex'), theirs.toString('hex'))
        compare(read(theirs), new smpp.PDU(bytes))
      }),
      { numRuns: 200 },
    )
  })
})

function withBuffers(fields: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]: [string, unknown]) => {
      if (value instanceof Uint8Array) return [name, Buffer.from(value)]
      // It tells lists apart by the fields that are there.
      if (name === 'dest_address') return [name, (value as object[]).map(({ dest_flag: _flag, ...rest }: { dest_flag?: number }) => rest)]
      return [name, value]
    }),
  )
}
