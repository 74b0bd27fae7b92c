import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { type Body, type Concatenation, Failure, joinTexts, split, type WaitingIndication } from '../../../src/plugin.ts'
import { integer16, integer8, noTlvs, statuses, tags, type Tlv } from '../codec/index.ts'
import { type BodyFields, type ReadBody, readBody, writeBody, type WrittenBody } from './body.ts'
import { charsetOf, type Encoding } from './encoding-settings.ts'
import { configOf, text } from './mapping.fixture.ts'

const octets = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits, 'hex'))
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex')

interface Form {
  concatenation?: Concatenation
  nationalTables?: readonly number[]
  waiting?: WaitingIndication
  reference?: number
}

function write(body: Body, encoding: Encoding, form: Form = {}): WrittenBody[] {
  const { concatenation = 'udh8', nationalTables = [], reference = 0x1234 } = form
  const segments = split(body, { concatenation, charset: charsetOf(encoding), nationalTables, reference })
  return segments.map((segment) => writeBody(segment, encoding, concatenation, form.waiting))
}

type Said = Exclude<ReadBody, { kind: 'refused' }>
function read(fields: BodyFields, encoding: Encoding = configOf(), strict = false): Said {
  const said = readBody(fields, encoding, strict)
  if (said.kind === 'refused') assert.fail(said.why)
  return said
}

/** The parts in this order, joined by their index as the gateway joins them. */
function joined(parts: readonly Said[]): Body {
  const sorted = parts.toSorted((a, b) => (a.kind === 'part' ? a.index : 0) - (b.kind === 'part' ? b.index : 0))
  const first = sorted[0]!.body
  if (first.kind === 'text')
    return { ...first, text: joinTexts(sorted.map(({ body }) => (body.kind === 'text' ? body.text : assert.fail()))) }
  const data = Uint8Array.from(sorted.flatMap(({ body }) => (body.kind === 'binary' ? [...body.data] : assert.fail())))
  return { ...first, data }
}

const anyEncoding = fc.record({
  defaultAlphabet: fc.constantFrom('gsm7', 'gsm7packed', 'latin1', 'ascii', 'ia5' as const),
  charset: fc.constantFrom('default', 'ascii', 'latin1', 'cyrillic', 'hebrew', 'ucs2' as const),
  ucs2ByteOrder: fc.constantFrom('big', 'little' as const),
  messageClassBy: fc.constantFrom('dcs', 'f0', 'subunit' as const),
})
const anyConcatenation = fc.constantFrom('udh8', 'udh16', 'sar', 'payload' as const)
const anyClass = fc.option(fc.constantFrom(0, 1, 2, 3 as const), { nil: undefined })
const anyText = fc.oneof(
  ...['a b @ _', 'a { € [ ~', 'a é ñ @ \n', 'a â ç þ', 'Ж щ a', 'א ת 1', '😀 ж x', 'İ ğ ş a', 'ã õ Á a', 'a \ud83d'].map((units) =>
    fc.string({ unit: fc.constantFrom(...units.split(' '), ' '), maxLength: 500 }),
  ),
)

