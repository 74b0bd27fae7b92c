import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { sipTrace } from './index.ts'

const message = (body: string, more: readonly string[] = []): Buffer =>
  Buffer.from(
    [
      'MESSAGE sip:+447700900123@127.0.0.1 SIP/2.0',
      'Via: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1',
      'From: <sip:alice@127.0.0.1>;tag=1',
      'To: <sip:+447700900123@127.0.0.1>',
      'Call-ID: 1',
      'CSeq: 1 MESSAGE',
      ...more,
      'Content-Type: text/plain',
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
  )

test('bodies are hidden unless they are asked for, octet by octet, and the message stays readable', () => {
  const octets = message('a secret ☃')
  const hidden = Buffer.from(octets)
  assert.equal(sipTrace.conceal(hidden, false), undefined)
  assert.equal(hidden.length, octets.length)
  assert.ok(hidden.toString().endsWith(`\r\n\r\n${'.'.repeat(Buffer.byteLength('a secret ☃'))}`))
  const { title, fields } = sipTrace.dissect(hidden, true)
  assert.equal(title, 'MESSAGE sip:+447700900123@127.0.0.1')
  assert.deepEqual(fields[3], { name: 'Call-ID', value: '1' })
  const shown = Buffer.from(octets)
  sipTrace.conceal(shown, true)
  assert.deepEqual(sipTrace.dissect(shown, true).fields.at(-1), { name: 'body, 12 octets', value: '"a secret ☃"' })
})

test('what proves a password is hidden always, also folded and in basic authorization', () => {
  const digest = 'Digest username="alice", realm="127.0.0.1", nonce="n", uri="sip:x",\r\n response="5ca1ab1e5ca1ab1e", cnonce="c0ffee"'
  const octets = message('x', [`Proxy-Authorization: ${digest}`, 'Authorization: Basic YWxpY2U6d29uZGVybGFuZA=='])
  const length = octets.length
  sipTrace.conceal(octets, true)
  const text = octets.toString()
  assert.equal(octets.length, length)
  for (const secret of ['5ca1ab1e', 'c0ffee', 'YWxpY2U6']) assert.equal(text.includes(secret), false, secret)
  for (const shown of ['username="alice"', 'nonce="n"', 'response="****']) assert.ok(text.includes(shown), shown)
})

test('of what cannot be read only the start line is shown', () => {
  const octets = Buffer.from('MESSAGE sip:x SIP/2.0\r\nFrom somebody: a secret\r\n\r\nanother')
  const why = sipTrace.conceal(octets, false)
  assert.equal(typeof why, 'string')
  assert.equal(octets.includes('secret') || octets.includes('another'), false)
  assert.equal(sipTrace.dissect(octets, false).title, 'MESSAGE sip:x SIP/2.0')
})

test('no octets make concealing or dissecting throw, or change their number', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.boolean(), (octets, bodies) => {
      const copy = new Uint8Array(octets)
      const why = sipTrace.conceal(copy, bodies)
      sipTrace.dissect(copy, why === undefined)
      assert.equal(copy.length, octets.length)
    }),
  )
})
