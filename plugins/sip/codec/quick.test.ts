// The quick readers never say anything else than the full ones, whatever they are given.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { readCSeq, readUri, readVia, tagOf } from './index.ts'
import { isPlainUri, plainCSeq, plainTag, plainVia } from './quick.ts'

/** A good one with up to three characters changed, put in or left out. */
function nearly(good: readonly string[], alphabet: string): fc.Arbitrary<string> {
  const edit = fc.tuple(fc.nat(80), fc.constantFrom('put', 'cut', 'change'), fc.constantFrom(...alphabet))
  return fc.tuple(fc.constantFrom(...good), fc.array(edit, { maxLength: 3 })).map(([text, edits]) => {
    let result = text
    for (const [place, how, c] of edits) {
      const at = place % (result.length + 1)
      result = result.slice(0, at) + (how === 'cut' ? '' : c) + result.slice(how === 'put' ? at : at + 1)
    }
    return result
  })
}

/** Among other octets: what stands behind the end must not matter. */
const among = (text: string): Buffer => Buffer.from(`${text}\r\n;tag=x;rport`, 'latin1')
const options = { numRuns: 5000 }

test('Request-URIs', () => {
  const good = [
    'sip:+4915112345678@sms.example',
    'sip:sms.example',
    'sip:a@192.0.2.1:5060',
    'sip:a@192.0.2.1:65535',
    'sip:a@b;user=phone',
    'sip:a@b;lr',
  ]
  let plain = 0
  fc.assert(
    fc.property(nearly(good, 'a16:@;=?%#+/.A"< é'), (text) => {
      if (!isPlainUri(among(text), 0, text.length)) return
      plain++
      const uri = readUri(text)
      assert.ok(uri && uri.headers === undefined, text)
    }),
    options,
  )
  assert.ok(plain > 1000 && good.every((text) => isPlainUri(among(text), 0, text.length)))
})

test('tags of From and To', () => {
  const good = ['"Alice" <sip:a@b.example>;tag=Y0u', '<sip:a@b.example>;tag=a-b.c', '<sip:a@b.example>', '"" <sip:a@b;x?y>;tag=1']
  let plain = 0
  fc.assert(
    fc.property(nearly(good, 'a1:@;=?<>" ,\\\u00e9\0'), (text) => {
      const octets = among(text)
      const at = plainTag(octets, 0, text.length)
      if (at === -1) return
      plain++
      assert.equal(at === text.length ? '' : text.slice(at), tagOf(text), text)
    }),
    options,
  )
  assert.ok(plain > 1000 && good.every((text) => plainTag(among(text), 0, text.length) !== -1))
})

test('Vias', () => {
  const good = [
    'SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK.Vq;rport',
    'SIP/2.0/TCP a.example;rport;branch=z9hG4bKa',
    'SIP/2.0/TLS a:5061;branch=b',
    'SIP/2.0/UDP 192.0.2.10:65535;rport;branch=z9hG4bKa',
    'SIP/2.0/UDP a',
  ]
  let plain = 0
  fc.assert(
    fc.property(nearly(good, 'a16:;=, "<A[]/\u00e9'), (text) => {
      const octets = among(text)
      const via = plainVia(octets, octets.toString('latin1'), 0, text.length)
      if (via === undefined) return
      plain++
      assert.deepEqual(via, readVia(text), text)
    }),
    options,
  )
  assert.ok(plain > 1000)
})

test('CSeqs', () => {
  fc.assert(
    fc.property(nearly(['20 MESSAGE', '123456789 MESSAGE', '0 MESSAGE'], '0 9MEé'), (text) => {
      const octets = Buffer.from(`MESSAGE${text}`, 'latin1')
      const number = plainCSeq(octets, 7, 7 + text.length, 0, 7)
      if (number !== -1) assert.deepEqual(readCSeq(text), { number, method: 'MESSAGE' })
    }),
    options,
  )
})
