import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Bind, BindPolicy } from '../model/bind.ts'
import type { FailureFacts } from '../model/failure.ts'
import type { Life } from '../model/life.ts'
import type { Message } from '../model/message.ts'
import { defaultPolicy } from '../model/policy.ts'
import type { DeliverItem } from '../store/store.ts'
import { afterInterruption, afterAttempt, type Attempted } from './outcome.ts'

const now = 1_000_000

const policy: BindPolicy = {
  ...defaultPolicy,
  attempts: 3,
  retryFirstMs: 1000,
  retryCapMs: 3000,
  downLimitMs: 0,
  validitySeconds: 3600,
  maxValiditySeconds: 3600,
  receiptTimeoutSeconds: 60,
}

function bind(changes: Partial<BindPolicy> = {}): Bind {
  return {
    id: 'AC1/a',
    account: 'AC1',
    name: 'a',
    connector: 'smpp',
    side: 'supplier',
    enabled: true,
    paused: false,
    policy: { ...policy, ...changes },
    config: {},
    createdAt: 0,
    updatedAt: 0,
  }
}

function item(changes: Partial<DeliverItem> = {}, message: Partial<Message> = {}): DeliverItem {
  const life: Life = { state: 'queued', segments: [], attempts: 0, updatedAt: 0 }
  return {
    kind: 'deliver',
    id: 1,
    lane: 'AC1/a',
    account: 'AC1',
    priority: 1,
    attempt: 0,
    candidate: 0,
    interrupted: false,
    life,
    decision: {
      revision: 1,
      candidates: [
        { bind: 'AC1/a', why: 'first' },
        { bind: 'AC1/b', why: 'second' },
      ],
      failoverOnReceipt: false,
      tried: [],
    },
    message: {
      id: '0'.repeat(32),
      account: 'AC1',
      direction: 'mt',
      arrival: 'AC1/api',
      acceptedAt: 0,
      validUntil: now + 60_000,
      segments: 1,
      from: { value: '+15550001111', ton: 'international', npi: 'e164' },
      to: { value: '+447700900123', ton: 'international', npi: 'e164' },
      body: { kind: 'text', text: 'hello' },
      priority: 1,
      receipt: 'both',
      progress: true,
      ...message,
    },
    ...changes,
  }
}

function attempted(changes: Partial<Attempted> = {}): Attempted {
  return {
    item: item(),
    bind: bind(),
    receipts: true,
    sent: [0],
    total: 1,
    outcome: { ok: true, refs: ['r1'] },
    startedAt: now - 5,
    now,
    restMs: 0,
    random: 0.5,
    ...changes,
  }
}

const failed = (failure: FailureFacts, refs?: (string | undefined)[]): Attempted['outcome'] => ({
  ok: false,
  failure,
  ...(refs ? { refs } : {}),
})

test('a message that the carrier took waits for its receipts and is reported as sent', () => {
  const step = afterAttempt(attempted())
  assert.equal(step.life.state, 'sent')
  assert.deepEqual(step.refs, [{ bind: 'AC1/a', ref: 'r1', segment: 0 }])
  assert.equal(step.report?.state, 'sent')
  assert.equal(step.receiptBy, now + 60_000 + 60_000)
  assert.equal(step.cdr, undefined)
})

test('a message taken by a bind without receipts ends unconfirmed, with its CDR', () => {
  const step = afterAttempt(attempted({ receipts: false }))
  assert.equal(step.life.state, 'unconfirmed')
  assert.equal(step.cdr?.state, 'unconfirmed')
})

test('a message of which no more will be heard ends as its answer says, without waiting for receipts', () => {
  for (const final of ['delivered', 'unconfirmed'] as const) {
    const step = afterAttempt(attempted({ outcome: { ok: true, refs: ['r1'], final } }))
    assert.equal(step.life.state, final)
    assert.equal(step.cdr?.state, final)
    assert.equal(step.report?.state, final === 'delivered' ? 'delivered' : 'unconfirmed')
    assert.equal(step.receiptBy, undefined)
  }
})

test('an MO that its app took is delivered', () => {
  const step = afterAttempt(attempted({ item: item({}, { direction: 'mo' }) }))
  assert.equal(step.life.state, 'delivered')
})

