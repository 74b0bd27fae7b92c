import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { decodeUcs2, encodeUcs2, wellFormed } from './ucs2.ts'

test('text becomes big-endian UTF-16, pairs included', () => {
  assert.deepEqual(encodeUcs2('AЖ😀'), Uint8Array.of(0x00, 0x41, 0x04, 0x16, 0xd8, 0x3d, 0xde, 0x00))
})

test('a surrogate without its other half is written as U+FFFD', () => {
  assert.deepEqual(encodeUcs2('\ud83dA'), Uint8Array.of(0xff, 0xfd, 0x00, 0x41))
  assert.deepEqual(encodeUcs2('\ude00'), Uint8Array.of(0xff, 0xfd))
})

test('an odd octet at the end reads as U+FFFD', () => {
  assert.equal(decodeUcs2(Uint8Array.of(0x00, 0x41, 0x00)), 'A\ufffd')
  assert.equal(decodeUcs2(Uint8Array.of(0x00)), '\ufffd')
})

test('a pair that a sender cut between two parts is whole after joining', () => {
  const [first, second] = [Uint8Array.of(0x00, 0x41, 0xd8, 0x3d), Uint8Array.of(0xde, 0x00, 0x00, 0x42)]
  assert.equal(wellFormed(decodeUcs2(first, true) + decodeUcs2(second, true)), 'A😀B')
  assert.equal(decodeUcs2(first) + decodeUcs2(second), 'A\ufffd\ufffdB')
})

test('every well-formed text survives, and octets in are octets out', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => assert.equal(decodeUcs2(encodeUcs2(text)), text)))
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => assert.equal(decodeUcs2(octets).length, Math.ceil(octets.length / 2))),
  )
})

test('what was read is left as it was', () => {
  const octets = Uint8Array.of(0x00, 0x41)
  decodeUcs2(octets)
  assert.deepEqual(octets, Uint8Array.of(0x00, 0x41))
})
