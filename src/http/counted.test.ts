import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testClock } from '../clock.ts'
import { StoreUnavailable, type StatisticsQuery, type StatisticsRow, type Store } from '../store/store.ts'
import { createCounted } from './counted.ts'

const minute = 60_000
const begin = Date.UTC(2026, 0, 1, 12)

/** A store of which only the statistics are asked, with what it was asked. */
function bed() {
  const clock = testClock(begin)
  const rows: StatisticsRow[] = []
  const asked: StatisticsQuery[] = []
  const counted = createCounted(
    {
      trouble: undefined,
      async statistics(query) {
        asked.push(query)
        return rows.filter((row) => row.minute >= query.from && row.minute <= query.to)
      },
    },
    clock,
  )
  return {
    clock,
    rows,
    asked,
    sent(at = clock.now()): void {
      rows.push({ bind: 'AC1/a', minute: at - (at % minute), name: 'sent', count: 1 })
    },
    total: async (): Promise<number> => (await counted()).reduce((sum, { count }) => sum + count, 0),
  }
}

test('counters begin with the process, only rise, and read no old minute twice', async () => {
  const { clock, rows, asked, sent, total } = bed()
  sent(begin - 30 * 86_400_000)
  assert.equal(await total(), 0, 'what was before it is the counter of another process')
  for (let n = 1; n <= 120; n++) {
    sent()
    assert.equal(await total(), n)
    await clock.advance(minute)
  }
  asked.length = 0
  assert.equal(await total(), 120)
  assert.ok(
    asked.every(({ from }) => from >= clock.now() - 12 * minute),
    'the last minutes alone',
  )
  rows.length = 0
  assert.ok((await total()) >= 108, 'what the store has swept stays counted')
})

test('looks at the same time settle a minute once', async () => {
  const { clock, sent, total } = bed()
  sent()
  await clock.advance(60 * minute)
  assert.deepEqual(await Promise.all([total(), total(), total()]), [1, 1, 1])
})

test('a clock that is set back and forth counts no minute twice, and stops nothing', async () => {
  const { clock, sent, total } = bed()
  let n = 0
  for (const ms of [0, 3 * 3_600_000, -7 * 3_600_000, 60_000, 2 * 86_400_000, -86_400_000]) {
    clock.jump(ms)
    for (let minutes = 0; minutes < 15; minutes++) {
      sent()
      assert.equal(await total(), ++n, `after ${ms}`)
      await clock.advance(minute)
    }
  }
})

test('while nothing can be written the counters stand still, and nobody waits', async () => {
  let trouble: Store['trouble']
  let count = 3
  const counted = createCounted(
    {
      get trouble() {
        return trouble
      },
      statistics: () => (trouble ? new Promise(() => {}) : Promise.resolve([{ bind: 'AC1/a', minute: begin, name: 'sent', count }])),
    },
    testClock(begin),
  )
  const before = await counted()
  trouble = { why: 'ENOSPC', forGood: false }
  count = 5
  assert.deepEqual(await counted(), before)
  trouble = undefined
  assert.equal((await counted())[0]?.count, 5)
})

test('while the tables cannot be written, though the journal can, the counters stand still too', async () => {
  let broken = false
  const counted = createCounted(
    {
      trouble: undefined,
      statistics: async () => {
        if (broken) throw new StoreUnavailable('database or disk is full')
        return [{ bind: 'AC1/a', minute: begin, name: 'sent', count: 3 }]
      },
    },
    testClock(begin),
  )
  const before = await counted()
  broken = true
  assert.deepEqual(await counted(), before)
  broken = false
  assert.equal((await counted())[0]?.count, 3)
})
