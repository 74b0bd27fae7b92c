import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { adminBed } from '../../test/admin.ts'
import { variablesOf } from '../../src/admin/document.ts'
import { smppConfig } from './config.ts'

test("plugins/smpp/README.md describes every field of a carrier's bind", () => {
  const page = readFileSync('plugins/smpp/README.md', 'utf8')
  for (const field of Object.keys(smppConfig.shape)) assert.match(page, new RegExp(`^\\| [^|]*\`${field}\``, 'm'), field)
})

test('every example of docs/smpp.md is a document without faults', async (context) => {
  const examples = [...readFileSync('docs/smpp.md', 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1]!)
  assert.ok(examples.length >= 2)
  const { admin, caller } = await adminBed(context)
  for (const example of examples) {
    const variables = Object.fromEntries(variablesOf(example).map((name) => [name, 'x']))
    const plan = await admin.documents.plan(caller, example, { variables })
    assert.deepEqual(plan.faults, [], example)
    assert.ok(plan.changes.length > 0)
  }
})
