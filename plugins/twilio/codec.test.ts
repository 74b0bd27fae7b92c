import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as fc from 'fast-check'
import twilioClient from 'twilio'
import { dateSpan, isoInstant, rfc2822 } from './dates.ts'
import { endpoint, isWebhookUrl } from './endpoint.ts'
import { Refused, xmlText } from './errors.ts'
import { all, one, parseForm, parseFormBytes, writeForm } from './form.ts'
import { phoneNumber } from './numbers.ts'
import { numberSettings } from './settings.ts'
import { sign, signature, type SignedParams } from './signature.ts'
import { readTwiml } from './twiml.ts'

interface Vector {
  name: string
  authToken: string
  url: string
  params?: SignedParams
  body?: string
  signature: string
  sdkValid: boolean
}
const vectors = JSON.parse(readFileSync('test/fixtures/twilio/signature-vectors.json', 'utf8')) as Vector[]

test('signs every vector, and checks each as the official package does', () => {
  assert.equal(vectors.length, 10)
  for (const { name, authToken, url, params, body, signature: expected, sdkValid } of vectors) {
    const [, over = url] = /^signed over (\S+), checked as/.exec(name) ?? []
    assert.equal(signature(authToken, over, params), expected, name)
    const valid =
      body === undefined
        ? twilioClient.validateRequest(authToken, expected, url, (params ?? {}) as Record<string, string>)
        : twilioClient.validateRequestWithBody(authToken, expected, url, body)
    assert.equal(valid, sdkValid, name)
    // Neither who asks, nor what a fragment says, nor the scheme's own port is ever requested, and so not signed.
    const to = endpoint(over)!
    assert.equal(signature(authToken, to.signed, params) === expected, !/@|#|:443/.test(over), name)
  }
})

test('signs in turn for several tenants, short and long, whatever the letters', () => {
  const text = fc.string({ unit: 'binary', maxLength: 40 })
  const tokens = fc.constantFrom('a', 'b', 'c'.repeat(64), 'd'.repeat(65))
  fc.assert(
    fc.property(fc.array(fc.tuple(tokens, text, fc.constantFrom(1, 1, 1, 3, 50, 300)), { maxLength: 20 }), (asked) => {
      for (const [token, piece, times] of asked) {
        const whole = piece.repeat(times)
        assert.equal(sign(token, whole), createHmac('sha1', token).update(whole).digest('base64'))
      }
    }),
  )
})

test('signs what the official package validates', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((s) => !/\p{Surrogate}/u.test(s))
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[A-Za-z]{1,10}$/), text, { maxKeys: 10 }), (params) => {
      const url = 'https://example.com/sms?a=b'
      assert.ok(twilioClient.validateRequest('token', signature('token', url, params), url, params))
    }),
    { numRuns: 100 },
  )
})

test('reads every form that it writes', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.string({ unit: 'grapheme' })), (params) => {
      const form = parseForm(writeForm(params))
      for (const [name, value] of Object.entries(params)) assert.equal(one(form, name), value)
    }),
  )
})

test('agrees with URLSearchParams on every form that is well formed', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.stringMatching(/^\w{1,5}$/), fc.string({ unit: 'grapheme' }))), (pairs) => {
      const text = new URLSearchParams(pairs.filter(([, v]) => !/\p{Surrogate}/u.test(v))).toString()
      const form = parseForm(text)
      for (const name of new Set(pairs.map(([n]) => n))) assert.deepEqual(all(form, name), new URLSearchParams(text).getAll(name))
    }),
  )
})

test('never throws anything but a refusal on any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        parseFormBytes(Buffer.from(bytes))
      } catch (error) {
        assert.ok(error instanceof Refused)
      }
    }),
  )
})

test('says which parameter is malformed', () => {
  assert.throws(() => parseForm('To=1&Body=%E4'), /Body has malformed percent-encoding/)
  assert.throws(() => parseFormBytes(Buffer.from([0x61, 0xff])), /not UTF-8/)
  assert.equal(one(parseForm('a=1&a=2&b&=&&c=d=e'), 'c'), 'd=e')
})

