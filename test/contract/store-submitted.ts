// What accounts have submitted and what waits for them: exact, at once, over restarts and turns of the
// day and the month; and the limit that a message may be refused by.
import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { dayOf } from '../../src/model/caps.ts'
import type { DeliverItem, Limit, Store } from '../../src/store/store.ts'
import { account, backup, carrier, delivery, sent } from './fixture.ts'
import { drain } from './store-lanes.ts'
import type { Case } from './store.ts'

const other = 'AC00000000000000000000000000000002'
const dayMs = 86_400_000

const span = { from: 0, to: 1e14 }

const everUsed = async (store: Store, of = account): Promise<{ messages: number; segments: number }> => {
  const mine = (await store.usage({ accounts: [of], ...span })).filter(({ direction }) => direction === 'mt')
  return mine.reduce((sum, one) => ({ messages: sum.messages + one.messages, segments: sum.segments + one.segments }), {
    messages: 0,
    segments: 0,
  })
}

export const submittedCases: Case[] = [
  [
    'what an account submits is counted at once, by day and month, and exactly so after a restart',
    async (bench) => {
      // Noon of the last but one day of a month.
      const start = Date.UTC(2027, 0, 30, 12)
      await bench.clock.advance(start - bench.clock.now())
      const steps = fc.array(
        fc.oneof(
          fc.record({
            as: fc.constant('accept' as const),
            of: fc.constantFrom(account, other),
            segments: fc.integer({ min: 1, max: 9 }),
            mo: fc.boolean(),
          }),
          fc.record({ as: fc.constant('later' as const), ms: fc.constantFrom(1, 3_600_000, 12 * 3_600_000, dayMs) }),
          fc.record({ as: fc.constant('reopen' as const) }),
        ),
        { maxLength: 25 },
      )
      const days = new Map<string, { messages: number; segments: number }>()
      const sumOf = (of: string, holds: (day: number) => boolean) =>
        [...days].reduce(
          (sum, [key, used]) => {
            const [who, direction, day] = key.split(' ')
            if (who !== of || direction !== 'mt' || !holds(Number(day))) return sum
            return { messages: sum.messages + used.messages, segments: sum.segments + used.segments }
          },
          { messages: 0, segments: 0 },
        )
      await fc.assert(
        fc.asyncProperty(steps, async (list) => {
          for (const step of list) {
            if (step.as === 'later') await bench.clock.advance(step.ms)
            else if (step.as === 'reopen') await bench.reopen()
            else {
              const direction = step.mo ? 'mo' : 'mt'
              const accepted = bench.store.accept(bench.source.message({ account: step.of, segments: step.segments, direction }))
              const key = `${step.of} ${direction} ${dayOf(bench.clock.now())}`
              const used = days.get(key) ?? { messages: 0, segments: 0 }
              days.set(key, { messages: used.messages + 1, segments: used.segments + step.segments })
              if (!step.mo) assert.deepEqual(bench.store.submitted.today(step.of), days.get(key), 'at once')
              await accepted
            }
            const now = bench.clock.now()
            const month = new Date(now).toISOString().slice(0, 7)
            for (const of of [account, other]) {
              assert.deepEqual(
                bench.store.submitted.today(of),
                sumOf(of, (day) => day === dayOf(now)),
              )
              assert.deepEqual(
                bench.store.submitted.thisMonth(of),
                sumOf(of, (day) => new Date(day * dayMs).toISOString().startsWith(month)),
              )
            }
          }
        }),
        { numRuns: 12 },
      )
      for (const of of [account, other])
        assert.deepEqual(
          await everUsed(bench.store, of),
          sumOf(of, () => true),
        )
    },
  ],
  [
    'a message counts for the day of its acceptance, whenever its id was made',
    async (bench) => {
      await bench.clock.advance(Date.UTC(2027, 0, 31, 23, 59, 59) - bench.clock.now())
      const early = bench.source.ids.next()
      await bench.clock.advance(1000)
      await bench.store.accept(bench.source.message())
      await bench.store.accept(bench.source.message({ id: early }))
      const two = { messages: 2, segments: 2 }
      assert.deepEqual([bench.store.submitted.today(account), bench.store.submitted.thisMonth(account)], [two, two])
      const store = await bench.reopen()
      assert.deepEqual([store.submitted.today(account), store.submitted.thisMonth(account)], [two, two])
      assert.equal((await store.usage({ accounts: [account], ...span })).length, 1)
    },
  ],
  [
    'a limit is asked once for a message, counts it in the same moment, and what it refuses is nowhere',
    async (bench) => {
      let [admitted, landed] = [0, 0]
      const limit: Limit = {
        admit({ segments }) {
          if (admitted + segments > 4) throw new Error('enough')
          admitted += segments
        },
        refund: ({ segments }) => void (admitted -= segments),
        landed: () => void landed++,
      }
      const first = { ...bench.source.message({ segments: 2 }), limit, idempotencyKey: 'k' }
      await Promise.all([
        bench.store.accept(first),
        bench.store.accept({ ...bench.source.message({ segments: 2 }), limit, idempotencyKey: 'k' }),
      ])
      assert.deepEqual([admitted, landed], [2, 1], 'a duplicate is not asked for')
      const many = Array.from({ length: 4 }, () => bench.source.message())
      const all = await Promise.allSettled(many.map((one) => bench.store.accept({ ...one, limit })))
      assert.deepEqual(
        all.map(({ status }) => status),
        ['fulfilled', 'fulfilled', 'rejected', 'rejected'],
      )
      assert.deepEqual([admitted, landed], [4, 3])
      const refused = { ...bench.source.message(), limit, idempotencyKey: 'later' }
      await assert.rejects(bench.store.accept(refused), /enough/)
      for (const { message } of [...many.slice(2), refused]) assert.equal(await bench.store.get(message.id), undefined)
      assert.deepEqual(await everUsed(bench.store), { messages: 3, segments: 4 })
      admitted = 0
      assert.deepEqual(await bench.store.accept({ ...bench.source.message(), limit, idempotencyKey: 'later' }), { as: 'new' })
    },
  ],
  [
    'what waits is counted by account, over retries, ends and a restart',
    async (bench) => {
      const { clock } = bench
      for (const options of [{}, { lane: backup }, { due: clock.now() + 60_000 }, { account: other, direction: 'mo' as const }])
        await bench.store.accept(bench.source.message(options))
      const waiting = (): number[] => [account, other, 'nobody'].map((one) => bench.store.submitted.waiting(one))
      assert.deepEqual(waiting(), [3, 1, 0])
      const [run] = await bench.store.claim(carrier, 1)
      const item = run!.items[0] as DeliverItem
      await bench.store.settle(delivery(run!, item, sent(item, [undefined], clock.now())))
      assert.deepEqual(waiting(), [3, 1, 0], 'a part is still to be sent')
      await bench.reopen()
      assert.deepEqual(waiting(), [3, 1, 0])
      for (const lane of [carrier, backup]) await drain(bench.store, clock.now(), lane)
      assert.deepEqual(waiting(), [1, 0, 0])
      await bench.reopen()
      assert.deepEqual(waiting(), [1, 0, 0])
    },
  ],
]
