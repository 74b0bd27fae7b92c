import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { decodeGsm7, defaultAlphabet, encodeGsm7, gsm7Alphabet, septetLength } from './gsm7.ts'
import { lockingTables, singleTables, undefinedCharacter } from './tables.ts'

const bytes = (...octets: number[]): Uint8Array => Uint8Array.from(octets)

test('ASCII letters are their own septets, @ $ and _ are not', () => {
  assert.deepEqual(encodeGsm7('Az09\n\r'), bytes(0x41, 0x7a, 0x30, 0x39, 0x0a, 0x0d))
  assert.deepEqual(encodeGsm7('@$_'), bytes(0x00, 0x02, 0x11))
})

test('characters of the extension take an escape', () => {
  assert.deepEqual(encodeGsm7('a€{\f'), bytes(0x61, 0x1b, 0x65, 0x1b, 0x28, 0x1b, 0x0a))
  assert.equal(septetLength('a€{\f'), 7)
})

test('a character outside the alphabet is refused, the escape character itself too', () => {
  for (const text of ['ж', 'a`', 'ç', '\u001b', '😀', '\t', undefinedCharacter]) {
    assert.equal(septetLength(text), -1, JSON.stringify(text))
    assert.equal(encodeGsm7(text), undefined)
  }
})

test('the quick tests for ASCII say what the table says, for every UTF-16 unit', () => {
  for (let unit = 0; unit <= 0xffff; unit++) {
    const code = defaultAlphabet.codes[unit] ?? 0x1b
    const expected = code === 0x1b ? undefined : code >= 0x80 ? bytes(0x1b, code & 0x7f) : bytes(code)
    const character = String.fromCharCode(unit)
    assert.deepEqual(encodeGsm7(character), expected, `U+${unit.toString(16)}`)
    assert.equal(septetLength(character), expected?.length ?? -1)
  }
})

test('an undefined position after an escape shows the character of the locking table', () => {
  assert.equal(decodeGsm7(bytes(0x1b, 0x41)), 'A')
  assert.equal(decodeGsm7(bytes(0x1b, 0x41), gsm7Alphabet(0, 2)), 'Á')
})

test('an escape after an escape, and one at the end, shows a space', () => {
  assert.equal(decodeGsm7(bytes(0x61, 0x1b, 0x1b, 0x62)), 'a b')
  assert.equal(decodeGsm7(bytes(0x61, 0x1b)), 'a ')
})

test('octets above 0x7F and positions of no table decode to U+FFFD', () => {
  assert.equal(decodeGsm7(bytes(0x61, 0x80, 0x1b, 0xff)), 'a\ufffd\ufffd')
  assert.equal(decodeGsm7(bytes(0x0d + 1), gsm7Alphabet(4, 4)), '\ufffd')
})

test('a character that stands twice in a table is encoded by its lowest position', () => {
  assert.deepEqual(encodeGsm7('*¡', gsm7Alphabet(6, 6)), bytes(0x1b, 0x0b, 0x1b, 0x13))
})

test('identifiers without a table stand for the default one', () => {
  assert.equal(gsm7Alphabet(2, 99), defaultAlphabet)
  assert.equal(gsm7Alphabet(-1, 14), defaultAlphabet)
})

test('whatever encodes decodes to itself, under every pair of tables', () => {
  for (let locking = 0; locking < lockingTables.length; locking++) {
    for (let single = 0; single < singleTables.length; single++) {
      const alphabet = gsm7Alphabet(locking, single)
      const characters = [...alphabet.plain, ...alphabet.escaped].filter((c) => c !== '\ufffd' && septetLength(c, alphabet) > 0)
      assert.ok(characters.length > 100)
      const all = characters.join('')
      assert.equal(decodeGsm7(encodeGsm7(all, alphabet) ?? bytes(), alphabet), all)
      fc.assert(
        fc.property(fc.array(fc.constantFrom(...characters), { maxLength: 60 }), (chosen) => {
          const text = chosen.join('')
          const septets = encodeGsm7(text, alphabet) ?? bytes()
          assert.equal(septets.length, septetLength(text, alphabet))
          assert.ok(septets.every((septet) => septet < 0x80))
          assert.equal(decodeGsm7(septets, alphabet), text)
        }),
        { numRuns: 5 },
      )
    }
  }
})

test('decoding takes any octets', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(15), fc.nat(15), (octets, locking, single) => {
      const text = decodeGsm7(octets, gsm7Alphabet(locking, single))
      assert.ok(text.length <= octets.length)
    }),
  )
})
