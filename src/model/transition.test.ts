import assert from 'node:assert/strict'
import { test } from 'node:test'
import { international } from './address.ts'
import { isTerminal, type Life, type MessageState, type SegmentProgress } from './life.ts'
import { afterReceipt, afterReceiptTimeout, finish, wantsReport, type Transition } from './transition.ts'
import type { Message, ReceiptWish } from './message.ts'
import type { Receipt, ReceiptState } from './receipt.ts'
import type { Decision } from './route.ts'

const account = 'AC00000000000000000000000000000001'
const [one, two, client] = [`${account}/one`, `${account}/two`, `${account}/api`]

const message: Message = {
  id: '00000000000000000000000000000001',
  account,
  from: international('+15550100001'),
  to: international('+447700900123'),
  body: { kind: 'text', text: 'hello' },
  priority: 1,
  receipt: 'both',
  direction: 'mt',
  arrival: client,
  acceptedAt: 1000,
  validUntil: 100_000,
  segments: 2,
}
const decision = (failoverOnReceipt = false): Decision => ({
  revision: 1,
  route: 'default',
  candidates: [
    { bind: one, why: 'first' },
    { bind: two, why: 'then' },
  ],
  failoverOnReceipt,
  tried: [],
})
const sent = (...segments: SegmentProgress[]): Life => ({ state: 'sent', segments, bind: one, attempts: 1, updatedAt: 2000, sentAt: 2000 })
const segment = (ref: string, state: SegmentProgress['state'] = 'sent', final = false): SegmentProgress => ({
  ref,
  bind: one,
  state,
  ...(final ? { final } : {}),
})
const receipt = (ref: string, state: ReceiptState, final = true, more: Partial<Receipt> = {}): Receipt => ({ ref, state, final, ...more })
const undeliverable = { kind: 'permanent', code: 'undeliverable' } as const

interface News {
  bind?: string
  at?: number
  decision?: Decision
  message?: Message
}
function news(
  life: Life,
  index: number,
  said: Receipt,
  { bind = one, at = 3000, decision: d = decision(), message: m = message }: News = {},
): Transition | undefined {
  return afterReceipt(m, d, life, at, { bind, segment: index, form: 'same', receipt: said })
}
function must(transition: Transition | undefined): Transition {
  assert.ok(transition)
  return transition
}

test('a delivered receipt ends a message of one segment, with its CDR and report', () => {
  const done = must(news(sent(segment('a')), 0, receipt('a', 'delivered', true, { doneAt: 2900, error: '000' })))
  assert.equal(done.life.state, 'delivered')
  assert.equal(done.life.finalAt, 3000)
  assert.deepEqual(done.report, { state: 'delivered', at: 3000, doneAt: 2900, error: '000' })
  assert.equal(done.cdr?.state, 'delivered')
  assert.deepEqual(done.cdr?.carrierRefs, ['a'])
  assert.deepEqual(
    done.entries.map((e) => e.what),
    ['receipt', 'final'],
  )
  assert.deepEqual(
    done.counts.map((c) => [c.bind, c.name]),
    [
      [one, 'delivered'],
      [one, 'receipts'],
    ],
  )
  assert.equal(done.requeue, undefined)
})

test('a receipt that comes twice changes nothing the second time', () => {
  const first = must(news(sent(segment('a'), segment('b')), 0, receipt('a', 'delivered')))
  assert.equal(news(first.life, 0, receipt('a', 'delivered')), undefined)
  const last = must(news(first.life, 1, receipt('b', 'delivered')))
  assert.equal(news(last.life, 1, receipt('b', 'delivered')), undefined)
})

test('an intermediate state is noted once and ends nothing', () => {
  const enroute = must(news(sent(segment('a')), 0, receipt('a', 'enroute', false)))
  assert.equal(enroute.life.state, 'sent')
  assert.equal(enroute.report, undefined)
  assert.equal(enroute.cdr, undefined)
  assert.equal(news(enroute.life, 0, receipt('a', 'enroute', false)), undefined)
  assert.equal(must(news(enroute.life, 0, receipt('a', 'delivered'))).life.state, 'delivered')
})

test('an intermediate state after a final one changes nothing', () => {
  const first = must(news(sent(segment('a'), segment('b')), 0, receipt('a', 'delivered')))
  assert.equal(news(first.life, 0, receipt('a', 'enroute', false)), undefined)
})

