import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Report } from '../model/receipt.ts'
import { rewritten } from './report.ts'

const report = (state: Report['state'], error?: string): Report => ({ state, at: 1, ...(error === undefined ? {} : { error }) })
const codes = { '001': '002', '005': '010', '*': '011' }

test('error codes are rewritten by their own row, else by *, else not at all', () => {
  assert.equal(rewritten(report('undelivered', '001'), codes).error, '002')
  assert.equal(rewritten(report('undelivered', '005'), codes).error, '010')
  assert.equal(rewritten(report('undelivered', '027'), codes).error, '011')
  assert.equal(rewritten(report('failed'), codes).error, '011', 'a failure without a code gets that of *')
  const kept = report('undelivered', '027')
  assert.equal(rewritten(kept, { '001': '002' }), kept)
  assert.equal(rewritten(kept, {}), kept)
})

test('a delivery keeps its code unless a row names it', () => {
  const delivered = report('delivered', '000')
  assert.equal(rewritten(delivered, codes), delivered)
  assert.equal(rewritten(delivered, { '000': '999' }).error, '999')
})
