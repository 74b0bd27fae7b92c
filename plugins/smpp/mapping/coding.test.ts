import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { type Body, type MessageClass, parseDcs, split } from '../../../src/plugin.ts'
import { codingOf, decodeOctets, encodeSegment } from './coding.ts'
import { configOf, submits, text } from './mapping.fixture.ts'

interface Row {
  value: number
  alphabet: string | null
  class?: number | null
  compressed?: boolean
  gsm?: object
  indication?: { active: boolean; type: string; store: boolean } | null
}
const tables = JSON.parse(readFileSync('test/fixtures/text/dcs-table.json', 'utf8')) as { smpp: Row[]; tpDcs: Row[] }
const hex = (value: number): string => `0x${value.toString(16).padStart(2, '0')}`
const octets = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits, 'hex'))

describe('data_coding', () => {
  it('reads every value of the table of SMPP', () => {
    const names: Record<string, string> = {
      'jis-x0208': 'shift_jis',
      'iso-8859-5': 'cyrillic',
      'iso-8859-8': 'hebrew',
      pictogram: 'shift_jis',
      'iso-2022-jp': 'iso-2022-jp',
      'jis-x0212': 'euc-jp',
      'ks-c-5601': 'euc-kr',
    }
    assert.equal(tables.smpp.length, 79)
    for (const { value, alphabet, class: messageClass, gsm, indication } of tables.smpp) {
      const coding = codingOf(value)
      const expected = alphabet === null ? (gsm ? 'ucs2' : 'binary') : (names[alphabet] ?? alphabet)
      assert.equal(coding.charset === 'other' ? coding.label : coding.charset, expected, hex(value))
      assert.equal(coding.messageClass, messageClass, `class of ${hex(value)}`)
      if (indication) {
        const { active, type, store } = indication
        assert.deepEqual(coding.waiting, { active, of: type, store }, `indication of ${hex(value)}`)
      }
    }
  })
  it('reads every value from 0x10 on as TS 23.038 has it', () => {
    assert.equal(tables.tpDcs.length, 256)
    for (const { value, alphabet, class: messageClass, compressed } of tables.tpDcs) {
      if (value < 0x10) continue
      const coding = codingOf(value)
      const expected = alphabet === '8bit' ? 'binary' : alphabet === 'ucs2' ? 'ucs2' : 'gsm7'
      assert.deepEqual(
        [coding.charset, coding.messageClass ?? null, coding.compressed ?? false],
        [expected, messageClass ?? null, compressed],
      )
    }
  })
  it('has a decoder for every value', () => {
    for (let value = 0; value < 256; value++) decodeOctets(codingOf(value), Uint8Array.of(0x41, 0x42), configOf())
    const decode = (value: number, octet: number, defaultAlphabet: 'gsm7' | 'latin1' | 'ascii' | 'ia5' = 'gsm7') =>
      decodeOctets(codingOf(value), Uint8Array.of(octet), configOf({ defaultAlphabet }))
    assert.equal(decode(0, 0x05), 'é')
    assert.equal(decode(0, 0x24, 'ia5'), '$')
    assert.equal(decode(0, 0x24, 'gsm7'), '¤')
    assert.equal(decode(0, 0xe9, 'latin1'), 'é')
    assert.equal(decode(1, 0x40), '@')
    assert.equal(decode(3, 0xe9), 'é')
    assert.equal(decode(3, 0x80), '€')
    assert.equal(decode(6, 0xbf), 'П')
    assert.equal(decode(7, 0xe0), 'א')
    assert.equal(decode(0xf1, 0x05, 'latin1'), 'é')
    assert.equal(decode(0xc8, 0x00, 'ascii'), '@')
    assert.equal(decodeOctets(codingOf(4), Uint8Array.of(1), configOf()), undefined)
  })
  it('reads UCS-2 in either order, with and without a mark, and loses no odd octet', () => {
    const decode = (data: string, ucs2ByteOrder: 'big' | 'little', part = false, first = true) =>
      decodeOctets(codingOf(8), octets(data), configOf({ ucs2ByteOrder }), undefined, part, first)
    assert.equal(decode('04160061', 'big'), 'Жa')
    assert.equal(decode('16046100', 'little'), 'Жa')
    assert.equal(decode('feff0416', 'little'), 'Ж')
    assert.equal(decode('fffe1604', 'big'), 'Ж')
    assert.equal(decode('feff0416', 'big', true, false), '\ufeffЖ')
    assert.equal(decode('041600', 'big'), 'Ж\ufffd')
    assert.equal(decode('160400', 'little'), 'Ж\ufffd')
    assert.equal(decode('d83d', 'big'), '\ufffd')
    assert.equal(decode('d83d', 'big', true), '\ud83d')
    assert.equal(decode('', 'little'), '')
  })
  it('says the class in its group, or leaves it to a TLV', () => {
    const said = (body: Body, messageClassBy: 'dcs' | 'f0' | 'subunit' = 'dcs') => {
      const [pdu] = submits(body, 'udh8', configOf({ messageClassBy }))
      return [pdu!.data_coding, ...pdu!.tlvs.map(([, value]) => value[0])]
    }
    const binary = (messageClass?: MessageClass): Body =>
      messageClass === undefined ? { kind: 'binary', data: Uint8Array.of(1) } : { kind: 'binary', data: Uint8Array.of(1), messageClass }
    assert.deepEqual(
      [text('a'), text('a', 0), text('ж'), text('ж', 0), binary(), binary(1)].map((body) => said(body)),
      [[0], [0x10], [8], [0x18], [4], [0xf5]],
    )
    assert.deepEqual(
      [text('a', 0), text('ж', 3), binary(1)].map((body) => said(body, 'f0')),
      [[0xf0], [0x1b], [0xf5]],
    )
    assert.deepEqual(
      [text('a', 0), text('ж', 3), binary(1)].map((body) => said(body, 'subunit')),
      [
        [0, 1],
        [8, 4],
        [4, 2],
      ],
    )
  })
  it('names GSM 7-bit by the class where data_coding 0 is another alphabet', () => {
    const [pdu] = submits(text('5 €', 1), 'udh8', configOf({ defaultAlphabet: 'latin1' }))
    assert.deepEqual([pdu!.data_coding, Buffer.from(pdu!.short_message).toString('hex')], [0x11, '35201b65'])
    const [bySubunit] = submits(text('5 €', 1), 'udh8', configOf({ defaultAlphabet: 'latin1', messageClassBy: 'subunit' }))
    assert.equal(bySubunit!.data_coding, 0x11)
  })
  it('is the charset that the bind prefers, where the text fits it', () => {
    const coded = (charset: 'default' | 'ascii' | 'latin1' | 'cyrillic' | 'hebrew' | 'ucs2', words: string) => {
      const [pdu] = submits(text(words), 'udh8', configOf({ charset }))
      return `${hex(pdu!.data_coding)} ${Buffer.from(pdu!.short_message).toString('hex')}`
    }
    assert.equal(coded('default', '@é'), '0x00 0005')
    assert.equal(coded('ascii', '@a'), '0x01 4061')
    assert.equal(coded('ascii', 'é'), '0x08 00e9')
    assert.equal(coded('latin1', '@é'), '0x03 40e9')
    assert.equal(coded('latin1', '€'), '0x08 20ac')
    assert.equal(coded('cyrillic', 'Жa'), '0x06 b661')
    assert.equal(coded('cyrillic', 'é'), '0x08 00e9')
    assert.equal(coded('hebrew', 'אa'), '0x07 e061')
    assert.equal(coded('ucs2', 'a'), '0x08 0061')
  })
  it('falls back to UCS-2 for what Latin-1 lacks, in parts of its own', () => {
    const config = configOf({ defaultAlphabet: 'latin1' })
    const [latin] = submits(text('café [1]'), 'udh8', config)
    assert.deepEqual([latin!.data_coding, Buffer.from(latin!.short_message).toString('latin1')], [0, 'café [1]'])
    const sizes = (words: string) => submits(text(words), 'udh8', config).map((pdu) => [pdu.data_coding, pdu.short_message.length])
    assert.deepEqual(sizes('5 €'), [[8, 6]])
    assert.deepEqual(sizes(`${'x'.repeat(100)}€`), [
      [8, 6 + 134],
      [8, 6 + 68],
    ])
    // What GSM 7-bit has becomes that on the air; what it lacks stays one octet at best.
    assert.deepEqual(sizes('x'.repeat(161)), [
      [0, 6 + 153],
      [0, 6 + 8],
    ])
    assert.deepEqual(sizes('â'.repeat(141)), [
      [0, 6 + 134],
      [0, 6 + 7],
    ])
  })
  it('of a segment that was split for GSM 7-bit is translated as far as one SMS goes', () => {
    const latin = configOf({ defaultAlphabet: 'latin1' })
    const [short] = split(text('5 €'), { concatenation: 'udh8', reference: 1 })
    assert.equal(encodeSegment(short!, latin)!.data_coding, 8)
    const [euro] = split(text(`${'x'.repeat(100)}€`), { concatenation: 'udh8', reference: 1 })
    assert.equal(encodeSegment(euro!, latin), undefined)
  })
  it('packs septets behind any header and unpacks them', () => {
    const packed = configOf({ defaultAlphabet: 'gsm7packed' })
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', '@', '£', '\r', '€', '[', 'é', ' '), maxLength: 40 }),
        fc.option(fc.uint8Array({ minLength: 1, maxLength: 9 })),
        (words, header) => {
          // Seven spare bits are filled with a carriage return, so one at the very end cannot be told from it.
          fc.pre(!words.endsWith('\r'))
          const segment = split(text(words), { concatenation: 'udh8', reference: 1 })[0]!
          const udh = header ? { udh: Uint8Array.of(0x70, header.length, ...header) } : {}
          const coded = encodeSegment({ ...segment, ...udh }, packed)!
          assert.equal(decodeOctets(codingOf(coded.data_coding), coded.octets, packed, udh.udh), words)
        },
      ),
      { numRuns: 300 },
    )
  })
  it('names what TP-DCS names, so that a network may pass it on', () => {
    for (const messageClass of [0, 1, 2, 3] as const)
      for (const body of [
        text('a', messageClass),
        text('ж', messageClass),
        { kind: 'binary', data: octets('01'), messageClass } as const,
      ]) {
        const [pdu] = submits(body)
        const dcs = parseDcs(pdu!.data_coding)
        assert.deepEqual(
          [dcs.alphabet, dcs.messageClass],
          [split(body, { concatenation: 'udh8', reference: 1 })[0]!.alphabet, messageClass],
        )
      }
  })
})
