import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { testClock } from '../../../src/clock.ts'
import { profileOf } from './access.fixture.ts'
import { createGuard } from './guard.ts'

function guardOf(safety: Parameters<typeof profileOf>[0] extends { safety?: infer S } | undefined ? S : never = {}) {
  const clock = testClock()
  return { clock, guard: createGuard({ safety: profileOf({ safety: safety ?? {} }).safety, clock }) }
}

describe('the guard', () => {
  it('lets everybody in where nobody is listed', () => {
    assert.equal(guardOf().guard.refuses('192.0.2.1'), false)
  })

  it('lets in whom the list has, but nobody who is denied', () => {
    const { guard } = guardOf({ allow: ['192.0.2.0/24'], deny: ['192.0.2.66'] })
    assert.deepEqual(['192.0.2.1', '::ffff:192.0.2.1', '192.0.2.66', '::ffff:192.0.2.66', '198.51.100.1'].map(guard.refuses), [
      false,
      false,
      true,
      true,
      true,
    ])
  })

  it('bans an address after wrong passwords, for a time, and no other', async () => {
    const { guard, clock } = guardOf()
    for (let n = 0; n < 4; n++) assert.equal(guard.failed('192.0.2.1'), false)
    assert.equal(guard.refuses('192.0.2.1'), false)
    assert.equal(guard.failed('::ffff:192.0.2.1'), true)
    assert.equal(guard.refuses('192.0.2.1'), true)
    assert.equal(guard.refuses('192.0.2.2'), false)
    await clock.advance(599_999)
    assert.equal(guard.refuses('192.0.2.1'), true)
    await clock.advance(1)
    assert.equal(guard.refuses('192.0.2.1'), false)
  })

  it('bans nobody whose failures lie far apart', async () => {
    const { guard, clock } = guardOf()
    for (let n = 0; n < 20; n++) {
      assert.equal(guard.failed('192.0.2.1'), false)
      await clock.advance(20_000)
    }
  })

  it('bans a network of IPv6, since its addresses cost nothing', () => {
    const { guard } = guardOf()
    for (let n = 1; n <= 5; n++) guard.failed(`2001:db8::${n}`)
    assert.equal(guard.refuses('2001:db8::ffff'), true)
    assert.equal(guard.refuses('2001:db8:0:1::1'), false)
  })

  it('never bans where the profile says so', () => {
    const { guard } = guardOf({ ban: { failures: 0, withinSeconds: 60, forSeconds: 60 } })
    for (let n = 0; n < 100; n++) assert.equal(guard.failed('192.0.2.1'), false)
    assert.equal(guard.refuses('192.0.2.1'), false)
  })

  it('takes requests at their rate, with two seconds at once', async () => {
    const { guard, clock } = guardOf({ requestsPerSecondPerAddress: 10, messagesPerSecondPerAor: 1 })
    const taken = (of: (key: string) => boolean, key: string): number => Array.from({ length: 100 }, () => of(key)).filter(Boolean).length
    assert.equal(taken(guard.request, '192.0.2.1'), 20)
    assert.equal(taken(guard.request, '192.0.2.2'), 20)
    assert.equal(taken(guard.message, 'alice@acme.example'), 2)
    await clock.advance(500)
    assert.equal(taken(guard.request, '192.0.2.1'), 5)
    assert.equal(taken(guard.message, 'alice@acme.example'), 0)
    await clock.advance(500)
    assert.equal(taken(guard.message, 'alice@acme.example'), 1)
    await clock.advance(3_600_000)
    assert.equal(taken(guard.request, '192.0.2.1'), 20)
  })
})
