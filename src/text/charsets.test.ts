import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { decodeCharset, encodeCharset, type OctetCharset } from './charsets.ts'
import { decodeText, joinTexts } from './decode.ts'
import { countSegments, split, type SplitOptions } from './segment.ts'
import { smsCount } from './sms.ts'

/** Any of these characters, or the space between them. */
const oneOf = (characters: string) => fc.constantFrom(...characters.split(' '), ' ')
const charsets: readonly OctetCharset[] = ['ascii', 'latin1', 'cyrillic', 'hebrew']

test('each charset knows exactly its characters', () => {
  const size = (charset: OctetCharset): number => {
    let known = 0
    for (let unit = 0; unit < 0x1_0000; unit++) if (encodeCharset(charset, String.fromCharCode(unit))) known++
    return known
  }
  // ISO 8859-8 has 0xA1, 0xBF–0xDE, 0xFB, 0xFC and 0xFF empty; control characters from 0x80 on are in none.
  assert.deepEqual(charsets.map(size), [128, 224, 224, 188])
})

test('whatever encodes decodes to itself', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...charsets),
      fc.string({ unit: oneOf('a Z @ { ` \n é ß ÿ Ж ё № א ת € 😀 \u0085'), maxLength: 20 }),
      (charset, text) => {
        const octets = encodeCharset(charset, text)
        if (octets) assert.equal(decodeCharset(charset, octets), text)
      },
    ),
    { numRuns: 2000 },
  )
})

test('octets that Latin-1 leaves to control characters are read as windows-1252', () => {
  assert.equal(decodeCharset('latin1', Uint8Array.of(0x35, 0x20, 0x80, 0xe9)), '5 €é')
  assert.equal(decodeCharset('ascii', Uint8Array.of(0x93, 0x41, 0x94)), '“A”')
  assert.equal(decodeCharset('latin1', Uint8Array.of(0x81)), '\ufffd')
  for (const charset of charsets)
    assert.equal(
      decodeCharset(
        charset,
        Uint8Array.from({ length: 256 }, (_, n) => n),
      ).length,
      256,
      charset,
    )
})

test('parts in any charset say the text again, none beyond what the air holds', () => {
  const letters = fc.string({ unit: oneOf('a b c { [ ` é ñ â Ж א € 😀'), maxLength: 700 })
  const options = fc.record({
    charset: fc.constantFrom('gsm7', 'ascii', 'latin1', 'cyrillic', 'hebrew', 'ucs2' as const),
    concatenation: fc.constantFrom('udh8', 'udh16', 'sar', 'payload' as const),
    nationalTables: fc.constantFrom([], [1, 3]),
  })
  fc.assert(
    fc.property(letters, options, (text, chosen) => {
      const given: SplitOptions = { ...chosen, reference: 7 }
      const parts = split({ kind: 'text', text }, given)
      const texts = parts.map(({ alphabet, data, udh }) => {
        if (alphabet === 'binary') assert.fail('binary')
        const header = udh ? 1 + udh.length : 0
        const { length } = data
        if (given.concatenation !== 'payload') {
          if (alphabet === 'ucs2') assert.ok(header + length <= 140)
          // On the air it is GSM 7-bit or, at one octet a character, 8-bit.
          else assert.ok(header + Math.ceil((length * 7) / 8) <= 140 || header + length <= 140)
        }
        return alphabet === 'gsm7' || alphabet === 'ucs2' ? decodeText(alphabet, data, udh) : decodeCharset(alphabet, data)
      })
      assert.equal(texts.join(''), text)
      assert.equal(new Set(parts.map((part) => part.alphabet)).size, 1)
      if (given.charset === 'ucs2') assert.equal(parts[0]?.alphabet, 'ucs2')
      if (given.charset === 'latin1' && !/[Жא€😀]/u.test(text)) assert.equal(parts[0]?.alphabet, 'latin1')
    }),
    { numRuns: 400 },
  )
})

