import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { assert as holds, integer, option, property, string } from 'fast-check'
import { isKnown, laterFailure, refusal } from './codes.ts'

const dictionary = JSON.parse(readFileSync('test/fixtures/twilio/errors.json', 'utf8')) as { code: number; title: string }[]
const now = Date.parse('2026-03-01T12:00:00Z')

test('every code that a text can meet on its way has a meaning, and every meaning is of a code there is', () => {
  const codes = new Set(dictionary.map(({ code }) => code))
  for (let code = 10_000; code < 40_000; code++) if (isKnown(code)) assert.ok(codes.has(code), String(code))
  for (const code of [20003, 20429, 21211, 21408, 21610, 21611, 21612, 21614, 21617, 21703, 21704, 30022, 30034])
    assert.ok(isKnown(code), String(code))
  for (let code = 30_001; code <= 30_008; code++) assert.ok(isKnown(code), String(code))
})

test('a code says more than its status, and without one the status alone is judged', () => {
  const judged = (status: number, code?: number): string => {
    const { kind, code: word } = refusal(status, code, undefined, now)
    return `${kind} ${word}`
  }
  assert.equal(judged(400, 21211), 'permanent invalid-destination')
  assert.equal(judged(400, 21610), 'permanent blocked')
  assert.equal(judged(400, 21614), 'permanent landline')
  assert.equal(judged(403, 21408), 'permanent not-permitted')
  assert.equal(judged(400, 20429), 'throttled throttled')
  assert.equal(judged(429, 21611), 'throttled queue-full')
  assert.equal(judged(400, 21609), 'offline rejected', 'our own address: no message is the worse for it')
  assert.equal(judged(403, 70051), 'offline not-permitted', 'the key may not send')
  assert.equal(judged(401), 'offline not-permitted')
  assert.equal(judged(429), 'throttled throttled')
  assert.equal(judged(500), 'temporary peer-error')
  assert.equal(judged(503), 'temporary peer-busy')
  assert.equal(judged(302), 'temporary peer-error')
  assert.equal(judged(403), 'temporary peer-error', 'a firewall, maybe, that dislikes one text')
  assert.equal(judged(400, 99_999), 'permanent rejected')
})

test('Retry-After is kept in seconds and as a date, an hour at most', () => {
  const wait = (text: string): number | undefined => refusal(429, 20429, text, now).retryAfterMs
  assert.equal(wait('7'), 7000)
  assert.equal(wait('999999'), 3_600_000)
  assert.equal(wait('Sun, 01 Mar 2026 12:00:30 GMT'), 30_000)
  for (const nothing of ['0', '-1', 'soon', '', 'Sun, 01 Mar 2026 11:00:30 GMT']) assert.equal(wait(nothing), undefined, nothing)
})

test('whatever is answered is judged, and a message that failed later is never sent again by it', () => {
  holds(
    property(integer({ min: 100, max: 599 }), option(integer()), option(string()), (status, code, header) => {
      const facts = refusal(status, code ?? undefined, header ?? undefined, now)
      assert.ok(facts.peer!.length < 60 && facts.peerCode !== undefined)
      assert.ok(facts.retryAfterMs === undefined || (facts.retryAfterMs > 0 && facts.retryAfterMs <= 3_600_000))
      assert.equal(laterFailure(code ?? undefined).kind, 'permanent')
    }),
  )
})
