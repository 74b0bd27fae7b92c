// Ends and moves of what waits, expiry, purges.
import assert from 'node:assert/strict'
import type { Cdr } from '../../src/model/cdr.ts'
import { afterReceiptTimeout, finish, type Transition } from '../../src/model/transition.ts'
import type { Message } from '../../src/model/message.ts'
import type { Decision } from '../../src/model/route.ts'
import type { DeliverItem, MessageRecord, WaitingRecord } from '../../src/store/store.ts'
import { backup, carrier, delivery, origin, receipt, retried, sent } from './fixture.ts'
import type { Case } from './store.ts'
import { acceptAll, drain, times } from './store-lanes.ts'

const cancel =
  (at: number) =>
  (record: MessageRecord): Transition =>
    finish(record.message, record.decision, record.life, 'canceled', at, { failure: { kind: 'permanent', code: 'canceled' } })

export const endingCases: Case[] = [
  [
    'a waiting message is ended once, and is never claimed again',
    async (bench) => {
      const [id, scheduled] = await acceptAll(bench, [{}, { due: bench.clock.now() + 86_000_000 }])
      assert.equal(await bench.store.end(id!, cancel(1)), 'ended')
      assert.equal(await bench.store.end(scheduled!, cancel(1)), 'ended')
      assert.equal(await bench.store.end(id!, cancel(2)), 'terminal')
      assert.equal(await bench.store.end('0'.repeat(32), cancel(2)), 'absent')
      assert.deepEqual(await bench.store.claim(carrier, 10), [])
      await bench.reopen()
      assert.deepEqual(await bench.store.claim(carrier, 10), [])
      assert.equal((await bench.store.get(id!))?.life.state, 'canceled')
      assert.deepEqual(
        (await bench.store.cdrs(10)).map(({ json }) => (JSON.parse(json.toString()) as Cdr).state),
        ['canceled', 'canceled'],
      )
      assert.deepEqual(await bench.store.depths(), [{ lane: origin, deliver: 0, report: 2 }])
    },
  ],
  [
    'a step that decides anew gives the message its decision for good, before and after it is in the tables',
    async (bench) => {
      const [soon, late] = await acceptAll(bench, [{}, {}])
      const anew = (route: string): Decision => ({
        revision: 2,
        route,
        candidates: [{ bind: backup, why: 'only one' }],
        failoverOnReceipt: false,
        tried: [],
      })
      const by =
        (decision: Decision) =>
        ({ message, life, decision: before }: MessageRecord): Transition => ({
          message: message.id,
          life: { ...life, updatedAt: 5 },
          entries: [{ at: 5, what: 'decided', why: 'the route is gone', before }],
          decision,
          requeue: { lane: backup, due: 5, attempt: 0, candidate: 0 },
          counts: [],
        })
      assert.equal(await bench.store.move(soon!, by(anew('first'))), 'moved')
      assert.equal((await bench.store.get(soon!))?.decision.route, 'first')
      await bench.reopen()
      assert.equal(await bench.store.move(late!, by(anew('second'))), 'moved')
      assert.equal(await bench.store.move(soon!, by(anew('third'))), 'moved')
      await bench.reopen()
      const routes: string[] = []
      for (const { items } of await bench.store.claim(backup, 10)) {
        for (const item of items as DeliverItem[]) routes.push(String(item.decision.route))
      }
      assert.deepEqual(routes.toSorted(), ['second', 'third'])
      const told = (await bench.store.trace(soon!))!.entries.flatMap((entry) => (entry.what === 'decided' ? entry.before.route : []))
      assert.deepEqual(told, ['default', 'first'])
    },
  ],
  [
    'a waiting message that a process before had begun to send is told so when it is moved, once',
    async (bench) => {
      const [id] = await acceptAll(bench, [{}])
      assert.equal((await bench.store.claim(carrier, 1)).length, 1)
      await bench.reopen()
      const told: (boolean | undefined)[] = []
      const onwards = ({ message, life, interrupted }: WaitingRecord): Transition => {
        told.push(interrupted)
        return { message: message.id, life, entries: [], requeue: { lane: backup, due: 1, attempt: 0, candidate: 0 }, counts: [] }
      }
      for (let i = 0; i < 2; i++) assert.equal(await bench.store.move(id!, onwards), 'moved')
      assert.deepEqual(told, [true, undefined])
      const [run] = await bench.store.claim(backup, 1)
      assert.equal((run!.items[0] as DeliverItem).interrupted, false)
    },
  ],
  [
    'a message that is not in memory any more is ended just so',
    async (bench) => {
      const [id] = await acceptAll(bench, [{}])
      await bench.reopen()
      const [ended, claimed] = await Promise.all([bench.store.end(id!, cancel(1)), bench.store.claim(carrier, 10)])
      assert.ok(ended === 'ended' ? claimed.length === 0 : claimed.length === 1, `${ended}, ${claimed.length}`)
    },
  ],
  [
    'a waiting message is replaced in its place, and one in a run or with its supplier is not',
    async (bench) => {
      const [id] = await acceptAll(bench, [{}])
      const anew = { kind: 'text', text: 'anew' } as const
      const change = ({ message }: MessageRecord): Message => ({ ...message, body: anew, validUntil: message.validUntil + 1 })
      assert.equal(await bench.store.amend(id!, change), 'amended')
      assert.equal(await bench.store.amend('0'.repeat(32), change), 'absent')
      await bench.reopen()
      const [run] = await bench.store.claim(carrier, 1)
      const item = run!.items[0] as DeliverItem
      assert.deepEqual(item.message.body, anew)
      assert.equal(await bench.store.amend(id!, change), 'in-flight')
      await bench.store.settle(delivery(run!, item, sent(item, ['r'], bench.clock.now())))
      assert.equal(await bench.store.amend(id!, change), 'in-flight')
      const later = ({ message }: MessageRecord): Message => ({ ...message, body: { kind: 'text', text: 'later' } })
      assert.equal(await bench.store.amend(id!, later, true), 'amended', 'unless its supplier has replaced it')
      await bench.reopen()
      const record = await bench.store.get(id!)
      assert.deepEqual([record?.message.body, record?.life.state], [{ kind: 'text', text: 'later' }, 'sent'])
      assert.equal((await bench.store.receipt(carrier, { ref: 'r', state: 'delivered', final: true })).as, 'matched')
      assert.equal(await bench.store.amend(id!, later, true), 'terminal')
      const trace = await bench.store.trace(id!)
      assert.equal(trace?.redactedAt, undefined)
      assert.ok(trace?.entries.some((entry) => entry.what === 'note' && entry.text.includes('replaced')))
      assert.equal(await bench.store.end('0'.repeat(32), cancel(1)), 'absent')
    },
  ],
  [
    'a message in a run, or with its supplier, is not ended or moved, unless the supplier gave it back',
    async (bench) => {
      const [id] = await acceptAll(bench, [{}])
      const [run] = await bench.store.claim(carrier, 1)
      const item = run!.items[0] as DeliverItem
      assert.equal(await bench.store.end(id!, cancel(1)), 'in-flight')
      assert.equal(await bench.store.move(id!, () => retried(item, 1, 1, backup)), 'in-flight')
      assert.equal(await bench.store.end(id!, cancel(1), true), 'in-flight')
      await bench.store.settle(delivery(run!, item, sent(item, ['r'], bench.clock.now())))
      assert.equal(await bench.store.end(id!, cancel(1)), 'in-flight')
      assert.equal(await bench.store.end(id!, cancel(1), true), 'ended')
      assert.equal(await bench.store.end(id!, cancel(1), true), 'terminal')
    },
  ],
  [
    'a step that throws leaves the message as it was',
    async (bench) => {
      const [id] = await acceptAll(bench, [{}])
      await assert.rejects(
        bench.store.end(id!, () => {
          throw new Error('no')
        }),
        /no/,
      )
      assert.equal((await drain(bench.store, 1)).length, 1)
    },
  ],
  [
    'a message moves to another lane, keeps its id, and a held one is released',
    async (bench) => {
      const [id] = await acceptAll(bench, [{}])
      const move = (record: MessageRecord): Transition => ({
        message: record.message.id,
        life: { ...record.life, state: 'queued' },
        entries: [{ at: 1, what: 'note', text: 'moved' }],
        requeue: { lane: backup, due: bench.clock.now(), attempt: 0, candidate: 0 },
        counts: [],
      })
      assert.equal(await bench.store.move(id!, move), 'moved')
      assert.deepEqual(await bench.store.claim(carrier, 10), [])
      const [run] = await bench.store.claim(backup, 10)
      const item = run!.items[0] as DeliverItem
      const held: Transition = {
        message: id!,
        life: { ...item.life, state: 'held' },
        entries: [{ at: 2, what: 'held', why: 'unknown' }],
        counts: [],
      }
      await bench.store.settle(delivery(run!, item, held))
      await bench.reopen()
      assert.equal((await bench.store.get(id!))?.life.state, 'held')
      assert.deepEqual(await bench.store.claim(backup, 10), [])
      assert.equal(await bench.store.move(id!, move), 'moved')
      assert.equal((await drain(bench.store, 1, backup)).length, 1)
    },
  ],
  [
    'what is past its validity, waiting or held, and what is past its receipt deadline is overdue; what is in a run is not',
    async (bench) => {
      const soon = bench.clock.now() + 1000
      const [waits, running, unsure] = await acceptAll(bench, [
        { validUntil: soon, to: '+441' },
        { validUntil: soon, to: '+442' },
        { validUntil: soon, to: '+443', receipt: 'none' },
      ])
      const runs = await bench.store.claim(carrier, 3)
      for (const run of runs) {
        const item = run.items[0] as DeliverItem
        if (item.message.id === waits) await bench.store.settle({ token: run.token, item: item.id, kind: 'release' })
        if (item.message.id === unsure) await bench.store.settle(delivery(run, item, sent(item, ['r'], bench.clock.now())))
      }
      assert.deepEqual(await bench.store.overdue(bench.clock.now(), 10), { expired: [], unconfirmed: [] })
      await bench.clock.advance(3_602_000)
      const now = bench.clock.now()
      assert.deepEqual(await bench.store.overdue(now, 10), { expired: [waits], unconfirmed: [unsure] })
      assert.equal(
        await bench.store.end(unsure!, ({ message, decision, life }) => afterReceiptTimeout(message, decision, life, now)),
        'ended',
      )
      assert.equal((await bench.store.get(unsure!))?.life.state, 'unconfirmed')
      assert.equal(await bench.store.end(waits!, cancel(now)), 'ended')
      assert.deepEqual(await bench.store.overdue(now, 10), { expired: [], unconfirmed: [] })
      assert.equal((await bench.store.get(running!))?.life.state, 'queued')
      assert.equal((await bench.store.receipt(carrier, receipt('r'))).as, 'duplicate')
    },
  ],
  [
    'what waits on a lane is listed by query, page by page, without what is in a run',
    async (bench) => {
      const wanted = await acceptAll(
        bench,
        times(25, (i) => ({ to: `+44${i}`, from: '+1' })),
      )
      await acceptAll(
        bench,
        times(5, (i) => ({ to: `+55${i}`, from: '+2' })),
      )
      await acceptAll(bench, [{ lane: backup, from: '+1' }])
      const found: string[] = []
      for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
        const page = await bench.store.waiting(
          { lane: carrier, from: '+1', arrival: origin, acceptedAfter: bench.clock.now(), acceptedBefore: bench.clock.now() },
          10,
          cursor,
        )
        found.push(...page.ids)
        cursor = page.next
      }
      assert.deepEqual(found, wanted)
      assert.deepEqual((await bench.store.waiting({ lane: carrier, arrival: carrier }, 10)).ids, [])
      assert.deepEqual((await bench.store.waiting({ lane: carrier, acceptedBefore: 1 }, 10)).ids, [])
      const [run] = await bench.store.claim(carrier, 1)
      const page = await bench.store.waiting({ lane: carrier }, 100)
      assert.equal(page.ids.length, 29)
      assert.ok(!page.ids.includes(run!.items[0]!.message.id))
    },
  ],
]
