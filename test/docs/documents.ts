// A page's documents, planned on a gateway's admin room; and whether a page says something of every field.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { Plan } from '../../src/admin/admin.ts'
import { variablesOf } from '../../src/admin/document.ts'
import type { AdminBed } from '../admin.ts'

/** The YAML of the pages, in their order. */
export const examplesOf = (...paths: string[]): string[] =>
  paths.flatMap((path) => [...readFileSync(path, 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1]!))

/** What the example would change, without a fault; each of its variables is `value`, secrets of keys as long as they are. */
export async function planOf({ admin, caller }: Pick<AdminBed, 'admin' | 'caller'>, example: string, value = 'x'): Promise<Plan> {
  const variables = Object.fromEntries(variablesOf(example).map((name) => [name, name.endsWith('KEY_SECRET') ? value.repeat(32) : value]))
  const plan = await admin.documents.plan(caller, example, { variables })
  assert.deepEqual(plan.faults, [], example)
  return plan
}

/** Whether the page has a table with a row for each of the fields. */
export function assertRows(path: string, fields: readonly string[]): void {
  const page = readFileSync(path, 'utf8')
  for (const field of fields) assert.match(page, new RegExp(`^\\| [^|]*\`${field}\``, 'm'), field)
}
