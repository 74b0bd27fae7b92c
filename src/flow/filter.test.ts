import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Address } from '../model/address.ts'
import type { AddressFilter, Bind, BindPolicy } from '../model/bind.ts'
import { defaultClientPolicy } from '../model/policy.ts'
import { AcceptRefused, type Submission } from '../plugin.ts'
import { accept } from './accept.ts'
import type { Core } from './core.ts'
import { filterFault, matches, refuseAddresses, refuseLength, validUntilOf } from './filter.ts'

const number = (value: string, ton: Address['ton'] = 'international'): Address => ({ value, ton, npi: 'e164' })
const filter = (changes: Partial<AddressFilter>): AddressFilter => ({ ...defaultClientPolicy.sources, ...changes })
const bind = (policy: Partial<BindPolicy>) => ({ policy: { ...defaultClientPolicy, ...policy } }) as Bind
const submission = (changes: Partial<Submission> = {}): Submission => ({
  from: { value: 'ACME', ton: 'alphanumeric', npi: 'unknown' },
  to: number('+447700900123'),
  body: { kind: 'text', text: 'hello' },
  priority: 1,
  receipt: 'none',
  ...changes,
})
const refusal = (step: () => void): [string, string] | undefined => {
  try {
    step()
    return undefined
  } catch (error) {
    assert.ok(error instanceof AcceptRefused)
    return [error.why, error.message]
  }
}

test('a pattern is a prefix of digits, a whole name, or a pattern of the whole address', () => {
  for (const [pattern, value, fits] of [
    ['+44', '+447700900123', true],
    ['+44', '+4', false],
    ['ACME', 'ACME', true],
    ['ACME', 'ACME Ltd', false],
    ['ACME*', 'ACME Ltd', true],
    ['ACME', 'acme', false],
    ['+4477*', '+447700900123', true],
    ['*0123', '+447700900123', true],
    ['*0124', '+447700900123', false],
    ['+44*9*3', '+447700900123', true],
    ['7????', '70001', true],
    ['7????', '700012', false],
    ['*', '', true],
    ['sip:*@example.org', 'sip:alice@example.org', true],
  ] as const)
    assert.equal(matches(pattern, value), fits, `${pattern} ${value}`)
})

test('a pattern fits exactly what its regular expression fits', () => {
  const letter = fc.constantFrom('a', 'b', '*', '?', '+', '1', '.')
  const text = fc.array(letter, { maxLength: 12 }).map((letters) => letters.join(''))
  fc.assert(
    fc.property(text, text, (pattern, value) => {
      fc.pre(/[*?]/.test(pattern))
      const source = pattern.replace(/[.+]/g, '\\$&').replaceAll('*', '[^]*').replaceAll('?', '[^]')
      assert.equal(matches(pattern, value), new RegExp(`^${source}$`).test(value))
    }),
    { numRuns: 2000 },
  )
})

test('a long run of stars costs no time', () => {
  const startedAt = performance.now()
  assert.equal(matches(`${'*a'.repeat(30)}b`, 'a'.repeat(10_000)), false)
  assert.ok(performance.now() - startedAt < 20_000)
})

test('every list of a filter must hold, and what is denied is denied', () => {
  assert.equal(filterFault(filter({}), number('+1')), undefined)
  assert.equal(filterFault(filter({ allow: ['+44', '+49'] }), number('+491511')), undefined)
  assert.match(filterFault(filter({ allow: ['+44'] }), number('+491511'))!, /not among those allowed/)
  assert.match(filterFault(filter({ allow: ['+44'], deny: ['+4470*'] }), number('+447001'))!, /not allowed here: \+4470\*/)
  assert.match(
    filterFault(filter({ tons: ['international'] }), number('12345', 'abbreviated'))!,
    /abbreviated; this bind takes international/,
  )
  assert.match(filterFault(filter({ npis: ['internet'] }), number('+1'))!, /e164/)
})

test('a sender or recipient that the bind does not take is refused by its end', () => {
  const only = filter({ allow: ['+49'] })
  assert.equal(refusal(() => refuseAddresses(bind({ sources: only }), submission()))?.[0], 'source-not-allowed')
  assert.equal(refusal(() => refuseAddresses(bind({ destinations: only }), submission()))?.[0], 'destination-not-allowed')
  assert.equal(
    refusal(() => refuseAddresses(bind({}), submission())),
    undefined,
  )
})

test('a text is counted in characters as a reader counts, a binary body in octets', () => {
  const limits = bind({ shortestText: 2, longestText: 5 })
  const text = (value: string) => refusal(() => refuseLength(limits, submission({ body: { kind: 'text', text: value } })))?.[0]
  assert.deepEqual(
    [text('x'), text('xy'), text('hello'), text('hello!'), text('👋👋👋👋👋')],
    ['too-short', undefined, undefined, 'too-long', undefined],
  )
  const data = new Uint8Array(6)
  assert.deepEqual(
    refusal(() => refuseLength(limits, submission({ body: { kind: 'binary', data } }))),
    ['too-long', 'The body has 6 octets; this bind takes at most 5.'],
  )
  assert.equal(
    refusal(() => refuseLength(limits, submission({ body: { kind: 'mms', parts: [] } }))),
    undefined,
  )
})

test('a text of more parts than a message can have is too long; one of no such body is not', async () => {
  const taking = (body: Submission['body']): Promise<unknown> => accept({} as Core, bind({}), submission({ body }))
  await assert.rejects(taking({ kind: 'text', text: 'x'.repeat(40_000) }), { why: 'too-long', message: /262 segments; 255 is the most/ })
  await assert.rejects(taking({ kind: 'binary', data: new Uint8Array(1), udh: new Uint8Array(200) }), { why: 'invalid' })
})

test('a validity above the maximum is capped, or refused where the bind says so', () => {
  const now = 1_000_000
  const policy = { ...defaultClientPolicy, validitySeconds: 60, maxValiditySeconds: 100 }
  const until = (changes: Partial<Submission>, more: Partial<BindPolicy> = {}) =>
    (validUntilOf({ ...policy, ...more }, submission(changes), now, now) - now) / 1000
  assert.equal(until({}), 60)
  assert.equal(until({ validUntil: now + 100_000 }), 100)
  assert.equal(until({ validUntil: now + 101_000 }), 100)
  assert.equal(until({ validUntil: now + 100_000 }, { aboveMaxValidity: 'refuse' }), 100)
  assert.deepEqual(
    refusal(() => void until({ validUntil: now + 101_000 }, { aboveMaxValidity: 'refuse' })),
    ['validity', 'A validity of 101 s was asked for; this bind takes at most 100 s.'],
  )
})

test('a datagram or transaction ends when its limit is over', () => {
  const policy = { ...defaultClientPolicy, modeLimitMs: 5000 }
  assert.equal(validUntilOf(policy, submission({ mode: 'datagram' }), 0, 0), 5000)
  assert.equal(validUntilOf({ ...policy, mode: 'transaction' }, submission(), 0, 0), 5000)
  assert.equal(validUntilOf({ ...policy, mode: 'transaction' }, submission({ mode: 'store' }), 0, 0), policy.validitySeconds * 1000)
})
