import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { account, number } from '../../test/routing.ts'
import type { OptOutSetting, OwnNumber } from './account.ts'
import { keywordOf, optOutRules, partyOf } from './optout.ts'

const rulesOf = (value: string, setting?: OptOutSetting, more: Partial<OwnNumber> = {}, parents?: OptOutSetting) =>
  optOutRules(
    {
      resources: new Map(),
      accounts: new Map(
        [account('A', undefined, parents ? { optOut: parents } : {}), account('B', 'A', setting ? { optOut: setting } : {})].map((one) => [
          one.id,
          one,
        ]),
      ),
    },
    { ...number(value, 'B', 'B/api'), ...more },
  )
const said = (text: string, value = '+12025550123', setting?: OptOutSetting, out = false) => {
  const rules = rulesOf(value, setting)
  return rules && keywordOf(rules, { kind: 'text', text }, () => out)?.type
}

test('Twilio’s words are those of long codes of +1, whatever their case, with blanks around them', () => {
  for (const word of ['STOP', 'StopAll', 'unsubscribe', 'CANCEL', 'END', ' quit ', 'REVOKE', 'OPTOUT\r\n']) assert.equal(said(word), 'stop')
  for (const word of ['START', 'unstop']) assert.equal(said(word), 'start')
  for (const word of ['HELP', 'info']) assert.equal(said(word), 'help')
  for (const word of ['', 'STOP.', 'STOP IT', 'YES', 'ARRET', `STOP${' '.repeat(100)}`]) assert.equal(said(word), undefined)
  assert.equal(said('YES', undefined, undefined, true), 'start')
  for (const value of ['12345', '+447700900123', '+1202555012', '+120255501234']) assert.equal(said('STOP', value), undefined)
})

test('a toll-free number knows fewer words and answers none: its network does', () => {
  const rules = rulesOf('+18885550123')
  assert.deepEqual([...rules!.words], [['STOP', 'stop'], ['START', 'start'], ['UNSTOP', 'start']]) // prettier-ignore
  assert.deepEqual(
    keywordOf(rules!, { kind: 'text', text: 'stop' }, () => false),
    { type: 'stop', word: 'STOP' },
  )
})

test('the nearest account that says something decides, and a number may say otherwise', () => {
  assert.equal(rulesOf('+12025550123', 'off'), undefined)
  assert.equal(rulesOf('+12025550123', undefined, {}, 'off'), undefined)
  assert.ok(rulesOf('+12025550123', 'twilio', {}, 'off'))
  assert.equal(rulesOf('+12025550123', undefined, { optOut: false }), undefined)
  assert.ok(rulesOf('+447700900123', 'off', { optOut: true }))
  assert.equal(rulesOf('+447700900123', {}, { optOut: false }), undefined)
  assert.equal(said('Stopp', '12345', { stop: ['stopp'] }), 'stop')
  assert.equal(said('STOP', '12345', { stop: ['stopp'] }), undefined)
  assert.equal(said('START', '12345', { stop: ['stopp'] }), 'start')
})

test('a binary body is no word', () => {
  assert.equal(
    keywordOf(rulesOf('+12025550123')!, { kind: 'binary', data: new TextEncoder().encode('STOP') }, () => false),
    undefined,
  )
})

test('however a number is written, with its plus or without, it is the same party, and no two numbers are', () => {
  const digits = fc.stringMatching(/^[1-9][0-9]{2,16}$/)
  fc.assert(
    fc.property(digits, digits, (one, other) => {
      const isNumber = one.length >= 7 && one.length <= 15
      assert.equal(partyOf(one) === partyOf(`+${one}`), isNumber)
      assert.equal(partyOf(partyOf(one)), partyOf(one))
      if (one !== other) assert.notEqual(partyOf(one), partyOf(other))
    }),
  )
  for (const name of ['ACME', '', '07700900123', 'bob@acme.example']) assert.equal(partyOf(name), name)
})
