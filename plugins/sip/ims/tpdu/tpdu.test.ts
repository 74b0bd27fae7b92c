import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { described, hexOf, octetsOf, tpduVectors, wanted } from '../vectors.fixture.ts'
import {
  instantOf,
  lifetimeOf,
  readToNetwork,
  readToPhone,
  timeAt,
  type Tpdu,
  type TpAddress,
  type TpUserData,
  writeTpdu,
} from './index.ts'

function read(
  octets: Uint8Array,
  direction: 'mt' | 'mo',
  kind: 'ack' | 'error' | undefined,
): ReturnType<typeof readToPhone | typeof readToNetwork> {
  const carrier = kind ?? 'data'
  return direction === 'mt' ? readToPhone(octets, carrier) : readToNetwork(octets, carrier)
}

describe('public TPDUs', () => {
  assert.ok(tpduVectors.length >= 177)
  for (const { id, type, direction, reportKind, tpdu, expected } of tpduVectors) {
    test(`${id}: ${expected ? `a ${type} is read as its source says` : 'is refused'}`, () => {
      const got = read(octetsOf(tpdu), direction, reportKind)
      if (!expected) {
        assert.ok(!got.ok)
        assert.notEqual(got.why, '')
        return
      }
      assert.ok(got.ok, got.ok ? '' : got.why)
      assert.deepEqual(described(got.tpdu), wanted(expected))
    })
  }

  test('what was read is written so that it is read the same again, nearly always in the same octets', () => {
    const other: number[] = []
    for (const { id, direction, reportKind, tpdu, expected } of tpduVectors) {
      if (!expected) continue
      const got = read(octetsOf(tpdu), direction, reportKind)
      assert.ok(got.ok)
      const written = writeTpdu(got.tpdu)
      assert.deepEqual(read(written, direction, reportKind), got, `vector ${id}`)
      if (hexOf(written) !== tpdu.toUpperCase()) other.push(id)
    }
    // 54, 91: octets behind the end. 80: zone -0. 115, 116: a filler nibble of 0. 9, 10: fill bits of 1.
    assert.deepEqual(other, [9, 10, 54, 80, 91, 115, 116])
  })
})

/** As literals are, for strict comparison. */
const plain = { noNullPrototype: true } as const
const octet = fc.integer({ min: 0, max: 255 })
const digits = fc.array(fc.constantFrom(...Array.from('0123456789*#abc')), { maxLength: 20 }).map((each) => each.join(''))
const number: fc.Arbitrary<TpAddress> = fc.record(
  { ton: fc.constantFrom(0, 1, 2, 3, 4, 6, 7), npi: fc.integer({ min: 0, max: 15 }), value: digits },
  plain,
)
const name: fc.Arbitrary<TpAddress> = fc.record(
  {
    ton: fc.constant(5),
    npi: fc.integer({ min: 0, max: 15 }),
    value: fc.array(fc.constantFrom(...Array.from('ABCabc @£é')), { maxLength: 11 }).map((each) => each.join('')),
  },
  plain,
)
const address = fc.oneof(number, name)
const pair = fc.integer({ min: 0, max: 99 })
const time = fc.record(
  {
    year: fc.integer({ min: 1990, max: 2089 }),
    month: pair,
    day: pair,
    hour: pair,
    minute: pair,
    second: pair,
    quarters: fc.integer({ min: -79, max: 79 }),
  },
  plain,
)
const bytes = (maxLength: number, most = 255): fc.Arbitrary<Uint8Array> =>
  fc.array(fc.integer({ min: 0, max: most }), { maxLength }).map((each) => Uint8Array.from(each))
/** A coding with user data that fits it: the header is short of what is left. */
const coded: fc.Arbitrary<{ dcs: number; userData: TpUserData }> = fc
  .record({
    dcs: fc.constantFrom(0x00, 0x04, 0x08, 0x10, 0x15, 0x20, 0xc8, 0xe0, 0xf1, 0xf5, 0x85),
    udh: fc.option(bytes(30), { nil: undefined }),
  })
  .chain(({ dcs, udh }) => {
    const septets = [0x00, 0x10, 0xc8, 0xf1, 0x85].includes(dcs)
    return bytes(septets ? 124 : 109, septets ? 127 : 255).map((data) => ({ dcs, userData: udh ? { udh, data } : { data } }))
  })
