import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Receipt } from '../model/receipt.ts'
import { createTruth } from './truth.ts'
import { truthScore, type TruthReason, type TruthScore } from './truth-score.ts'

const bind = 'AC1/carrier'
const start = Date.UTC(2026, 10, 21, 8, 3, 7)
const minute = (ms: number): number => ms - (ms % 60_000)
const second = (ms: number): number => ms - (ms % 1000)

/** A seeded draw between 0 and 1. */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    return (state >>> 0) / 2 ** 32
  }
}
function normal(next: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
}

interface Carrier {
  /** From submit to receipt. */
  delayMs(next: () => number, sentAt: number): number
  undelivered?: number
  /** From when it was sent and its receipt came. */
  doneAt?(sentAt: number, cameAt: number): number | undefined
  submittedAt?(sentAt: number, cameAt: number): number | undefined
  perSecond?: number
}

/** Sends `n` messages and takes the receipts in the order in which they come. */
function play(carrier: Carrier, n: number, truth = createTruth(), seed = 1): TruthScore {
  const next = dice(seed)
  const receipts: { sentAt: number; at: number; receipt: Receipt }[] = []
  for (let i = 0; i < n; i++) {
    const sentAt = start + Math.round((i * 1000) / (carrier.perSecond ?? 10))
    const at = sentAt + Math.round(carrier.delayMs(next, sentAt))
    const receipt: Receipt = { ref: String(i), state: next() < (carrier.undelivered ?? 0) ? 'undeliverable' : 'delivered', final: true }
    const doneAt = carrier.doneAt ? carrier.doneAt(sentAt, at) : minute(at)
    if (doneAt !== undefined) receipt.doneAt = doneAt
    const submittedAt = carrier.submittedAt?.(sentAt, at)
    if (submittedAt !== undefined) receipt.submittedAt = submittedAt
    receipts.push({ sentAt, at, receipt })
  }
  receipts.sort((a, b) => a.at - b.at)
  for (const { sentAt, at, receipt } of receipts) truth.of(bind).add(receipt, sentAt, at)
  return truth.score(bind)!
}

/** Most within seconds, some handsets off for minutes or hours. */
const network: Carrier['delayMs'] = (next) => (next() < 0.05 ? 60_000 + next() * 7_200_000 : 2500 * Math.exp(0.7 * normal(next)))
const honest: Carrier = { delayMs: network, undelivered: 0.04 }
const whats = (score: TruthScore): TruthReason[] => score.reasons.map((reason) => reason.what)

test('a network with handsets scores high, whatever its rate and the precision and zone of its dates', () => {
  const carriers: Record<string, Carrier> = {
    minutes: honest,
    seconds: { ...honest, doneAt: (_, at) => second(at) },
    'seconds, fast': { ...honest, perSecond: 200, doneAt: (_, at) => second(at) },
    'minutes, fast': { ...honest, perSecond: 200 },
    slow: { ...honest, perSecond: 0.2 },
    'in another zone': {
      ...honest,
      doneAt: (_, at) => minute(at) + 12 * 3_600_000,
      submittedAt: (sentAt) => minute(sentAt) + 12 * 3_600_000,
    },
    'with a slow clock': { ...honest, doneAt: (_, at) => second(at) - 3000, submittedAt: (sentAt) => second(sentAt) - 3000 },
  }
  for (const [name, carrier] of Object.entries(carriers)) {
    for (const n of [60, 500, 9000]) {
      const score = play(carrier, n)
      assert.ok(score.score !== undefined && score.score >= 90, `${name}, ${n}: ${JSON.stringify(score)}`)
    }
  }
})

test('each kind of lie costs what it should, and is told in words', () => {
  const lies: [what: TruthReason, words: RegExp, carrier: Carrier][] = [
    ['too-fast', /100 % came within 300 ms of the submit/, { ...honest, delayMs: (next) => next() * 299 }],
    ['same-delay', /nearly the same delay, about 50\d\d ms/, { ...honest, delayMs: (next) => 5000 + next() * 100 }],
    ['all-delivered', /all of 1000 say delivered/, { ...honest, undelivered: 0 }],
    ['same-instant', /share their done date/, { ...honest, doneAt: () => start }],
    // All of ten minutes at once, by the clock.
    ['same-instant', /share their done date/, { ...honest, perSecond: 1, delayMs: (_, sentAt) => 600_000 - (sentAt % 600_000) }],
    ['round-dates', /full ten minutes/, { ...honest, perSecond: 0.05, doneAt: (_, at) => at - (at % 600_000) }],
    ['impossible-dates', /100 % were done before they were submitted/, { ...honest, submittedAt: (_, at) => minute(at) + 60_000 }],
    ['impossible-dates', /a day off our clock/, { ...honest, doneAt: (sentAt) => sentAt - 90_000_000 }],
    ['impossible-dates', /a day off our clock/, { ...honest, doneAt: (_, at) => at + 90_000_000 }],
    ['no-done-date', /100 % have no done date/, { ...honest, doneAt: () => undefined }],
  ]
  for (const [what, words, carrier] of lies) {
    const score = play(carrier, 1000)
    const reason = score.reasons.find((one) => one.what === what)
    assert.ok(reason, `${what}: ${JSON.stringify(score)}`)
    assert.match(reason.words, words)
    assert.ok(score.score! <= 100 - reason.costs && reason.costs >= 10, JSON.stringify(score))
  }
})