test('a second final state does not overrule the first', () => {
  const first = must(news(sent(segment('a'), segment('b')), 0, receipt('a', 'delivered')))
  assert.equal(news(first.life, 0, receipt('a', 'undeliverable')), undefined)
})

test('a message of several segments ends with the last of them', () => {
  const first = must(news(sent(segment('a'), segment('b')), 1, receipt('b', 'delivered')))
  assert.equal(first.life.state, 'sent')
  assert.equal(first.report, undefined)
  assert.equal(must(news(first.life, 0, receipt('a', 'delivered'))).life.state, 'delivered')
})

test('one failed segment makes the whole message undelivered, whichever comes first', () => {
  const failure = { kind: 'permanent', code: 'absent-subscriber', peer: '001' } as const
  const bad = receipt('a', 'undeliverable', true, { failure, error: '001' })
  const good = receipt('b', 'delivered')
  const orders: [[number, Receipt], [number, Receipt]][] = [
    [
      [0, bad],
      [1, good],
    ],
    [
      [1, good],
      [0, bad],
    ],
  ]
  for (const [first, second] of orders) {
    const half = must(news(sent(segment('a'), segment('b')), ...first))
    assert.ok(!isTerminal(half.life.state))
    const done = must(news(half.life, ...second))
    assert.equal(done.life.state, 'undelivered')
    assert.deepEqual(done.life.failure, failure)
    assert.deepEqual(done.report?.failure, failure)
    assert.equal(done.cdr?.failure, 'absent-subscriber')
  }
})

test('a failed receipt without a reading of it is undeliverable', () => {
  for (const state of ['expired', 'deleted', 'undeliverable', 'rejected', 'skipped', 'unknown'] as const) {
    const done = must(news(sent(segment('a')), 0, receipt('a', state)))
    assert.equal(done.life.state, 'undelivered', state)
    assert.deepEqual(done.life.failure, undeliverable)
  }
})

test('a failure noted earlier is gone from a message that was delivered after all', () => {
  const warned = must(
    news(sent(segment('a')), 0, receipt('a', 'enroute', false, { failure: { kind: 'temporary', code: 'absent-subscriber' } })),
  )
  const done = must(news(warned.life, 0, receipt('a', 'delivered')))
  assert.equal(done.life.failure, undefined)
  assert.equal(done.report?.failure, undefined)
  assert.equal(done.cdr?.failure, undefined)
})

test('a receipt for a segment whose siblings are not sent yet is kept, and the message waits', () => {
  const life: Life = { ...sent(segment('a'), { state: 'unsent' }), state: 'queued' }
  const kept = must(news(life, 0, receipt('a', 'delivered')))
  assert.equal(kept.life.state, 'queued')
  assert.deepEqual(kept.life.segments[0], { ref: 'a', bind: one, state: 'delivered', final: true, at: 3000 })
  assert.equal(kept.requeue, undefined)
})

test('a segment keeps when its state came and the error that came with it', () => {
  const first = must(news(sent(segment('a'), segment('b')), 0, receipt('a', 'enroute', false), { at: 2500 }))
  const then = must(news(first.life, 0, receipt('a', 'undeliverable', true, { error: '027', failure: undeliverable }), { at: 2800 }))
  assert.deepEqual(
    [first.life.segments[0]?.at, then.life.segments[0]?.at, then.life.segments[0]?.error, then.life.segments[1]?.at],
    [2500, 2800, '027', undefined],
  )
})

test('a receipt from another bind, or for a segment that is not there, changes nothing', () => {
  assert.equal(news(sent(segment('a')), 0, receipt('a', 'delivered'), { bind: two }), undefined)
  assert.equal(news(sent(segment('a')), 1, receipt('a', 'delivered')), undefined)
  assert.equal(news({ ...sent(), state: 'queued' }, 0, receipt('a', 'delivered')), undefined)
})

test('a message that has ended stays as it ended', () => {
  const states: MessageState[] = ['delivered', 'undelivered', 'failed', 'expired', 'canceled', 'unconfirmed']
  for (const state of states) assert.equal(news({ ...sent(segment('a')), state }, 0, receipt('a', 'delivered')), undefined, state)
})

