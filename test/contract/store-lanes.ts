// Accept, claim, settle: who is next, and that nobody is twice.
import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { finish } from '../../src/model/transition.ts'
import type { DeliverItem, Item, Run, Store } from '../../src/store/store.ts'
import { backup, carrier, delivery, failed, origin, receipt, reported, retried, sent, type MessageOptions } from './fixture.ts'
import type { Bench, Case } from './store.ts'

export async function acceptAll(bench: Bench, many: MessageOptions[]): Promise<string[]> {
  const added = many.map((options) => bench.source.message(options))
  await Promise.all(added.map((one) => bench.store.accept(one)))
  return added.map(({ message }) => message.id)
}

export const times = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i))
const all = (runs: Run[]): Item[] => runs.flatMap((run) => run.items)
const ids = (runs: Run[]): string[] => all(runs).map((item) => item.message.id)

/** Claims and fails one run after another until the lane is empty; the items in order. */
export async function drain(store: Store, now: number, lane = carrier, max = 64): Promise<Item[]> {
  const done: Item[] = []
  for (let runs = await store.claim(lane, max); runs.length > 0; runs = await store.claim(lane, max)) {
    done.push(...all(runs))
    const settlements = runs.flatMap((run) =>
      run.items.map((item) => (item.kind === 'deliver' ? delivery(run, item, failed(item, now)) : reported(run, item, now))),
    )
    await Promise.all(settlements.map((settlement) => store.settle(settlement)))
  }
  return done
}

