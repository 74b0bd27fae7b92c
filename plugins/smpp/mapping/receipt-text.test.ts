import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { parseReceiptText, type ReceiptText } from './receipt-text.ts'
import { receiptDate } from './time.ts'

interface Entry {
  id: number
  text: string
  expected: Record<keyof ReceiptText | 'submitIso' | 'doneIso', string | null | undefined>
}
const corpus = (JSON.parse(readFileSync('test/fixtures/text/dlr-corpus.json', 'utf8')) as { receipts: Entry[] }).receipts
const fields = ['id', 'sub', 'dlvrd', 'submitDate', 'doneDate', 'stat', 'err', 'text', 'rest'] as const

describe('receipt text', () => {
  assert.ok(corpus.length >= 89)
  for (const { id, text, expected } of corpus) {
    it(`reads receipt ${id} of the corpus`, () => {
      const parsed = parseReceiptText(text)
      for (const field of fields) assert.equal(parsed[field] ?? null, expected[field] ?? null, field)
      const iso = (raw: string | undefined) => (raw === undefined ? undefined : receiptDate(raw))
      const want = (at: string | null | undefined) =>
        at ? Math.floor(Date.parse(/[+-]\d\d:\d\d$/.test(at) ? at : `${at}Z`) / 1000) : undefined
      const seconds = (ms: number | undefined) => (ms === undefined ? undefined : Math.floor(ms / 1000))
      assert.equal(seconds(iso(parsed.submitDate)), want(expected.submitIso), 'submit date')
      assert.equal(seconds(iso(parsed.doneDate)), want(expected.doneIso), 'done date')
    })
  }

  it('never throws, whatever a carrier writes', () => {
    const pieces = fc.constantFrom('id:', 'stat:', ' err:', 'text:', 'done date:', 'DELIVRD', '000', '=', '\0', ' ')
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string({ unit: 'binary' })), { maxLength: 60 }), (words) => {
        const parsed = parseReceiptText(words.join(''))
        for (const field of fields) assert.ok(parsed[field] === undefined || typeof parsed[field] === 'string')
      }),
      { numRuns: 500 },
    )
  })

  it('takes 30 February for no date', () => {
    assert.equal(receiptDate('2602301200'), undefined)
    assert.equal(receiptDate('260228120000'), Date.UTC(2026, 1, 28, 12))
  })
})
