import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  buildUdh,
  concatenationElement,
  joinUserData,
  parseUdh,
  portsElement,
  portsOf,
  shiftElements,
  shiftTablesOf,
  splitUserData,
  takeConcatenation,
} from './udh.ts'

const octets = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))

test('concatenation is written in its 8-bit and its 16-bit form', () => {
  assert.deepEqual(buildUdh([concatenationElement({ reference: 0x1234, total: 3, index: 1, width: 8 })]), octets('0003340301'))
  assert.deepEqual(buildUdh([concatenationElement({ reference: 0x1234, total: 3, index: 1, width: 16 })]), octets('080412340301'))
})

test('concatenation is taken out of either form, and the other elements stay as they were', () => {
  assert.deepEqual(takeConcatenation(octets('0003340301')), { concatenation: { reference: 0x34, total: 3, index: 1, width: 8 } })
  assert.deepEqual(takeConcatenation(octets('0504158200007f01aa080412340302')), {
    concatenation: { reference: 0x1234, total: 3, index: 2, width: 16 },
    rest: octets('0504158200007f01aa'),
  })
})

test('of two concatenation elements the last counts', () => {
  assert.equal(takeConcatenation(octets('00030102010003090302')).concatenation?.reference, 9)
})

test('a concatenation element with impossible numbers is ignored', () => {
  for (const bad of ['0003010001', '0003010200', '0003010203', '00020102', '0803010203', '08050001020100']) {
    assert.deepEqual(takeConcatenation(octets(bad)), {}, bad)
  }
})

test('a malformed header is a reason, not a throw', () => {
  assert.deepEqual(parseUdh(octets('05')), { ok: false, why: 'element 0x05 at octet 0 has no length' })
  assert.deepEqual(parseUdh(octets('0003010203050401')), { ok: false, why: 'element 0x05 at octet 5 says 4 octets, 1 are left' })
  assert.deepEqual(splitUserData(octets('')), { ok: false, why: 'the user data is empty where a header was announced' })
  assert.deepEqual(splitUserData(octets('0500')), { ok: false, why: 'the header says 5 octets, 1 are left' })
  assert.deepEqual(takeConcatenation(octets('0003')), { rest: octets('0003') })
  assert.equal(portsOf(octets('0504')), undefined)
})

test('an empty header has no elements', () => {
  assert.deepEqual(parseUdh(octets('')), { ok: true, elements: [] })
  assert.deepEqual(splitUserData(octets('0041')), { ok: true, udh: octets(''), data: octets('41') })
})

test('user data is joined of header and data as it was taken apart', () => {
  assert.deepEqual(joinUserData(octets('0003340301'), octets('aabb')), octets('050003340301aabb'))
  assert.deepEqual(joinUserData(undefined, octets('aabb')), octets('aabb'))
})

test('ports are read and written in 8 and 16 bits', () => {
  for (const [hex, ports] of [
    ['0402f0f1', { destination: 0xf0, origin: 0xf1, width: 8 }],
    ['05040b8423f0', { destination: 2948, origin: 9200, width: 16 }],
  ] as const) {
    assert.deepEqual(portsOf(octets(hex)), ports)
    assert.deepEqual(buildUdh([portsElement(ports)]), octets(hex))
  }
  assert.equal(portsOf(octets('0003340301')), undefined)
})

test('shift tables are read and written', () => {
  assert.deepEqual(shiftTablesOf(octets('240106250106')), { single: 6, locking: 6 })
  assert.deepEqual(shiftTablesOf(octets('0003340301240101')), { single: 1, locking: 0 })
  assert.deepEqual(buildUdh(shiftElements(6, 6)), octets('240106250106'))
  assert.deepEqual(shiftElements(0, 0), [])
})

test('elements of any meaning come out as they went in', () => {
  const element = fc.record({ id: fc.nat(255), data: fc.uint8Array({ maxLength: 20 }) }, { noNullPrototype: true })
  fc.assert(
    fc.property(fc.array(element, { maxLength: 8 }), (elements) => assert.deepEqual(parseUdh(buildUdh(elements)), { ok: true, elements })),
  )
})

test('any octets are parsed or explained, and what parses is built back to the same octets', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 140 }), (udh) => {
      const parsed = parseUdh(udh)
      if (parsed.ok) assert.deepEqual(buildUdh(parsed.elements), udh)
      else assert.ok(parsed.why.length > 0)
      takeConcatenation(udh)
      shiftTablesOf(udh)
      portsOf(udh)
      splitUserData(udh)
    }),
  )
})

test('an element that is too long to be written is refused', () => {
  assert.throws(() => buildUdh([{ id: 1, data: new Uint8Array(256) }]), RangeError)
})
