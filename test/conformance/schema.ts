// JSON values against the subset of JSON Schema that Twilio's OpenAPI files use. Stricter than they
// are: every property must be there and no other may be, for typed clients are not told more.

export interface Schema {
  type?: 'array' | 'number' | 'string' | 'object' | 'integer' | 'boolean'
  nullable?: boolean
  format?: string
  pattern?: string
  enum?: unknown[]
  minLength?: number
  maxLength?: number
  items?: Schema
  properties?: Record<string, Schema>
  $ref?: string
}

export type Components = Record<string, Schema>

/** RFC 2822 §3.3 as Java reads it: `EEE, dd MMM yyyy HH:mm:ss Z`. */
const rfc2822 = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d \+0000$/

/** Formats that say more than a type does; the others (uri, currency …) may be anything of their type. */
const formats: Record<string, RegExp> = {
  'date-time-rfc-2822': rfc2822,
  // Python and node parse exactly this: no fraction of a second.
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
  date: /^\d{4}-\d\d-\d\d$/,
  'http-method': /^[A-Z]+$/,
  currency: /^[A-Za-z]{3}$/,
  'iso-country-code': /^[A-Z]{2}$/,
}

/** Sentences, each with the place in the value; none where it fits. */
export function faultsOf(schema: Schema, value: unknown, components: Components, at = ''): string[] {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace('#/components/schemas/', '')
    const meant = components[name]
    // A list of enums' own: what stands beside a reference (nullable) still counts.
    if (value === null && schema.nullable) return []
    return meant ? faultsOf(meant, value, components, at) : [`${at}: no schema ${name}`]
  }
  if (value === null) return schema.nullable ? [] : [`${at}: null is not allowed`]
  const { type } = schema
  if (type !== undefined && !isOf(type, value)) return [`${at}: ${type} expected, got ${JSON.stringify(value)}`]
  if (schema.enum && !schema.enum.includes(value)) return [`${at}: one of ${schema.enum.join(', ')} expected, got ${JSON.stringify(value)}`]
  if (typeof value === 'string') return textFaults(schema, value, at)
  if (Array.isArray(value)) return value.flatMap((each, i) => (schema.items ? faultsOf(schema.items, each, components, `${at}[${i}]`) : []))
  if (typeof value === 'object' && schema.properties)
    return objectFaults(schema.properties, value as Record<string, unknown>, components, at)
  return []
}

function isOf(type: NonNullable<Schema['type']>, value: unknown): boolean {
  switch (type) {
    case 'array':
      return Array.isArray(value)
    case 'object':
      return typeof value === 'object' && !Array.isArray(value)
    case 'integer':
      return Number.isInteger(value)
    default:
      return typeof value === type
  }
}

function textFaults({ pattern, format, minLength = 0, maxLength = Infinity }: Schema, value: string, at: string): string[] {
  const faults: string[] = []
  const told = JSON.stringify(value)
  if (pattern !== undefined && !new RegExp(pattern).test(value)) faults.push(`${at}: ${pattern} expected, got ${told}`)
  if (value.length < minLength || value.length > maxLength)
    faults.push(`${at}: ${minLength} to ${maxLength} characters expected, got ${told}`)
  const form = format === undefined ? undefined : formats[format]
  if (form && !form.test(value)) faults.push(`${at}: ${format} expected, got ${told}`)
  return faults
}

function objectFaults(properties: Record<string, Schema>, value: Record<string, unknown>, components: Components, at: string): string[] {
  const faults: string[] = []
  for (const [name, schema] of Object.entries(properties)) {
    if (!(name in value)) faults.push(`${at}.${name}: missing`)
    else faults.push(...faultsOf(schema, value[name], components, `${at}.${name}`))
  }
  for (const name of Object.keys(value)) if (!(name in properties)) faults.push(`${at}.${name}: not in the schema`)
  return faults
}
