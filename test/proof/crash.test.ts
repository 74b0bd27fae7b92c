import assert from 'node:assert/strict'
import { test } from 'node:test'
import { proveCrash } from './crash.ts'

test('loses nothing and accounts for every repeat over 20 kills', { timeout: 240_000 }, async (t) => {
  const result = await proveCrash({
    rounds: 20,
    seed: 7,
    preset: 'normal',
    perSecond: 600,
    longestRoundMs: 900,
    say: (line) => t.diagnostic(line),
  })
  t.diagnostic(JSON.stringify({ ...result, faults: result.faults.length }))
  assert.deepEqual(result.faults, [])
  assert.ok(result.acknowledged > 1000, `only ${result.acknowledged} were acknowledged: too few to prove anything`)
})
