import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { fuzzSip } from './sip.ts'
import { createSipMutator } from './sip-mutate.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

test('ten thousand mutated SIP messages are read or refused, by the codec and by an engine that lives', { timeout: 180_000 }, async () => {
  const report = await fuzzSip({ messages: 10_000, seed: 1 }, collect)
  const shown = JSON.stringify(report)
  assert.equal(report.messages, 10_000)
  assert.ok(report.requests > 1000 && report.responses > 100 && (report.refused[400] ?? 0) > 2000 && report.dropped > 100, shown)
  assert.ok(report.streams === 2500 && report.lost > 1000 && report.lost < 2450, shown)
  assert.ok(report.answers > report.datagrams / 4, shown)
  assert.ok(report.slowestMs < 50, shown)
  assert.ok(report.heap.late - report.heap.early < 16 << 20, shown)
})

test('a SIP case is the same for the same seed and number, and another for another', () => {
  const make = (seed: number, n: number): string => createSipMutator(seed).make(n).toString('hex')
  assert.equal(make(1, 7), make(1, 7))
  assert.notEqual(make(1, 7), make(2, 7))
  const one = createSipMutator(1)
  assert.ok(new Set(Array.from({ length: 1000 }, (_, n) => one.make(n).toString('hex'))).size > 800)
})
