import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { csvCell } from './csv.ts'

/** What a program that reads the table does. */
const unquoted = (cell: string): string => (cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell)
const meant = (cell: string): string => (/^''*[\s\0]*[=@+\-\uFF1D\uFF20\uFF0B\uFF0D]|^''*[\t\r\n\0]/.test(cell) ? cell.slice(1) : cell)

test('what a spreadsheet would run has an apostrophe before it, also behind blanks, apostrophes and full-width signs', () => {
  for (const text of ['=1+1', '@SUM(A1)', '+1+1', '-2+3', '\t=1', '\r=1', '\n=1', ' =1', "'=1", '＝1', '+', '-', "+1' !A0", '\0=1'])
    assert.equal(unquoted(csvCell(text)), `'${text}`, JSON.stringify(text))
  assert.equal(csvCell('=HYPERLINK("http://x.example";"a, b")'), `"'=HYPERLINK(""http://x.example"";""a, b"")"`)
})

test('phone numbers, numbers and plain words stay as they are', () => {
  for (const text of ['+447700900123', '-5', '+1.5', '', 'a=b', "it's", "'tis", 'mail@example.com', 'null'])
    assert.equal(csvCell(text), text)
  assert.deepEqual([csvCell(-12), csvCell(0.5), csvCell(true)], ['-12', '0.5', 'true'])
})

test('whatever it is, no cell begins as a formula, and a reader gets back what was meant', () => {
  const piece = fc.constantFrom('=', '+', '-', '@', "'", '"', ',', ' ', '\t', '\r', '\n', '\0', '1', 'a', '＝')
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
      ),
      (text) => {
        const cell = unquoted(csvCell(text))
        assert.doesNotMatch(cell, /^\s*(?:[=@]|[+-](?!\d+(\.\d+)?$))/)
        assert.equal(meant(cell), text)
      },
    ),
  )
})
