import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { testClock } from '../../../src/clock.ts'
import { createNonces } from './nonces.ts'

describe('a nonce', () => {
  it('takes each count once, whatever the order, and forgets only towards refusing', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 80 }), { maxLength: 200 }), (counts) => {
        const nonces = createNonces({ ttlMs: 1000, clock: testClock() })
        const nonce = nonces.issue('r', 'a')
        const taken = new Set<number>()
        let highest = 0
        for (const nc of counts) {
          const isTaken = nonces.use(nonce, nc, 'r', 'a')
          const isNear = highest - nc < 32
          assert.equal(isTaken, !taken.has(nc) && (highest === 0 || isNear), `${nc} of ${highest}`)
          if (isTaken) taken.add(nc)
          highest = Math.max(highest, nc)
        }
      }),
    )
  })

  it('that had to be forgotten is never good again', async () => {
    const clock = testClock()
    const nonces = createNonces({ ttlMs: 60_000, clock, mostRemembered: 4 })
    const used: string[] = []
    for (let n = 0; n < 6; n++) {
      const nonce = nonces.issue('r', 'a')
      used.push(nonce)
      assert.equal(nonces.use(nonce, 1, 'r', 'a'), true)
      await clock.advance(10)
    }
    assert.equal(nonces.judge(used[0]!, 'r', 'a'), 'expired')
    assert.equal(nonces.use(used[0]!, 1, 'r', 'a'), false)
    assert.equal(nonces.use(used[0]!, 2, 'r', 'a'), false)
    assert.equal(nonces.judge(used[5]!, 'r', 'a'), 'ours')
    assert.equal(nonces.use(used[5]!, 2, 'r', 'a'), true)
  })

  it('is over after its time', async () => {
    const clock = testClock()
    const nonces = createNonces({ ttlMs: 1000, clock })
    const nonce = nonces.issue('r', 'a')
    await clock.advance(1000)
    assert.equal(nonces.judge(nonce, 'r', 'a'), 'ours')
    await clock.advance(1)
    assert.equal(nonces.judge(nonce, 'r', 'a'), 'expired')
  })

  it('is never the same twice, and no octet of it can be changed', () => {
    const nonces = createNonces({ ttlMs: 1000, clock: testClock() })
    assert.notEqual(nonces.issue('r', 'a'), nonces.issue('r', 'a'))
    const octets = Buffer.from(nonces.issue('r', 'a'), 'base64')
    for (let at = 0; at < octets.length; at++) {
      const changed = Buffer.from(octets)
      changed[at]! ^= 1
      assert.equal(nonces.judge(changed.toString('base64'), 'r', 'a'), 'foreign')
    }
  })
})