describe('a body', () => {
  it('is read as it was written, by every setting, in every form, out of order', () => {
    fc.assert(
      fc.property(
        anyText,
        anyClass,
        anyEncoding,
        anyConcatenation,
        fc.constantFrom([], [1, 3]),
        (words, cls, encoding, concatenation, nationalTables) => {
          const body = text(words, cls)
          const written = write(body, encoding, { concatenation, nationalTables })
          for (const { short_message, tlvs } of written)
            assert.ok(short_message.length <= 254 && (short_message.length === 0 || !tlvs.some(([tag]) => tag === tags.message_payload)))
          const parts = written.map((fields) => read(fields, encoding, true))
          for (const [i, part] of parts.entries())
            if (part.kind === 'part') assert.deepEqual([part.index, part.total], [i + 1, written.length])
            else assert.equal(written.length, 1)
          assert.deepEqual(joined(parts.toReversed()), text(words.replaceAll(/\p{Surrogate}/gu, '\ufffd'), cls))
        },
      ),
      { numRuns: 1500 },
    )
  })

  it('of octets is read as it was written, with its header', () => {
    const headers = [undefined, '', '05040b8423f0', '04020102', '05040b8423f0700101', '7003010203']
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 700 }),
        fc.constantFrom(...headers),
        anyClass,
        anyEncoding,
        anyConcatenation,
        (data, udh, cls, encoding, concatenation) => {
          const body: Body & { kind: 'binary' } = { kind: 'binary', data }
          if (udh) body.udh = octets(udh)
          if (cls !== undefined) body.messageClass = cls
          const parts = write(body, encoding, { concatenation }).map((fields) => read(fields, encoding, true))
          assert.deepEqual(joined(parts.toReversed()), body)
        },
      ),
      { numRuns: 800 },
    )
  })

  it('says that a message waits, and is read to say it', () => {
    fc.assert(
      fc.property(
        anyText,
        anyEncoding,
        fc.record({ active: fc.boolean(), of: fc.constantFrom('voicemail', 'fax', 'email', 'other' as const), store: fc.boolean() }),
        (words, encoding, waiting) => {
          for (const fields of write(text(words), encoding, { waiting })) {
            const said = read(fields, encoding).waiting
            // A TLV has no bit for discarding, nor has UCS-2.
            assert.deepEqual(said, { ...waiting, store: waiting.store || fields.tlvs.length > 0 })
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('in national tables names them in a header, and needs data_coding 0', () => {
    const turkish = 'Işığı söndürmeyi unutma, şimdi çıkıyoruz ğ'
    const [single] = write(text(turkish), configOf(), { nationalTables: [1] })
    assert.deepEqual([single!.esm_class, single!.data_coding, hex(single!.short_message.subarray(0, 4))], [0x40, 0, '03240101'])
    assert.deepEqual(read(single!).body, text(turkish))
    const [locking] = write(text(`${'ã'.repeat(80)} Ô`), configOf(), { nationalTables: [3] })
    assert.equal(hex(locking!.short_message.subarray(0, 4)), '03250103')
    const [both, ...more] = write(text(`${'ã'.repeat(120)} Êê~`), configOf(), { nationalTables: [3] })
    assert.deepEqual([hex(both!.short_message.subarray(0, 4)), more.length], ['03250103', 0])
    const long = 'şığ '.repeat(60)
    for (const encoding of [configOf(), configOf({ defaultAlphabet: 'gsm7packed' })])
      for (const concatenation of ['udh8', 'udh16', 'sar'] as const) {
        const parts = write(text(long), encoding, { concatenation, nationalTables: [1] })
        assert.ok(parts.length > 1 && parts.every(({ data_coding, tlvs }) => data_coding === 0 && tlvs.length === 0))
        assert.deepEqual(joined(parts.map((fields) => read(fields, encoding))), text(long))
      }
    // A peer whose default is Latin-1 has no tables; one that names them all the same means GSM 7-bit.
    assert.equal(write(text(turkish), configOf({ defaultAlphabet: 'latin1' }), { nationalTables: [1] })[0]!.data_coding, 8)
    const named: BodyFields = { esm_class: 0x40, data_coding: 0, short_message: octets('032401011b49'), tlvs: noTlvs }
    assert.deepEqual(read(named, configOf({ defaultAlphabet: 'latin1' })).body, text('İ'))
  })

  it('by sar carries ports as TLVs, and other headers with its parts in them', () => {
    const ports = octets('05040b8423f0')
    const [first] = write({ kind: 'binary', data: new Uint8Array(200), udh: ports }, configOf(), { concatenation: 'sar' })
    assert.equal(first!.esm_class, 0)
    assert.deepEqual(
      first!.tlvs.map(([tag, value]) => [tag, hex(value)]),
      [
        [tags.sar_msg_ref_num, '1234'],
        [tags.sar_total_segments, '02'],
        [tags.sar_segment_seqnum, '01'],
        [tags.source_port, '23f0'],
        [tags.destination_port, '0b84'],
      ],
    )
    const [other] = write({ kind: 'binary', data: new Uint8Array(200), udh: octets('700101') }, configOf(), { concatenation: 'sar' })
    assert.deepEqual([other!.esm_class, hex(other!.short_message.subarray(0, 9)), other!.tlvs], [0x40, '080003340201700101', noTlvs])
    assert.ok(other!.short_message.length <= 140)
  })

  it('in message_payload leaves headers to whoever cuts it', () => {
    const body: Body = { kind: 'binary', data: new Uint8Array(300), udh: octets('05040b8423f0') }
    const [pdu, ...others] = write(body, configOf(), { concatenation: 'payload' })
    assert.deepEqual([pdu!.esm_class, pdu!.short_message.length, others.length], [0, 0, 0])
    assert.deepEqual(
      pdu!.tlvs.map(([tag, value]) => [tag, value.length]),
      [
        [tags.message_payload, 300],
        [tags.source_port, 2],
        [tags.destination_port, 2],
      ],
    )
    const latin = configOf({ charset: 'latin1' })
    const sizes = (words: string) =>
      write(text(words), latin, { concatenation: 'payload' }).map(({ short_message }) => short_message.length)
    assert.deepEqual(
      [sizes('x'.repeat(160)), sizes('x'.repeat(161)), sizes('â'.repeat(140)), sizes('â'.repeat(141))],
      [[160], [0], [140], [0]],
    )
  })

  it('beyond message_payload is refused before anything leaves', () => {
    assert.throws(
      () => write(text('ж'.repeat(33_000)), configOf(), { concatenation: 'payload' }),
      (error) => error instanceof Failure && error.facts.kind === 'permanent' && error.facts.code === 'too-long',
    )
  })
})

describe('fields of a peer', () => {
  const base: BodyFields = { esm_class: 0, data_coding: 0, short_message: Buffer.from('part'), tlvs: noTlvs }
  const sar = (reference: number, total: number, index: number): Tlv[] => [
    integer16(tags.sar_msg_ref_num, reference),
    integer8(tags.sar_total_segments, total),
    integer8(tags.sar_segment_seqnum, index),
  ]
  const place = (said: Said) => (said.kind === 'part' ? [said.reference, said.total, said.index] : [])

  it('that name the part twice mean the header, then sar, then one whole message', () => {
    const headed: BodyFields = { ...base, esm_class: 0x40, short_message: Buffer.concat([octets('050003070201'), Buffer.from('part')]) }
    assert.deepEqual(place(read({ ...headed, tlvs: sar(9, 5, 5) })), [7, 2, 1])
    assert.deepEqual(place(read({ ...base, tlvs: sar(9, 5, 5) })), [9, 5, 5])
    const inPayload: BodyFields = {
      ...base,
      short_message: octets(''),
      tlvs: [[tags.message_payload, Buffer.from('whole')], ...sar(9, 5, 5)],
    }
    assert.deepEqual([place(read(inPayload)), read(inPayload).body], [[9, 5, 5], text('whole')])
    assert.equal(read({ ...base, tlvs: sar(9, 5, 5).slice(1) }).kind, 'whole')
    for (const [total, index] of [
      [0, 0],
      [2, 3],
      [1, 1],
      [2, 0],
    ] as const)
      assert.equal(read({ ...base, tlvs: sar(9, total, index) }).kind, 'whole', `${index} of ${total}`)
  })
  it('may hold the header in message_payload, and no short_message at all', () => {
    const { esm_class, data_coding } = base
    const payload: Tlv = [tags.message_payload, Buffer.concat([octets('0608040007 0302'.replace(' ', '')), Buffer.from('part')])]
    const said = read({ esm_class: 0x40, data_coding, tlvs: [payload] })
    assert.deepEqual([place(said), said.body], [[7, 3, 2], text('part')])
    assert.deepEqual(read({ esm_class, data_coding, tlvs: noTlvs }).body, text(''))
  })
  it('that are filled twice are refused to a client and read by short_message from a carrier', () => {
    const twice: BodyFields = { ...base, tlvs: [[tags.message_payload, Buffer.from('other')]] }
    assert.deepEqual(read(twice).body, text('part'))
    const refused = readBody(twice, configOf(), true)
    assert.ok(refused.kind === 'refused' && refused.status === statuses.ESME_RTLVNOTALLWD)
    assert.equal(read({ ...base, tlvs: [[tags.message_payload, octets('')]] }, configOf(), true).kind, 'whole')
  })
  it('that announce a header and have none are refused to a client and kept as octets from a carrier', () => {
    for (const short_message of [octets(''), octets('99aabb')]) {
      const refused = readBody({ ...base, esm_class: 0x40, short_message }, configOf(), true)
      assert.ok(refused.kind === 'refused' && refused.status === statuses.ESME_RINVESMCLASS)
      assert.deepEqual(read({ ...base, esm_class: 0x40, short_message }).body, { kind: 'binary', data: short_message })
    }
  })
  it('of compressed text are refused with the status for data_coding', () => {
    for (const data_coding of [0x20, 0x2f, 0x30, 0x3f, 0x60, 0x7f])
      for (const strict of [true, false]) {
        const refused = readBody({ ...base, data_coding }, configOf(), strict)
        assert.ok(refused.kind === 'refused' && refused.status === statuses.ESME_RINVDCS && /compressed/.test(refused.why))
      }
  })
  it('with ports, in the header or as TLVs, are binary with their header', () => {
    const ports: Tlv[] = [integer16(tags.destination_port, 2948), integer16(tags.source_port, 9200)]
    assert.deepEqual(read({ ...base, tlvs: ports }).body, {
      kind: 'binary',
      data: Uint8Array.from(Buffer.from('part')),
      udh: octets('05040b8423f0'),
    })
    assert.deepEqual(read({ ...base, tlvs: ports.slice(0, 1) }).body, {
      kind: 'binary',
      data: Uint8Array.from(Buffer.from('part')),
      udh: octets('05040b840000'),
    })
    const headed = read({ ...base, esm_class: 0x40, short_message: octets('060504158a0000ff41'), tlvs: ports })
    assert.deepEqual(headed.body, { kind: 'binary', data: octets('ff41'), udh: octets('0504158a0000') })
    const both = read({ ...base, esm_class: 0x40, short_message: octets('03700101ff'), tlvs: ports })
    assert.deepEqual(both.body, { kind: 'binary', data: octets('ff'), udh: octets('05040b8423f0700101') })
  })
  it('say a class by data_coding before they say it by a TLV', () => {
    const subunit = (n: number): Tlv[] => [integer8(tags.dest_addr_subunit, n)]
    assert.deepEqual(read({ ...base, tlvs: subunit(1) }).body, text('part', 0))
    assert.deepEqual(read({ ...base, data_coding: 0xf2, tlvs: subunit(1) }).body, text('part', 2))
    assert.deepEqual(read({ ...base, tlvs: subunit(0) }).body, text('part'))
    assert.deepEqual(read({ ...base, tlvs: subunit(9) }).body, text('part'))
  })
  it('are read or refused, whatever they hold', () => {
    const tlv = fc.tuple(fc.constantFrom(...Object.values(tags)), fc.uint8Array({ maxLength: 20 }))
    fc.assert(
      fc.property(
        fc.oneof(fc.constant(0x40), fc.nat(255)),
        fc.nat(255),
        fc.option(fc.uint8Array({ maxLength: 255 }), { nil: undefined }),
        fc.array(tlv, { maxLength: 6 }),
        anyEncoding,
        fc.boolean(),
        (esm_class, data_coding, short_message, tlvs, encoding, strict) => {
          const said = readBody(
            short_message ? { esm_class, data_coding, short_message, tlvs } : { esm_class, data_coding, tlvs },
            encoding,
            strict,
          )
          if (said.kind === 'part') assert.ok(said.total > 1 && said.index >= 1 && said.index <= said.total)
        },
      ),
      { numRuns: 5000 },
    )
  })
})
