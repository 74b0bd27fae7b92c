import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { buildDcs, parseDcs } from './dcs.ts'

interface Row {
  value: number
  compressed: boolean
  alphabet: 'gsm7' | '8bit' | 'ucs2' | 'reserved'
  class: number | null
  autoDelete: boolean
  indication?: { active: boolean; type: string; store: boolean }
}
const { tpDcs } = JSON.parse(readFileSync('test/fixtures/text/dcs-table.json', 'utf8')) as { tpDcs: Row[] }

test('all 256 data coding schemes mean what TS 23.038 says', () => {
  assert.equal(tpDcs.length, 256)
  for (const row of tpDcs) {
    const alphabet = row.alphabet === '8bit' ? 'binary' : row.alphabet === 'reserved' ? 'gsm7' : row.alphabet
    assert.deepEqual(
      parseDcs(row.value),
      {
        alphabet,
        compressed: row.compressed,
        autoDelete: row.autoDelete,
        ...(row.class === null ? {} : { messageClass: row.class }),
        ...(row.indication ? { waiting: { active: row.indication.active, of: row.indication.type, store: row.indication.store } } : {}),
      },
      `0x${row.value.toString(16)}`,
    )
  }
})

test('what is built reads back', () => {
  for (const alphabet of ['gsm7', 'binary', 'ucs2'] as const) {
    for (const messageClass of [undefined, 0, 1, 2, 3] as const) {
      const read = parseDcs(buildDcs(alphabet, messageClass))
      assert.deepEqual([read.alphabet, read.messageClass, read.compressed], [alphabet, messageClass, false])
    }
  }
  assert.equal(buildDcs('ucs2', 0), 0x18)
})