test('a receipt that says failed sends the message to the next candidate where the route asks for it', () => {
  const moved = must(news(sent(segment('a'), segment('b', 'delivered', true)), 0, receipt('a', 'rejected'), { decision: decision(true) }))
  assert.deepEqual(moved.requeue, { lane: two, due: 3000, attempt: 0, candidate: 1 })
  assert.equal(moved.life.state, 'queued')
  assert.deepEqual(moved.life.segments, [])
  assert.equal(moved.life.failure, undefined)
  assert.equal(moved.report, undefined)
  assert.equal(moved.cdr, undefined)
  assert.deepEqual(moved.entries.at(-1), { at: 3000, what: 'failover', from: one, to: two, why: 'the receipt says rejected' })
  assert.equal(news(moved.life, 0, receipt('a', 'delivered')), undefined, 'a late receipt of the first bind')
})

test('there is no failing over from the last candidate, after validity, or while segments are awaited', () => {
  const last: Life = { ...sent({ ref: 'x', bind: two, state: 'sent' }), bind: two }
  assert.equal(must(news(last, 0, receipt('x', 'rejected'), { bind: two, decision: decision(true) })).life.state, 'undelivered')
  const late = must(news(sent(segment('a')), 0, receipt('a', 'expired'), { at: 100_000, decision: decision(true) }))
  assert.equal(late.life.state, 'undelivered')
  const waiting = must(news(sent(segment('a'), segment('b')), 0, receipt('a', 'rejected'), { decision: decision(true) }))
  assert.equal(waiting.requeue, undefined)
  assert.equal(waiting.life.state, 'sent')
})

test('without a receipt in time the message ends unconfirmed, or undelivered where a segment is known to have failed', () => {
  const silent = afterReceiptTimeout(message, decision(), sent(segment('a', 'delivered', true), segment('b')), 9000)
  assert.equal(silent.life.state, 'unconfirmed')
  assert.deepEqual(silent.report?.failure, { kind: 'unknown', code: 'no-receipt' })
  const failed = afterReceiptTimeout(message, decision(), sent(segment('a', 'rejected', true), segment('b')), 9000)
  assert.equal(failed.life.state, 'undelivered')
  assert.deepEqual(failed.life.failure, undeliverable)
  const underWay = afterReceiptTimeout(message, decision(), sent(segment('a', 'enroute')), 9000)
  assert.equal(underWay.life.state, 'unconfirmed')
})

test('the sender hears of what it asked for', () => {
  const wishes: [ReceiptWish, MessageState, boolean][] = [
    ['none', 'delivered', false],
    ['none', 'failed', false],
    ['success', 'delivered', true],
    ['success', 'undelivered', false],
    ['failure', 'delivered', false],
    ['failure', 'expired', true],
    ['failure', 'canceled', true],
    ['both', 'delivered', true],
    ['both', 'unconfirmed', true],
    ['both', 'queued', false],
    ['both', 'sent', false],
  ]
  for (const [wish, state, heard] of wishes) assert.equal(wantsReport({ ...message, receipt: wish }, state), heard, `${wish} ${state}`)
  assert.equal(wantsReport({ ...message, progress: true }, 'sent'), true)
  assert.equal(wantsReport({ ...message, progress: true, receipt: 'none' }, 'sent'), false)
})

test('every ending has a CDR, wanted or not, and counts once', () => {
  const quiet: Message = { ...message, receipt: 'none' }
  for (const state of ['delivered', 'undelivered', 'failed', 'expired', 'canceled', 'unconfirmed'] as const) {
    const done = finish(quiet, decision(), sent(segment('a')), state, 5000)
    assert.equal(done.report, undefined)
    assert.equal(done.cdr?.state, state)
    assert.equal(done.cdr?.finalAt, new Date(5000).toISOString())
    assert.deepEqual(done.counts, [{ bind: one, name: state }])
    assert.equal(done.entries.at(-1)?.what, 'final')
  }
})

test('the steps change nothing that they were given', () => {
  const life = sent(segment('a'), segment('b'))
  const before = structuredClone(life)
  news(life, 0, receipt('a', 'rejected'), { decision: decision(true) })
  afterReceiptTimeout(message, decision(), life, 9000)
  assert.deepEqual(life, before)
})
