import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Body } from '../model/body.ts'
import { decodeCharset } from './charsets.ts'
import { decodeText } from './decode.ts'
import { headerSeptets } from './septets.ts'
import { bodyFault, countSegments, split, type Segment, type SplitOptions } from './segment.ts'
import { transliterate } from './transliterate.ts'
import { shiftTablesOf, takeConcatenation } from './udh.ts'

interface Case {
  id: number
  note: string
  text: string
  encoding: 'gsm7' | 'ucs2'
  units: number
  segments: number
  parts: number[]
  smart: { encoding: 'gsm7' | 'ucs2'; units: number; segments: number; text?: string }
}
const { cases } = JSON.parse(readFileSync('test/fixtures/text/segments.json', 'utf8')) as { cases: Case[] }

const udh8: SplitOptions = { concatenation: 'udh8', reference: 0x1234 }
const text = (value: string): Body => ({ kind: 'text', text: value })
const octets = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))
const unitsOf = (s: Segment): number => (s.alphabet === 'ucs2' ? s.data.length / 2 : s.data.length)
function said({ alphabet, data, udh }: Segment): string {
  if (alphabet === 'binary') return ''
  return alphabet === 'gsm7' || alphabet === 'ucs2' ? decodeText(alphabet, data, udh) : decodeCharset(alphabet, data)
}

/** Where our parts are not those of the calculator, though there are as many. */
const otherParts = new Map([
  // Its grapheme rules are older than this emoji sequence, which it cuts; we keep it whole.
  [117, [53, 20]],
  // A cluster longer than a part: it gives a part that cannot be sent.
  [147, [67, 14]],
])

test('251 texts have the alphabet, the count and the parts of the calculator that Twilio publishes', () => {
  assert.equal(cases.length, 251)
  for (const c of cases) {
    const label = `${c.id}: ${c.note}`
    assert.equal(countSegments(text(c.text)), c.segments, label)
    const segments = split(text(c.text), udh8)
    const parts = otherParts.get(c.id) ?? c.parts
    assert.deepEqual(segments.map(unitsOf), parts, label)
    assert.ok(
      segments.every((s) => s.alphabet === c.encoding),
      label,
    )
    assert.equal(
      segments.reduce((sum, s) => sum + unitsOf(s), 0),
      c.units,
      label,
    )
  }
})

test('the same texts count as Twilio counts them with smart encoding', () => {
  for (const c of cases) {
    const smart = transliterate(c.text)
    if (c.smart.text !== undefined) assert.equal(smart, c.smart.text, `${c.id}: ${c.note}`)
    assert.equal(countSegments(text(smart)), c.smart.segments, `${c.id}: ${c.note}`)
    assert.equal(split(text(smart), udh8)[0]?.alphabet, c.smart.encoding)
  }
})

test('parts carry an 8-bit concatenation element with the low byte of the reference', () => {
  const segments = split(text('a'.repeat(161)), udh8)
  assert.deepEqual(
    segments.map(({ index, total, reference, udh }) => ({ index, total, reference, udh })),
    [
      { index: 0, total: 2, reference: 0x34, udh: octets('0003340201') },
      { index: 1, total: 2, reference: 0x34, udh: octets('0003340202') },
    ],
  )
})

test('parts with a 16-bit reference hold 152 septets or 66 units', () => {
  const options: SplitOptions = { concatenation: 'udh16', reference: 0x1234 }
  const gsm = split(text('a'.repeat(305)), options)
  assert.deepEqual(gsm.map(unitsOf), [152, 152, 1])
  assert.deepEqual(gsm[2]?.udh, octets('080412340303'))
  assert.deepEqual(split(text('Ж'.repeat(133)), options).map(unitsOf), [66, 66, 1])
})

test('sar parts carry no header but have the sizes of udh8, and the whole reference', () => {
  const segments = split(text('a'.repeat(307)), { concatenation: 'sar', reference: 0x1_1234 })
  assert.deepEqual(
    segments.map((s) => [unitsOf(s), s.udh, s.reference]),
    [
      [153, undefined, 0x1234],
      [153, undefined, 0x1234],
      [1, undefined, 0x1234],
    ],
  )
})

test('payload is one segment, whole', () => {
  const options: SplitOptions = { concatenation: 'payload', reference: 1, nationalTables: [1] }
  assert.deepEqual(split(text('a€'.repeat(500)), options).map(unitsOf), [1500])
  assert.deepEqual(
    split(text('ş'.repeat(500)), options).map((s) => [s.alphabet, s.total, s.data.length, s.udh]),
    [['ucs2', 1, 1000, undefined]],
  )
  assert.equal(split({ kind: 'binary', data: new Uint8Array(500) }, options).length, 1)
})

