// Reading a connector's zod schema: where its secrets are, what a field expects, which fields there
// are. Connectors only declare; everything shown, sealed or refused follows from that.
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { mask } from './caller.ts'

export type Path = readonly (string | number)[]
type Schema = z.core.$ZodType

function defOf(schema: Schema): z.core.$ZodTypes['_zod']['def'] {
  return (schema as z.core.$ZodTypes)._zod.def
}

function isSecret(schema: Schema): boolean {
  return z.globalRegistry.get(schema)?.['secret'] === true
}

/** The schemas that a value may have to satisfy once optional, default and the like are taken off. */
function alternatives(schema: Schema): Schema[] {
  const def = defOf(schema)
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
    case 'success':
      return alternatives(def.innerType)
    case 'pipe':
      // z.preprocess is a transform piped into the schema that counts.
      return defOf(def.in).type === 'transform' ? alternatives(def.out) : alternatives(def.in)
    case 'lazy':
      return alternatives(def.getter())
    case 'union':
      return def.options.flatMap(alternatives)
    case 'intersection':
      return [...alternatives(def.left), ...alternatives(def.right)]
    default:
      return [schema]
  }
}

/** Any of the layers may carry the mark. */
function secretLayer(schema: Schema): boolean {
  if (isSecret(schema)) return true
  const def = defOf(schema)
  if ('innerType' in def) return secretLayer(def.innerType)
  if (def.type === 'pipe') return secretLayer(def.in) || secretLayer(def.out)
  if (def.type === 'union') return def.options.some(secretLayer)
  return false
}

/** The schemas of one field or element of a value. */
function childSchemas(schema: Schema, key: string | number): Schema[] {
  return alternatives(schema).flatMap((one) => {
    const def = defOf(one)
    if (def.type === 'object')
      return Object.hasOwn(def.shape, key) ? [def.shape[key]!] : def.catchall && defOf(def.catchall).type !== 'never' ? [def.catchall] : []
    if (def.type === 'array') return [def.element]
    if (def.type === 'record') return [def.valueType]
    if (def.type === 'tuple') return def.items[Number(key)] ?? []
    return []
  })
}

export function schemasAt(schema: Schema, path: Path): Schema[] {
  return path.reduce<Schema[]>((schemas, key) => schemas.flatMap((one) => childSchemas(one, key)), [schema])
}

export function isSecretAt(schema: Schema, path: Path): boolean {
  return path.some((_, i) => schemasAt(schema, path.slice(0, i + 1)).some(secretLayer)) || secretLayer(schema)
}

/** What a field is when nobody says. */
export function defaultAt(schema: Schema, path: Path): unknown {
  for (const one of schemasAt(schema, path)) {
    const def = defOf(one)
    if (def.type === 'default' || def.type === 'prefault') return def.defaultValue
  }
  return undefined
}

/** A copy with every secret replaced by what `change` makes of it. */
export function mapSecrets(schema: Schema, value: unknown, change: (secret: unknown, path: Path) => unknown): unknown {
  return walk([schema], value, [])
  function walk(schemas: Schema[], at: unknown, path: Path): unknown {
    if (at !== undefined && schemas.some(secretLayer)) return change(at, path)
    const next = (key: string | number, child: unknown): unknown =>
      walk(
        schemas.flatMap((one) => childSchemas(one, key)),
        child,
        [...path, key],
      )
    if (Array.isArray(at)) return at.map((child, i) => next(i, child))
    if (isObject(at)) return Object.fromEntries(Object.entries(at).map(([key, child]) => [key, next(key, child)]))
    return at
  }
}

export function maskSecrets(schema: Schema, value: unknown): unknown {
  return mapSecrets(schema, value, (secret) => (secret === '' ? '' : mask))
}

/** Where a secret was given back masked, what is stored stays. */
export function keepMasked(schema: Schema, given: unknown, stored: unknown): unknown {
  return mapSecrets(schema, given, (secret, path) => (secret === mask ? (valueAt(stored, path) ?? secret) : secret))
}

/** Where a secret is still masked: nothing was stored that it could stand for. */
export function stillMasked(schema: Schema, value: unknown): Path[] {
  const found: Path[] = []
  mapSecrets(schema, value, (secret, path) => {
    if (secret === mask) found.push(path)
  })
  return found
}

/** A value that holds, without what it would have if nobody said so. */
export function withoutDefaults(schema: z.ZodType, value: unknown): unknown {
  const less = walk(value, [])
  const again = schema.safeParse(less)
  return again.success && isDeepStrictEqual(again.data, value) ? less : value
  function walk(at: unknown, path: Path): unknown {
    if (!isObject(at)) return at
    const kept: Record<string, unknown> = {}
    for (const [key, child] of Object.entries(at)) {
      const usual = defaultAt(schema, [...path, key])
      if (child === undefined || isDeepStrictEqual(child, usual)) continue
      const left = walk(child, [...path, key])
      if (usual === undefined || !isDeepStrictEqual(left, {})) kept[key] = left
    }
    return kept
  }
}

