import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { variablesOf } from '../../../src/admin/document.ts'
import { adminBed } from '../../../test/admin.ts'
import { supplierConfig } from './settings.ts'

test("plugins/twilio/README.md describes every field of a supplier's bind", () => {
  const page = readFileSync('plugins/twilio/README.md', 'utf8')
  for (const field of Object.keys(supplierConfig.shape)) assert.match(page, new RegExp(`^\\| [^|]*\`${field}\``, 'm'), field)
})

test('every example of docs/send-through-twilio.md is a document without faults, and shows no secret once applied', async (context) => {
  const examples = [...readFileSync('docs/send-through-twilio.md', 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1]!)
  assert.ok(examples.length >= 2)
  const { admin, caller, root, room } = await adminBed(context)
  for (const example of examples) {
    const variables = Object.fromEntries(variablesOf(example).map((name) => [name, 'veryS3cretAndLongEnough']))
    const plan = await admin.documents.plan(caller, example, { variables })
    assert.deepEqual(plan.faults, [], example)
    await admin.documents.apply(caller, plan)
  }
  const shown = JSON.stringify(admin.binds.get(caller, root.id, 'twilio-uk'))
  assert.match(shown, /"side":"supplier"/)
  assert.ok(!shown.includes('veryS3cret'), shown)
  assert.equal((room.current().binds.get(`${root.id}/twilio-uk`)!.config as { authToken: string }).authToken, 'veryS3cretAndLongEnough')
})
