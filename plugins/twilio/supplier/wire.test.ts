import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anything, assert as holds, integer, oneof, property, string, uint8Array } from 'fast-check'
import { parseForm, one } from '../form.ts'
import { message, secret } from './facade.fixture.ts'
import { supplierConfig } from './settings.ts'
import { callbackUrl, createRequest, readAnswer, refusalOf } from './wire.ts'

const config = supplierConfig.parse({ accountSid: `AC${'1'.repeat(32)}`, authToken: 't0ken', callbackSecret: secret })
const terms = { allowPrivate: false, signal: { aborted: false } }

test('whatever a peer answers is read without a throw, and only what has the right type is believed', () => {
  const bytes = oneof(
    uint8Array({ maxLength: 200 }).map((octets) => Buffer.from(octets)),
    anything().map((value) => Buffer.from(JSON.stringify(value) ?? '')),
    string().map((text) => Buffer.from(`{"sid":${text}`)),
  )
  holds(
    property(bytes, integer({ min: 100, max: 599 }), (body, status) => {
      const response = { status, headers: { 'retry-after': ['1', '2'] }, body, url: '' }
      const { sid, code } = readAnswer(response)
      assert.ok(sid === undefined || /^[A-Za-z0-9]{1,64}$/.test(sid))
      assert.ok(code === undefined || Number.isInteger(code))
      assert.ok(refusalOf(response, 0).kind)
    }),
  )
})

test('every text arrives as it was, from the number it was sent from', () => {
  holds(
    property(string({ unit: 'grapheme', minLength: 1 }), (text) => {
      const request = createRequest(config, message(text), callbackUrl('https://sms.example', secret), Date.now(), terms)!
      const form = parseForm(request.body!)
      assert.equal(one(form, 'Body'), text)
      assert.equal(one(form, 'From'), '+15005550006')
      assert.equal(one(form, 'StatusCallback'), `https://sms.example/twilio/${secret}/status#rc=5&rp=5xx,ct,rt`)
      assert.equal(request.redirects, 0)
      assert.notEqual(request.repeatable, true, 'a create is never repeated on the quiet')
      assert.ok(!request.url.includes('t0ken') && !request.body!.includes('t0ken'))
    }),
  )
})

test('what is left of a message’s validity is asked for, within what the API takes', () => {
  const now = Date.now()
  const validity = (ms: number): string | undefined => {
    const request = createRequest(config, message('x', { validUntil: now + ms }), 'https://x.example', now, terms)
    return one(parseForm(request!.body!), 'ValidityPeriod')
  }
  assert.deepEqual([validity(90_900), validity(10), validity(-5), validity(864_000_000)], ['90', '1', '1', '36000'])
})
