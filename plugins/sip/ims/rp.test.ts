import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { readRp, type RpMessage, writeRp } from './rp.ts'
import { readToNetwork, readToPhone, type TpAddress } from './tpdu/index.ts'
import { described, describedTon, hexOf, octetsOf, rpVectors, wanted } from './vectors.fixture.ts'

function address(said: TpAddress | undefined): unknown {
  return said ? { ton: describedTon(said), value: said.value } : null
}

describe('public RP messages', () => {
  assert.ok(rpVectors.length >= 79)
  for (const { id, rpdu, expected } of rpVectors) {
    test(`${id}: ${expected.type} is read as its source says, and written in the same octets`, () => {
      const got = readRp(octetsOf(rpdu))
      assert.ok(got.ok, got.ok ? '' : got.why)
      const { rp } = got
      assert.equal(rp.type, expected.type)
      assert.equal(rp.way, expected.direction)
      assert.equal(rp.reference, expected.reference)
      if (rp.type === 'RP-DATA') {
        for (const [name, said] of [
          ['originator', rp.originator],
          ['destination', rp.destination],
        ] as const) {
          const want = expected[name] as { ton: string; value: string } | null
          assert.deepEqual(address(said), want && { ton: want.ton, value: want.value })
        }
      }
      if (rp.type === 'RP-ERROR') assert.equal(rp.cause, expected['cause'])
      const tpdu = rp.type === 'RP-SMMA' ? undefined : rp.tpdu
      assert.equal(tpdu && hexOf(tpdu), expected.tpdu?.toUpperCase())
      if (tpdu && expected.tpduDecoded) {
        const carrier = rp.type === 'RP-DATA' ? 'data' : rp.type === 'RP-ACK' ? 'ack' : 'error'
        const inner = rp.way === 'mo' ? readToNetwork(tpdu, carrier) : readToPhone(tpdu, carrier)
        assert.ok(inner.ok)
        assert.deepEqual(described(inner.tpdu), wanted(expected.tpduDecoded))
      }
      assert.equal(hexOf(writeRp(rp)), rpdu.toUpperCase())
    })
  }
})

const octet = fc.integer({ min: 0, max: 255 })
const ways = fc.constantFrom<'mo' | 'mt'>('mo', 'mt')
const tpdus = fc.uint8Array({ minLength: 1, maxLength: 233 })
const party: fc.Arbitrary<TpAddress> = fc.record(
  {
    ton: fc.constantFrom(0, 1, 2, 3, 4, 6, 7),
    npi: fc.integer({ min: 0, max: 15 }),
    value: fc.array(fc.constantFrom(...Array.from('0123456789*#abc')), { maxLength: 20 }).map((each) => each.join('')),
  },
  { noNullPrototype: true },
)

test('every RP message that can be said is read as it was written', () => {
  const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined })
  const any: fc.Arbitrary<RpMessage> = fc.oneof(
    fc
      .record({ way: ways, reference: octet, originator: optional(party), destination: optional(party), tpdu: tpdus })
      .map(({ way, reference, originator, destination, tpdu }) => ({
        type: 'RP-DATA' as const,
        way,
        reference,
        tpdu,
        ...(originator ? { originator } : {}),
        ...(destination ? { destination } : {}),
      })),
    fc
      .record({ way: ways, reference: octet, tpdu: optional(tpdus) })
      .map(({ way, reference, tpdu }) => ({ type: 'RP-ACK' as const, way, reference, ...(tpdu ? { tpdu } : {}) })),
    fc
      .record({ way: ways, reference: octet, cause: fc.integer({ min: 0, max: 127 }), diagnostic: optional(octet), tpdu: optional(tpdus) })
      .map(({ way, reference, cause, diagnostic, tpdu }) => ({
        type: 'RP-ERROR' as const,
        way,
        reference,
        cause,
        ...(diagnostic === undefined ? {} : { diagnostic }),
        ...(tpdu ? { tpdu } : {}),
      })),
    octet.map((reference) => ({ type: 'RP-SMMA' as const, way: 'mo' as const, reference })),
  )
  fc.assert(fc.property(any, (rp) => assert.deepEqual(readRp(new Uint8Array(writeRp(rp))), { ok: true, rp })))
})

describe('garbage', () => {
  const known = rpVectors.map(({ rpdu }) => octetsOf(rpdu))

  test('changed, cut and random octets are read or refused, never thrown at', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...known),
        fc.array(fc.tuple(fc.nat(260), octet), { maxLength: 6 }),
        fc.nat(260),
        (base, changes, cut) => {
          const octets = base.slice(0, Math.max(1, base.length - cut))
          for (const [at, value] of changes) octets[at % octets.length] = value
          const got = readRp(octets)
          if (!got.ok) assert.ok(got.why.length > 0)
        },
      ),
      { numRuns: 2000 },
    )
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (octets) => void readRp(octets)))
  })

  test('each refusal says where and what', () => {
    const why = (hex: string): string | undefined => {
      const got = readRp(octetsOf(hex))
      return got.ok ? undefined : got.why
    }
    assert.match(why('') ?? '', /RP-MTI/)
    assert.match(why('0701') ?? '', /RP-MTI 7 is reserved/)
    assert.match(why('00') ?? '', /RP-Message Reference/)
    assert.match(why('0001000C') ?? '', /RP-Destination Address length: expected up to 11 octets, got 12/)
    assert.match(why('0001000000') ?? '', /RP-User Data length: expected 1 to 233, got 0/)
    assert.match(why('00010000050100') ?? '', /RP-User Data: expected 5 octets/)
    assert.match(why('040100') ?? '', /RP-Cause: expected 1 or 2 octets, got none/)
    assert.match(why('00'.repeat(513)) ?? '', /expected up to 248 octets, got 513/)
  })

  test('elements of later releases are skipped', () => {
    assert.deepEqual(readRp(octetsOf('0207A1550201024102AABB')), {
      ok: true,
      rp: { type: 'RP-ACK', way: 'mo', reference: 7, tpdu: Uint8Array.of(0xaa, 0xbb) },
    })
  })
})