test('a temporary failure is tried again later, each time twice as long, up to the cap', () => {
  const failure: FailureFacts = { kind: 'temporary', code: 'peer-error' }
  const due = (attempt: number, attempts = 10) =>
    afterAttempt(attempted({ item: item({ attempt }), bind: bind({ attempts }), outcome: failed(failure) })).requeue!.due - now
  assert.deepEqual([due(0), due(1), due(2), due(3)], [1000, 2000, 3000, 3000])
})

test('attempts used up move the whole message to the next candidate', () => {
  const step = afterAttempt(
    attempted({ item: item({ attempt: 2 }), outcome: failed({ kind: 'temporary', code: 'peer-error', peer: 'ESME_RSYSERR' }) }),
  )
  assert.deepEqual(step.requeue, { lane: 'AC1/b', due: now, attempt: 0, candidate: 1 })
  assert.deepEqual(step.life.segments, [])
})

test('a permanent failure on the last candidate ends the message as failed, with CDR and report', () => {
  const step = afterAttempt(
    attempted({ item: item({ candidate: 1 }), outcome: failed({ kind: 'permanent', code: 'invalid-destination' }) }),
  )
  assert.equal(step.life.state, 'failed')
  assert.equal(step.report?.failure?.code, 'invalid-destination')
  assert.equal(step.cdr?.failure, 'invalid-destination')
  assert.equal(step.requeue, undefined)
})

test('throttling costs no attempt and waits as long as the peer asks', () => {
  const step = afterAttempt(
    attempted({ item: item({ attempt: 2 }), outcome: failed({ kind: 'throttled', code: 'throttled', retryAfterMs: 700 }) }),
  )
  assert.deepEqual(step.requeue, { lane: 'AC1/a', due: now + 700, attempt: 2, candidate: 0 })
  assert.equal(step.life.attempts, 0)
})

test('a lost session before anything was written costs nothing', () => {
  const step = afterAttempt(attempted({ outcome: failed({ kind: 'offline', code: 'connection-lost' }) }))
  assert.deepEqual(step.requeue, { lane: 'AC1/a', due: now, attempt: 0, candidate: 0 })
})

test('an unknown outcome is resent, held or failed by the policy of the bind, and never failed over', () => {
  const outcome = failed({ kind: 'unknown', code: 'peer-timeout' })
  assert.equal(afterAttempt(attempted({ outcome })).requeue?.lane, 'AC1/a')
  const held = afterAttempt(attempted({ outcome, bind: bind({ unknown: 'hold' }) }))
  assert.equal(held.life.state, 'held')
  assert.equal(held.requeue, undefined)
  assert.equal(held.cdr, undefined)
  const ended = afterAttempt(attempted({ outcome, bind: bind({ unknown: 'fail' }) }))
  assert.equal(ended.life.state, 'failed')
  assert.equal(ended.cdr?.failure, 'outcome-unknown')
})

test('only the segments that were not taken are sent again', () => {
  const step = afterAttempt(
    attempted({ sent: [0, 1, 2], total: 3, outcome: failed({ kind: 'temporary', code: 'queue-full' }, ['r0', undefined, 'r2']) }),
  )
  assert.deepEqual(
    step.life.segments.map((s) => [s.state, s.at]),
    [
      ['sent', now],
      ['unsent', undefined],
      ['sent', now],
    ],
  )
  assert.deepEqual(
    step.refs?.map((r) => [r.ref, r.segment]),
    [
      ['r0', 0],
      ['r2', 2],
    ],
  )
  const rest = afterAttempt(attempted({ item: item({ life: step.life }), sent: [1], total: 3, outcome: { ok: true, refs: ['r1'] } }))
  assert.equal(rest.life.state, 'sent')
  assert.deepEqual(rest.refs, [{ bind: 'AC1/a', ref: 'r1', segment: 1 }])
})

test('a failure after the validity ran out ends the message as expired', () => {
  const step = afterAttempt(
    attempted({ item: item({}, { validUntil: now - 1 }), outcome: failed({ kind: 'temporary', code: 'peer-busy' }) }),
  )
  assert.equal(step.life.state, 'expired')
  assert.equal(step.report?.failure?.code, 'expired')
})

const dueAfter = (failure: FailureFacts, attempt: number, schedule: Partial<BindPolicy>): number | undefined => {
  const due = afterAttempt(attempted({ item: item({ attempt }), bind: bind(schedule), outcome: failed(failure) })).requeue?.due
  return due === undefined ? undefined : (due - now) / 1000
}

