// A YAML file held against a schema, as documents are: `${NAME}` filled in, every fault at once, each
// with its line, its path and what would be right.
import type { z } from 'zod'
import { readDocument } from './document.ts'
import { check, told } from './faults.ts'

export function checkText<T>(
  schema: z.ZodType<T>,
  text: string,
  variables: Readonly<Record<string, string | undefined>>,
): { value: T } | { faults: readonly string[] } {
  const document = readDocument(text, variables)
  const checked = document.value === undefined ? { faults: [] } : check(schema, document.value, [])
  const faults = [...document.faults, ...('faults' in checked ? checked.faults : [])]
  if (faults.length === 0 && 'value' in checked) return checked
  return {
    faults: told(
      faults,
      faults.map(({ path }) => document.line(path)),
    ).map(({ path, message, line }) => `${line === undefined ? '' : `line ${line}: `}${path ? `${path}: ` : ''}${message}`),
  }
}