test('writes dates as Java reads them, and reads days and instants inclusively', () => {
  assert.equal(rfc2822(Date.UTC(2023, 7, 4, 5, 1, 45, 999)), 'Fri, 04 Aug 2023 05:01:45 +0000')
  assert.equal(rfc2822(Date.UTC(2023, 7, 4, 5, 1, 46)), 'Fri, 04 Aug 2023 05:01:46 +0000')
  assert.deepEqual(dateSpan('2008-01-02'), { first: Date.UTC(2008, 0, 2), last: Date.UTC(2008, 0, 3) - 1 })
  assert.deepEqual(dateSpan('1970-01-01T00:00:00Z'), { first: 0, last: 999 })
  assert.equal(isoInstant('2026-01-01T01:00:00+01:00'), Date.UTC(2026, 0, 1))
  for (const bad of ['', '2026-13-01', '2026-02-30', '20260101', '2026-01-01T25:00:00Z', '2026-02-30T00:00:00Z', '2026-00-10T00:00:00Z'])
    assert.equal(dateSpan(bad), undefined, bad)
})

test('takes a URL apart without showing what it hides', () => {
  const found = endpoint('https://u:p@EXAMPLE.com:443/a b?secret=1#ct=2000&rt=100&tt=15000&rc=5&rp=4xx,rt')
  assert.equal(found?.signed, 'https://example.com/a%20b?secret=1')
  assert.equal(found?.shown, 'https://example.com/a%20b?...')
  assert.equal(found?.url, 'https://u:p@example.com/a%20b?secret=1')
  assert.deepEqual(
    { ...found?.overrides, rp: [...(found?.overrides.rp ?? [])] },
    { ct: 2000, rt: 100, tt: 15_000, rc: 5, rp: ['4xx', 'rt'] },
  )
  assert.deepEqual(endpoint('http://a.test/')?.overrides, { ct: 5000, rt: 15_000, tt: 15_000, rc: 1, rp: new Set(['ct']) })
  for (const bad of ['', 'x', 'http://', 'mailto:a@b', 'https://under_score.com/', `http://a.test/${'x'.repeat(5000)}`])
    assert.equal(isWebhookUrl(bad), false, bad)
})

test('judges numbers alike the first time and when it remembers', () => {
  for (let round = 0; round < 2; round++) {
    assert.equal(phoneNumber('+447700900123')?.value, '+447700900123')
    assert.equal(phoneNumber('+447700900124')?.value, '+447700900124')
    assert.equal(phoneNumber('(500) 555-0006'), undefined)
    assert.equal(phoneNumber('+4477009001234567'), undefined)
    assert.equal(phoneNumber('+4477009'), undefined)
    assert.equal(phoneNumber('12345'), undefined)
  }
})

test('survives hostile documents quickly', () => {
  const startedAt = performance.now()
  const documents = [
    '<a'.repeat(30_000),
    '<a>'.repeat(20_000),
    '<Response>'.repeat(100),
    `<Response>${'<Message>'.repeat(40)}`,
    '<!DOCTYPE x>',
    '&'.repeat(60_000),
    '<Response',
    '\0',
    '<Other/>',
    `<Response a="${'>'.repeat(60_000)}"/>`,
  ]
  for (const text of documents) assert.equal(readTwiml(text).ok, text.startsWith('<Response a='), text.slice(0, 30))
  assert.ok(performance.now() - startedAt < 20_000)
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void readTwiml(`<Response>${text}</Response>`)))
})

test('keeps entities of a document’s own and external ones out', () => {
  const found = readTwiml('<Response><Message>&#x41;&lt;&unknown;</Message></Response>')
  assert.deepEqual(found.ok && found.verbs, [{ verb: 'message', text: 'A<&unknown;', media: 0 }])
})

test('writes only what XML can hold', () => {
  assert.equal(xmlText('a\u0000\u0008<&>"\t\n\ud800é👍'), 'a\ufffd\ufffd&lt;&amp;&gt;&quot;\t\n\ufffdé👍')
})

test('takes a number’s settings by name, and only such', () => {
  assert.equal(numberSettings.safeParse({ smsUrl: 'https://example.com/sms', smsMethod: 'GET' }).success, true)
  assert.equal(numberSettings.safeParse({ smsUrl: '' }).success, true)
  for (const bad of [{ smsUrl: 'x' }, { smsMethod: 'PUT' }, { smsURL: 'https://example.com' }])
    assert.equal(numberSettings.safeParse(bad).success, false, JSON.stringify(bad))
})
