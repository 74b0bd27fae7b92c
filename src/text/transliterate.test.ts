import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { septetLength } from './gsm7.ts'
import { transliterate } from './transliterate.ts'

const { map } = JSON.parse(readFileSync('test/fixtures/text/smart-encoding.json', 'utf8')) as {
  map: { from: string; char: string; to: string }[]
}

test('each of the 271 substitutions is made, and nothing else', () => {
  assert.equal(map.length, 271)
  const known = new Map(map.map(({ char, to }) => [char, to]))
  for (let unit = 0; unit <= 0xffff; unit++) {
    const character = String.fromCharCode(unit)
    assert.equal(transliterate(character), known.get(character) ?? character, `U+${unit.toString(16)}`)
  }
})

test('every substitute is in the GSM alphabet', () => {
  for (const { to } of map) assert.ok(septetLength(to) >= 0, JSON.stringify(to))
})

test('substitutions are made throughout a text, whether or not it then fits the GSM alphabet', () => {
  assert.equal(transliterate('“Hi”\u2026 ½ off \u200b— ok'), '"Hi"... 1/2 off - ok')
  assert.equal(transliterate('„Ж“ 😀'), '"Ж" 😀')
  assert.equal(transliterate('plain'), 'plain')
})
