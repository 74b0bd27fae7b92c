import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Draft } from './codec/index.ts'
import type { Answer } from './answer.ts'
import { submits, text } from './mapping/mapping.fixture.ts'
import { createWindow } from './window.ts'

const lost: Answer = { kind: 'lost', written: false, why: 'gone' }
const pdu = submits(text('hi'))[0]!

it('no more submits are open than the window has places, and they go in order', () => {
  const asked: { draft: Draft; settle(answer: Answer): void }[] = []
  const window = createWindow({ ask: (draft, settle) => void asked.push({ draft, settle }) }, () => 2)
  const settled: number[] = []
  const pdus = Array.from({ length: 5 }, (_, i) => ({ ...pdu, sequence_number: i }))
  pdus.forEach((each, i) => window.ask(each, () => settled.push(i)))
  assert.equal(asked.length, 2)
  asked[1]!.settle(lost)
  asked[0]!.settle(lost)
  assert.deepEqual(
    asked.map(({ draft }) => draft.sequence_number),
    [0, 1, 2, 3],
  )
  for (const i of [2, 3, 4]) asked[i]!.settle(lost)
  assert.deepEqual(settled, [1, 0, 2, 3, 4])
})

it('when the link is gone, all that wait are settled, however many', () => {
  let isGone = false
  let first: (answer: Answer) => void = () => {}
  const ask = (_draft: Draft, settle: (answer: Answer) => void): void => {
    if (isGone) settle(lost)
    else first = settle
  }
  const window = createWindow({ ask }, () => 1)
  let settled = 0
  for (let i = 0; i < 20_000; i++) window.ask(pdu, () => settled++)
  isGone = true
  first(lost)
  assert.equal(settled, 20_000)
})

it('of several asked together the answers come once and in their order, whatever order they came in', () => {
  const asked: ((answer: Answer) => void)[] = []
  const window = createWindow({ ask: (_draft, settle) => void asked.push(settle) }, () => 3)
  const told: string[] = []
  const tell = (answers: readonly Answer[]): void => void told.push(answers.map(({ kind }) => kind).join(' '))
  window.askAll([pdu, pdu, pdu], tell)
  asked[2]!({ kind: 'timeout', why: 'silent' })
  asked[0]!({ kind: 'unreadable', why: 'cut' })
  assert.equal(told.length, 0)
  asked[1]!(lost)
  assert.deepEqual(told, ['unreadable lost timeout'])
  window.askAll([pdu], tell)
  asked[3]!(lost)
  assert.deepEqual(told, ['unreadable lost timeout', 'lost'])
})

it('a window made larger takes effect with the next answer', () => {
  const asked: ((answer: Answer) => void)[] = []
  let size = 1
  const window = createWindow({ ask: (_draft, settle) => void asked.push(settle) }, () => size)
  for (let i = 0; i < 6; i++) window.ask(pdu, () => {})
  size = 3
  asked[0]!(lost)
  assert.equal(asked.length, 4)
})
