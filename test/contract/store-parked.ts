// Receipts that come before the response that names their segment: parked, counted, matched, or given up.
import assert from 'node:assert/strict'
import type { DeliverItem } from '../../src/store/store.ts'
import { backup, carrier, delivery, origin, receipt, sent } from './fixture.ts'
import type { Case } from './store.ts'
import { claimed, life, submitted } from './store-receipts.ts'

export const parkedCases: Case[] = [
  [
    'parked receipts are counted and listed by bind, oldest first, page by page, and given up with a count',
    async (bench) => {
      const begin = bench.clock.now()
      for (let i = 0; i < 5; i++) {
        await bench.store.receipt(carrier, receipt(`Q${i}`, i === 3 ? 'undeliverable' : 'delivered', { error: '007' }))
        await bench.clock.advance(1000)
      }
      await bench.store.receipt(backup, receipt('Q0'))
      for (const again of [false, true]) {
        if (again) await bench.reopen()
        assert.deepEqual(await bench.store.parkedDepths(), [
          { bind: carrier, parked: 5, oldestAt: begin },
          { bind: backup, parked: 1, oldestAt: begin + 5000 },
        ])
        const seen: string[] = []
        let cursor: string | undefined
        do {
          const page = await bench.store.parked(carrier, 2, cursor)
          assert.ok(page.receipts.length <= 2)
          seen.push(...page.receipts.map(({ at, receipt: { ref, state, error } }) => `${ref} ${state} ${error} +${at - begin}`))
          cursor = page.next
        } while (cursor !== undefined)
        assert.deepEqual(seen, [
          'Q0 delivered 007 +0',
          'Q1 delivered 007 +1000',
          'Q2 delivered 007 +2000',
          'Q3 undeliverable 007 +3000',
          'Q4 delivered 007 +4000',
        ])
      }
      assert.deepEqual(await bench.store.parked(origin, 10), { receipts: [] })
      await submitted(bench, ['q4'])
      const limits = { messagesBefore: 0, statisticsBefore: 0, idempotencyBefore: 0 }
      while (await bench.store.sweep({ ...limits, earlyBefore: begin + 2500 })) continue
      assert.deepEqual(
        (await bench.store.parked(carrier, 10)).receipts.map((each) => each.receipt.ref),
        ['Q3'],
        'three were too old, and the message of the fifth came',
      )
      await submitted(bench, ['whatever'])
      const rows = await bench.store.statistics({ binds: [carrier], from: 0, to: bench.clock.now() })
      assert.equal(
        rows.filter((row) => row.name === 'parkedLost').reduce((sum, row) => sum + row.count, 0),
        3,
      )
      assert.equal(
        rows.filter((row) => row.name === 'parked').reduce((sum, row) => sum + row.count, 0),
        5,
      )
      assert.deepEqual(
        (await (await bench.reopen()).parkedDepths()).map((depth) => [depth.bind, depth.parked]),
        [
          [carrier, 1],
          [backup, 1],
        ],
      )
    },
  ],
  [
    'an early receipt is parked and found when its attempt is settled, also after a restart',
    async (bench) => {
      for (const again of [false, true]) {
        const { id, run, item } = await claimed(bench)
        assert.deepEqual(await bench.store.receipt(carrier, receipt(`0A${again}`)), { as: 'parked' })
        let [token, claimedItem] = [run, item]
        if (again) {
          await bench.reopen()
          token = (await bench.store.claim(carrier, 1))[0]!
          claimedItem = token.items[0] as DeliverItem
        }
        await bench.store.settle(delivery(token, claimedItem, sent(claimedItem, [`0a${again}`], bench.clock.now())))
        assert.equal((await life(bench, id)).state, 'delivered')
        await bench.reopen()
        const trace = (await bench.store.trace(id))!
        assert.deepEqual(
          trace.entries.map((entry) => entry.what),
          ['accepted', 'attempt', 'receipt', 'final'],
        )
        assert.equal(trace.life.state, 'delivered')
        assert.deepEqual(await bench.store.receipt(carrier, receipt(`0A${again}`)), { as: 'duplicate' })
      }
    },
  ],
  [
    'early receipts for one id are matched once, and the others counted as duplicates',
    async (bench) => {
      const { id, run, item } = await claimed(bench)
      for (const state of ['accepted', 'delivered', 'delivered'] as const) await bench.store.receipt(carrier, receipt('e1', state))
      await bench.store.settle(delivery(run, item, sent(item, ['E1'], bench.clock.now())))
      assert.equal((await life(bench, id)).state, 'delivered')
      assert.deepEqual(await bench.store.parkedDepths(), [])
      const rows = await bench.store.statistics({ binds: [carrier], from: 0, to: bench.clock.now() })
      const counts = Object.fromEntries(rows.map((row) => [row.name, row.count]))
      assert.deepEqual([counts['parked'], counts['receipts'], counts['duplicates']], [3, 2, 1])
    },
  ],
]