test('a text of more parts than can be numbered stays whole, and counts as what it is', () => {
  assert.equal(split(text('a'.repeat(153 * 255)), udh8).length, 255)
  assert.equal(split(text('a'.repeat(153 * 255 + 1)), udh8).length, 1)
  assert.equal(countSegments(text('a'.repeat(153 * 255 + 1))), 256)
})

test('a text whose sender wants UCS-2 is split and counted so, whatever charset the peer prefers', () => {
  const body = { kind: 'text', text: 'a'.repeat(71), ucs2: true } as const
  assert.equal(countSegments(body), 2)
  for (const charset of ['gsm7', 'latin1'] as const)
    assert.deepEqual(
      split(body, { ...udh8, charset }).map((s) => [s.alphabet, unitsOf(s)]),
      [
        ['ucs2', 67],
        ['ucs2', 4],
      ],
    )
})

test('the message class is on every part', () => {
  for (const body of [
    { kind: 'text', text: 'a'.repeat(161), messageClass: 0 },
    { kind: 'text', text: 'Ж'.repeat(71), messageClass: 0 },
    { kind: 'binary', data: new Uint8Array(141), messageClass: 0 },
  ] as const) {
    assert.deepEqual(
      split(body, udh8).map((s) => s.messageClass),
      [0, 0],
    )
  }
  assert.ok(!('messageClass' in (split(text('a'), udh8)[0] ?? {})))
})

test('a national text goes by the shift that takes the fewest parts, by single shift where others take as many', () => {
  const allowed: SplitOptions = { ...udh8, nationalTables: [1, 2, 3, 6] }
  assert.deepEqual(split(text('ağaç ş'), allowed)[0]?.udh, octets('240101'))
  assert.deepEqual(split(text('Olá, ação'), allowed)[0]?.udh, octets('240103'))
  assert.deepEqual(split(text('नमस्ते'), allowed)[0]?.udh, octets('250106'))
  assert.deepEqual(split(text('नमस्ते ०'), allowed)[0]?.udh, octets('240106250106'))
  const manyOfTheExtension = split(text(`${'a'.repeat(55)}${'ş'.repeat(90)}`), allowed)
  assert.deepEqual(
    manyOfTheExtension.map((s) => s.udh),
    [octets('250101')],
  )
  assert.equal(split(text('नमस्ते Ж'), allowed)[0]?.alphabet, 'ucs2')
  assert.equal(split(text('plain €'), allowed)[0]?.udh, undefined)
  assert.equal(split(text('ağaç'), udh8)[0]?.alphabet, 'ucs2')
  assert.equal(split(text('ağaç'), { ...udh8, nationalTables: [0, 14, -1] })[0]?.alphabet, 'ucs2')
})

test('national parts leave room for their shift elements: 155 septets alone, 149 of several, 152 and 146 with both', () => {
  const turkish: SplitOptions = { ...udh8, nationalTables: [1] }
  const one = `${'a'.repeat(153)}ş`
  assert.deepEqual(split(text(one), turkish).map(unitsOf), [155])
  const several = `${one}${'a'.repeat(10)}`
  assert.deepEqual(split(text(several), turkish).map(unitsOf), [149, 16])
  assert.deepEqual(split(text(several), turkish)[1]?.udh, octets('0003340202240101'))
  const hindi: SplitOptions = { ...udh8, nationalTables: [6] }
  assert.deepEqual(split(text(`${'क'.repeat(150)}०`), hindi).map(unitsOf), [152])
  assert.deepEqual(split(text(`${'क'.repeat(151)}०`), hindi).map(unitsOf), [146, 7])
})

test('a binary body is cut into 134 octets, less its own header, which every part keeps', () => {
  const data = Uint8Array.from({ length: 300 }, (_, i) => i & 0xff)
  assert.equal(split({ kind: 'binary', data: data.subarray(0, 140) }, udh8).length, 1)
  assert.deepEqual(split({ kind: 'binary', data }, udh8).map(unitsOf), [134, 134, 32])
  const wap = octets('05040b8423f0')
  const parts = split({ kind: 'binary', data, udh: wap }, udh8)
  assert.deepEqual(parts.map(unitsOf), [128, 128, 44])
  assert.deepEqual(parts[1]?.udh, octets('000334030205040b8423f0'))
  assert.deepEqual(Buffer.concat(parts.map((p) => p.data)), Buffer.from(data))
  assert.deepEqual(split({ kind: 'binary', data, udh: wap }, { ...udh8, concatenation: 'sar' })[0]?.udh, wap)
  assert.equal(countSegments({ kind: 'binary', data, udh: wap }), 3)
})

test('a binary body that is a part already is passed on as it is', () => {
  const body: Body = { kind: 'binary', data: new Uint8Array(134), udh: octets('0003070201') }
  assert.deepEqual(split(body, udh8), [{ alphabet: 'binary', index: 0, total: 1, reference: 0x34, data: body.data, udh: body.udh }])
  assert.equal(countSegments(body), 1)
})

