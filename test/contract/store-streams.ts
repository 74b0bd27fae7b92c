// CDRs, statistics and parts.
import assert from 'node:assert/strict'
import type { Cdr } from '../../src/model/cdr.ts'
import { finish } from '../../src/model/transition.ts'
import { account, carrier, origin } from './fixture.ts'
import { type CdrRow, StoreUnavailable } from '../../src/store/store.ts'
import type { Bench, Case } from './store.ts'
import { acceptAll, drain, times } from './store-lanes.ts'

async function ended(bench: Bench, count: number): Promise<CdrRow[]> {
  await acceptAll(
    bench,
    times(count, () => ({ receipt: 'none' })),
  )
  await drain(bench.store, bench.clock.now())
  return await bench.store.cdrs(1000)
}

const part = (key: string, index: number, at: number, total = 3) => ({ key, index, total, at, data: `part ${index}` })

export const streamCases: Case[] = [
  [
    'CDRs come in order, from after what was written, also after a restart',
    async (bench) => {
      const rows = await ended(bench, 10)
      assert.equal(rows.length, 10)
      assert.deepEqual(
        rows.map((row) => row.sequence),
        rows.map((row) => row.sequence).toSorted((a, b) => a - b),
      )
      await bench.store.cdrsWritten(rows[3]!.sequence, [])
      assert.deepEqual(await bench.store.cdrs(3), rows.slice(4, 7))
      await bench.reopen()
      assert.deepEqual(await bench.store.cdrs(100), rows.slice(4))
      await bench.store.cdrsWritten(rows[9]!.sequence, [])
      assert.deepEqual(await bench.store.cdrs(100), [])
      const more = await ended(bench, 2)
      assert.ok(more[0]!.sequence > rows[9]!.sequence, 'a sequence number is never given twice')
      await bench.reopen()
      assert.deepEqual(await bench.store.cdrs(100), more)
    },
  ],
  [
    'CDRs of one moment are told in order, of what ended on its way and of what ended when it was accepted',
    async (bench) => {
      await acceptAll(bench, [{ receipt: 'none' }])
      const [run] = await bench.store.claim(carrier, 1)
      const item = run!.items[0]!
      assert.ok(item.kind === 'deliver')
      const now = bench.clock.now()
      const { queue: _none, ...rest } = bench.source.message()
      const transition = finish(item.message, item.decision, item.life, 'failed', now)
      const end = finish(rest.message, rest.decision, rest.life, 'failed', now)
      await Promise.all([
        bench.store.settle({ token: run!.token, item: item.id, kind: 'deliver', transition }),
        bench.store.accept({ ...rest, life: end.life, ended: end }),
      ])
      const rows = await bench.store.cdrs(10)
      assert.deepEqual(
        rows.map(({ message }) => message),
        [item.message.id, rest.message.id],
      )
      assert.ok(rows[0]!.sequence < rows[1]!.sequence)
      await bench.store.cdrsWritten(rows[0]!.sequence, [])
      assert.deepEqual(await bench.store.cdrs(10), [rows[1]], 'each once')
    },
  ],
  [
    'a part that comes again in the moment in which its message is dropped is kept',
    async (bench) => {
      const now = bench.clock.now()
      await bench.store.part(part('again', 1, now, 2))
      await Promise.all([bench.store.dropParts('again'), bench.store.part(part('again', 1, now + 1, 2))])
      const { complete } = await bench.store.part(part('again', 2, now + 2, 2))
      assert.deepEqual(
        complete?.map(({ at }) => at),
        [now + 1, now + 2],
      )
    },
  ],
  [
    'a message that ended when it was accepted has its CDR, report and trace',
    async (bench) => {
      const added = bench.source.message()
      const { queue: _none, ...rest } = added
      const end = finish(added.message, added.decision, added.life, 'failed', bench.clock.now(), {
        failure: { kind: 'permanent', code: 'no-route' },
      })
      await bench.store.accept({ ...rest, life: end.life, entries: [...added.entries, ...end.entries], ended: end })
      assert.equal((JSON.parse((await bench.store.cdrs(10))[0]!.json.toString()) as Cdr).failure, 'no-route')
      assert.equal((await bench.store.claim(origin, 10)).length, 1)
      assert.equal((await bench.store.claim(carrier, 10)).length, 0)
      assert.deepEqual(
        (await bench.store.trace(added.message.id))!.entries.map((entry) => entry.what),
        ['accepted', 'final'],
      )
    },
  ],
  [
    'CDRs for a webhook stay, per account and in order, until they are done',
    async (bench) => {
      const rows = await ended(bench, 5)
      await bench.store.cdrsWritten(
        rows[4]!.sequence,
        rows.slice(1).map((row) => ({ ...row, account })),
      )
      for (let again = 0; again < 2; again++) {
        assert.deepEqual(await bench.store.cdrHookAccounts(), [account])
        assert.deepEqual(await bench.store.cdrHooks(account, 2), rows.slice(1, 3))
        await bench.reopen()
      }
      await bench.store.cdrHookDone(account, rows[2]!.sequence)
      assert.deepEqual(await bench.store.cdrHooks(account, 10), rows.slice(3))
      await bench.store.cdrHookDone(account, rows[4]!.sequence)
      assert.deepEqual(await bench.store.cdrHookAccounts(), [])
      await bench.reopen()
      assert.deepEqual(await bench.store.cdrHooks(account, 10), [])
    },
  ],
  [
    'statistics count by bind and minute, over restarts',
    async (bench) => {
      const minute = Math.floor(bench.clock.now() / 60_000) * 60_000
      await ended(bench, 3)
      await bench.store.receipt(carrier, { ref: 'early', state: 'delivered', final: true })
      await bench.reopen()
      await ended(bench, 2)
      const rows = await bench.store.statistics({ binds: [carrier], from: minute, to: minute })
      assert.deepEqual(Object.fromEntries(rows.map(({ name, count }) => [name, count])), { failed: 5, parked: 1 })
      const all = await bench.store.statistics({ from: minute, to: minute + 60_000 })
      assert.equal(all.find((row) => row.bind === origin && row.name === 'accepted')?.count, 5)
      assert.deepEqual(await bench.store.statistics({ from: minute + 60_000, to: minute + 120_000 }), [])
      const sums = new Map<string, number>()
      for (const { bind, name, count } of all) sums.set(`${bind} ${name}`, (sums.get(`${bind} ${name}`) ?? 0) + count)
      const totals = await bench.store.statistics({ from: minute, to: minute + 60_000, totals: true })
      assert.deepEqual(
        new Map(totals.map(({ bind, name, count }) => [`${bind} ${name}`, count])),
        sums,
        'totals are the sums of the minutes',
      )
      assert.ok(
        (await bench.store.statistics({ binds: [carrier], from: 0, to: minute, totals: true })).every(({ bind }) => bind === carrier),
      )
    },
  ],
  [
    'usage counts what was accepted by account, day, direction and kind, once, over restarts, and stays when messages go',
    async (bench) => {
      const { store, source, clock } = bench
      const other = 'AC00000000000000000000000000000002'
      const day = Math.floor(clock.now() / 86_400_000) * 86_400_000
      const first = source.message({ segments: 3 })
      const keyed = { ...source.message(), idempotencyKey: 'once' }
      for (const added of [first, keyed, source.message({ direction: 'mo', segments: 2 }), source.message({ account: other, segments: 7 })])
        await store.accept(added)
      assert.deepEqual(await store.accept({ ...source.message({ segments: 9 }), idempotencyKey: 'once' }), {
        as: 'duplicate',
        of: keyed.message.id,
      })
      const binary = source.message()
      await store.accept({ ...binary, message: { ...binary.message, body: { kind: 'binary', data: new Uint8Array([1]) } } })
      const mms = source.message()
      await store.accept({ ...mms, message: { ...mms.message, body: { kind: 'mms', parts: [] } } })
      const expected = [
        { day, direction: 'mt', kind: 'mms', messages: 1, segments: 1 },
        { day, direction: 'mt', kind: 'sms', messages: 3, segments: 5 },
        { day, direction: 'mo', kind: 'sms', messages: 1, segments: 2 },
      ]
      const span = { from: day, to: day + 86_399_999 }
      assert.deepEqual(await store.usage({ accounts: [account], ...span }), expected)
      const reopened = await bench.reopen()
      assert.deepEqual(await reopened.usage({ accounts: [account], ...span }), expected)
      await clock.advance(86_400_000)
      await reopened.accept(source.message({ account: other }))
      assert.deepEqual(await reopened.usage({ accounts: [account, other, 'AC-nobody'], from: day + 1, to: clock.now() }), [
        { day: day + 86_400_000, direction: 'mt', kind: 'sms', messages: 1, segments: 1 },
      ])
      const both = await reopened.usage({ accounts: [account, other], ...span })
      assert.deepEqual(both[1], { day, direction: 'mt', kind: 'sms', messages: 4, segments: 12 })
      await reopened.remove(first.message.id)
      await reopened.sweep({
        messagesBefore: clock.now(),
        earlyBefore: clock.now(),
        statisticsBefore: clock.now(),
        idempotencyBefore: clock.now(),
      })
      assert.deepEqual(await reopened.usage({ accounts: [account], ...span }), expected)
      assert.deepEqual(await reopened.usage({ accounts: [], ...span }), [])
    },
  ],
  [
    'the last part of a long message completes it, in whatever order they come, over a restart, and a repeated part does not',
    async (bench) => {
      const at = bench.clock.now()
      assert.deepEqual(await bench.store.part(part('k', 3, at)), {})
      assert.deepEqual(await bench.store.part(part('k', 3, at)), {})
      assert.deepEqual(await bench.store.part(part('other', 1, at)), {})
      await bench.reopen()
      assert.deepEqual(await bench.store.part(part('k', 1, at)), {})
      assert.deepEqual(
        bench.store.heldParts('k').map(({ data }) => data),
        ['part 3', 'part 1'],
      )
      const { complete } = await bench.store.part(part('k', 2, at))
      assert.deepEqual(
        complete?.map(({ index, data }) => [index, data]),
        [1, 2, 3].map((index) => [index, `part ${index}`]),
      )
      assert.equal(bench.store.heldParts('k').length, 3, 'until it is made a message')
      assert.deepEqual(bench.store.heldParts('nothing'), [])
      assert.deepEqual(bench.store.heldAs('AC/one 2'), [])
      await bench.reopen()
      assert.deepEqual(
        (await bench.store.staleParts(at + 1, 10)).map((parts) => parts.length).sort((a, b) => a - b),
        [1, 3],
      )
      await bench.store.accept({
        ...bench.source.message({ direction: 'mo' }),
        joins: { key: 'k', parts: [1, 2, 3].map((index) => [index, at]) },
      })
      assert.deepEqual(bench.store.heldParts('k'), [])
      assert.deepEqual(
        (await bench.store.staleParts(at + 1, 10)).map((parts) => parts[0]!.key),
        ['other'],
      )
      assert.deepEqual(await bench.store.staleParts(at, 10), [])
      await bench.store.dropParts('other')
      await bench.reopen()
      assert.deepEqual(await bench.store.staleParts(at + 1, 10), [])
    },
  ],
  [
    'a part is found by the name it has, with those it waits with, over a restart, until they are a message or dropped',
    async (bench) => {
      const at = bench.clock.now()
      for (const index of [1, 3]) await bench.store.part({ ...part('k', index, at), called: `AC/one ${index}` })
      await bench.store.part({ ...part('other', 1, at), called: 'AC/two 1' })
      const held = (called: string): string[] => bench.store.heldAs(called).map(({ key, index }) => `${key} ${index}`)
      const all = (): string[][] => ['AC/one 1', 'AC/one 3', 'AC/one 2', 'AC/two 1'].map(held)
      assert.deepEqual(all(), [['k 1', 'k 3'], ['k 1', 'k 3'], [], ['other 1']])
      await bench.reopen()
      assert.deepEqual(all(), [['k 1', 'k 3'], ['k 1', 'k 3'], [], ['other 1']])
      await bench.store.part({ ...part('k', 3, at + 1), called: 'AC/one 2' })
      assert.deepEqual(all(), [['k 1', 'k 3'], [], ['k 1', 'k 3'], ['other 1']])
      await bench.store.accept({ ...bench.source.message(), joins: { key: 'k', parts: [[1, at]] } })
      assert.deepEqual(all(), [[], [], ['k 3'], ['other 1']])
      await bench.store.dropParts('other')
      assert.deepEqual(all(), [[], [], ['k 3'], []])
      await bench.reopen()
      assert.deepEqual(all(), [[], [], ['k 3'], []])
    },
  ],
  [
    'parts that wait are all found, round by round, also behind as many as are asked for at a time',
    async (bench) => {
      const at = bench.clock.now()
      for (const key of ['a', 'b', 'c', 'd', 'e']) await bench.store.part(part(key, 1, at))
      const round = async (): Promise<string[][]> => {
        const found: string[][] = []
        for (let last = 2; last === 2; last = found.at(-1)!.length)
          found.push((await bench.store.staleParts(at + 1, 2)).map((parts) => parts[0]!.key))
        return found
      }
      assert.deepEqual((await round()).flat().toSorted(), ['a', 'b', 'c', 'd', 'e'])
      assert.deepEqual((await round()).flat().toSorted(), ['a', 'b', 'c', 'd', 'e'])
      assert.equal((await bench.store.staleParts(at + 1, 2)).length, 2)
      for (const key of ['a', 'b', 'd']) await bench.store.dropParts(key)
      assert.deepEqual((await round()).flat().toSorted(), ['c', 'e'], 'what is gone meanwhile is passed over')
    },
  ],
  [
    'one bind keeps so many parts waiting, and others have theirs all the same, over a restart too',
    async (bench) => {
      const at = bench.clock.now()
      const many = Array.from({ length: 10_000 }, (_, n) => bench.store.part(part(`["A/one",${n}]`, 1, at)))
      await Promise.all(many)
      await bench.reopen()
      await assert.rejects(bench.store.part(part('["A/one","more"]', 1, at)), StoreUnavailable)
      assert.deepEqual(await bench.store.part(part('["A/two","more"]', 1, at)), {})
      await bench.store.dropParts('["A/one",77]')
      assert.deepEqual(await bench.store.part(part('["A/one","more"]', 1, at)), {})
    },
  ],
  [
    'a part that came again while its message was accepted stays, over a restart, until a message has it',
    async (bench) => {
      const at = bench.clock.now()
      const joined = [1, 2].map((index): [number, number] => [index, at])
      for (const index of [1, 2]) await bench.store.part({ ...part('k', index, at), total: 2 })
      const accepted = bench.store.accept({ ...bench.source.message({ direction: 'mo' }), joins: { key: 'k', parts: joined } })
      await Promise.all([accepted, bench.store.part({ ...part('k', 2, at + 1), total: 2 })])
      const left = async (): Promise<number[][]> => (await bench.store.staleParts(at + 2, 10)).flat().map((kept) => [kept.index, kept.at])
      assert.deepEqual(await left(), [[2, at + 1]])
      await bench.reopen()
      assert.deepEqual(await left(), [[2, at + 1]])
      const { complete } = await bench.store.part({ ...part('k', 1, at + 2), total: 2 })
      assert.deepEqual(
        complete?.map((kept) => [kept.index, kept.at]),
        [
          [1, at + 2],
          [2, at + 1],
        ],
      )
      // Complete since just now: whoever was told so is joining it.
      assert.deepEqual(await left(), [])
      assert.equal((await bench.store.staleParts(at + 3, 10)).length, 1)
    },
  ],
  [
    'parts that are made a message twice at once, as the first is not written yet, are one message',
    async (bench) => {
      const at = bench.clock.now()
      for (const index of [1, 2]) await bench.store.part({ ...part('k', index, at), total: 2 })
      const joins = { key: 'k', parts: [1, 2].map((index): [number, number] => [index, at]) }
      const [first, second] = [bench.source.message({ direction: 'mo' }), bench.source.message({ direction: 'mo' })]
      const done = await Promise.all([first, second].map((each) => bench.store.accept({ ...each, joins })))
      assert.deepEqual(done, [{ as: 'new' }, { as: 'duplicate', of: first.message.id }])
      assert.equal(await bench.store.get(second.message.id), undefined)
    },
  ],
]
