import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { parseReceiptText, type ReceiptText, scanReceiptText } from './receipt-text.ts'
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

  const agree = (text: string): boolean => {
    const scanned = scanReceiptText(Buffer.from(text, 'latin1'))
    if (!scanned) return false
    const { id, stat, err, submitDate, doneDate } = parseReceiptText(text)
    const none = { id: undefined, stat: undefined, err: undefined, submitDate: undefined, doneDate: undefined }
    assert.deepEqual({ ...none, ...scanned }, { id, stat, err, submitDate, doneDate }, text)
    return true
  }

  it('is read by one scan as it is by the tolerant way, where the scan reads it', () => {
    assert.ok(corpus.filter(({ text }) => agree(text)).length > 20, 'the scan reads the usual ones')
    const key = fc.constantFrom('id', 'sub', 'dlvrd', 'submit date', 'done date', 'stat', 'err', 'text', 'Text', 'ID', 'DONE DATE', 'foo')
    const value = fc.oneof(
      fc.constantFrom('001', 'DELIVRD', '2611210516', '', 'a b', 'x=id', 'stat', 'done date', '\0', ' ', 'é', 'id:7', '\u00a0'),
      fc.string({ maxLength: 12 }),
    )
    const field = fc.tuple(key, value).map(([name, said]) => `${name}:${said}`)
    let read = 0
    fc.assert(
      fc.property(fc.array(field, { maxLength: 9 }), fc.constantFrom(' ', ' ', ' ', '  ', '\n'), (said, gap) => {
        if (agree(said.join(gap))) read++
      }),
      { numRuns: 5000 },
    )
    assert.ok(read > 50, `${read} were read`)
  })

  it('has an id with a blank in it as the carrier answered it, and nothing that is not of the id', () => {
    const rest = 'sub:001 dlvrd:001 submit date:2611210516 done date:2611210516 stat:DELIVRD err:000 text:hi'
    for (const [said, id] of [
      [`id:AB CD ${rest}`, 'AB CD'],
      [`id: AB  C D  ${rest}`, 'AB  C D'],
      ['id:AB CD stat:DELIVRD', 'AB CD'],
      [`id:AB DELIVRD ${rest}`, 'AB'],
      [`id:AB part:2 ${rest}`, 'AB'],
      ['id:AB was delivered', 'AB'],
    ] as const) {
      assert.equal(parseReceiptText(said).id, id, said)
    }
    assert.equal(parseReceiptText(`id:AB CD ${rest}`).stat, 'DELIVRD')
  })

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
