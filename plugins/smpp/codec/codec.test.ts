import assert from 'node:assert/strict'
import { describe as suite, it } from 'node:test'
import * as fc from 'fast-check'
import {
  type BadPdu,
  commandIds,
  createParser,
  createSlab,
  decodePdu,
  describe,
  encodePdu,
  type Pdu,
  type PduOf,
  statuses,
  tags,
  tlvInteger,
  tlvString,
  writePdu,
} from './index.ts'
import { samples } from './samples.ts'

/** Bytes become plain hex, so that Buffer and Uint8Array compare. */
const plain = (pdu: Pdu): unknown =>
  JSON.parse(
    JSON.stringify(pdu, (_, value: unknown) =>
      typeof value === 'object' && value !== null && 'data' in value && 'type' in value
        ? Buffer.from(value.data as number[]).toString('hex')
        : value instanceof Uint8Array
          ? Buffer.from(value).toString('hex')
          : value,
    ),
  )

function parse(chunks: Iterable<Buffer>, maxPduBytes?: number): { pdus: Pdu[]; bad: BadPdu[]; held: number } {
  const pdus: Pdu[] = []
  const bad: BadPdu[] = []
  const limit = maxPduBytes === undefined ? {} : { maxPduBytes }
  const parser = createParser({ ...limit, onPdu: (pdu) => pdus.push(pdu), onBad: (b) => bad.push(b) })
  for (const chunk of chunks) parser.push(chunk)
  return { pdus, bad, held: parser.held }
}

function patched(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt32BE(value, at)
  return copy
}

const submit = samples.find((pdu): pdu is PduOf<'submit_sm'> => pdu.command === 'submit_sm')!