test('the delays after the first and the second failure are set apart, and then grow up to the maximum', () => {
  const schedule = { attempts: 10, retryFirstMs: 20_000, retrySecondMs: 300_000, retryMultiplier: 2, retryCapMs: 1_200_000 }
  const failure: FailureFacts = { kind: 'temporary', code: 'peer-error' }
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((attempt) => dueAfter(failure, attempt, schedule)),
    [20, 300, 600, 1200, 1200],
  )
})

test('a handset or queue that is busy has a schedule of its own, and its tries count', () => {
  const schedule = { attempts: 4, busyFirstMs: 120_000, busyMultiplier: 1, busyCapMs: 120_000 }
  for (const failure of [
    { kind: 'throttled', code: 'queue-full' },
    { kind: 'temporary', code: 'absent-subscriber' },
    { kind: 'temporary', code: 'peer-busy' },
  ] as const) {
    assert.deepEqual(
      [0, 1, 2].map((attempt) => dueAfter(failure, attempt, schedule)),
      [120, 120, 120],
    )
    const last = afterAttempt(attempted({ item: item({ attempt: 3 }), bind: bind(schedule), outcome: failed(failure) }))
    assert.deepEqual([last.requeue?.lane, last.life.attempts], ['AC1/b', 1])
  }
})

test('what is throttled keeps its place on the lane once, and makes room when it is throttled again', () => {
  const outcome = failed({ kind: 'throttled', code: 'throttled' })
  const first = afterAttempt(attempted({ outcome, restMs: 40, item: item({}, { acceptedAt: now - 5000 }) }))
  assert.deepEqual(first.requeue, { lane: 'AC1/a', due: now - 5000, attempt: 0, candidate: 0 })
  const again = afterAttempt(attempted({ outcome, restMs: 40, item: item({ life: first.life }) }))
  assert.equal(again.requeue?.due, now + 40)
})

test("the bind's table says how often a code is tried, and whether another candidate gets the message", () => {
  const failure: FailureFacts = { kind: 'temporary', code: 'peer-error', peerCode: 'ESME_RSYSERR' }
  const step = (action: object, changes: Partial<DeliverItem> = {}, facts = failure) =>
    afterAttempt(attempted({ item: item(changes), bind: bind({ actions: { ESME_RSYSERR: action } }), outcome: failed(facts) }))
  assert.equal(step({ attempts: 1 }).requeue?.lane, 'AC1/b')
  assert.equal(step({ attempts: 5 }, { attempt: 3 }).requeue?.lane, 'AC1/a')
  assert.equal(step({ failover: true }).requeue?.lane, 'AC1/b')
  assert.equal(step({ failover: true }, { candidate: 1 }).requeue?.lane, 'AC1/a', 'no other is left: tried again here')
  assert.equal(step({ failover: false }, {}, { ...failure, kind: 'permanent' }).life.state, 'failed')
  assert.equal(step({ failover: false, attempts: 1 }).life.state, 'failed')
  assert.equal(step({}, {}, { ...failure, peerCode: 'ESME_RINVDSTADR' }).requeue?.lane, 'AC1/a', 'of another code it says nothing')
})

test('a datagram or transaction is tried once; only what was never written is tried again', () => {
  for (const mode of ['datagram', 'transaction'] as const) {
    const after = (failure: FailureFacts) => afterAttempt(attempted({ item: item({}, { mode }), outcome: failed(failure) }))
    for (const kind of ['temporary', 'throttled', 'permanent'] as const) {
      const step = after({ kind, code: 'peer-error' })
      assert.deepEqual([step.life.state, step.requeue, step.cdr?.state], ['failed', undefined, 'failed'], kind)
    }
    assert.equal(after({ kind: 'unknown', code: 'peer-timeout' }).cdr?.failure, 'outcome-unknown')
    assert.equal(after({ kind: 'offline', code: 'connection-lost' }).requeue?.lane, 'AC1/a')
  }
})

test('what is tried once is not sent again after a crash either, whatever the bind says of others', () => {
  assert.equal(afterInterruption(item(), bind(), now), undefined)
  const step = afterInterruption(item({}, { mode: 'datagram' }), bind(), now)
  assert.deepEqual([step?.life.state, step?.life.failure?.code], ['failed', 'outcome-unknown'])
  assert.equal(step?.cdr?.state, 'failed')
})