/** Fields that the schema does not know, which zod would drop without a word. */
export function strangeFields(schema: Schema, value: unknown): { path: Path; known: string[] }[] {
  const found: { path: Path; known: string[] }[] = []
  walk([schema], value, [])
  return found
  function walk(schemas: Schema[], at: unknown, path: Path): void {
    if (Array.isArray(at)) {
      at.forEach((child, i) =>
        walk(
          schemas.flatMap((one) => childSchemas(one, i)),
          child,
          [...path, i],
        ),
      )
    }
    if (!isObject(at)) return
    const known = knownFields(schemas)
    for (const [key, child] of Object.entries(at)) {
      const children = schemas.flatMap((one) => childSchemas(one, key))
      if (known && children.length === 0) found.push({ path: [...path, key], known })
      else walk(children, child, [...path, key])
    }
  }
}

/** What takes no mapping says nothing of its fields. */
const fieldless: ReadonlySet<string> = new Set(['undefined', 'null', 'enum', 'literal', 'string', 'number', 'boolean', 'array'])

/** Undefined where any field goes. */
function knownFields(schemas: Schema[]): string[] | undefined {
  const objects = schemas
    .flatMap(alternatives)
    .map(defOf)
    .filter((def) => !fieldless.has(def.type))
  if (objects.length === 0 || objects.some((def) => def.type !== 'object')) return undefined
  return objects.flatMap((def) => (def.type === 'object' ? Object.keys(def.shape) : []))
}

/** What a document's variable leaves as text becomes a number or a boolean where only that fits. */
export function fitText(schema: Schema, value: unknown): unknown {
  return walk([schema], value)
  function walk(schemas: Schema[], at: unknown): unknown {
    if (Array.isArray(at)) {
      return at.map((child, i) =>
        walk(
          schemas.flatMap((one) => childSchemas(one, i)),
          child,
        ),
      )
    }
    if (isObject(at)) {
      return Object.fromEntries(
        Object.entries(at).map(([key, child]) => [
          key,
          walk(
            schemas.flatMap((one) => childSchemas(one, key)),
            child,
          ),
        ]),
      )
    }
    if (typeof at !== 'string') return at
    const types = new Set(schemas.flatMap(alternatives).map((one) => defOf(one).type))
    if (types.has('string') || types.has('enum')) return at
    if (types.has('number') && /^-?\d+(\.\d+)?$/.test(at)) return Number(at)
    if (types.has('boolean') && (at === 'true' || at === 'false')) return at === 'true'
    return at
  }
}

/** `1–65535`, `one of tx, rx, trx`, `text` … */
export function describe(schemas: readonly Schema[]): string {
  const told = new Set(schemas.flatMap(alternatives).map(describeOne))
  return [...told].join(' or ') || 'something else'
}

function describeOne(schema: Schema): string {
  const def = defOf(schema)
  switch (def.type) {
    case 'number': {
      const { minValue, maxValue, isInt } = schema as z.ZodNumber
      const low = minValue === null || minValue <= Number.MIN_SAFE_INTEGER ? undefined : minValue
      const high = maxValue === null || maxValue >= Number.MAX_SAFE_INTEGER ? undefined : maxValue
      if (low !== undefined && high !== undefined) return `${low}–${high}`
      const kind = isInt ? 'a whole number' : 'a number'
      return low !== undefined ? `${kind} of at least ${low}` : high !== undefined ? `${kind} of at most ${high}` : kind
    }
    case 'string': {
      const { minLength, maxLength } = schema as z.ZodString
      if (maxLength !== null) return `text of ${minLength ?? 0}–${maxLength} characters`
      return minLength === null ? 'text' : `text of at least ${minLength} character${minLength === 1 ? '' : 's'}`
    }
    case 'enum':
      return `one of ${Object.values(def.entries).join(', ')}`
    case 'literal':
      return def.values.map(String).join(' or ')
    case 'boolean':
      return 'true or false'
    case 'array': {
      const lengths = (def.checks ?? []).map((one) => one._zod.def as { minimum?: number; maximum?: number })
      const least = lengths.find(({ minimum }) => minimum !== undefined)?.minimum ?? 0
      const most = lengths.find(({ maximum }) => maximum !== undefined)?.maximum
      if (least === 0) return 'a list'
      return most === undefined ? `a list of at least ${least}` : `a list of ${least}–${most}`
    }
    case 'tuple':
      return 'a list'
    case 'object':
    case 'record':
      return 'a mapping'
    default:
      return def.type
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, key) => (Array.isArray(at) ? at[Number(key)] : isObject(at) ? at[String(key)] : undefined), value)
}
