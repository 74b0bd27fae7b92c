import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Address } from '../../model/address.ts'
import type { Body } from '../../model/body.ts'
import type { Cdr } from '../../model/cdr.ts'
import type { Life, LifeEntry, SegmentProgress } from '../../model/life.ts'
import type { Message } from '../../model/message.ts'
import type { Report } from '../../model/receipt.ts'
import { textOf, writeCdr, writeEntries, writeLife, writeMessage, writeReport } from './json.ts'
import { states } from './ops.ts'
import { thaw } from './records.ts'
import { createResting, restingLife, restingMessage } from './rest.ts'
import { createSlab, digits, headBytes, put } from './slab.ts'

/** Every field, so that a new one is not forgotten. */
type Fields<T> = { [K in keyof Required<T>]: fc.Arbitrary<Exclude<T[K], undefined>> }

const text = fc.string({ unit: 'binary' })
const texts = fc.array(text, { maxLength: 3 })
const words = fc.dictionary(text, text, { maxKeys: 3 })
const failure = fc.constant({ kind: 'permanent' as const, code: 'rejected' as const, peer: '"\u2028\n' })
const state = fc.constantFrom(...states)

const segment: fc.Arbitrary<SegmentProgress> = fc.record(
  {
    ref: text,
    bind: text,
    state: fc.constantFrom('unsent', 'sent', 'delivered'),
    final: fc.boolean(),
    at: fc.nat(),
    error: text,
  } satisfies Fields<SegmentProgress>,
  { requiredKeys: ['state'] },
)
const life: fc.Arbitrary<Life> = fc.record(
  {
    state,
    segments: fc.array(segment, { maxLength: 4 }),
    failure,
    bind: text,
    attempts: fc.nat(),
    updatedAt: fc.nat(),
    sentAt: fc.nat(),
    finalAt: fc.nat(),
  } satisfies Fields<Life>,
  { requiredKeys: ['state', 'segments', 'attempts', 'updatedAt'] },
)

type Entry<What extends LifeEntry['what']> = Extract<LifeEntry, { what: What }>
const entry: fc.Arbitrary<LifeEntry> = fc.oneof(
  fc.record({ at: fc.nat(), what: fc.constant('accepted' as const), via: text } satisfies Fields<Entry<'accepted'>>),
  fc.record(
    {
      at: fc.nat(),
      what: fc.constant('attempt' as const),
      n: fc.nat(),
      bind: text,
      outcome: fc.constantFrom('ok', 'failed'),
      refs: texts,
      failure,
      tookMs: fc.nat(),
      wire: texts,
    } satisfies Fields<Entry<'attempt'>>,
    { requiredKeys: ['at', 'what', 'n', 'bind', 'outcome'] },
  ),
  fc.record(
    {
      at: fc.nat(),
      what: fc.constant('receipt' as const),
      bind: text,
      ref: text,
      segment: fc.nat(),
      state: fc.constantFrom('delivered', 'expired'),
      final: fc.boolean(),
      error: text,
      form: text,
      wire: text,
    } satisfies Fields<Entry<'receipt'>>,
    { requiredKeys: ['at', 'what', 'bind', 'ref', 'segment', 'state', 'final'] },
  ),
  fc.record(
    {
      at: fc.nat(),
      what: fc.constant('report' as const),
      state,
      n: fc.nat(),
      outcome: fc.constantFrom('ok', 'failed', 'abandoned'),
      failure,
      wire: texts,
    } satisfies Fields<Entry<'report'>>,
    { requiredKeys: ['at', 'what', 'state', 'n', 'outcome'] },
  ),
  fc.record({ at: fc.nat(), what: fc.constant('final' as const), state, failure } satisfies Fields<Entry<'final'>>, {
    requiredKeys: ['at', 'what', 'state'],
  }),
  fc.record({ at: fc.nat(), what: fc.constant('note' as const), text } satisfies Fields<Entry<'note'>>),
)

const address: fc.Arbitrary<Address> = fc.record({
  value: text,
  ton: fc.constantFrom('unknown', 'international', 'alphanumeric'),
  npi: fc.constantFrom('unknown', 'e164', 'internet'),
} satisfies Fields<Address>)
const messageClass = fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const)
type BodyOf<Kind extends Body['kind']> = Extract<Body, { kind: Kind }>
const octets = fc.uint8Array({ maxLength: 20 })
const body: fc.Arbitrary<Body> = fc.oneof(
  fc.record({ kind: fc.constant('text' as const), text, messageClass, ucs2: fc.constant(true as const) } satisfies Fields<BodyOf<'text'>>, {
    requiredKeys: ['kind', 'text'],
  }),
  fc.record({ kind: fc.constant('binary' as const), data: octets, udh: octets, messageClass } satisfies Fields<BodyOf<'binary'>>, {
    requiredKeys: ['kind', 'data'],
  }),
  fc.record(
    { kind: fc.constant('mms' as const), subject: text, parts: fc.constant([{ type: 'image/png', hash: 'a', size: 1 }]) } satisfies Fields<
      BodyOf<'mms'>
    >,
    { requiredKeys: ['kind', 'parts'] },
  ),
)
const message: fc.Arbitrary<Message> = fc.record(
  {
    id: fc.constant('06a1'),
    account: fc.constant('AC01'),
    direction: fc.constantFrom('mt', 'mo'),
    arrival: text,
    acceptedAt: fc.nat(),
    validUntil: fc.nat(),
    segments: fc.nat(),
    from: address,
    to: address,
    body,
    priority: fc.constantFrom(0 as const, 3 as const),
    receipt: fc.constantFrom('none', 'both'),
    mode: fc.constantFrom('datagram', 'transaction'),
    deliverAfter: fc.nat(),
    ref: text,
    progress: fc.boolean(),
    report: words,
    extras: words,
    origin: text,
    service: text,
    keyword: fc.constantFrom('stop', 'start', 'help'),
    hops: fc.nat(),
  } satisfies Fields<Message>,
  {
    requiredKeys: [
      'id',
      'account',
      'direction',
      'arrival',
      'acceptedAt',
      'validUntil',
      'segments',
      'from',
      'to',
      'body',
      'priority',
      'receipt',
    ],
  },
)

