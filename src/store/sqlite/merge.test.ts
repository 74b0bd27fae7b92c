// Receipts that come while an attempt is under way, laid under that attempt's step.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Life, SegmentProgress } from '../../model/life.ts'
import { mergeReceipts, type Transition } from '../../model/transition.ts'
import { backup, carrier, messageSource } from '../../../test/contract/fixture.ts'

const source = messageSource(() => 1000)

function segment(ref: string, state: SegmentProgress['state'] = 'sent'): SegmentProgress {
  return { ref, bind: carrier, state, ...(state === 'sent' ? {} : { final: true }) }
}

function lifeOf(state: Life['state'], segments: SegmentProgress[]): Life {
  return { state, segments, bind: carrier, attempts: 1, updatedAt: 1000 }
}

function step(life: Life, more: Partial<Transition> = {}): Transition {
  return { message: 'm', life, entries: [{ at: 1, what: 'note', text: 'attempt' }], counts: [{ bind: carrier, name: 'sent' }], ...more }
}

test('a step without news under it is left as it is', () => {
  const { message, decision } = source.message()
  const whole = step(lifeOf('sent', [segment('a')]))
  assert.equal(mergeReceipts(message, decision, lifeOf('queued', []), whole, 2000), whole)
  const fresh = step(lifeOf('queued', []), { requeue: { lane: backup, due: 1, attempt: 0, candidate: 1 } })
  assert.equal(mergeReceipts(message, decision, lifeOf('queued', [segment('a', 'delivered')]), fresh, 2000), fresh)
})

test('a segment receipted meanwhile keeps its state, the rest are awaited', () => {
  const { message, decision } = source.message()
  const merged = mergeReceipts(
    message,
    decision,
    lifeOf('queued', [segment('a', 'delivered'), { state: 'unsent' }]),
    step(lifeOf('sent', [segment('a'), segment('b')])),
    2000,
  )
  assert.deepEqual(
    merged.life.segments.map((one) => one.state),
    ['delivered', 'sent'],
  )
  assert.equal(merged.life.state, 'sent')
})

test('the message ends here when every segment has its final state', () => {
  const { message, decision } = source.message()
  const refs = [{ bind: carrier, ref: 'b', segment: 1 }]
  const merged = mergeReceipts(
    message,
    decision,
    lifeOf('queued', [segment('a', 'delivered')]),
    step(lifeOf('sent', [segment('a')]), { refs }),
    2000,
  )
  assert.equal(merged.life.state, 'delivered')
  assert.deepEqual(merged.refs, refs)
  assert.ok(merged.cdr && merged.report)
  assert.deepEqual(merged.counts.map((count) => count.name).sort(), ['delivered', 'sent'])
  const failed = mergeReceipts(message, decision, lifeOf('queued', [segment('a', 'rejected')]), step(lifeOf('sent', [segment('a')])), 2000)
  assert.equal(failed.life.state, 'undelivered')
})

test('a failed receipt takes the next candidate where the route asks for it', () => {
  const { message, decision } = source.message({ failover: true })
  const merged = mergeReceipts(message, decision, lifeOf('queued', [segment('a', 'rejected')]), step(lifeOf('sent', [segment('a')])), 2000)
  assert.deepEqual(merged.requeue, { lane: backup, due: 2000, attempt: 0, candidate: 1 })
  assert.deepEqual(merged.life.segments, [])
})

test('a segment that was sent anew under another id is not the one that was receipted', () => {
  const { message, decision } = source.message()
  const again = step(lifeOf('sent', [segment('b')]))
  assert.equal(mergeReceipts(message, decision, lifeOf('queued', [segment('a', 'rejected')]), again, 2000), again)
})