const flag = fc.boolean()
const parameters = fc.record({ pid: octet, coded }, { requiredKeys: [], noNullPrototype: true })

function withParameters<T extends object>(head: T, said: { pid?: number; coded?: { dcs: number; userData: TpUserData } }): T {
  return Object.assign(head, said.pid === undefined ? {} : { pid: said.pid }, said.coded ?? {})
}

function roundTrip(tpdu: Tpdu, direction: 'mt' | 'mo', kind?: 'ack' | 'error'): void {
  assert.deepEqual(read(writeTpdu(tpdu), direction, kind), { ok: true, tpdu })
}

describe('every TPDU that can be said is read as it was written', () => {
  test('SMS-DELIVER', () => {
    fc.assert(
      fc.property(flag, flag, flag, flag, address, octet, time, coded, (a, b, c, d, originator, pid, scts, { dcs, userData }) =>
        roundTrip(
          {
            type: 'deliver',
            moreMessages: a,
            loopPrevention: b,
            statusReportIndication: c,
            replyPath: d,
            originator,
            pid,
            dcs,
            scts,
            userData,
          },
          'mt',
        ),
      ),
    )
  })

  test('SMS-SUBMIT, with every form of validity', () => {
    const validities = fc.oneof(
      fc.constant({ form: 'none' } as const),
      octet.map((each) => ({ form: 'relative', octet: each }) as const),
      time.map((each) => ({ form: 'absolute', time: each }) as const),
      fc.array(octet, { minLength: 7, maxLength: 7 }).map((each) => ({ form: 'enhanced', octets: Uint8Array.from(each) }) as const),
    )
    fc.assert(
      fc.property(
        flag,
        flag,
        flag,
        octet,
        address,
        octet,
        validities,
        coded,
        (a, b, c, mr, destination, pid, validity, { dcs, userData }) =>
          roundTrip(
            { type: 'submit', rejectDuplicates: a, statusReportRequest: b, replyPath: c, mr, destination, pid, dcs, validity, userData },
            'mo',
          ),
      ),
    )
  })

  test('the reports of both, in RP-ACK and RP-ERROR', () => {
    fc.assert(
      fc.property(parameters, octet, time, flag, (said, fcs, scts, isError) => {
        const kind = isError ? 'error' : 'ack'
        const cause = isError ? { fcs } : {}
        roundTrip(withParameters({ type: 'deliver-report' as const, ...cause }, said), 'mo', kind)
        roundTrip(withParameters({ type: 'submit-report' as const, scts, ...cause }, said), 'mt', kind)
      }),
    )
  })

  test('SMS-STATUS-REPORT', () => {
    fc.assert(
      fc.property(
        flag,
        flag,
        flag,
        octet,
        address,
        time,
        time,
        octet,
        parameters,
        (a, b, c, mr, recipient, scts, discharge, status, said) =>
          roundTrip(
            withParameters(
              {
                type: 'status-report' as const,
                moreMessages: a,
                loopPrevention: b,
                qualifier: c ? ('submit' as const) : ('command' as const),
                mr,
                recipient,
                scts,
                discharge,
                status,
              },
              said,
            ),
            'mt',
          ),
      ),
    )
  })

  test('SMS-COMMAND', () => {
    fc.assert(
      fc.property(
        flag,
        octet,
        octet,
        octet,
        octet,
        address,
        fc.option(bytes(20), { nil: undefined }),
        bytes(100),
        (statusReportRequest, mr, pid, commandType, messageNumber, destination, udh, data) =>
          roundTrip(
            { type: 'command', statusReportRequest, mr, pid, commandType, messageNumber, destination, data, ...(udh ? { udh } : {}) },
            'mo',
          ),
      ),
    )
  })
})