const report: fc.Arbitrary<Report> = fc.record(
  { state, at: fc.nat(), failure, doneAt: fc.nat(), error: text, extras: words } satisfies Fields<Report>,
  { requiredKeys: ['state', 'at'] },
)
const cdr: fc.Arbitrary<Cdr> = fc.record(
  {
    message: fc.constant('06a1'),
    account: fc.constant('AC01'),
    direction: fc.constantFrom('mt', 'mo'),
    kind: fc.constantFrom('text', 'binary'),
    from: text,
    to: text,
    sourceBind: text,
    destinationBind: text,
    route: text,
    ref: text,
    carrierRefs: texts,
    segments: fc.nat(),
    priority: fc.constantFrom(0 as const, 3 as const),
    attempts: fc.nat(),
    state,
    failure: text,
    peer: text,
    acceptedAt: fc.constant('2026-11-21T12:00:00.000Z'),
    sentAt: fc.constant('2026-11-21T12:00:01.000Z'),
    finalAt: fc.constant('2026-11-21T12:00:02.000Z'),
  } satisfies Fields<Cdr>,
  {
    requiredKeys: [
      'message',
      'account',
      'direction',
      'kind',
      'from',
      'to',
      'sourceBind',
      'carrierRefs',
      'segments',
      'priority',
      'attempts',
      'state',
      'acceptedAt',
      'finalAt',
    ],
  },
)

const asWritten = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

test('a life is written as JSON that reads back as it was', () => {
  fc.assert(fc.property(life, (one) => assert.deepEqual(JSON.parse(textOf(writeLife, one)), asWritten(one))))
})

test('so are the entries of a trace', () => {
  fc.assert(fc.property(fc.array(entry), (some) => assert.deepEqual(JSON.parse(`[${textOf(writeEntries, some)}]`), asWritten(some))))
})

test('so is a message, octets and all', () => {
  fc.assert(fc.property(message, (one) => assert.deepEqual(thaw(textOf(writeMessage, one)), structuredClone(one))))
})

test('so are reports and CDRs', () => {
  fc.assert(fc.property(report, (one) => assert.deepEqual(JSON.parse(textOf(writeReport, one)), asWritten(one))))
  fc.assert(fc.property(cdr, (one) => assert.deepEqual(JSON.parse(textOf(writeCdr, one)), asWritten(one))))
})

test('numbers have the digits that a template would give them', () => {
  const number = fc.oneof(
    fc.nat(),
    fc.maxSafeNat(),
    fc.integer(),
    fc.double(),
    fc.constantFrom(0, 9, 10, 999_999_999, 1e9, 1e9 + 1, 2e18, -0),
  )
  fc.assert(
    fc.property(fc.array(number), (some) => {
      const slab = createSlab()
      for (const one of some) {
        digits(slab, one)
        put(slab, ' ')
      }
      assert.equal(slab.buffer.toString('latin1', headBytes, slab.end), some.map((one) => `${one} `).join(''))
    }),
  )
})

test('what is longer than a slab makes it longer', () => {
  const long = 'ab"\u20ac'.repeat(50_000)
  assert.equal(JSON.parse(textOf(writeReport, { state: 'sent', at: 1, error: long })).error, long)
  assert.equal(JSON.parse(textOf(writeReport, { state: 'sent', at: 1, error: 'x'.repeat(200_000) })).error.length, 200_000)
})

test('what rests is read back as it was, however many rest beside it and however large they are', () => {
  const rest = createResting()
  const huge = text.map((some) => some + 'ä'.repeat(40_000))
  fc.assert(
    fc.property(fc.array(fc.record({ message, life, ref: fc.oneof({ weight: 9, arbitrary: text }, huge) }), { minLength: 1 }), (all) => {
      const resting = all.map((one) => rest({ ...one.message, ref: one.ref }, one.life))
      resting.forEach((one, i) => {
        assert.deepEqual(thaw(restingMessage(one)), structuredClone({ ...all[i]!.message, ref: all[i]!.ref }))
        assert.deepEqual(JSON.parse(restingLife(one)), asWritten(all[i]!.life))
      })
    }),
    { numRuns: 30 },
  )
})
