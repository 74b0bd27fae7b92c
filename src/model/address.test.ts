import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { getCountries, getCountryCallingCode, parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { alphanumericSender, e164, international, parseAddress, rewriteDestination, shortCode } from './address.ts'

test('a number in international format is E.164, however it is spaced', () => {
  for (const text of ['+447700900123', '+44 7700 900123', '+44 (0)7700-900-123', ' +447700900123 ']) {
    assert.deepEqual(parseAddress(text), { value: '+447700900123', ton: 'international', npi: 'e164' }, text)
  }
})

test('a national number needs its country', () => {
  assert.equal(e164('07700 900123', 'GB')?.value, '+447700900123')
  assert.equal(e164('07700 900123'), undefined)
  assert.equal(e164('+15550100123', 'GB')?.value, '+15550100123')
})

test('a number that no plan can have is refused', () => {
  for (const text of [
    '+',
    '+1',
    '+1555010012',
    '+155501001234',
    '+0123456789',
    '+999123456789',
    '+44770090012x',
    `+${'4'.repeat(400)}`,
    '+44 7700 900123 ext. 5',
  ]) {
    assert.equal(parseAddress(text), undefined, text)
  }
})

test('the national prefix inside an international number is taken off', () => {
  assert.equal(e164('+4407700900123')?.value, '+447700900123')
  assert.equal(e164('+390612345678')?.value, '+390612345678')
})

test('the shortcut for digits says what the library says, for every calling code', () => {
  const codes = [...new Set(getCountries().map((country) => getCountryCallingCode(country)))]
  const national = fc.array(fc.nat(9), { minLength: 3, maxLength: 13 }).map((digits) => digits.join(''))
  fc.assert(
    fc.property(fc.constantFrom(...codes), national, (code, digits) => {
      const number = parsePhoneNumberFromString(`+${code}${digits}`, { extract: false })
      assert.equal(e164(`+${code}${digits}`)?.value, number?.isPossible() ? number.number : undefined)
    }),
    { numRuns: 3000 },
  )
})

test('three to eight digits are a short code', () => {
  assert.deepEqual(parseAddress('12345'), { value: '12345', ton: 'abbreviated', npi: 'unknown' })
  assert.ok(shortCode('123') && shortCode('12345678'))
  assert.equal(shortCode('12'), undefined)
  assert.equal(shortCode('123456789'), undefined)
  assert.equal(parseAddress('123456789'), undefined)
})

test('an alphanumeric sender has 1 to 11 of the characters that Twilio allows, with a letter among them', () => {
  for (const text of ['A', 'Signalbox', 'My Shop 24', 'A+B-C_D&E'])
    assert.deepEqual(parseAddress(text), { value: text, ton: 'alphanumeric', npi: 'unknown' })
  for (const text of ['', '12 34', 'TwelveLetter', 'dot.com', 'Grüße', 'a\nb', '+Shop']) assert.equal(parseAddress(text), undefined, text)
  assert.equal(alphanumericSender('+Shop')?.value, '+Shop')
})

test('what a carrier says is taken unchecked, with a plus', () => {
  assert.equal(international('12').value, '+12')
  assert.equal(international('+447700900123').value, '+447700900123')
})

test('any text is an address of a known kind or none', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 30 }), (text) => {
      const address = parseAddress(text)
      if (address) assert.equal(address.value.startsWith('+'), address.ton === 'international')
    }),
  )
})

test('a destination is rewritten by the longest prefix, once', () => {
  const rewrites = { '001': '+1', '00': '+', '0': '+49' }
  assert.equal(rewriteDestination('0017815551212', rewrites), '+17815551212')
  assert.equal(rewriteDestination('00447700900123', rewrites), '+447700900123')
  assert.equal(rewriteDestination('0301234567', rewrites), '+49301234567')
  assert.equal(rewriteDestination('+447700900123', rewrites), '+447700900123')
  assert.equal(rewriteDestination('+447700900123', {}), '+447700900123')
})
