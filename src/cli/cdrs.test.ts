import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Cdr } from '../model/cdr.ts'
import { cdrs } from './cdrs.ts'

const now = Date.UTC(2026, 10, 21)

const one = (more: Partial<Cdr> & { acceptedAt: string }): Cdr => ({
  message: 'm',
  account: 'AC1',
  direction: 'mt',
  kind: 'text',
  from: 'ACME',
  to: '+447700900123',
  sourceBind: 'AC1/api',
  carrierRefs: [],
  segments: 1,
  priority: 1,
  attempts: 1,
  state: 'delivered',
  finalAt: more.acceptedAt,
  ...more,
})

function directory(t: TestContext, files: Record<string, readonly Cdr[]>): string {
  const path = mkdtempSync(join(tmpdir(), 'cdrs-'))
  t.after(() => rmSync(path, { recursive: true }))
  for (const [name, lines] of Object.entries(files))
    writeFileSync(join(path, name), lines.map((cdr, i) => `${JSON.stringify({ sequence: i + 1, ...cdr })}\n`).join(''))
  return path
}

test('a month has the messages that were accepted in it, also those that ended in the next', async (t) => {
  const path = directory(t, {
    'cdr-2026-10-31.jsonl': [one({ acceptedAt: '2026-10-31T12:00:00.000Z' })],
    'cdr-2026-11-01.jsonl': [one({ acceptedAt: '2026-10-31T23:59:00.000Z' }), one({ acceptedAt: '2026-11-01T00:00:00.000Z', segments: 3 })],
    'cdr-2026-11-30.2.jsonl': [one({ acceptedAt: '2026-11-30T01:00:00.000Z', account: 'AC2', state: 'failed' })],
    'cdr-2026-12-02.jsonl': [one({ acceptedAt: '2026-11-30T23:00:00.000Z', account: 'AC2', segments: 2 })],
    'notes.txt': [one({ acceptedAt: '2026-11-30T23:00:00.000Z' })],
  })
  assert.equal(
    await cdrs(path, { by: 'account,state', format: 'csv' }, now),
    'account,state,messages,segments\nAC1,delivered,1,3\nAC2,delivered,1,2\nAC2,failed,1,1',
  )
  assert.deepEqual(JSON.parse(await cdrs(path, { by: 'account', month: '2026-10', format: 'json' }, now)), [
    { account: 'AC1', messages: 2, segments: 2 },
  ])
  assert.match(await cdrs(path, { by: 'day', month: '2026-01' }, now), /No message that was accepted in 2026-01 has ended/)
})

test('countries are those of the recipients, and what is no number has none', async (t) => {
  const acceptedAt = '2026-11-02T00:00:00.000Z'
  const path = directory(t, {
    'cdr-2026-11-02.jsonl': ['+447700900123', '+4915112345678', '12345', '+12025550123'].map((to) => one({ to, acceptedAt })),
  })
  const text = await cdrs(path, { by: 'country', format: 'csv' }, now)
  assert.deepEqual(text.split('\n').slice(1), [',1,1', 'DE,1,1', 'GB,1,1', 'US,1,1'])
})

test('a line that is just being written is left out, and cells that are formulas stay text', async (t) => {
  const path = directory(t, {
    'cdr-2026-11-02.jsonl': [one({ from: '=1+1', acceptedAt: '2026-11-02T00:00:00.000Z' })],
  })
  writeFileSync(join(path, 'cdr-2026-11-03.jsonl'), '{"sequence":2,"mess')
  assert.equal(await cdrs(path, { by: 'from', format: 'csv' }, now), "from,messages,segments\n'=1+1,1,1")
})

test('a wrong month, a wrong column and a directory without CDRs are told', async (t) => {
  const path = directory(t, {})
  await assert.rejects(cdrs(path, { by: 'account', month: '2026-13' }, now), /--month: expected a month such as 2026-11, got '2026-13'/)
  await assert.rejects(cdrs(path, { by: 'account,colour' }, now), /--by: expected some of account, .*, got 'colour'/)
  await assert.rejects(cdrs(join(path, 'none'), { by: 'account' }, now), /No CDRs can be read: ENOENT.*SIGNALBOX_DATA/)
})
