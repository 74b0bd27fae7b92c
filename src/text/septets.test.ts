import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { encodeGsm7 } from './gsm7.ts'
import { fillBits, headerSeptets, packSeptets, unpackSeptets } from './septets.ts'

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')

test('"hellohello" packs as in every textbook', () => {
  assert.equal(hex(packSeptets(encodeGsm7('hellohello') ?? new Uint8Array())), 'e8329bfd4697d9ec37')
})

test('160 septets fill 140 octets exactly, and 153 do behind a header of six', () => {
  assert.equal(packSeptets(new Uint8Array(160).fill(0x7f)).length, 140)
  assert.equal(fillBits(6), 1)
  assert.equal(6 + packSeptets(new Uint8Array(153), fillBits(6)).length, 140)
})

test('header and fill bits end on a septet, whatever the header is', () => {
  for (let octets = 0; octets <= 140; octets++) {
    assert.equal((octets * 8 + fillBits(octets)) % 7, 0)
    assert.equal(headerSeptets(octets) * 7, octets * 8 + fillBits(octets))
  }
})

test('fill bits are zero and come first', () => {
  assert.equal(hex(packSeptets(Uint8Array.of(0x7f), 1)), 'fe')
  assert.equal(hex(packSeptets(Uint8Array.of(0x7f), 6)), 'c01f')
})

test('unpacking undoes packing, behind any fill', () => {
  const septets = fc.array(fc.nat(127), { maxLength: 170 })
  fc.assert(
    fc.property(septets, fc.nat(6), (values, fill) => {
      const given = Uint8Array.from(values)
      assert.deepEqual(unpackSeptets(packSeptets(given, fill), given.length, fill), given)
    }),
  )
})

test('a count beyond the octets gives the septets that are there', () => {
  assert.equal(unpackSeptets(Uint8Array.of(0xff, 0xff), 99).length, 2)
  assert.equal(unpackSeptets(new Uint8Array(), 5, 3).length, 0)
})
