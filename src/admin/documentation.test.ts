import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { adminBed } from '../../test/admin.ts'
import { defaultPolicy } from '../model/policy.ts'
import { variablesOf } from './document.ts'
import { declaredServices } from '../../plugins/twilio/services/declared.ts'
import { accountInput, bindInput, declaredInput, numberInput, routeInput } from './inputs.ts'

const page = readFileSync('docs/configuration.md', 'utf8')
const others = ['opt-out', 'numbers'].map((name) => readFileSync(`docs/${name}.md`, 'utf8'))
const examples = [...[page, ...others].join('').matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1]!)

test('every example of docs/configuration.md, docs/opt-out.md and docs/numbers.md is a document without faults', async (context) => {
  assert.ok(examples.length >= 5)
  const { admin, caller } = await adminBed(context)
  for (const example of examples) {
    const variables = Object.fromEntries(variablesOf(example).map((name) => [name, 'x']))
    const plan = await admin.documents.plan(caller, example, { variables })
    assert.deepEqual(plan.faults, [], example)
    assert.ok(plan.changes.length > 0)
    await admin.documents.apply(caller, plan)
    assert.deepEqual((await admin.documents.plan(caller, example, { variables })).changes, [], example)
  }
})

test('docs/configuration.md describes every field and every default', () => {
  const fields = [accountInput, bindInput, numberInput, routeInput, declaredServices.item, declaredInput('MG')].flatMap((schema) =>
    Object.keys(schema.shape),
  )
  for (const field of [...fields, ...Object.keys(defaultPolicy)]) assert.match(page, new RegExp(`^\\| [^|]*\`${field}\``, 'm'), field)
  for (const [field, value] of Object.entries(defaultPolicy)) {
    const row = new RegExp(`^\\| \`${field}\` +\\|.*\\| \`([^\`]*)\``, 'm').exec(page)
    assert.equal(row?.[1], typeof value === 'object' ? JSON.stringify(value) : String(value), field)
  }
})
