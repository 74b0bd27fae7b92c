import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bind, parked, receiptLines } from './bind.ts'
import { account, clientOf } from './client.fixture.ts'

const now = Date.UTC(2026, 0, 1, 12)
const iso = (ms: number): string => new Date(ms).toISOString()

const northern = {
  id: 'northern',
  bind: `${account}/northern`,
  name: 'Northern Mobile',
  connector: 'smpp',
  side: 'supplier',
  enabled: true,
  paused: false,
}
const answers: Record<string, unknown> = {
  '/api/v1/binds/northern': northern,
  '/api/v1/binds/northern/receipts': {
    refForms: { same: 20 },
    refForm: { form: 'same', seen: 20, of: 20, share: 1, sure: true },
    parked: 0,
  },
  '/api/v1/statistics': {
    binds: [
      {
        sums: { sent: 20, delivered: 19 },
        depth: { deliver: 3, report: 0 },
        sessions: { state: 'bound', sessions: 2, since: iso(Date.now() - 3_600_000), inFlight: 4 },
      },
    ],
  },
}

test('a bind is told whole: sessions, what waits, what happened, what its receipts tell', async () => {
  const { client, asked } = clientOf((path) => answers[path])
  const lines = (await bind(client, 'northern', { account })).split('\n')
  assert.deepEqual(lines, [
    'northern  BOUND',
    'smpp, supplier, Northern Mobile',
    '',
    'sessions    2, 4 in flight, for 1 h 0 min',
    'waits       3 to deliver, 0 to report',
    'last hour   sent 20, delivered 19',
    'id form     same, 20 of 20 receipts, sure',
    'parked      0',
    'truth       no receipts yet',
  ])
  assert.equal(asked[0], `GET /api/v1/binds/northern?account=${account}`)
  const json = JSON.parse(await bind(client, 'northern', { json: true })) as { receipts: unknown; id: string }
  assert.deepEqual([json.id, json.receipts], ['northern', answers['/api/v1/binds/northern/receipts']])
})

test('a client bind is told without receipts, and a faulty one with its faults', async () => {
  const faults = [{ path: 'config.port', message: 'expected 1–65535, got 99999' }]
  const { client } = clientOf((path) => (path === '/api/v1/binds/northern' ? { ...northern, side: 'client', faults } : answers[path]))
  const text = await bind(client, 'northern', {})
  assert.match(text, /FAULTY/)
  assert.match(text, /fault {7}config.port: expected/)
  assert.doesNotMatch(text, /truth|parked/)
})

test('the form of ids, parked receipts and the truth score are told in words', () => {
  const told = receiptLines(
    {
      refForms: { respHexReceiptDec: 12, same: 1 },
      refForm: { form: 'respHexReceiptDec', seen: 12, of: 13, share: 0.923, sure: false },
      parked: 3,
      oldestParkedAt: iso(now - 150_000),
      truth: {
        score: 45,
        receipts: 2000,
        since: iso(now - 86_400_000),
        reasons: [
          { what: 'too-fast', costs: 35, words: '100 % came within 300 ms' },
          { what: 'all-delivered', costs: 20, words: 'all of 2000 say delivered' },
        ],
      },
    },
    now,
  )
  assert.deepEqual(told, [
    'id form     respHexReceiptDec, 12 of 13 receipts, not sure yet',
    '            same 1',
    'parked      3, the oldest for 2 min 30 s',
    'truth       45 of 100, by the newest 2000 receipts, since 2025-12-31 12:00:00.000 UTC',
    '            −35  100 % came within 300 ms',
    '            −20  all of 2000 say delivered',
  ])
  const few = receiptLines({ refForms: {}, parked: 0, truth: { receipts: 7, since: iso(now), reasons: [] } }, now)
  assert.deepEqual(few, ['id form     not known yet', 'parked      0', 'truth       not said below 50 receipts; there are 7'])
})

test('parked receipts are a table, oldest first, and say when there are more', async () => {
  const receipts = [
    { ref: '0AF', state: 'delivered', final: true, at: iso(now), doneAt: iso(now - 1000), error: '000' },
    { ref: 'x', state: 'enroute', final: false, at: iso(now + 5) },
  ]
  const { client, asked } = clientOf(() => ({ receipts, next: '17' }))
  assert.deepEqual((await parked(client, 'northern', { limit: '2' })).split('\n'), [
    'came (UTC)               id   state                error  done',
    '2026-01-01 12:00:00.000  0AF  delivered            000    2026-01-01 11:59:59.000',
    '2026-01-01 12:00:00.005  x    enroute (not final)',
    '… and more: --limit shows up to 1000.',
  ])
  assert.equal(asked[0], 'GET /api/v1/binds/northern/receipts/parked?limit=2')
  const none = clientOf(() => ({ receipts: [] }))
  assert.equal(await parked(none.client, 'northern', { limit: '50' }), 'No receipt waits for its message.')
})
