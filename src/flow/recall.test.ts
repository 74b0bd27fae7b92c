import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LiveBind } from '../binds/supervisor.ts'
import type { SegmentProgress } from '../model/life.ts'
import type { Message } from '../model/message.ts'
import { defaultPolicy } from '../model/policy.ts'
import type { Operated, Session } from '../plugin.ts'
import type { MessageRecord } from '../store/store.ts'
import { recall, rework } from './recall.ts'

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

test('another text is asked for in place of the one that the carrier has, where both are one segment', async () => {
  const asked: string[] = []
  const able: Session = {
    ...session(),
    replace(message, ref, segment) {
      asked.push(`${ref} ${segment.alphabet} ${message.body.kind === 'text' ? message.body.text : ''}`)
      return Promise.resolve(ref === 'known' ? { ok: true } : { ok: false, failure: { kind: 'permanent', code: 'rejected' } })
    },
  }
  const live = (...sessions: Session[]) => ({
    get: (id: string) => {
      const it = { sessions: new Set(sessions), bind: { policy: defaultPolicy, config: {} }, connector: {} }
      return id === bind ? (it as unknown as LiveBind) : undefined
    },
  })
  const of = (text: string) => ({ id: '0'.repeat(32), body: { kind: 'text', text } }) as Message
  assert.equal(await rework(live(session(), able), record([sent('known')]), of('Other')), true)
  assert.equal(await rework(live(able), record([sent('unknown')]), of('Other')), false)
  assert.equal(asked.length, 2)
  assert.match(asked[0]!, /^known gsm7 Other$/)
  for (const [segments, text, state] of [
    [[sent('known'), sent('b')], 'Other', 'sent'],
    [[], 'Other', 'sent'],
    [[{ ...sent('known'), state: 'delivered', final: true } as const], 'Other', 'sent'],
    [[{ ...sent('known'), bind: 'AC1/other' }], 'Other', 'sent'],
    [[sent('known')], 'x'.repeat(200), 'sent'],
    [[sent('known')], 'Other', 'queued'],
  ] as const)
    assert.equal(await rework(live(able), record([...segments], state), of(text)), false)
  assert.equal(await rework(live(session()), record([sent('known')]), of('Other')), false)
  assert.equal(asked.length, 2)
})
