import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Life, SegmentProgress } from '../../model/life.ts'
import { lifeJson } from './json.ts'
import { states } from './ops.ts'

/** Every field, so that a new one is not forgotten. */
const segment: fc.Arbitrary<SegmentProgress> = fc.record(
  {
    ref: fc.string({ unit: 'binary' }),
    bind: fc.string(),
    state: fc.constantFrom('unsent', 'sent', 'delivered'),
    final: fc.boolean(),
    at: fc.nat(),
    error: fc.string(),
  } satisfies { [K in keyof Required<SegmentProgress>]: fc.Arbitrary<SegmentProgress[K]> },
  { requiredKeys: ['state'] },
)
const life: fc.Arbitrary<Life> = fc.record(
  {
    state: fc.constantFrom(...states),
    segments: fc.array(segment, { maxLength: 4 }),
    failure: fc.constant({ kind: 'permanent' as const, code: 'rejected' as const, peer: '"\u2028\n' }),
    bind: fc.string(),
    attempts: fc.nat(),
    updatedAt: fc.nat(),
    sentAt: fc.nat(),
    finalAt: fc.nat(),
  } satisfies { [K in keyof Required<Life>]: fc.Arbitrary<NonNullable<Life[K]>> },
  { requiredKeys: ['state', 'segments', 'attempts', 'updatedAt'] },
)

test('a life is written as JSON that reads back as it was', () => {
  fc.assert(fc.property(life, (one) => assert.deepEqual(JSON.parse(lifeJson(one)), JSON.parse(JSON.stringify(one)))))
})
