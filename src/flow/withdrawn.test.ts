import assert from 'node:assert/strict'
import { test } from 'node:test'
import { account, bind, configuration } from '../../test/routing.ts'
import type { Message } from '../model/message.ts'
import { compile } from '../routing/table.ts'
import type { DeliverItem } from '../store/store.ts'
import { afterWithdrawal } from './withdrawn.ts'

const now = 5000
const accounts = [account('A'), account('B', 'A'), account('C', 'A')]

function item(candidates: string[], candidate: number): DeliverItem {
  return {
    kind: 'deliver',
    id: 1,
    lane: candidates[candidate]!,
    account: 'B',
    priority: 1,
    attempt: 2,
    candidate,
    interrupted: false,
    life: { state: 'queued', segments: [], attempts: 2, updatedAt: 1000 },
    decision: { revision: 1, route: 'r', candidates: candidates.map((id) => ({ bind: id, why: '' })), failoverOnReceipt: false, tried: [] },
    message: {
      id: '1',
      account: 'B',
      direction: 'mt',
      arrival: 'B/api',
      acceptedAt: 0,
      validUntil: 100_000,
      segments: 1,
      from: { value: 'ACME', ton: 'alphanumeric', npi: 'unknown' },
      to: { value: '+447700900123', ton: 'international', npi: 'e164' },
      body: { kind: 'text', text: 'hello' },
      priority: 1,
      receipt: 'both',
    } satisfies Message,
  }
}

const after = (binds: Parameters<typeof configuration>[1], at: DeliverItem) => {
  const table = compile(configuration(accounts, binds, []))
  return afterWithdrawal({ table: () => table }, at, now)
}

test('what waits for a bind that was withdrawn goes to the next that its account may use, not to another withdrawn, deleted or beside', () => {
  const binds = [bind('A/x', { grant: [] }), bind('A/y', { grant: ['C'] }), bind('C/z'), bind('A/ok', { grant: ['B'] })]
  const step = after(binds, item(['A/x', 'A/y', 'A/gone', 'C/z', 'A/ok'], 0))
  assert.deepEqual(step.requeue, { lane: 'A/ok', due: now, attempt: 0, candidate: 4 })
  assert.deepEqual(step.entries, [{ at: now, what: 'failover', from: 'A/x', to: 'A/ok', why: 'the account may not use the bind any more' }])
  assert.equal(step.life.state, 'queued')
  assert.equal(step.life.attempts, 2, 'it was not tried')
})

test('where no bind is left it fails with a reason, with its CDR and its report', () => {
  const step = after([bind('A/x', { grant: [] }), bind('A/before')], item(['A/before', 'A/x', 'A/x'], 1))
  assert.equal(step.requeue, undefined)
  assert.equal(step.life.state, 'failed')
  assert.deepEqual(step.life.failure, { kind: 'permanent', code: 'no-route', peer: 'the account may not use the bind any more' })
  assert.equal(step.cdr?.state, 'failed')
  assert.equal(step.report?.state, 'failed')
})
