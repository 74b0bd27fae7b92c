import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { proveHttp } from './http.ts'
import { needs } from '../peers/found.ts'
import type { Proof, ProofOptions } from './rounds.ts'
import { proveMixed, proveSip } from './sip.ts'
import { proveSmpp } from './smpp.ts'

/** Also on a machine that does much else. */
const leastOfARound = 4

async function holds(t: TestContext, prove: (options: ProofOptions) => Promise<Proof>, rounds = 20): Promise<void> {
  const proof = await prove({ rounds, seed: 7, perSecond: 600, longestRoundMs: 1500, say: (line) => t.diagnostic(line) })
  t.diagnostic(JSON.stringify({ ...Object.fromEntries(proof.figures), seconds: proof.seconds, faults: proof.faults.length }))
  assert.deepEqual(proof.faults.slice(0, 20), [])
  assert.ok(proof.acknowledged > leastOfARound * rounds, `only ${proof.acknowledged} were acknowledged: too few to prove anything`)
}

test('loses nothing and accounts for every repeat over 20 kills', { timeout: 900_000 }, (t) => holds(t, proveHttp))

test('loses no submit, receipt or MO between SMPP clients and carriers over 20 kills', { timeout: 900_000 }, (t) => holds(t, proveSmpp))

test(
  'loses no MESSAGE, receipt or MO between SIP and SMPP over 5 kills, and keeps who has registered',
  {
    ...needs('sipp'),
    timeout: 900_000,
  },
  (t) => holds(t, proveSip, 5),
)

test(
  'loses nothing while HTTP, SMPP and SIP submit at once over 3 kills',
  {
    ...needs('sipp'),
    timeout: 900_000,
  },
  (t) => holds(t, proveMixed, 3),
)
