import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outcome } from '../plugin.ts'
import { actionFor, isBusy, judged } from './judge.ts'

const refusal = (peerCode?: string): Outcome => ({
  ok: false,
  failure: { kind: 'temporary', code: 'peer-error', ...(peerCode === undefined ? {} : { peerCode }) },
})
const actions = {
  ESME_RSYSERR: { as: 'permanent' },
  '0x00000403': { retryAfterMs: 60_000 },
  ESME_RX_T_APPN: { attempts: 2 },
} as const

test("a code in the bind's table means what the table says, and nothing else changes", () => {
  const made = judged({ actions }, refusal('ESME_RSYSERR'))
  assert.deepEqual(made, { ok: false, failure: { kind: 'permanent', code: 'peer-error', peerCode: 'ESME_RSYSERR' } })
  const later = judged({ actions }, refusal('0x00000403'))
  assert.deepEqual(!later.ok && [later.failure.kind, later.failure.retryAfterMs], ['temporary', 60_000])
})

test('without a row, a code, or a failure, the outcome is what it was', () => {
  for (const outcome of [refusal('ESME_RINVDSTADR'), refusal(), refusal('constructor'), refusal('ESME_RX_T_APPN')])
    assert.equal(judged({ actions }, outcome), outcome)
  const taken: Outcome = { ok: true, refs: ['1'] }
  assert.equal(judged({ actions: { '*': { as: 'permanent' } } }, taken), taken)
})

test('the row * stands for every code that has none of its own, but not for what has no code', () => {
  const table = { actions: { ESME_RTHROTTLED: {}, '*': { as: 'permanent' } } } as const
  const kind = (outcome: Outcome) => {
    const made = judged(table, outcome)
    return !made.ok && made.failure.kind
  }
  assert.equal(kind(refusal('ESME_RSYSERR')), 'permanent')
  assert.equal(kind(refusal('ESME_RTHROTTLED')), 'temporary')
  assert.equal(kind(refusal()), 'temporary', 'a timeout is no answer')
  assert.equal(actionFor(table, { kind: 'temporary', code: 'peer-error', peerCode: 'x' }), table.actions['*'])
})

test('busy is a handset or its queue, not the whole peer', () => {
  assert.equal(isBusy({ kind: 'throttled', code: 'queue-full' }), true)
  assert.equal(isBusy({ kind: 'throttled', code: 'throttled' }), false)
  assert.equal(isBusy({ kind: 'temporary', code: 'absent-subscriber' }), true)
  assert.equal(isBusy({ kind: 'permanent', code: 'absent-subscriber' }), false)
  assert.equal(isBusy({ kind: 'temporary', code: 'peer-error' }), false)
})
