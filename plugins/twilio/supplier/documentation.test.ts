import assert from 'node:assert/strict'
import { test } from 'node:test'
import { adminBed } from '../../../test/admin.ts'
import { assertRows, examplesOf, planOf } from '../../../test/docs/documents.ts'
import { supplierConfig } from './settings.ts'

test("plugins/twilio/README.md describes every field of a supplier's bind", () => {
  assertRows('plugins/twilio/README.md', Object.keys(supplierConfig.shape))
})

test('every example of docs/send-through-twilio.md is a document without faults, and shows no secret once applied', async (context) => {
  const examples = examplesOf('docs/send-through-twilio.md')
  assert.ok(examples.length >= 2)
  const bed = await adminBed(context)
  const { admin, caller, root, room } = bed
  for (const example of examples) await admin.documents.apply(caller, await planOf(bed, example, 'veryS3cretAndLongEnough'))
  const shown = JSON.stringify(admin.binds.get(caller, root.id, 'twilio-uk'))
  assert.match(shown, /"side":"supplier"/)
  assert.ok(!shown.includes('veryS3cret'), shown)
  assert.equal((room.current().binds.get(`${root.id}/twilio-uk`)!.config as { authToken: string }).authToken, 'veryS3cretAndLongEnough')
})