test('a text that GSM 7-bit has takes as many parts in Latin-1 and ASCII as Twilio counts', () => {
  fc.assert(
    fc.property(fc.string({ unit: oneOf('a b c { [ ~ é'), maxLength: 700 }), (text) => {
      const count = countSegments({ kind: 'text', text })
      const parts = (charset: 'ascii' | 'latin1') => split({ kind: 'text', text }, { charset, concatenation: 'udh8', reference: 7 })
      assert.equal(parts('latin1').length, count)
      if (parts('ascii')[0]?.alphabet === 'ascii') assert.equal(parts('ascii').length, count)
    }),
    { numRuns: 300 },
  )
})

test('a class is said in GSM 7-bit or UCS-2, whatever is preferred', () => {
  const alphabet = (text: string, charset: 'latin1' | 'ucs2') =>
    split({ kind: 'text', text, messageClass: 0 }, { charset, concatenation: 'udh8', reference: 7 })[0]?.alphabet
  assert.deepEqual([alphabet('é', 'latin1'), alphabet('â', 'latin1'), alphabet('a', 'ucs2')], ['gsm7', 'ucs2', 'ucs2'])
})

test('what a sender cut in two is whole after joining', () => {
  const gsm = (...septets: number[]) => decodeText('gsm7', Uint8Array.from(septets), undefined, true)
  assert.equal(joinTexts([gsm(0x35, 0x1b), gsm(0x65, 0x21)]), '5€!')
  assert.equal(joinTexts([gsm(0x35, 0x1b), '', gsm(0x65)]), '5€')
  assert.equal(joinTexts([gsm(0x1b), gsm(0x1b, 0x65)]), ' €')
  assert.equal(joinTexts([gsm(0x1b, 0x1b), gsm(0x65)]), ' e')
  assert.equal(joinTexts([gsm(0x41), gsm(0x42, 0x1b)]), 'AB ')
  const ucs2 = (...octets: number[]) => decodeText('ucs2', Uint8Array.from(octets), undefined, true)
  assert.equal(joinTexts([ucs2(0xd8, 0x3d), ucs2(0xde, 0x00)]), '😀')
  assert.equal(joinTexts([ucs2(0xd8, 0x3d), ucs2(0x00, 0x41)]), '\ufffdA')
  assert.equal(joinTexts([]), '')
})

test('any cut of septets joins to what they say uncut', () => {
  const septets = fc.uint8Array({ max: 127, maxLength: 60 })
  fc.assert(
    fc.property(septets, fc.nat(60), (all, at) => {
      // An escape after an escape is reserved: which two make the pair is lost with the cut.
      fc.pre(!all.some((septet, i) => septet === 0x1b && all[i - 1] === 0x1b))
      const parts = [all.subarray(0, at), all.subarray(at)].map((part) => decodeText('gsm7', part, undefined, true))
      assert.equal(joinTexts(parts), decodeText('gsm7', all))
    }),
    { numRuns: 1000 },
  )
})

test('a text that a peer takes whole is as many SMS as it has parts elsewhere', () => {
  const letters = fc.string({ unit: fc.oneof(oneOf('a b c é {'), oneOf('ж щ 😀'), oneOf('â ç a')), maxLength: 700 })
  fc.assert(
    fc.property(letters, fc.constantFrom('gsm7', 'latin1', 'ucs2' as const), (text, charset) => {
      const parts = split({ kind: 'text', text }, { charset, concatenation: 'udh8', reference: 7 })
      const whole = split({ kind: 'text', text }, { charset, concatenation: 'payload', reference: 7 })
      assert.equal(smsCount(parts), parts.length)
      // Of a charset that is translated for the air, where escapes will be cut is not ours to know.
      const slack = parts[0]?.alphabet === 'latin1' ? 1 : 0
      assert.ok(parts.length - smsCount(whole) >= 0 && parts.length - smsCount(whole) <= slack)
    }),
    { numRuns: 600 },
  )
  const binary = (length: number) =>
    smsCount(split({ kind: 'binary', data: new Uint8Array(length) }, { concatenation: 'payload', reference: 7 }))
  assert.deepEqual([binary(0), binary(140), binary(141), binary(269)], [1, 1, 2, 3])
})