describe('garbage', () => {
  const known = tpduVectors.map((vector) => octetsOf(vector.tpdu))
  const readAll = (octets: Uint8Array): void => {
    for (const carrier of ['data', 'ack', 'error'] as const) {
      for (const got of [readToNetwork(octets, carrier), readToPhone(octets, carrier)]) if (!got.ok) assert.ok(got.why.length > 0)
    }
  }

  test('changed and cut TPDUs are read or refused, never thrown at', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...known),
        fc.array(fc.tuple(fc.nat(200), octet), { maxLength: 6 }),
        fc.nat(200),
        (base, changes, cut) => {
          const octets = base.slice(0, Math.max(1, base.length - cut))
          for (const [at, value] of changes) octets[at % octets.length] = value
          readAll(octets)
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('any octets at all are, too, and so are none', () => {
    readAll(new Uint8Array(0))
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), readAll), { numRuns: 1000 })
  })

  test('a SUBMIT or DELIVER that is cut anywhere is refused', () => {
    for (const { direction, tpdu, expected } of tpduVectors) {
      if (expected?.['type'] !== 'submit' && expected?.['type'] !== 'deliver') continue
      const octets = octetsOf(tpdu)
      const whole = read(octets, direction, undefined)
      assert.ok(whole.ok)
      const { length } = writeTpdu(whole.tpdu)
      for (let end = 0; end < length; end++) assert.ok(!read(octets.subarray(0, end), direction, undefined).ok, `${tpdu} cut at ${end}`)
    }
  })
})

describe('times', () => {
  test('an instant is written and read in every zone', () => {
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(1991, 0), max: Date.UTC(2088, 0) }), fc.integer({ min: -56, max: 56 }), (ms, quarters) => {
        const whole = ms - (ms % 1000)
        assert.equal(instantOf(timeAt(whole, quarters)), whole)
      }),
    )
  })

  test('what no calendar has is no instant', () => {
    const good = { year: 2028, month: 2, day: 29, hour: 23, minute: 59, second: 59, quarters: 0 }
    assert.equal(instantOf(good), Date.UTC(2028, 1, 29, 23, 59, 59))
    for (const change of [
      { year: 2027 },
      { month: 13 },
      { month: 0 },
      { day: 30 },
      { day: 0 },
      { hour: 24 },
      { minute: 60 },
      { second: 60 },
      { quarters: 57 },
    ])
      assert.equal(instantOf({ ...good, ...change }), undefined, JSON.stringify(change))
  })
})

describe('validity', () => {
  const now = Date.UTC(2026, 0, 1)
  const enhanced = (...octets: number[]): ReturnType<typeof lifetimeOf> =>
    lifetimeOf({ form: 'enhanced', octets: Uint8Array.from({ length: 7 }, (_, i) => octets[i] ?? 0) }, now)
  const until = (ms: number, once = false): unknown => ({ until: now + ms, once })

  test('a relative one steps by 5 minutes, half hours, days and weeks (TS 23.040 §9.2.3.12.1)', () => {
    const [minute, day] = [60_000, 86_400_000]
    const steps = [
      [0, 5 * minute],
      [143, 720 * minute],
      [144, 750 * minute],
      [167, day],
      [168, 2 * day],
      [196, 30 * day],
      [197, 35 * day],
      [255, 441 * day],
    ] as const
    for (const [step, ms] of steps) assert.deepEqual(lifetimeOf({ form: 'relative', octet: step }, now), until(ms))
  })

  test('an absolute one is an instant, or nothing', () => {
    assert.deepEqual(lifetimeOf({ form: 'absolute', time: timeAt(now + 5000, 8) }, now), until(5000))
    assert.equal(lifetimeOf({ form: 'absolute', time: { ...timeAt(now), month: 13 } }, now), undefined)
  })

  test('an enhanced one has four formats, a single shot, and reserved ones that mean nothing', () => {
    assert.deepEqual(enhanced(0x00), { once: false })
    assert.deepEqual(enhanced(0x40), { once: true })
    assert.deepEqual(enhanced(0x01, 0), until(300_000))
    assert.deepEqual(enhanced(0x42, 90), until(90_000, true))
    assert.deepEqual(enhanced(0x03, 0x21, 0x43, 0x95), until(12 * 3_600_000 + 34 * 60_000 + 59_000))
    assert.deepEqual(enhanced(0x82, 0x00, 7), until(7000))
    assert.equal(enhanced(0x02, 0), undefined)
    assert.equal(enhanced(0x03, 0x00, 0x06, 0x00), undefined)
    assert.equal(enhanced(0x03, 0x0a, 0x00, 0x00), undefined)
    assert.equal(enhanced(0x04), undefined)
  })
})
