import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { fuzz } from './fuzz.ts'
import { createMutator } from './mutate.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

test('forty thousand mutated PDUs are answered or left at that, and nothing is left behind', { timeout: 180_000 }, async () => {
  const report = await fuzz({ pdus: 40_000, seed: 1 }, collect)
  assert.equal(report.pdus, 40_000)
  assert.ok(report.read > 5000 && report.refused > 5000 && report.responses > 5000, JSON.stringify(report))
  assert.ok(report.heap.late - report.heap.early < 8 << 20, JSON.stringify(report.heap))
})

test('a case is the same for the same seed and number, whatever came before, and another for another', () => {
  const make = (seed: number, ...ns: number[]): string => {
    const mutator = createMutator(seed)
    return ns.map((n) => mutator.make(n, 1).toString('hex')).at(-1)!
  }
  assert.equal(make(1, 7), make(1, 3, 4, 5, 6, 7))
  assert.notEqual(make(1, 7), make(2, 7))
  assert.ok(new Set(Array.from({ length: 1000 }, (_, n) => make(1, n))).size > 950)
})
