import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { type Address, type Body, Failure, international, type Message, split } from '../../../src/plugin.ts'
import { statuses, tags } from '../codec/index.ts'
import type { SmppConfig } from '../config.ts'
import { destinationToWire, fromWire, sourceToWire } from './address.ts'
import { codingOf, decodeOctets, encodeSegment } from './coding.ts'
import { acme, configOf, submits, text } from './mapping.fixture.ts'
import { bindFailure, submitFailure } from './status.ts'
import { absoluteTime, relativeTime } from './time.ts'

describe('addresses', () => {
  it('go out with the TON and NPI that they are', () => {
    assert.deepEqual(sourceToWire(acme, configOf()), { ton: 5, npi: 0, addr: 'ACME' })
    assert.deepEqual(destinationToWire(international('+447700900123'), configOf()), { ton: 1, npi: 1, addr: '447700900123' })
    assert.deepEqual(sourceToWire({ value: '84433', ton: 'abbreviated', npi: 'unknown' }, configOf()), { ton: 6, npi: 0, addr: '84433' })
  })
  it('go out with the TON and NPI that the operator set, but a name stays a name', () => {
    const config = configOf({ sourceTon: 'network', sourceNpi: 'private', destinationTon: 'unknown', destinationNpi: 'unknown' })
    assert.deepEqual(sourceToWire({ value: '84433', ton: 'abbreviated', npi: 'unknown' }, config), { ton: 3, npi: 9, addr: '84433' })
    assert.deepEqual(sourceToWire(acme, config), { ton: 5, npi: 9, addr: 'ACME' })
    assert.deepEqual(destinationToWire(international('+447700900123'), config), { ton: 0, npi: 0, addr: '447700900123' })
  })
  it('come in as the carrier says, full digits without a TON as international', () => {
    const cases: [number, number, string, Address][] = [
      [1, 1, '447700900123', international('+447700900123')],
      [1, 1, '+447700900123', international('+447700900123')],
      [0, 1, '447700900123', international('+447700900123')],
      [0, 0, '12345678', international('+12345678')],
      [0, 0, '84433', { value: '84433', ton: 'unknown', npi: 'unknown' }],
      [5, 0, 'ACME', acme],
      [2, 8, '07700900123', { value: '07700900123', ton: 'national', npi: 'national' }],
      [1, 1, 'odd', { value: 'odd', ton: 'unknown', npi: 'e164' }],
      [99, 99, 'x', { value: 'x', ton: 'unknown', npi: 'unknown' }],
    ]
    for (const [ton, npi, addr, expected] of cases)
      assert.deepEqual(
        fromWire(ton, npi, addr, (n) => n === '+12345678'),
        expected,
        addr,
      )
  })
  it('of every TON and NPI survive the way out and in', () => {
    for (let ton = 2; ton <= 6; ton++)
      for (const npi of [0, 1, 3, 4, 6, 8, 9, 10, 14, 18]) {
        const wire = { ton, npi, addr: '123456' }
        assert.deepEqual(sourceToWire(fromWire(ton, npi, '123456'), configOf()), wire)
      }
  })
})

