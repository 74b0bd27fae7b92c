import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TraceAnswer } from '../http/api/traffic.ts'
import type { LifeEntry } from '../model/life.ts'
import { bindName, since, table } from './print.ts'
import { traceLines } from './trace.ts'

const account = `AC${'1'.repeat(32)}`
const at = Date.UTC(2026, 0, 1, 12)
const iso = (ms: number): string => new Date(ms).toISOString()

function answer(state: TraceAnswer['message']['state'], entries: LifeEntry[]): TraceAnswer {
  return {
    message: {
      id: '0'.repeat(32),
      account,
      direction: 'mt',
      arrival: `${account}/api`,
      from: '+15005550006',
      to: '+447700900123',
      kind: 'text',
      segments: 2,
      priority: 1,
      receipt: 'both',
      state,
      redacted: false,
      acceptedAt: iso(at),
      validUntil: iso(at + 86_400_000),
      updatedAt: iso(at + 340),
      decision: {
        revision: 3,
        route: 'united-kingdom',
        candidates: [
          { bind: `${account}/northern`, why: 'first in order' },
          { bind: `AC${'2'.repeat(32)}/shared`, why: 'next in order' },
        ],
        failoverOnReceipt: false,
        tried: [
          { route: 'night', account, matched: false, why: 'only between 22:00 and 06:00' },
          { route: 'united-kingdom', account, matched: true, why: 'prefix +44' },
        ],
      },
    },
    attempts: 1,
    segments: [
      { state: 'sent', ref: 'a1', bind: `${account}/northern`, at: iso(at + 2000) },
      { state: 'undeliverable', ref: 'a2', final: true, error: '027', bind: `${account}/northern`, at: iso(at + 2301) },
    ],
    entries: entries.map((entry) =>
      entry.what === 'retry' ? { ...entry, at: iso(entry.at), due: iso(entry.due) } : { ...entry, at: iso(entry.at) },
    ),
  }
}

test('the trace tells a life from accepted to ended, each with the time since it was accepted', () => {
  const bind = `${account}/northern`
  const text = traceLines(
    answer('delivered', [
      { at, what: 'accepted', via: `${account}/api` },
      {
        at: at + 12,
        what: 'attempt',
        n: 1,
        bind,
        outcome: 'failed',
        failure: { kind: 'temporary', code: 'peer-busy', peer: 'ESME_RMSGQFUL' },
      },
      { at: at + 12, what: 'retry', bind, due: at + 2012 },
      {
        at: at + 2020,
        what: 'attempt',
        n: 2,
        bind,
        outcome: 'ok',
        refs: ['a1', 'a2'],
        tookMs: 8,
        wire: ['→ submit_sm seq 7', '← submit_sm_resp seq 7'],
      },
      {
        at: at + 2300,
        what: 'receipt',
        bind,
        ref: 'A1',
        segment: 0,
        state: 'delivered',
        final: true,
        form: 'case',
        wire: '← deliver_sm seq 3',
      },
      { at: at + 2301, what: 'final', state: 'delivered' },
      { at: at + 2340, what: 'report', state: 'delivered', n: 1, outcome: 'ok', wire: ['POST http://127.0.0.1:9000/status 204'] },
    ]),
  )
  assert.deepEqual(text, [
    `SM${'0'.repeat(32)}  DELIVERED`,
    '+15005550006 → +447700900123, to a handset, text, 2 segments',
    `accepted 2026-01-01 12:00:00.000 UTC, account ${account}`,
    `id ${'0'.repeat(32)}`,
    '',
    '+0 ms       accepted    on api; it is on disk',
    '            decided     route united-kingdom, revision 3',
    '              ✘ night: only between 22:00 and 06:00',
    '              ✔ united-kingdom: prefix +44',
    '              1. northern – first in order',
    `              2. AC${'2'.repeat(32)}/shared – next in order`,
    '+12 ms      attempt 1   northern: failed: temporary, peer-busy: ESME_RMSGQFUL',
    '+12 ms      retry       on northern in 2.0 s',
    '+2.0 s      attempt 2   northern: taken, ids a1, a2, answered in 8 ms',
    '              → submit_sm seq 7',
    '              ← submit_sm_resp seq 7',
    '+2.3 s      receipt     northern: delivered, segment 1, id A1, id form case',
    '              ← deliver_sm seq 3',
    '+2.3 s      ended       delivered',
    '+2.3 s      report 1    delivered: taken',
    '              POST http://127.0.0.1:9000/status 204',
    '',
    'segment 1   sent, on northern, id a1, +2.0 s',
    'segment 2   undeliverable, error 027, on northern, id a2, +2.3 s',
  ])
})

test('a message that waits for its receipts says so', () => {
  assert.equal(traceLines(answer('sent', [])).at(-1), 'Waits for a receipt.')
})

test('every kind of entry has its line', () => {
  const bind = `${account}/northern`
  const lines = traceLines(
    answer('failed', [
      { at, what: 'failover', from: bind, to: `${account}/southern`, why: 'the bind is down' },
      { at, what: 'held', why: 'the outcome is unknown' },
      { at, what: 'redacted' },
      { at, what: 'note', text: 'moved by hand' },
      { at, what: 'final', state: 'failed', failure: { kind: 'permanent', code: 'blocked' } },
    ]),
  ).join('\n')
  for (const words of [
    'northern → southern: the bind is down',
    'held        the outcome',
    'redacted',
    'moved by hand',
    'failed (permanent, blocked)',
  ]) {
    assert.ok(lines.includes(words), `${words} in\n${lines}`)
  }
})

test('times are told in the unit that fits', () => {
  assert.deepEqual([0, 999, 1000, 59_900, 185_000, 7_800_000, 360_000_000].map(since), [
    '+0 ms',
    '+999 ms',
    '+1.0 s',
    '+59.9 s',
    '+3 min 5 s',
    '+2 h 10 min',
    '+4 d 4 h',
  ])
})

test('columns are as wide as their widest cell, numbers to the right', () => {
  assert.equal(
    table(
      ['bind', 'n'],
      [
        ['northern', 5],
        ['s', 12],
      ],
      'none',
    ),
    'bind       n\nnorthern   5\ns         12',
  )
  assert.equal(table(['bind'], [], 'none'), 'none')
})

test("a bind of the account goes by its own id, another's in full", () => {
  assert.equal(bindName(`${account}/northern`, account), 'northern')
  assert.equal(bindName('AC9/northern', account), 'AC9/northern')
})

test('a message that was decided again shows each decision where it was made', () => {
  const before = {
    revision: 2,
    route: 'gone',
    candidates: [{ bind: `${account}/cheap`, why: 'first' }],
    failoverOnReceipt: false,
    tried: [],
  }
  const text = traceLines(
    answer('queued', [
      { at, what: 'accepted', via: `${account}/api` },
      { at: at + 5000, what: 'decided', why: 'the bind is gone', before },
    ]),
  ).join('\n')
  assert.match(
    text,
    /accepted .*\n.*decided +route gone, revision 2\n.*cheap – first\n\+5.*again +the bind is gone\n.*route united-kingdom, revision 3/,
  )
})
