import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { lockingTables, singleTables, undefinedCharacter } from './tables.ts'

interface Fixture {
  tables: Record<string, { name: string; locking?: (string | null)[]; single?: (string | null)[] }>
}
const fixture = JSON.parse(readFileSync('test/fixtures/text/gsm-tables.json', 'utf8')) as Fixture

for (const [id, { name, locking, single }] of Object.entries(fixture.tables)) {
  for (const [kind, expected, tables] of [
    ['locking', locking, lockingTables],
    ['single', single, singleTables],
  ] as const) {
    test(`the ${kind} table of ${name} (${id}) is that of TS 23.038, cell by cell`, () => {
      const table = tables[Number(id)]
      if (!expected) return assert.equal(table, undefined)
      assert.equal(table?.length, 128)
      assert.deepEqual(
        [...(table ?? '')].map((c) => (c === undefinedCharacter ? null : c)),
        expected,
      )
    })
  }
}

test('there are tables for identifiers 0 to 13 and no others', () => {
  assert.deepEqual([lockingTables.length, singleTables.length, Object.keys(fixture.tables).length], [14, 14, 14])
})
