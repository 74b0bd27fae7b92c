import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { foldRef, isCoincidence, learnedForm, refForm, refKeys, type RefForm } from './ref.ts'

const { idPairs } = JSON.parse(readFileSync('test/fixtures/text/id-pairs.json', 'utf8')) as {
  idPairs: { submitRespId: string; receiptId: string; relation: string }[]
}
/** The others describe a form in words. */
const pairs = idPairs.filter((pair) => !pair.submitRespId.startsWith('('))

const forms: Record<string, RefForm> = {
  '39f99dd5': 'respHexReceiptDec',
  '10C8F40D': 'respHexReceiptDec',
  '812FC7470000001B': 'respHexReceiptDec',
  '00B8BE19': 'same',
  'SAR-2347039245475-1eedf843-2-1': 'case',
  '1101C1-C9D03D-F000': 'case',
  '0e999f21-81ef-4974-a414-3de98174e3c7': 'same',
  '33E95179': 'respHexReceiptDec',
  '38601fa': 'respHexReceiptDec',
  '70BA8A69': 'respHexReceiptDec',
  '1d305b4c': 'respHexReceiptDec',
}

test('every pair of ids seen in the field is matched, and its form named', () => {
  assert.equal(pairs.length, 11)
  for (const { submitRespId, receiptId, relation } of pairs) assert.equal(refForm(submitRespId, receiptId), forms[submitRespId], relation)
})

test('the receipt finds the response under one of its keys', () => {
  for (const { submitRespId, receiptId, relation } of pairs) assert.ok(refKeys(receiptId).includes(foldRef(submitRespId)), relation)
})

test('no id of one pair matches that of another', () => {
  for (const a of pairs) for (const b of pairs) if (a !== b) assert.equal(refForm(a.submitRespId, b.receiptId), undefined)
})

test('decimal in the response and hex in the receipt are matched too, padded or not', () => {
  assert.equal(refForm('870928761', '33e95179'), 'respDecReceiptHex')
  assert.equal(refForm('870928761', '0033E95179'), 'respDecReceiptHex')
  assert.equal(refForm('18446744073709551615', 'FFFFFFFFFFFFFFFF'), 'respDecReceiptHex')
})

test('zeros cut or added are a form of their own', () => {
  assert.equal(refForm('00B8BE19', 'b8be19'), 'zeros')
  assert.equal(refForm('12345', '0000012345'), 'zeros')
  assert.equal(refForm('0', '000'), 'zeros')
})

test('different messages are not matched', () => {
  for (const [a, b] of [
    ['12345', '12346'],
    ['abc', 'abd'],
    ['msg-10', 'msg-16'],
    ['', '0'],
    ['10000000000000000', '1000000000000000g'],
  ] as const) {
    assert.equal(refForm(a, b), undefined, `${a} ${b}`)
  }
})

test('whenever two ids are forms of each other, the keys find them, and there are at most three', () => {
  const id = fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((n) => n.toString(10)),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((n) => n.toString(16)),
    fc.string({ maxLength: 65 }),
  )
  const dressed = fc.tuple(id, fc.nat(4), fc.boolean()).map(([raw, zeros, upper]) => '0'.repeat(zeros) + (upper ? raw.toUpperCase() : raw))
  const number = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  const related = fc
    .tuple(number, fc.constantFrom(10, 16), fc.constantFrom(10, 16))
    .map(([n, a, b]) => [n.toString(a), n.toString(b)] as const)
  fc.assert(
    fc.property(fc.oneof(fc.tuple(dressed, dressed), related), ([response, receipt]) => {
      const keys = refKeys(receipt)
      assert.ok(keys.length >= 1 && keys.length <= 3)
      if (refForm(response, receipt)) assert.ok(keys.includes(foldRef(response)), `${response} ${receipt}`)
    }),
  )
  fc.assert(fc.property(related, ([response, receipt]) => assert.ok(refForm(response, receipt))))
})

test('a form is a habit once twenty receipts, nine of ten, agree', () => {
  assert.equal(learnedForm({}), undefined)
  assert.deepEqual(learnedForm({ same: 19 }), { form: 'same', seen: 19, of: 19, sure: false })
  assert.deepEqual(learnedForm({ same: 2, respHexReceiptDec: 20 }), { form: 'respHexReceiptDec', seen: 20, of: 22, sure: true })
  assert.deepEqual(learnedForm({ same: 30, case: 70 }), { form: 'case', seen: 70, of: 100, sure: false })
})

test('equal digits are a coincidence only where one side is surely hex and the other decimal', () => {
  assert.equal(isCoincidence('same', 'respHexReceiptDec'), true)
  assert.equal(isCoincidence('same', 'respDecReceiptHex'), true)
  for (const habit of [undefined, 'same', 'case', 'zeros'] as const) assert.equal(isCoincidence('same', habit), false)
  assert.equal(isCoincidence('respHexReceiptDec', 'respHexReceiptDec'), false)
})