export const laneCases: Case[] = [
  [
    'an accepted message is there after the store is opened again',
    async (bench) => {
      const [id] = await acceptAll(bench, [{ text: 'kept' }])
      const store = await bench.reopen()
      const record = await store.get(id!)
      assert.equal(record?.message.body.kind === 'text' && record.message.body.text, 'kept')
      assert.equal(record?.life.state, 'queued')
      assert.equal(store.newest, id)
      assert.deepEqual(ids(await store.claim(carrier, 10)), [id])
    },
  ],
  [
    'a binary body comes back byte for byte',
    async (bench) => {
      const added = bench.source.message()
      added.message.body = { kind: 'binary', data: new Uint8Array([0, 255, 31, 10]), udh: new Uint8Array([5, 0, 3, 1, 2, 1]) }
      await bench.store.accept(added)
      const record = await (await bench.reopen()).get(added.message.id)
      assert.deepEqual(record?.message.body, added.message.body)
    },
  ],
  [
    'control characters in addresses and keys spoil nothing',
    async (bench) => {
      const added = bench.source.message({ to: 'a\x1fb\x1e\n"', from: '\x1d\\' })
      await bench.store.accept({ ...added, idempotencyKey: '\x1f\n' })
      await bench.reopen()
      const [run] = await bench.store.claim(carrier, 1)
      const item = run!.items[0] as DeliverItem
      assert.equal(item.message.to.value, 'a\x1fb\x1e\n"')
      await bench.store.settle(delivery(run!, item, sent(item, ['r\x1f\x1e\n'], bench.clock.now())))
      await bench.reopen()
      assert.equal((await bench.store.receipt(carrier, receipt('r\x1f\x1e\n'))).as, 'matched')
    },
  ],
  [
    'a second message with the same idempotency key finds the first, at once and after a restart',
    async (bench) => {
      const first = { ...bench.source.message(), idempotencyKey: 'k' }
      const again = () => ({ ...bench.source.message(), idempotencyKey: 'k' })
      const both = await Promise.all([bench.store.accept(first), bench.store.accept(again())])
      assert.deepEqual(both, [{ as: 'new' }, { as: 'duplicate', of: first.message.id }])
      assert.deepEqual(await bench.store.accept(again()), { as: 'duplicate', of: first.message.id })
      assert.deepEqual(await (await bench.reopen()).accept(again()), { as: 'duplicate', of: first.message.id })
      const other = { ...bench.source.message({ account: 'AC00000000000000000000000000000002' }), idempotencyKey: 'k' }
      assert.deepEqual(await bench.store.accept(other), { as: 'new' })
    },
  ],
  [
    'messages to one destination are claimed in order, four at a time, one run at a time',
    async (bench) => {
      const sentIds = await acceptAll(
        bench,
        times(10, () => ({ to: '+441' })),
      )
      const [run, none] = await bench.store.claim(carrier, 64)
      assert.equal(none, undefined)
      assert.deepEqual(ids([run!]), sentIds.slice(0, 4))
      assert.deepEqual(await bench.store.claim(carrier, 64), [])
      for (const item of run!.items.slice(0, 3))
        await bench.store.settle(delivery(run!, item as DeliverItem, failed(item as DeliverItem, 1)))
      assert.deepEqual(await bench.store.claim(carrier, 64), [], 'the run is not over')
      await bench.store.settle(delivery(run!, run!.items[3] as DeliverItem, failed(run!.items[3] as DeliverItem, 1)))
      assert.deepEqual(
        (await drain(bench.store, 1)).map((item) => item.message.id),
        sentIds.slice(4),
      )
    },
  ],
  [
    'a destination is held across lanes',
    async (bench) => {
      await acceptAll(bench, [{ to: '+441' }, { to: '+441', lane: backup }])
      const [run] = await bench.store.claim(carrier, 10)
      assert.deepEqual(await bench.store.claim(backup, 10), [])
      const ready = new Promise<void>((resolve) => bench.store.onReady((lane) => lane === backup && resolve()))
      await bench.store.settle(delivery(run!, run!.items[0] as DeliverItem, failed(run!.items[0] as DeliverItem, 1)))
      await ready
      assert.equal(all(await bench.store.claim(backup, 10)).length, 1)
    },
  ],
  [
    'what several handsets write to one number goes on at once, what one of them writes in order',
    async (bench) => {
      const to = '+15005550006'
      const mo = (from: string) => ({ to, from, direction: 'mo' as const })
      const [first, second, other, third] = await acceptAll(bench, [mo('+441'), mo('+441'), mo('+442'), mo('+441')])
      const one = await bench.store.claim(carrier, 1)
      const two = await bench.store.claim(carrier, 10)
      assert.deepEqual(
        [all(one), all(two)].map((items) => items.map(({ message }) => message.id)),
        [[first], [other]],
      )
      await bench.store.settle(delivery(one[0]!, one[0]!.items[0] as DeliverItem, failed(one[0]!.items[0] as DeliverItem, 1)))
      assert.deepEqual(
        all(await bench.store.claim(carrier, 10)).map(({ message }) => message.id),
        [second, third],
      )
      assert.equal((await bench.store.depths()).find(({ lane }) => lane === carrier)?.deliver, 3)
    },
  ],
  [
    'no grain is in two runs and nothing is lost or doubled, whatever the order of claims and settlements',
    async (bench) => {
      const command = fc.record({
        lane: fc.constantFrom(carrier, backup),
        max: fc.integer({ min: 1, max: 9 }),
        settle: fc.integer({ min: 0, max: 5 }),
        how: fc.integer({ min: 0, max: 5 }),
      })
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.boolean(), fc.integer({ min: 0, max: 3 })), { maxLength: 40 }),
          fc.array(command, { maxLength: 40 }),
          async (messages, commands) => {
            const { store, clock } = bench
            const expected = new Set(
              await acceptAll(
                bench,
                messages.map(([to, other, priority]) => ({ to: `+44${to}`, lane: other ? backup : carrier, priority: priority as 0 })),
              ),
            )
            const open: { run: Run; left: DeliverItem[] }[] = []
            const settleOne = async (index: number, how: number): Promise<void> => {
              const one = open[index % open.length]!
              const item = one.left.shift()!
              if (how === 0) await store.settle({ token: one.run.token, item: item.id, kind: 'release' })
              else if (how === 1) await store.settle(delivery(one.run, item, retried(item, clock.now(), clock.now())))
              else {
                await store.settle(delivery(one.run, item, failed(item, clock.now())))
                assert.ok(expected.delete(item.message.id), 'claimed after it had ended')
              }
              if (one.left.length === 0) open.splice(open.indexOf(one), 1)
            }
            for (const { lane, max, settle, how } of commands) {
              for (const run of await store.claim(lane, max)) {
                assert.ok(run.items.length <= 4)
                assert.equal(new Set(run.items.map((item) => item.message.to.value)).size, 1)
                assert.ok(
                  open.every((other) => other.run.grain !== run.grain),
                  'a grain is in two runs',
                )
                open.push({ run, left: run.items as DeliverItem[] })
              }
              for (let i = 0; i < settle && open.length > 0; i++) await settleOne(how + i, how)
            }
            while (open.length > 0) await settleOne(0, 2)
            for (const lane of [carrier, backup])
              for (const item of await drain(store, clock.now(), lane)) assert.ok(expected.delete(item.message.id))
            assert.equal(expected.size, 0)
            assert.deepEqual(
              (await store.depths()).filter((depth) => depth.deliver !== 0),
              [],
            )
          },
        ),
        { numRuns: 25 },
      )
    },
  ],
  [
    'higher priorities go first, but a lower one gets at least one in ten',
    async (bench) => {
      await acceptAll(
        bench,
        times(100, (i) => ({ priority: i % 2 ? 3 : 0 })),
      )
      const order = (await drain(bench.store, 1, carrier, 1)).map((item) => item.priority)
      const first = order.slice(0, 50)
      assert.ok(first.filter((priority) => priority === 3).length >= 44, first.join())
      for (let i = 0; i + 10 <= 50; i += 10)
        assert.ok(first.slice(i, i + 10).includes(0), `none of the lower in ${first.slice(i, i + 10).join()}`)
    },
  ],
  [
    'an account with one message is not behind the backlog of another',
    async (bench) => {
      await acceptAll(
        bench,
        times(20_000, (i) => ({ to: `+44${i}` })),
      )
      const [single] = await acceptAll(bench, [{ account: 'AC00000000000000000000000000000002' }])
      assert.ok(ids(await bench.store.claim(carrier, 12)).includes(single!))
    },
  ],
  [
    'accounts share a lane by their weight',
    async (bench) => {
      const heavy = 'AC00000000000000000000000000000003'
      bench.store.weigh(new Map([[heavy, 3]]))
      await acceptAll(
        bench,
        times(200, (i) => (i % 2 ? { account: heavy } : {})),
      )
      const share = all(await bench.store.claim(carrier, 80)).filter((item) => item.account === heavy).length
      assert.ok(share >= 57 && share <= 63, `${share} of 80`)
    },
  ],
  [
    'messages of a held account stay where they are, over a restart too, and reports on them go on',
    async (bench) => {
      const held = 'AC00000000000000000000000000000003'
      const [first, other] = await acceptAll(bench, [{ account: held, progress: true }, { to: '+442' }])
      const [run] = await bench.store.claim(carrier, 1)
      await bench.store.settle(delivery(run!, run!.items[0] as DeliverItem, sent(run!.items[0] as DeliverItem, ['r'], bench.clock.now())))
      const [, third] = await acceptAll(bench, [
        { account: held, to: '+441' },
        { account: held, to: '+443' },
      ])
      bench.store.hold(new Set([held]))
      assert.deepEqual(ids(await bench.store.claim(origin, 9)), [first], 'the report')
      assert.deepEqual(ids(await bench.store.claim(carrier, 9)), [other])
      await acceptAll(bench, [{ account: held, to: '+444' }])
      assert.deepEqual(await bench.store.claim(carrier, 9), [])
      const store = await bench.reopen()
      store.hold(new Set([held]))
      assert.deepEqual(ids(await store.claim(carrier, 9)), [other])
      // The other lane may be told of too: its report came back with the start.
      const ready = new Promise<void>((resolve) => store.onReady((lane) => (lane === carrier ? resolve() : undefined)))
      store.hold(new Set())
      await ready
      const again = await store.claim(carrier, 2)
      assert.equal(ids(again).length, 2)
      // Held in the middle of its turns, with a run of it under way.
      store.hold(new Set([held]))
      for (const each of again) await store.settle({ token: each.token, item: each.items[0]!.id, kind: 'release' })
      assert.deepEqual(await store.claim(carrier, 9), [])
      assert.equal(await store.end(third!, (record) => finish(record.message, record.decision, record.life, 'expired', 1)), 'ended')
      store.hold(new Set())
      assert.equal(ids(await store.claim(carrier, 9)).length, 2)
    },
  ],
  [
    'a backlog to one number holds nobody else up and costs no more with its length',
    async (bench) => {
      await acceptAll(
        bench,
        times(3000, () => ({ to: '+441' })),
      )
      const [other] = await acceptAll(bench, [{ to: '+442' }])
      assert.ok(ids(await bench.store.claim(carrier, 8)).includes(other!))
      for (let i = 0; i < 100; i++) assert.deepEqual(await bench.store.claim(carrier, 8), [])
    },
  ],
  [
    'a scheduled message is claimed when it is due, near or far, also after a restart',
    async (bench) => {
      const near = bench.clock.now() + 5000
      const far = bench.clock.now() + 3_600_000
      const [a, b, c] = await acceptAll(bench, [{ due: near }, { due: far }, { due: far + 1 }])
      assert.equal((await bench.store.get(a!))?.life.state, 'scheduled')
      assert.deepEqual(await bench.store.claim(carrier, 10), [])
      const ready = new Promise((resolve) => bench.store.onReady(resolve))
      await bench.clock.advance(5000)
      await ready
      assert.deepEqual(
        (await drain(bench.store, 1)).map((item) => item.message.id),
        [a],
      )
      await bench.reopen()
      assert.deepEqual(await bench.store.claim(carrier, 10), [])
      const later = new Promise((resolve) => bench.store.onReady(resolve))
      await bench.clock.advance(3_600_000 - 5000 - 30_000)
      await new Promise((resolve) => setTimeout(resolve, 50))
      await bench.clock.advance(30_001)
      await later
      assert.deepEqual(
        (await drain(bench.store, 1)).map((item) => item.message.id),
        [b, c],
      )
    },
  ],
  [
    'what fell due while the machine slept leaves soon after, and a clock that is set back holds it up no longer than it is',
    async (bench) => {
      const [a, b] = await acceptAll(bench, [{ due: bench.clock.now() + 3_500_000 }, { due: bench.clock.now() + 3_700_000 }])
      assert.deepEqual(await bench.store.claim(carrier, 10), [])
      const woken = new Promise((resolve) => bench.store.onReady(resolve))
      bench.clock.jump(3_600_000)
      await bench.clock.advance(30_001)
      await woken
      assert.deepEqual(
        (await drain(bench.store, 1)).map((item) => item.message.id),
        [a],
      )
      bench.clock.jump(-86_400_000)
      await bench.clock.advance(120_000)
      assert.deepEqual(
        (await drain(bench.store, 1)).map((item) => item.message.id),
        [b],
      )
    },
  ],
  [
    'what is released is claimed again at its place; what is retried, when it is due and with its attempt',
    async (bench) => {
      const order = await acceptAll(
        bench,
        times(3, () => ({ to: '+441' })),
      )
      const [run] = await bench.store.claim(carrier, 10)
      const [first, second, third] = run!.items as DeliverItem[]
      await bench.store.settle({ token: run!.token, item: first!.id, kind: 'release' })
      await bench.store.settle(delivery(run!, second!, retried(second!, bench.clock.now(), bench.clock.now() + 1000)))
      await bench.store.settle({ token: run!.token, item: third!.id, kind: 'release', due: bench.clock.now() + 500 })
      const [again] = await bench.store.claim(carrier, 10)
      assert.deepEqual(ids([again!]), [order[0]])
      await bench.store.settle(delivery(again!, again!.items[0] as DeliverItem, failed(first!, 1)))
      assert.deepEqual(await bench.store.claim(carrier, 10), [])
      await bench.clock.advance(1000)
      const rest = all(await bench.store.claim(carrier, 10)) as DeliverItem[]
      assert.deepEqual(
        rest.map((item) => [item.message.id, item.attempt]),
        [
          [order[2], 0],
          [order[1], 1],
        ],
      )
    },
  ],
  [
    'reports are items of the origin lane, in order per message, and may be retried',
    async (bench) => {
      const [id] = await acceptAll(bench, [{ progress: true }])
      const [run] = await bench.store.claim(carrier, 1)
      await bench.store.settle(delivery(run!, run!.items[0] as DeliverItem, sent(run!.items[0] as DeliverItem, ['r1'], bench.clock.now())))
      await bench.store.receipt(carrier, receipt('r1'))
      assert.deepEqual(await bench.store.claim(origin, 10, 'deliver'), [])
      const [reports] = await bench.store.claim(origin, 10, 'report')
      assert.deepEqual(
        reports!.items.map((item) => item.kind === 'report' && item.report.state),
        ['sent', 'delivered'],
      )
      const [progress, end] = reports!.items
      await bench.store.settle(reported(reports!, progress as never, bench.clock.now()))
      await bench.store.settle(reported(reports!, end as never, bench.clock.now(), bench.clock.now() + 2000))
      await bench.reopen()
      assert.deepEqual(await bench.store.claim(origin, 10), [])
      await bench.clock.advance(2000)
      const [late] = await bench.store.claim(origin, 10)
      assert.equal(late!.items[0]!.attempt, 1)
      await bench.store.settle(reported(late!, late!.items[0] as never, bench.clock.now()))
      const trace = await bench.store.trace(id!)
      assert.deepEqual(
        trace!.entries.filter((entry) => entry.what === 'report').map((entry) => entry.outcome),
        ['ok', 'failed', 'ok'],
      )
      assert.deepEqual(await bench.store.depths(), [])
    },
  ],
  [
    'a settlement of a run that is over changes nothing',
    async (bench) => {
      const [id] = await acceptAll(bench, [{}])
      const [run] = await bench.store.claim(carrier, 1)
      const item = run!.items[0] as DeliverItem
      await Promise.all([
        bench.store.settle(delivery(run!, item, failed(item, 5))),
        bench.store.settle(delivery(run!, item, sent(item, ['x'], 6))),
      ])
      await bench.store.settle(delivery(run!, item, sent(item, ['x'], 7)))
      assert.equal((await bench.store.get(id!))?.life.state, 'failed')
    },
  ],
  [
    'depths count what waits, by lane and kind',
    async (bench) => {
      await acceptAll(bench, [{}, {}, { lane: backup }])
      const depths = async () =>
        Object.fromEntries((await bench.store.depths()).map(({ lane, deliver, report }) => [lane, [deliver, report]]))
      assert.deepEqual(await depths(), { [carrier]: [2, 0], [backup]: [1, 0] })
      await bench.reopen()
      assert.deepEqual(await depths(), { [carrier]: [2, 0], [backup]: [1, 0] })
      await drain(bench.store, 1)
      assert.deepEqual(await depths(), { [backup]: [1, 0], [origin]: [0, 2] })
    },
  ],
]
