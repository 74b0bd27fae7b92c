import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { createRecent } from './recent.ts'

describe('a memory of what was lately', () => {
  it('never holds more than it may, and tells each that it forgets once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 20 }), fc.array(fc.tuple(fc.boolean(), fc.nat(40)), { maxLength: 300 }), (most, steps) => {
        const forgotten: number[] = []
        const recent = createRecent<{ n: number }>(most, (values) => {
          for (const { n } of values) forgotten.push(n)
        })
        const made: number[] = []
        for (const [isAsked, key] of steps) {
          const value = recent.get(`${key}`)
          if (isAsked || value) continue
          recent.set(`${key}`, { n: made.length })
          made.push(key)
        }
        assert.equal(new Set(forgotten).size, forgotten.length)
        assert.ok(made.length - forgotten.length <= most)
        for (const [n, key] of made.entries()) if (!forgotten.includes(n)) assert.equal(recent.get(`${key}`) !== undefined, true)
      }),
    )
  })

  it('keeps what is asked for, whatever else comes', () => {
    const recent = createRecent<number>(10)
    recent.set('kept', 1)
    for (let n = 0; n < 100; n++) {
      recent.set(`${n}`, n)
      assert.equal(recent.get('kept'), 1)
    }
    assert.equal(recent.get('0'), undefined)
  })
})
