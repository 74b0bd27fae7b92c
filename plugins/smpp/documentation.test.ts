import assert from 'node:assert/strict'
import { test } from 'node:test'
import { adminBed } from '../../test/admin.ts'
import { assertRows, examplesOf, planOf } from '../../test/docs/documents.ts'
import { smppConfig } from './config.ts'

test("plugins/smpp/README.md describes every field of a carrier's bind", () => {
  assertRows('plugins/smpp/README.md', Object.keys(smppConfig.shape))
})

test('every example of docs/smpp.md and docs/move-from-kannel.md is a document without faults', async (context) => {
  const examples = examplesOf('docs/smpp.md', 'docs/move-from-kannel.md')
  assert.ok(examples.length >= 4)
  const bed = await adminBed(context)
  for (const example of examples) assert.ok((await planOf(bed, example)).changes.length > 0)
})
