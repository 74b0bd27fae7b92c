// What is wrong, where, and what would be right: zod's issues told the way an operator reads them.
// A secret's value is never repeated.
import type { z } from 'zod'
import { mask, type Fault } from './caller.ts'
import { describe, isSecretAt, schemasAt, strangeFields, valueAt, type Path } from './schema.ts'

/** A fault whose place is still a list of keys. */
export interface Placed {
  path: Path
  message: string
  /** Where nothing has a path yet: text that is no YAML. */
  line?: number
}

/** zod's own English; anything else was written by whoever made the schema, and stands. */
const standard = /^(Invalid|Too big|Too small|Unrecognized|No matching)/

export type Checked<T> = { value: T } | { faults: Placed[] }

/** Parses, and lists every fault at once, fields that do not exist included. `at` is put before each path. */
export function check<T>(schema: z.ZodType<T>, value: unknown, at: Path): Checked<T> {
  const parsed = schema.safeParse(value)
  const faults: Placed[] = strangeFields(schema, value).map(({ path, known }) => ({
    path: [...at, ...path],
    message: `there is no such field; there ${known.length === 1 ? 'is' : 'are'} ${known.toSorted().join(', ') || 'none'}`,
  }))
  if (!parsed.success) {
    for (const issue of parsed.error.issues.flatMap(meant)) {
      if (issue.code === 'unrecognized_keys') continue
      const path = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key))
      faults.push({ path: [...at, ...path], message: tell(schema, value, issue, path) })
    }
    return { faults }
  }
  return faults.length > 0 ? { faults } : { value: parsed.data }
}

/** Of several forms that a value may have, it has one, but not quite: then the faults are that form's. */
function meant(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue]
  const near = issue.errors.filter((all) => all.every((one) => one.path.length > 0 || one.code === 'unrecognized_keys'))
  if (near.length !== 1) return [issue]
  return near[0]!.map((one) => ({ ...one, path: [...issue.path, ...one.path] })).flatMap(meant)
}

function tell(schema: z.ZodType, value: unknown, issue: z.core.$ZodIssue, path: Path): string {
  if (issue.code === 'invalid_key' && issue.issues[0]) return `${issue.issues[0].message} as its name, got ${show(path.at(-1))}`
  const got = valueAt(value, path)
  const own = !standard.test(issue.message)
  const expected = own ? issue.message : `expected ${describe(schemasAt(schema, path))}`
  if (got === undefined) return own ? issue.message : `is missing: ${expected}`
  if (!expected.startsWith('expected ') || expected.includes(', got ')) return expected
  if (isSecretAt(schema, path)) return `${expected}, got ${mask}`
  return typeof got === 'number' && expected.startsWith('expected text')
    ? `expected text, in quotes, got ${got}`
    : `${expected}, got ${show(got)}`
}

export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  return value === null || value === undefined ? 'nothing' : 'a mapping'
}

export function pathText(path: Path): string {
  let text = ''
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`
    else if (/[.[\]"\s]/.test(key) || key === '') text += `[${JSON.stringify(key)}]`
    else text += text === '' ? key : `.${key}`
  }
  return text
}

/** `lines`: where each is written. */
export function told(faults: readonly Placed[], lines: readonly (number | undefined)[] = []): Fault[] {
  return faults.map((fault, i) => {
    const at = fault.line ?? lines[i]
    return { path: pathText(fault.path), message: fault.message, ...(at === undefined ? {} : { line: at }) }
  })
}
