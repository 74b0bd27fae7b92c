// Configuration rows, revisions, conflicts.
import assert from 'node:assert/strict'
import { RevisionConflict, type ConfigurationRow } from '../../src/store/store.ts'
import type { Case } from './store.ts'

const by = { author: 'ann', source: 'cli' }

export const configurationCases: Case[] = [
  [
    'a change is a revision with its author, kept over a restart',
    async (bench) => {
      assert.deepEqual(await bench.store.configuration(), { revision: 0, rows: [], more: false })
      const one = await bench.store.change({
        ...by,
        puts: [
          { kind: 'bind', key: 'b', body: '1' },
          { kind: 'route', key: 'r', body: '2' },
        ],
        deletes: [],
      })
      const two = await bench.store.change({
        ...by,
        author: 'bo',
        puts: [{ kind: 'bind', key: 'b', body: '3' }],
        deletes: [{ kind: 'route', key: 'r' }],
      })
      assert.deepEqual([one, two], [1, 2])
      await bench.reopen()
      assert.deepEqual(await bench.store.configuration(), { revision: 2, rows: [{ kind: 'bind', key: 'b', body: '3' }], more: false })
      const [newest, first] = await bench.store.revisions(10)
      assert.equal(newest!.author, 'bo')
      assert.deepEqual(newest!.changes, [
        { kind: 'route', key: 'r', change: 'delete' },
        { kind: 'bind', key: 'b', change: 'put' },
      ])
      assert.equal(first!.at, bench.clock.now())
      assert.deepEqual(
        (await bench.store.revisions(10, 2)).map((revision) => revision.revision),
        [1],
      )
    },
  ],
  [
    'many rows are read page by page, by kind and key',
    async (bench) => {
      const keys = Array.from({ length: 2500 }, (_, n) => `k${String(n).padStart(4, '0')}`)
      const puts = (['route', 'account'] as const).flatMap((kind) => keys.map((key) => ({ kind, key, body: key })))
      await bench.store.change({ ...by, puts, deletes: [] })
      const read: string[] = []
      let pages = 0
      for (let after: ConfigurationRow | undefined, more = true; more; pages++) {
        const page = await bench.store.configuration(after)
        assert.equal(page.revision, 1)
        for (const { kind, key } of page.rows) read.push(`${kind} ${key}`)
        after = page.rows.at(-1)
        ;({ more } = page)
      }
      assert.deepEqual(read, [...keys.map((key) => `account ${key}`), ...keys.map((key) => `route ${key}`)])
      assert.ok(pages > 2, `${pages} pages`)
    },
  ],
  [
    'what a change tells is kept with its revision as it is',
    async (bench) => {
      const fields = [{ field: 'name', before: 'a', after: { b: [1] } }]
      const told = { change: 'update' as const, what: 'bind b of A', account: 'A', id: 'b', by: 'A', fields }
      const changes = [{ kind: 'bind' as const, key: 'b', change: 'put' as const, told }]
      await bench.store.change({ ...by, puts: [{ kind: 'bind', key: 'b', body: '1' }], deletes: [], changes })
      await bench.reopen()
      assert.deepEqual((await bench.store.revisions(1))[0]!.changes, changes)
    },
  ],
  [
    'of two changes on the same revision the second is refused and changes nothing',
    async (bench) => {
      const change = (body: string) => bench.store.change({ ...by, puts: [{ kind: 'setting', key: 's', body }], deletes: [], expected: 0 })
      const results = await Promise.allSettled([change('a'), change('b')])
      assert.deepEqual(
        results.map((result) => result.status),
        ['fulfilled', 'rejected'],
      )
      assert.ok(results[1].status === 'rejected' && results[1].reason instanceof RevisionConflict)
      assert.deepEqual(
        (await bench.store.configuration()).rows.map((row) => row.body),
        ['a'],
      )
    },
  ],
]
