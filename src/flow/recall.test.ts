import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LiveBind } from '../binds/supervisor.ts'
import type { SegmentProgress } from '../model/life.ts'
import type { Operated, Session } from '../plugin.ts'
import type { MessageRecord } from '../store/store.ts'
import { recall } from './recall.ts'

const bind = 'AC1/carrier'
const session = (cancel?: (ref: string) => Operated): Session => ({
  closed: new Promise(() => {}),
  close: () => Promise.resolve(),
  ...(cancel ? { cancel: (_message, ref) => Promise.resolve(cancel(ref)) } : {}),
})
const binds = (...sessions: Session[]) => ({
  get: (id: string) => (id === bind ? ({ sessions: new Set(sessions) } as unknown as LiveBind) : undefined),
})
const record = (segments: SegmentProgress[], state = 'sent'): MessageRecord =>
  ({ message: {}, life: { state, bind, segments } }) as unknown as MessageRecord
const sent = (ref: string): SegmentProgress => ({ ref, bind, state: 'sent' })

test('every segment is asked back, over a session that can do it', async () => {
  const asked: string[] = []
  const able = session((ref) => (asked.push(ref), { ok: true }))
  assert.equal(await recall(binds(session(), able), record([sent('a'), sent('b')])), true)
  assert.deepEqual(asked, ['a', 'b'])
})

test('it fails where one of them is refused, and is not tried where it cannot succeed', async () => {
  let asked = 0
  const able = session((ref) => {
    asked++
    return ref === 'a' ? { ok: true } : { ok: false, failure: { kind: 'permanent', code: 'rejected' } }
  })
  assert.equal(await recall(binds(able), record([sent('a'), sent('b')])), false)
  assert.equal(asked, 2)
  asked = 0
  for (const segments of [
    [],
    [sent('a'), { bind, state: 'sent' } as const],
    [sent('a'), { ...sent('b'), state: 'delivered', final: true } as const],
    [{ ...sent('a'), bind: 'AC1/other' }],
  ])
    assert.equal(await recall(binds(able), record(segments)), false)
  assert.equal(await recall(binds(able), record([sent('a')], 'queued')), false)
  assert.equal(await recall(binds(session()), record([sent('a')])), false)
  assert.equal(await recall(binds(), record([sent('a')])), false)
  assert.equal(asked, 0)
})