describe('data_coding', () => {
  interface Dcs {
    value: number
    alphabet: string | null
    class?: number
    gsm?: object
  }
  const table = (JSON.parse(readFileSync('test/fixtures/text/dcs-table.json', 'utf8')) as { smpp: Dcs[] }).smpp
  it('reads every value of the table', () => {
    const names: Record<string, string> = {
      'jis-x0208': 'shift_jis',
      'iso-8859-5': 'cyrillic',
      'iso-8859-8': 'hebrew',
      pictogram: 'shift_jis',
      'iso-2022-jp': 'iso-2022-jp',
      'jis-x0212': 'euc-jp',
      'ks-c-5601': 'euc-kr',
    }
    for (const { value, alphabet, class: messageClass, gsm } of table) {
      const coding = codingOf(value)
      const expected = alphabet === null ? (gsm ? 'ucs2' : 'binary') : (names[alphabet] ?? alphabet)
      assert.equal(coding.charset === 'other' ? coding.label : coding.charset, expected, `0x${value.toString(16)}`)
      assert.equal(coding.messageClass, messageClass, `class of 0x${value.toString(16)}`)
    }
  })
  it('has a decoder for every value', () => {
    for (let value = 0; value < 256; value++)
      decodeOctets(codingOf(value), Uint8Array.of(0x41, 0x42), configOf({ defaultAlphabet: 'gsm7' }))
    assert.equal(decodeOctets(codingOf(6), Uint8Array.of(0xbf), configOf({ defaultAlphabet: 'gsm7' })), 'П')
    assert.equal(decodeOctets(codingOf(3), Uint8Array.of(0xe9), configOf({ defaultAlphabet: 'gsm7' })), 'é')
    assert.equal(decodeOctets(codingOf(0), Uint8Array.of(0x05), configOf({ defaultAlphabet: 'gsm7' })), 'é')
    assert.equal(decodeOctets(codingOf(0xf1), Uint8Array.of(0x05), configOf({ defaultAlphabet: 'latin1' })), 'é')
    assert.equal(decodeOctets(codingOf(0), Uint8Array.of(0xe9), configOf({ defaultAlphabet: 'latin1' })), 'é')
  })
  it('says the class in its group', () => {
    const coding = (body: Body) => submits(body)[0]!.data_coding
    assert.deepEqual([coding(text('a')), coding(text('a', 0)), coding(text('ж')), coding(text('ж', 0))], [0, 0x10, 8, 0x18])
    assert.equal(coding({ kind: 'binary', data: Uint8Array.of(1) }), 4)
    assert.equal(coding({ kind: 'binary', data: Uint8Array.of(1), messageClass: 1 }), 0xf5)
  })
  it('packs septets behind any header and unpacks them', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', '@', '£', '\r', '€', '[', 'é', ' '), maxLength: 40 }),
        fc.option(fc.uint8Array({ minLength: 1, maxLength: 9 })),
        (words, header) => {
          // Seven spare bits are filled with a carriage return, so one at the very end cannot be told from it.
          fc.pre(!words.endsWith('\r'))
          const segment = split(text(words), { concatenation: 'udh8', reference: 1 })[0]!
          const udh = header ? { udh: Uint8Array.of(0x70, header.length, ...header) } : {}
          const coded = encodeSegment({ ...segment, ...udh }, configOf({ defaultAlphabet: 'gsm7packed' }))!
          assert.equal(decodeOctets(codingOf(coded.data_coding), coded.octets, configOf({ defaultAlphabet: 'gsm7packed' }), udh.udh), words)
        },
      ),
      { numRuns: 300 },
    )
  })
  it('falls back to UCS-2 for what Latin-1 lacks, as far as one SMS goes', () => {
    const config = configOf({ defaultAlphabet: 'latin1' })
    const [latin] = submits(text('café [1]'), 'udh8', config)
    assert.deepEqual([latin!.data_coding, Buffer.from(latin!.short_message).toString('latin1')], [0, 'café [1]'])
    const [euro] = submits(text('5 €'), 'udh8', config)
    assert.deepEqual([euro!.data_coding, euro!.short_message.length], [8, 6])
    const long = submits(text(`${'x'.repeat(100)}€`), 'udh8', config)
    assert.deepEqual(
      long.map((pdu) => [pdu.data_coding, pdu.short_message.length]),
      [
        [8, 6 + 134],
        [8, 6 + 68],
      ],
    )
  })
})

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

describe('statuses', () => {
  it('say what to do', () => {
    const of = (name: keyof typeof statuses) => {
      const { kind, code } = submitFailure(statuses[name])
      return `${kind} ${code}`
    }
    assert.equal(of('ESME_RTHROTTLED'), 'throttled throttled')
    assert.equal(of('ESME_RMSGQFUL'), 'throttled queue-full')
    assert.equal(of('ESME_RINVDSTADR'), 'permanent invalid-destination')
    assert.equal(of('ESME_RSYSERR'), 'temporary peer-error')
    assert.equal(of('ESME_RX_T_APPN'), 'temporary peer-error')
    assert.deepEqual(submitFailure(0x0400), { kind: 'temporary', code: 'peer-error', peer: '0x00000400' })
    assert.equal(submitFailure(0x0b).peer, 'ESME_RINVDSTADR 0x0000000b')
  })
  it('have a meaning each', () => {
    for (const [name, status] of Object.entries(statuses))
      if (status !== 0) assert.match(submitFailure(status).peer!, new RegExp(`^${name} `))
  })
  it('of a bind: wrong credentials are permanent and said in words', () => {
    assert.equal(bindFailure(statuses.ESME_RINVPASWD).kind, 'permanent')
    assert.match(bindFailure(statuses.ESME_RINVPASWD).peer!, /password/)
    assert.equal(bindFailure(statuses.ESME_RBINDFAIL).kind, 'temporary')
    assert.equal(bindFailure(0x4ff).kind, 'temporary')
  })
})