test('a carrier that makes its receipts up at once scores near nothing', () => {
  const liar: Carrier = { delayMs: (next) => 5 + next() * 10, doneAt: () => start }
  const score = play(liar, 2000)
  assert.ok(score.score! <= 10, JSON.stringify(score))
  assert.deepEqual(whats(score), ['too-fast', 'same-instant', 'same-delay', 'all-delivered'])
})

test('below fifty receipts nothing is said, and a full delivery is held against nobody below two hundred', () => {
  const liar: Carrier = { delayMs: () => 5 }
  assert.deepEqual(play(liar, 49), { receipts: 49, since: start + 5, reasons: [] })
  assert.ok(!whats(play(liar, 199)).includes('all-delivered'))
  assert.ok(whats(play(liar, 200)).includes('all-delivered'))
  assert.equal(createTruth().score(bind), undefined)
})

test('intermediate receipts say nothing, and those of a message only part of which was sent nothing of time', () => {
  const truth = createTruth()
  const book = truth.of(bind)
  for (let i = 0; i < 100; i++) book.add({ ref: 'a', state: 'enroute', final: false }, start, start)
  assert.equal(truth.score(bind), undefined)
  for (let i = 0; i < 100; i++)
    book.add({ ref: 'a', state: i < 50 ? 'delivered' : 'expired', final: true, doneAt: start }, undefined, start)
  assert.equal(truth.score(bind)?.score, 100)
})

test('a carrier is judged by its newest thousands: one that reforms recovers, one that begins to lie falls', () => {
  const truth = createTruth()
  const liar: Carrier = { delayMs: () => 5 }
  assert.ok(play(liar, 4000, truth).score! < 50)
  assert.ok(play(honest, 4000, truth, 2).score! > 90)
  assert.ok(play(liar, 4000, truth, 3).score! < 50)
  assert.ok(truth.score(bind)!.receipts <= 4000, 'only so many are kept')
})

test('what was seen goes on after a restart, as it was', () => {
  const truth = createTruth()
  play(honest, 3100, truth)
  const again = createTruth(JSON.parse(JSON.stringify(truth.snapshot())))
  assert.deepEqual(again.scores(), truth.scores())
  assert.deepEqual(again.score(bind), truth.score(bind))
})

test('the score is between 0 and 100, with reasons that add up to what is missing, whatever was seen', () => {
  const share = fc.nat(1000)
  const tally = fc
    .record({
      receipts: fc.integer({ min: 50, max: 4000 }),
      since: fc.constant(start),
      parts: fc.array(share, { minLength: 8, maxLength: 8 }),
      log: fc.double({ min: 4, max: 16, noNaN: true }),
      spread: fc.double({ min: 0, max: 2, noNaN: true }),
    })
    .map(({ receipts, since, parts, log, spread }) => {
      const part = (i: number, of: number): number => Math.floor((of * parts[i]!) / 1000)
      const timed = part(0, receipts)
      const dated = part(1, receipts)
      const dates = part(2, dated)
      return {
        receipts,
        since,
        timed,
        dated,
        dates,
        delivered: part(3, receipts),
        fast: part(4, timed),
        roundDates: part(5, dates),
        sameInstant: part(6, dated),
        impossible: part(7, dated),
        logSum: log * timed,
        logSquares: (log * log + spread * spread) * timed,
      }
    })
  fc.assert(
    fc.property(tally, (of) => {
      const { score, reasons } = truthScore(of)
      assert.ok(score !== undefined && Number.isInteger(score) && score >= 0 && score <= 100)
      const lost = reasons.reduce((sum, reason) => sum + reason.costs, 0)
      assert.equal(score, Math.max(0, 100 - lost))
      for (const { costs, words } of reasons) assert.ok(costs > 0 && words.length > 10 && !words.includes('NaN'), words)
    }),
  )
})