test('a binary body that cannot be sent is explained', () => {
  const data = new Uint8Array(200)
  assert.equal(bodyFault({ kind: 'binary', data, udh: octets('05040b8423f0') }), undefined)
  assert.equal(
    bodyFault({ kind: 'binary', data, udh: octets('0504') }),
    'user data header: element 0x05 at octet 0 says 4 octets, 0 are left',
  )
  assert.equal(
    bodyFault({ kind: 'binary', data, udh: octets('0003070201') }),
    'a part of a long message: expected up to 140 octets with its header, got 206',
  )
  const long = Uint8Array.from([0x70, 135, ...Array.from({ length: 135 }, () => 0)])
  assert.equal(bodyFault({ kind: 'binary', data, udh: long }), 'user data header of 137 octets: leaves no room for data')
  assert.equal(split({ kind: 'binary', data, udh: long }, udh8).length, 1)
})

test('an MMS has no segments and counts as one', () => {
  assert.deepEqual(split({ kind: 'mms', parts: [] }, udh8), [])
  assert.equal(countSegments({ kind: 'mms', parts: [] }), 1)
})

const awkward = [
  'a',
  '€',
  '{',
  '\r',
  '\n',
  'é',
  'ş',
  'Ж',
  '中',
  '😀',
  '👍🏽',
  '👩‍👩‍👧',
  '🇮🇹',
  '❤️',
  'e\u0301',
  'क्षि',
  '\u200d',
  '\u0301',
  '각',
  'ᄀ',
] as const
const anyText = fc.oneof(
  fc.array(fc.constantFrom(...awkward), { maxLength: 400 }).map((parts) => parts.join('')),
  fc.array(fc.constantFrom('a', '€', '[', '\r\n'), { maxLength: 500 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 300 }),
)
const anyOptions: fc.Arbitrary<SplitOptions> = fc.record({
  concatenation: fc.constantFrom('udh8', 'udh16', 'sar'),
  nationalTables: fc.constantFrom([], [1, 2, 3], [6], [1, 6, 7]),
  reference: fc.nat(0xffff),
})

test('the parts of any text fit 140 octets, cut no pair, number themselves and join to the text', () => {
  fc.assert(
    fc.property(anyText, anyOptions, (value, options) => {
      const segments = split(text(value), options)
      assert.equal(segments.map(said).join(''), value)
      for (const [i, s] of segments.entries()) {
        const header = s.udh ? 1 + s.udh.length : 0
        // Septets and fill bits, or octets; sar keeps the room that a concatenation element takes.
        const reserved = options.concatenation === 'sar' && s.total > 1 ? (header || 1) + 5 : header
        if (s.alphabet === 'gsm7') assert.ok(headerSeptets(reserved) + s.data.length <= 160)
        else assert.ok(reserved + s.data.length <= 140)
        assert.deepEqual([s.index, s.total], [i, segments.length])
        const concatenation = s.udh && takeConcatenation(s.udh).concatenation
        assert.equal(concatenation?.index, s.total > 1 && options.concatenation !== 'sar' ? i + 1 : undefined)
        assert.notEqual(s.alphabet === 'gsm7' && s.data.at(-1), 0x1b)
        assert.doesNotMatch(said(s), /\p{Surrogate}/u)
      }
    }),
    { numRuns: 300 },
  )
})

test('the count of any text is the number of its parts with an 8-bit reference', () => {
  fc.assert(
    fc.property(anyText, (value) => assert.equal(countSegments(text(value)), split(text(value), udh8).length)),
    { numRuns: 200 },
  )
})

test('a cluster that fits a part is never cut', () => {
  for (const cluster of ['👩‍👩‍👧', '🇮🇹', '👍🏽', 'e\u0301', '❤️', '한', '🏴󠁧󠁢󠁳󠁣󠁴󠁿']) {
    for (let before = 55; before < 70; before++) {
      const parts = split(text('Ж'.repeat(before) + cluster.repeat(3) + 'Ж'.repeat(20)), udh8).map(said)
      const found = parts.reduce((sum, part) => sum + part.split(cluster).length - 1, 0)
      assert.equal(found, 3, `${cluster} after ${before}`)
    }
  }
})

test('national text that is cut says its tables in every part', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('न', 'म', 'स्', 'ते', ' ', '।', '€'), { minLength: 200, maxLength: 400 }), (letters) => {
      const value = `न${letters.join('')}`
      const segments = split(text(value), { ...udh8, nationalTables: [6] })
      assert.equal(segments.map(said).join(''), value)
      assert.ok(segments.every((s) => s.udh && shiftTablesOf(s.udh).locking === 6))
    }),
    { numRuns: 30 },
  )
})
