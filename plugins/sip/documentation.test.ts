import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { adminBed } from '../../test/admin.ts'
import { examplesOf, planOf } from '../../test/docs/documents.ts'
import { checkText } from '../../src/admin/checked.ts'
import { fieldsOf, rowText } from './profile/reference.ts'
import { profileFile } from './profile/schema.ts'
import { trunkFile } from './profile/trunk-schema.ts'
import { clientConfig, supplierConfig } from './settings.ts'

const page = readFileSync('docs/sip.md', 'utf8')
/** However wide the formatter makes a table. */
const rows = new Set(page.split('\n').map(plain))

function plain(row: string): string {
  return row.replaceAll(/\s+/g, ' ').replaceAll('\\', '').trim()
}

const examples = examplesOf('docs/sip.md')

test('docs/sip.md has a row for every field of a profile, of a trunk and of a user, with its default and its meaning', () => {
  const fields = [...fieldsOf(profileFile), ...fieldsOf(trunkFile)]
  const ofTrunks = new Set(fieldsOf(trunkFile).map(({ path }) => path))
  fields.push(...fieldsOf(clientConfig).filter(({ path }) => !ofTrunks.has(path)))
  assert.ok(fields.length > 60)
  for (const field of fields) {
    assert.notEqual(field.meaning, '', field.path)
    assert.ok(rows.has(plain(rowText(field))), `${plain(rowText(field))} is not in docs/sip.md`)
  }
})

test('the supplier side of a bind has no field that the client side lacks', () => {
  const client = new Set(fieldsOf(clientConfig).map(({ path }) => path))
  for (const { path } of fieldsOf(supplierConfig)) assert.ok(client.has(path), path)
})

test('every example of docs/sip.md holds, as a document or as the file of a trunk', async (context: TestContext) => {
  assert.ok(examples.length >= 3)
  const bed = await adminBed(context)
  for (const example of examples) {
    if (!example.startsWith('accounts:')) {
      const checked = checkText(trunkFile, example, {})
      assert.ok('value' in checked, `${example}\n${'faults' in checked ? checked.faults.join('\n') : ''}`)
      continue
    }
    assert.ok((await planOf(bed, example)).changes.length > 0)
  }
})
