// Lists, single messages, redaction, retention.
import assert from 'node:assert/strict'
import type { MessageState } from '../../src/model/life.ts'
import { CursorRefused } from '../../src/model/message.ts'
import type { ListQuery } from '../../src/store/store.ts'
import { account, delivery, failed, carrier } from './fixture.ts'
import type { DeliverItem } from '../../src/store/store.ts'
import type { Bench, Case } from './store.ts'
import { acceptAll, drain, times } from './store-lanes.ts'

const other = 'AC00000000000000000000000000000002'

async function pages(bench: Bench, query: Omit<ListQuery, 'limit' | 'cursor'>, limit: number): Promise<string[]> {
  const found: string[] = []
  for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
    const page = await bench.store.list({ ...query, limit, ...(cursor === undefined ? {} : { cursor }) })
    assert.ok(page.records.length <= limit)
    found.push(...page.records.map((record) => record.message.id))
    cursor = page.next
  }
  return found
}

export const listCases: Case[] = [
  [
    'a list goes on from no cursor that none has given',
    async (bench) => {
      await acceptAll(bench, [{}, {}])
      const first = await bench.store.list({ accounts: [account], limit: 1 })
      assert.match(first.next ?? '', /./)
      for (const cursor of ['', 'zz', '-1', 'at/10', `${first.next}'`, '1e+4', '9'.repeat(40)])
        await assert.rejects(bench.store.list({ accounts: [account], limit: 1, cursor }), CursorRefused, cursor)
    },
  ],
  [
    'lists are newest first, by account, to, from, direction, state and date, over pages, in memory and on disk',
    async (bench) => {
      const added: { id: string; to: string; from: string; account: string; direction: string; state: MessageState; at: number }[] = []
      for (let i = 0; i < 60; i++) {
        const options = {
          to: `+44${i % 3}`,
          from: `+1${i % 4}`,
          account: i % 5 ? account : other,
          direction: i % 7 ? ('mt' as const) : ('mo' as const),
        }
        const [id] = await acceptAll(bench, [options])
        added.unshift({ id: id!, ...options, state: 'queued', at: bench.clock.now() })
        if (i === 30) {
          const runs = await bench.store.claim(carrier, 1000)
          for (const run of runs) {
            for (const item of run.items) {
              await bench.store.settle(delivery(run, item as DeliverItem, failed(item as DeliverItem, bench.clock.now())))
              added.find((one) => one.id === item.message.id)!.state = 'failed'
            }
          }
        }
        await bench.clock.advance(1000)
      }
      const from = added[40]!.at
      const until = added[10]!.at
      const queries: Omit<ListQuery, 'limit'>[] = [
        { accounts: [account] },
        { accounts: [account, other] },
        { accounts: [account], to: '+440' },
        { accounts: [account], from: '+12' },
        { accounts: [account, other], to: '+441', from: '+11' },
        { accounts: [account], direction: 'mo' },
        { accounts: [account, other], state: 'failed' },
        { accounts: [account], state: 'queued', from: '+11' },
        { accounts: [account], after: from, before: until },
        { accounts: [account, other], to: '+442', after: from },
        { accounts: [account, other], from: '+13', before: until, state: 'failed', direction: 'mt' },
        { accounts: ['AC9'] },
        { accounts: [] },
      ]
      for (const where of ['memory and disk', 'disk'] as const) {
        if (where === 'disk') await bench.reopen()
        for (const query of queries) {
          const expected = added.filter(
            (one) =>
              query.accounts.includes(one.account) &&
              (query.to === undefined || query.to === one.to) &&
              (query.from === undefined || query.from === one.from) &&
              (query.direction === undefined || query.direction === one.direction) &&
              (query.state === undefined || query.state === one.state) &&
              one.at >= (query.after ?? 0) &&
              one.at <= (query.before ?? Infinity),
          )
          for (const limit of [1, 7, 100])
            assert.deepEqual(
              await pages(bench, query, limit),
              expected.map((one) => one.id),
              `${where} ${JSON.stringify(query)} by ${limit}`,
            )
        }
      }
    },
  ],
  [
    'a list is right while everything changes under it',
    async (bench) => {
      const order: string[] = []
      for (let i = 0; i < 20; i++) {
        const more = acceptAll(
          bench,
          times(20, () => ({})),
        )
        const [page] = await Promise.all([bench.store.list({ accounts: [account], limit: 50 }), drain(bench.store, bench.clock.now())])
        const known = new Set(order)
        const seen = page.records.map((record) => record.message.id)
        assert.deepEqual(seen, seen.toSorted().toReversed())
        assert.equal(new Set(seen).size, seen.length)
        assert.deepEqual(
          seen.filter((id) => known.has(id)),
          order
            .slice(-50)
            .toReversed()
            .slice(0, seen.filter((id) => known.has(id)).length),
        )
        order.push(...(await more))
      }
    },
  ],
  [
    'a redacted message has no body any more, keeps all else, and its trace says so',
    async (bench) => {
      const [id, open] = await acceptAll(bench, [{ text: 'secret', to: '+441' }, { to: '+442' }])
      const [run] = await bench.store.claim(carrier, 1)
      await bench.store.settle(delivery(run!, run!.items[0] as DeliverItem, failed(run!.items[0] as DeliverItem, 1)))
      assert.equal(await bench.store.redact(id!, 77), true)
      assert.equal(await bench.store.redact(open!, 77), false, 'it has not ended')
      assert.equal(await bench.store.redact('f'.repeat(32), 77), false)
      for (let again = 0; again < 2; again++) {
        const trace = await bench.store.trace(id!)
        assert.deepEqual(trace!.message.body, { kind: 'text', text: '' })
        assert.equal(trace!.redactedAt, 77)
        assert.equal(trace!.entries.at(-1)!.what, 'redacted')
        assert.equal(trace!.message.to.value, '+441')
        await bench.reopen()
      }
    },
  ],
  [
    'a note is the newest line of the trace, of a message on its way and of one that ended, over restarts',
    async (bench) => {
      const [ended, open] = await acceptAll(bench, [{ to: '+441' }, { to: '+442' }])
      const [run] = await bench.store.claim(carrier, 1)
      await bench.store.settle(delivery(run!, run!.items[0] as DeliverItem, failed(run!.items[0] as DeliverItem, 1)))
      for (const id of [ended!, open!]) assert.equal(await bench.store.note(id, 77, 'read it'), true)
      assert.equal(await bench.store.note('f'.repeat(32), 77, 'of none'), false)
      for (let again = 0; again < 2; again++) {
        for (const id of [ended!, open!]) {
          const trace = await bench.store.trace(id)
          assert.deepEqual(trace!.entries.at(-1), { at: 77, what: 'note', text: 'read it' })
          assert.equal(trace!.life.state, id === ended ? 'failed' : 'queued')
        }
        await bench.reopen()
      }
      assert.equal((await bench.store.claim(carrier, 9)).length, 1, 'it still waits')
    },
  ],
  [
    'a removed message is in no list, its CDR stays',
    async (bench) => {
      const [id, open] = await acceptAll(bench, [{ to: '+441' }, { to: '+442' }])
      const [run] = await bench.store.claim(carrier, 1)
      await bench.store.settle(delivery(run!, run!.items[0] as DeliverItem, failed(run!.items[0] as DeliverItem, 1)))
      assert.equal(await bench.store.remove(open!), false, 'it has not ended')
      assert.equal(await bench.store.remove(id!), true)
      assert.equal(await bench.store.remove(id!), false)
      for (let again = 0; again < 2; again++) {
        assert.equal(await bench.store.get(id!), undefined)
        assert.deepEqual(
          (await bench.store.list({ accounts: [account], limit: 10 })).records.map((record) => record.message.id),
          [open],
        )
        assert.deepEqual(
          (await bench.store.cdrs(10)).map(({ message }) => message),
          [id],
        )
        await bench.reopen()
      }
    },
  ],
  [
    'an id that differs in its random part alone is another message',
    async (bench) => {
      const [id] = await acceptAll(bench, [{}])
      assert.equal(await bench.store.get(id!.slice(0, 14) + '0'.repeat(18)), undefined)
      assert.notEqual(await bench.store.get(id!), undefined)
    },
  ],
  [
    'a sweep deletes ended messages past their retention with all that belongs to them, in steps, and nothing else',
    async (bench) => {
      await acceptAll(
        bench,
        times(2500, (i) => ({ to: `+44${i}`, receipt: 'none' })),
      )
      const kept = await bench.store.claim(carrier, 1)
      await drain(bench.store, bench.clock.now())
      await bench.store.receipt(carrier, { ref: 'lost', state: 'delivered', final: true })
      await bench.clock.advance(10 * 86_400_000)
      const [young] = await acceptAll(bench, [{}])
      const before = bench.clock.now() - 86_400_000
      const limits = { messagesBefore: before, earlyBefore: before, statisticsBefore: before, idempotencyBefore: before }
      assert.equal(await bench.store.sweep(limits), true)
      while (await bench.store.sweep(limits)) continue
      const left = await bench.store.list({ accounts: [account], limit: 10 })
      assert.deepEqual(
        left.records.map((record) => record.message.id),
        [young, kept[0]!.items[0]!.message.id],
      )
      assert.deepEqual(await bench.store.statistics({ from: 0, to: before }), [])
      assert.equal(bench.store.newest, young)
    },
  ],
]
