import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { csvCell, csvRows } from './csv.ts'

const unquoted = (cell: string): string => (cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell)

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
        assert.deepEqual(csvRows(`x,${csvCell(text)}\r\n`), [{ line: 1, cells: ['x', text] }])
      },
    ),
  )
})

test('a table is read with the line of each row, however its lines end; one whose quote stays open is none', () => {
  assert.deepEqual(csvRows('\uFEFFa,b\r\n\r\n"1\n2","say ""hi"""\n,\rlast'), [
    { line: 1, cells: ['a', 'b'] },
    { line: 3, cells: ['1\n2', 'say "hi"'] },
    { line: 5, cells: ['', ''] },
    { line: 6, cells: ['last'] },
  ])
  assert.deepEqual(csvRows(''), [])
  assert.equal(csvRows('a,"b'), undefined)
  assert.equal(csvRows('a,b"c'), undefined)
})
