// What the index of the queue keeps in memory.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { testClock } from '../../clock.ts'
import { createLanes } from './lanes.ts'
import type { QueueRow } from './ops.ts'

function heldBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}

test('while a message is scheduled for tomorrow, those that pass it leave nothing in memory, and it is read in time', async () => {
  const clock = testClock()
  const tomorrow = clock.now() + 86_400_000
  const far: QueueRow = [1, 1, 1, tomorrow, 1, 1, '+441', null]
  let reads = 0
  const lanes = createLanes({
    clock,
    ready() {},
    weight: () => 1,
    isHeld: () => false,
    refill: () => Promise.resolve(reads++ === 0 ? [far] : []),
    failed: (error) => assert.fail(String(error)),
  })
  lanes.insert(far)
  let item = 1
  const pass = (times: number): void => {
    for (let i = 0; i < times; i++) {
      lanes.insert([1, 1, 1, clock.now(), ++item, item, '+442', null])
      const [run] = lanes.pick(1, 1, undefined)
      lanes.finish(run!.entries[0]!)
    }
  }
  pass(1000)
  const before = heldBytes()
  pass(200_000)
  const more = heldBytes() - before
  assert.ok(more < 2 << 20, `${more} bytes more`)
  assert.deepEqual([lanes.count, reads], [0, 0])
  await clock.advance(86_400_000)
  assert.equal(lanes.pick(1, 1, undefined)[0]?.entries[0]?.item, 1)
  lanes.stop()
})
