// Twilio's own OpenAPI file, pruned to messaging: which operations there are, which of them a request
// is, and whether an answer is one that it allows.
import { readFileSync } from 'node:fs'
import { faultsOf, type Components, type Schema } from './schema.ts'

const file = 'test/fixtures/twilio/openapi.json'

interface Described {
  operationId: string
  responses: Record<string, { content?: Record<string, { schema: Schema; examples?: Record<string, { value: unknown }> }> }>
}

export interface Operation {
  /** `GET /2010-04-01/Accounts.json`, as the file has it: its name in the tables here. */
  name: string
  verb: string
  path: string
  described: Described
}

const verbs = ['get', 'post', 'delete'] as const
const { paths, components } = JSON.parse(readFileSync(file, 'utf8')) as {
  paths: Record<string, Partial<Record<(typeof verbs)[number], Described>>>
  components: { schemas: Components }
}

export const operations: readonly Operation[] = Object.entries(paths).flatMap(([path, at]) =>
  verbs.flatMap((verb) => {
    const described = at[verb]
    return described ? { name: `${verb.toUpperCase()} ${path}`, verb: verb.toUpperCase(), path, described } : []
  }),
)

const patterns = operations.map((operation) => ({
  operation,
  // What a literal path matches is nothing else: Services/Usecases is no service.
  literal: !operation.path.includes('{'),
  pattern: new RegExp(`^${operation.path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/.]+')}$`),
}))

/** Of a path without its query; undefined for none in the file. */
export function operationOf(verb: string, path: string): Operation | undefined {
  const fits = patterns.filter(({ operation, pattern }) => operation.verb === verb && pattern.test(path))
  return (fits.find(({ literal }) => literal) ?? fits.toSorted((a, b) => variables(a.operation) - variables(b.operation))[0])?.operation
}

const variables = ({ path }: Operation): number => path.split('{').length

/** Sentences. Only for statuses that the file describes: see `isDescribed`. */
export function answerFaults(operation: Operation, status: number, text: string): string[] {
  const { content } = operation.described.responses[status] ?? {}
  const schema = content?.['application/json']?.schema
  if (!schema) return text === '' ? [] : [`${operation.name}: an empty body expected with ${status}`]
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return [`${operation.name}: no JSON: ${text.slice(0, 200)}`]
  }
  const departures = departuresOf(operation, status)
  return faultsOf(schema, value, components.schemas)
    .filter((fault) => !departures.has(kindOf(fault)))
    .map((fault) => `${operation.name} ${status}: ${fault}`)
}

/** Where it is and what is expected there, whatever was got and however long lists are. */
const kindOf = (fault: string): string => fault.replaceAll(/\[\d+\]/g, '[]').replace(/, got .*/s, '')

const departures = new Map<string, ReadonlySet<string>>()

/** What the file's own examples of an answer have otherwise than its schema says: Twilio answers so, and so may we. */
function departuresOf(operation: Operation, status: number): ReadonlySet<string> {
  const key = `${operation.name} ${status}`
  const known = departures.get(key)
  if (known) return known
  const { schema, examples = {} } = operation.described.responses[status]?.content?.['application/json'] ?? {}
  const found = Object.values(examples).flatMap(({ value }) => (schema ? faultsOf(schema, value, components.schemas) : []))
  const kinds = new Set(found.map(kindOf))
  departures.set(key, kinds)
  return kinds
}

export const isDescribed = (operation: Operation, status: number): boolean => operation.described.responses[status] !== undefined

const errorKeys = new Set(['code', 'message', 'more_info', 'status', 'detail', 'details'])

/** What is wrong with an error's body; the libraries read these members and no others. */
export function errorFaults(status: number, text: string): string[] {
  let value: Record<string, unknown>
  try {
    value = JSON.parse(text) as Record<string, unknown>
  } catch {
    return [`${status}: no JSON: ${text.slice(0, 200)}`]
  }
  const faults: string[] = []
  const { code } = value
  if (!Number.isInteger(code)) faults.push(`${status}: code is no integer: ${text}`)
  if (value['status'] !== status) faults.push(`${status}: status differs: ${text}`)
  if (typeof value['message'] !== 'string' || value['message'] === '') faults.push(`${status}: no message: ${text}`)
  if (value['more_info'] !== `https://www.twilio.com/docs/errors/${String(code)}`) faults.push(`${status}: more_info: ${text}`)
  for (const key of Object.keys(value)) if (!errorKeys.has(key)) faults.push(`${status}: ${key} is not Twilio's`)
  return faults
}
