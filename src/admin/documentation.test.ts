import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { adminBed } from '../../test/admin.ts'
import { assertRows, examplesOf, planOf } from '../../test/docs/documents.ts'
import { defaultPolicy } from '../model/policy.ts'
import { declaredApplications } from '../../plugins/twilio/applications.ts'
import { declaredServices } from '../../plugins/twilio/services/declared.ts'
import { documentKey } from './keys.ts'
import { accountInput, bindInput, declaredInput, numberInput, routeInput } from './inputs.ts'

const page = readFileSync('docs/configuration.md', 'utf8')
const examples = examplesOf('docs/configuration.md', 'docs/opt-out.md', 'docs/numbers.md')

test('every example of docs/configuration.md, docs/opt-out.md and docs/numbers.md is a document without faults', async (context) => {
  assert.ok(examples.length >= 5)
  const bed = await adminBed(context)
  for (const example of examples) {
    const plan = await planOf(bed, example)
    assert.ok(plan.changes.length > 0)
    await bed.admin.documents.apply(bed.caller, plan)
    assert.deepEqual((await planOf(bed, example)).changes, [], example)
  }
})

test('docs/configuration.md describes every field and every default', () => {
  const fields = [accountInput, bindInput, numberInput, routeInput, declaredServices.item, declaredInput(declaredServices)].flatMap(
    (schema) => Object.keys(schema.shape),
  )
  fields.push(...Object.keys(declaredApplications.item.shape), ...Object.keys(documentKey.shape), 'tokenSources')
  assertRows('docs/configuration.md', [...fields, ...Object.keys(defaultPolicy)])
  for (const [field, value] of Object.entries(defaultPolicy)) {
    const row = new RegExp(`^\\| \`${field}\` +\\|.*\\| \`([^\`]*)\``, 'm').exec(page)
    assert.equal(row?.[1], typeof value === 'object' ? JSON.stringify(value) : String(value), field)
  }
})
