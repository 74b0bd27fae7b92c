import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { absoluteTime, receiptDate, relativeTime } from './time.ts'

const instant = fc.integer({ min: Date.UTC(1970, 0, 1) / 1000, max: Date.UTC(2099, 11, 31) / 1000 }).map((seconds) => seconds * 1000)
/** YYYYMMDDhhmmss */
const digits = (ms: number): string => new Date(ms).toISOString().replaceAll(/\D/g, '').slice(0, 14)

describe('times', () => {
  it('are what the calendar of the runtime says, written and read', () => {
    fc.assert(
      fc.property(instant, (ms) => {
        const text = digits(ms)
        assert.equal(absoluteTime(ms), `${text.slice(2)}000+`)
        assert.equal(receiptDate(text), ms)
        if (ms >= Date.UTC(2000, 0, 1)) assert.equal(receiptDate(absoluteTime(ms)), ms)
        if (ms < Date.UTC(2070, 0, 1)) {
          assert.equal(receiptDate(text.slice(2)), ms)
          assert.equal(receiptDate(text.slice(2, 12)), Math.floor(ms / 60_000) * 60_000)
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('are none for digits that name no day or hour', () => {
    for (const text of [
      '20250229000000',
      '20260431000000',
      '20261301000000',
      '20260100000000',
      '20260101240000',
      '20260101006000',
      '20260101000060',
    ])
      assert.equal(receiptDate(text), undefined, text)
    for (const text of ['', '0000000000', '26112105x6', '26-11-2105', '2611210516000000', '00000000000000'])
      assert.equal(receiptDate(text), undefined, text)
    assert.equal(receiptDate('20240229000000'), Date.UTC(2024, 1, 29))
  })

  it('by the absolute form carry tenths and quarters of an hour from UTC', () => {
    assert.equal(receiptDate('261121051600508+'), Date.UTC(2026, 10, 21, 3, 16, 0, 500))
    assert.equal(receiptDate('261121051600508-'), Date.UTC(2026, 10, 21, 7, 16, 0, 500))
  })

  it('that are relative are rounded up and bounded', () => {
    assert.deepEqual(
      [1, 90_061_000, 1e15].map((ms) => relativeTime(ms)),
      ['000000000001000R', '000001010101000R', '000099000000000R'],
    )
  })
})