suite('codec', () => {
  it('writes submit_sm octet by octet as the specification lays it out', () => {
    const bytes = encodePdu({
      command: 'submit_sm',
      sequence_number: 2,
      source_addr_ton: 5,
      source_addr: 'AB',
      dest_addr_ton: 1,
      dest_addr_npi: 1,
      destination_addr: '44',
      esm_class: 0x40,
      priority_flag: 1,
      registered_delivery: 1,
      data_coding: 8,
      short_message: Uint8Array.of(0, 0x41),
      tlvs: [[tags.user_message_reference, Uint8Array.of(0, 9)]],
    })
    const body = ['00', '0500414200', '0101343400', '400001', '00', '00', '01000800', '020041', '020400020009'].join('')
    assert.equal(bytes.toString('hex'), `${(16 + body.length / 2).toString(16).padStart(8, '0')}000000040000000000000002${body}`)
  })

  for (const sample of samples) {
    it(`reads back every field of ${sample.command} that it wrote`, () => {
      const { pdus, bad } = parse([encodePdu(sample)])
      assert.deepEqual(bad, [])
      assert.equal(pdus.length, 1)
      assert.deepEqual(plain(pdus[0]!), plain(sample))
    })
  }

  it('writes again the very octets that it read: TLVs nobody knows, headers, relative times, every data_coding', () => {
    const udh = Buffer.from('0500030702014f', 'hex')
    const tlvs = [[0x1400, Buffer.from('1101\0')] as const, [0x3fff, new Uint8Array(0)] as const]
    const more = [0, 1, 3, 4, 8, 0x10, 0xf5].map((data_coding) =>
      encodePdu({ ...submit, esm_class: 0x40, data_coding, short_message: udh, validity_period: '000002000000000R', tlvs }),
    )
    for (const octets of [...samples.map(encodePdu), ...more]) {
      const read = decodePdu(octets)
      assert.ok('pdu' in read)
      assert.equal(read.end, octets.length)
      assert.deepEqual(encodePdu(read.pdu), octets)
    }
  })

  it('decodes one PDU that is there whole, or says why not', () => {
    const whole = encodePdu(submit)
    assert.deepEqual('pdu' in decodePdu(whole), true)
    for (const octets of [whole.subarray(0, 3), whole.subarray(0, 15), whole.subarray(0, -1), Buffer.concat([whole, Buffer.of(0)])]) {
      const read = decodePdu(octets)
      assert.ok('kind' in read && read.kind === 'framing', String(octets.length))
    }
    const left = patched(
      Buffer.concat([encodePdu({ command: 'submit_sm_resp', sequence_number: 1, message_id: 'a' }), Buffer.of(1, 2)]),
      0,
      20,
    )
    const read = decodePdu(left)
    assert.ok('pdu' in read && read.end === 18)
  })

  it('tells who listens of every PDU whole, bad ones too, and nobody who does not', () => {
    const heard: string[] = []
    const tap = { on: true, take: (pdu: Buffer) => void heard.push(pdu.toString('hex')) }
    const bad = patched(encodePdu(submit), 4, 0x4711)
    const stream = Buffer.concat([encodePdu(submit), bad, encodePdu(submit)])
    const parser = createParser({ tap, onPdu() {}, onBad() {} })
    for (const octet of stream) parser.push(Buffer.of(octet))
    assert.deepEqual(
      heard,
      [encodePdu(submit), bad, encodePdu(submit)].map((octets) => octets.toString('hex')),
    )
    assert.equal(parser.taken, 3)
    tap.on = false
    parser.push(encodePdu(submit))
    assert.equal(heard.length, 3)
  })

  it('gives the same PDUs whatever the chunks, down to single octets', () => {
    const stream = Buffer.concat(samples.map(encodePdu))
    const whole = parse([stream]).pdus.map(plain)
    assert.equal(whole.length, samples.length)
    assert.deepEqual(parse(Array.from(stream, (_, i) => stream.subarray(i, i + 1))).pdus.map(plain), whole)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 50 }), (sizes) => {
        const chunks: Buffer[] = []
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = sizes[i % sizes.length]!
          chunks.push(stream.subarray(at, at + size))
          at += size
        }
        const parsed = parse(chunks)
        assert.equal(parsed.held, 0)
        assert.deepEqual(parsed.pdus.map(plain), whole)
      }),
      { numRuns: 30 },
    )
  })

  it('survives any mutation, reporting at most what it was given', () => {
    const stream = Buffer.concat(samples.map(encodePdu))
    const change = fc.tuple(fc.nat(stream.length - 1), fc.nat(255))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 20 }), fc.nat(stream.length), (changes, cut) => {
        const mutated = Buffer.from(stream)
        for (const [at, octet] of changes) mutated[at] = octet
        const { pdus, bad, held } = parse([mutated.subarray(0, cut), mutated.subarray(cut)])
        assert.ok(pdus.length + bad.length <= stream.length / 16)
        assert.ok(held <= stream.length)
        for (const pdu of pdus) assert.equal(describe(pdu).includes('\n'), false)
      }),
      { numRuns: 1000 },
    )
  })

  it('survives random octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.constantFrom(...Object.values(commandIds)), (octets, id) => {
        const bytes = Buffer.alloc(16 + octets.length)
        bytes.writeUInt32BE(bytes.length, 0)
        bytes.writeUInt32BE(id, 4)
        bytes.set(octets, 16)
        const { pdus, bad } = parse([bytes])
        assert.equal(pdus.length + bad.length, 1)
      }),
      { numRuns: 2000 },
    )
  })

  suite('broken framing ends the parse', () => {
    for (const length of [0, 8, 15, 16_777_216, 0xffff_ffff]) {
      it(`at command_length ${length}`, () => {
        const { pdus, bad } = parse([encodePdu(submit), patched(encodePdu(submit), 0, length), encodePdu(submit)])
        assert.equal(pdus.length, 1)
        assert.deepEqual(
          bad.map((b) => b.kind),
          ['framing'],
        )
      })
    }

    it('above the maximum that was set, also in single octets', () => {
      const bytes = encodePdu(submit)
      assert.equal(parse([bytes], bytes.length).pdus.length, 1)
      const { pdus, bad } = parse(
        Array.from(bytes, (octet) => Buffer.of(octet)),
        bytes.length - 1,
      )
      assert.deepEqual([pdus.length, bad.length, bad[0]?.kind], [0, 1, 'framing'])
    })
  })

  suite('a bad PDU in good framing is reported and skipped', () => {
    const bad = (bytes: Buffer): BadPdu => {
      bytes.writeUInt32BE(bytes.length, 0)
      const parsed = parse([bytes, encodePdu(submit)])
      assert.equal(parsed.pdus.length, 1, 'the next PDU is read')
      assert.equal(parsed.bad.length, 1)
      return parsed.bad[0]!
    }
    const head = (id: number): Buffer => Buffer.from([0, 0, 0, 0, ...patched(Buffer.alloc(4), 0, id), 0, 0, 0, 0, 0, 0, 0, 77])

    it('with an unknown command_id', () => {
      const found = bad(head(0x0000_4711))
      assert.deepEqual(
        { ...found, reason: '' },
        { kind: 'command', command_id: 0x4711, sequence_number: 77, status: statuses.ESME_RINVCMDID, reason: '' },
      )
    })
    it('with an unterminated string', () => {
      const found = bad(Buffer.concat([head(commandIds.submit_sm), Buffer.from('CMT')]))
      assert.ok(found.kind === 'field' && found.command === 'submit_sm' && found.sequence_number === 77)
      assert.match(found.reason, /^service_type: no NUL/)
    })
    it('with an over-long string, and its own status', () => {
      const found = bad(Buffer.concat([head(commandIds.submit_sm), Buffer.from('\0\x01\x01447700900123447700900123\0')]))
      assert.ok(found.kind === 'field')
      assert.equal(found.status, statuses.ESME_RINVSRCADR)
      assert.match(found.reason, /^source_addr: longer than 21/)
    })
    it('with sm_length past the end', () => {
      const bytes = encodePdu({ ...submit, tlvs: [] })
      bytes[bytes.length - submit.short_message.length - 1] = 200
      const found = bad(bytes)
      assert.ok(found.kind === 'field' && found.status === statuses.ESME_RINVMSGLEN)
    })
    it('with a TLV past the end', () => {
      const bytes = encodePdu({ ...submit, tlvs: [[0x1400, Uint8Array.of(1, 2)]] })
      bytes[bytes.length - 3] = 200
      const found = bad(bytes)
      assert.ok(found.kind === 'field' && found.status === statuses.ESME_RINVTLVSTREAM)
    })
    it('with half a TLV header', () => {
      assert.equal(bad(Buffer.concat([encodePdu(submit), Buffer.of(0x14)])).kind, 'field')
    })
  })

  suite('responses are taken as carriers send them', () => {
    const resp = (...body: number[]): Pdu => {
      const bytes = Buffer.from([0, 0, 0, 16 + body.length, 0x80, 0, 0, 4, 0, 0, 0, 0x0b, 0, 0, 0, 9, ...body])
      const { pdus, bad } = parse([bytes])
      assert.deepEqual(bad, [])
      return pdus[0]!
    }
    it('without a body', () => {
      const pdu = resp()
      assert.ok(pdu.command === 'submit_sm_resp')
      assert.deepEqual([pdu.message_id, pdu.command_status], ['', 0x0b])
    })
    it('with an id that lacks its NUL', () => {
      const pdu = resp(0x61, 0x62)
      assert.ok(pdu.command === 'submit_sm_resp' && pdu.message_id === 'ab')
    })
    it('with octets left over', () => {
      const pdu = resp(0x61, 0, 0x14)
      assert.ok(pdu.command === 'submit_sm_resp' && pdu.message_id === 'a')
    })
  })

  it('writes no body in a response that says no', () => {
    assert.equal(encodePdu({ command: 'submit_sm_resp', sequence_number: 1, command_status: 0x58 }).length, 16)
    assert.equal(encodePdu({ command: 'submit_sm_resp', sequence_number: 1 }).length, 17)
  })

  it('leaves the slab as it was when a field does not fit, and names the field', () => {
    const slab = createSlab(64)
    writePdu(slab, { command: 'enquire_link', sequence_number: 1 })
    const cases: [Partial<PduOf<'submit_sm'>>, RegExp][] = [
      [{ source_addr: 'x'.repeat(21) }, /^RangeError: source_addr: at most 20/],
      [{ destination_addr: '4\0' }, /destination_addr: character 1/],
      [{ source_addr: 'Ω' }, /source_addr: character 0/],
      [{ data_coding: 256 }, /data_coding: expected 0–255, got 256/],
      [{ short_message: new Uint8Array(256) }, /sm_length: expected 0–255, got 256/],
      [{ tlvs: [[0x1400, new Uint8Array(65_536)]] }, /TLV 0x1400/],
    ]
    for (const [wrong, message] of cases) {
      assert.throws(() => writePdu(slab, { ...submit, ...wrong }), message)
      assert.equal(slab.end, 16)
    }
    writePdu(slab, submit)
    assert.deepEqual(plain(parse([slab.buffer.subarray(0, slab.end)]).pdus[1]!), plain(submit))
  })

  it('grows the slab for 255 destinations and a payload of 65,535 octets', () => {
    const dest_address = Array.from({ length: 255 }, (_, i) => ({ dest_flag: 2 as const, dl_name: `a list with number ${i}`.slice(0, 20) }))
    const multi = { ...samples.find((pdu) => pdu.command === 'submit_multi')!, dest_address } as PduOf<'submit_multi'>
    const payload: PduOf<'submit_sm'> = { ...submit, tlvs: [[tags.message_payload, new Uint8Array(65_535).fill(7)]] }
    const slab = createSlab(16)
    writePdu(slab, multi)
    writePdu(slab, payload)
    const { pdus } = parse([slab.buffer.subarray(0, slab.end)])
    assert.deepEqual(pdus.map(plain), [multi, payload].map(plain))
  })

  it('reads TLVs by type, and not those of another size', () => {
    const tlvs = parse([
      encodePdu({
        ...submit,
        tlvs: [
          [0x427, Uint8Array.of(2)],
          [0x1e, Buffer.from('ab\0')],
          [0x204, Uint8Array.of(1, 2)],
        ],
      }),
    ]).pdus[0]!.tlvs
    assert.equal(tlvInteger(tlvs, tags.message_state), 2)
    assert.equal(tlvInteger(tlvs, tags.user_message_reference), 258)
    assert.equal(tlvString(tlvs, tags.receipted_message_id), 'ab')
    assert.equal(tlvInteger(tlvs, tags.congestion_state), undefined)
  })

  it('describes a PDU in one line, without its body and password', () => {
    const line = describe({
      ...submit,
      sequence_number: 12,
      data_coding: 0,
      short_message: Buffer.alloc(81, 0x41),
      tlvs: [[tags.message_payload, Buffer.from('AAAA')]],
    })
    assert.equal(line, 'submit_sm seq=12 src=5/0/ACME dst=1/1/447700900123 svc=WAP dcs=0x00 esm=0x40 reg=1 len=81 message_payload[4]')
    assert.doesNotMatch(describe(samples.find((pdu) => pdu.command === 'bind_transceiver')!), /secret/)
    assert.equal(describe({ ...submit, source_addr: 'a\nb c', tlvs: [], service_type: '' }).split('\n').length, 1)
  })

  it('gives back, when it is stopped, what came behind the last PDU that was taken, wherever the cuts are', () => {
    const bytes = Buffer.concat(samples.slice(0, 4).map(encodePdu))
    const second = encodePdu(samples[0]!).length + encodePdu(samples[1]!).length
    fc.assert(
      fc.property(fc.array(fc.nat({ max: bytes.length }), { maxLength: 5 }), fc.nat({ max: 3 }), (cuts, most) => {
        let taken = 0
        const rests: Buffer[] = []
        const parser = createParser({ onPdu: () => void (++taken === 2 && rests.push(parser.stop())), onBad: () => assert.fail('bad') })
        const points = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
        for (let n = 1; n < points.length; n++) {
          const chunk = bytes.subarray(points[n - 1], points[n])
          // Of later chunks it takes nothing.
          if (rests.length > 0) rests.push(chunk)
          for (let at = 0; at < chunk.length;) at = parser.push(chunk, at, most + 1)
        }
        assert.equal(taken, 2)
        assert.deepEqual(Buffer.concat(rests), bytes.subarray(second))
      }),
    )
    const idle = createParser({ onPdu() {}, onBad() {} })
    idle.push(bytes.subarray(0, second + 7))
    assert.deepEqual(idle.stop(), bytes.subarray(second, second + 7))
    assert.equal(idle.stop().length, 0)
  })
})
