// Configuration rows as the store has them ⇄ the model. Account tokens and whatever a connector
// marked secret are sealed in the row, each to its place.
import { z } from 'zod'
import { claimRights, type Account, type OwnNumber } from '../model/account.ts'
import type { Bind, BindPolicy } from '../model/bind.ts'
import type { Configuration } from '../model/configuration.ts'
import type { Resource } from '../model/resource.ts'
import type { Route } from '../model/route.ts'
import { Versions } from '../model/versions.ts'
import type { Connector } from '../plugin.ts'
import { capNames } from '../model/caps.ts'
import type { ConfigurationRow } from '../store/store.ts'
import type { Fault } from './caller.ts'
import { keyOf, type Thing } from './bench.ts'
import { check, told, type Checked } from './faults.ts'
import { policy } from './policy.ts'
import { isObject, mapSecrets, valueAt, type Path } from './schema.ts'
import type { Seal } from './seal.ts'

type Connectors = ReadonlyMap<string, Connector>

const token = z.string().meta({ secret: true })
const credentials = z.object({
  secondary: z.object({ token, createdAt: z.number() }).optional(),
  test: z.object({ id: z.string(), token }).optional(),
  sources: z.array(z.string()),
  keys: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      kind: z.enum(['main', 'standard', 'restricted']),
      allow: z.array(z.string()),
      sources: z.array(z.string()),
      createdAt: z.number(),
      updatedAt: z.number(),
      hash: z.string(),
    }),
  ),
})
const optOut = z.union([
  z.enum(['off', 'twilio']),
  z.object({
    stop: z.array(z.string()).optional(),
    start: z.array(z.string()).optional(),
    help: z.array(z.string()).optional(),
    replies: z.object({ stop: z.string().optional(), start: z.string().optional(), help: z.string().optional() }).optional(),
  }),
])
const account = z.object({
  id: z.string(),
  parent: z.string().optional(),
  name: z.string(),
  status: z.enum(['active', 'suspended', 'closed']),
  createdAt: z.number(),
  updatedAt: z.number(),
  token: z.string(),
  inheritRoutes: z.boolean(),
  weight: z.number(),
  concurrency: z.number(),
  caps: z.partialRecord(z.enum(capNames), z.number()).optional(),
  cdrUrl: z.string().optional(),
  privateWebhooks: z.boolean(),
  optOut: optOut.optional(),
  alphaSenders: z.union([z.literal('any'), z.record(z.string(), z.array(z.string()))]).optional(),
  claims: z.enum(claimRights).optional(),
  credentials: credentials.optional(),
})
const bind = z.object({
  id: z.string(),
  account: z.string(),
  name: z.string(),
  connector: z.string(),
  side: z.enum(['supplier', 'client']),
  enabled: z.boolean(),
  paused: z.boolean(),
  grant: z.array(z.string()).optional(),
  policy: z.record(z.string(), z.unknown()),
  config: z.unknown(),
  createdAt: z.number(),
  updatedAt: z.number(),
})
const route = z.object({
  id: z.string(),
  account: z.string(),
  name: z.string(),
  enabled: z.boolean(),
  when: z.object({
    prefix: z.string(),
    sender: z.string().optional(),
    account: z.string().optional(),
    arrival: z.string().optional(),
    kind: z.enum(['text', 'binary', 'mms']).optional(),
    time: z.object({ days: z.array(z.number()), from: z.string(), to: z.string(), zone: z.string() }).optional(),
  }),
  to: z.array(z.object({ bind: z.string(), trunk: z.literal(true).optional(), weight: z.number().optional() })),
  failoverOnReceipt: z.boolean(),
  grant: z.array(z.string()).optional(),
})
const number = z.object({
  value: z.string(),
  account: z.string(),
  id: z.string(),
  name: z.string(),
  bind: z.string(),
  settings: z.record(z.string(), z.string()),
  optOut: z.boolean().optional(),
  offered: z.boolean().optional(),
  lent: z.array(z.object({ by: z.string(), offered: z.boolean() })).optional(),
  createdAt: z.number(),
  updatedAt: z.number(),
})
const resource = z.object({
  id: z.string(),
  account: z.string(),
  kind: z.string(),
  settings: z.record(z.string(), z.unknown()),
  optOut: optOut.optional(),
  createdAt: z.number(),
  updatedAt: z.number(),
})

export interface Read {
  configuration: Configuration
  /** What no longer holds, by bind: kept, but not run. */
  faults: Map<string, Fault[]>
}

function place(kind: string, key: string, path: Path): string {
  return [kind, key, ...path].join(' ')
}

/** A row's body names the places that are sealed in it: no text that somebody wrote can pass for one. */
function write(value: object, secrets: Readonly<Record<string, z.ZodType>>, seal: Seal, kind: string, key: string): string {
  const places: Path[] = []
  const hide = (secret: unknown, path: Path): string => {
    places.push(path)
    return seal.seal(JSON.stringify(secret), place(kind, key, path))
  }
  const body = Object.fromEntries(
    Object.entries(value).map(([name, child]: [string, unknown]) => {
      const schema = Object.hasOwn(secrets, name) ? secrets[name] : undefined
      return [name, schema ? mapSecrets(schema, child, (secret, path) => hide(secret, [name, ...path])) : child]
    }),
  )
  return JSON.stringify({ ...body, sealed: places })
}

const sealedPlaces = z.object({ sealed: z.array(z.array(z.union([z.string(), z.number()]))) })

function open(row: ConfigurationRow, seal: Seal): unknown {
  const body = JSON.parse(row.body) as unknown
  // Most have no secret, and there may be a hundred thousand.
  if (isObject(body) && Array.isArray(body['sealed']) && body['sealed'].length === 0) return body
  return sealedPlaces.parse(body).sealed.reduce<unknown>((at, path) => {
    const secret = valueAt(at, path)
    if (typeof secret !== 'string') throw new Error(`What is stored for ${place(row.kind, row.key, path)} is not sealed.`)
    return replaced(at, path, JSON.parse(seal.open(secret, place(row.kind, row.key, path))))
  }, body)
}

function replaced(value: unknown, path: Path, leaf: unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return leaf
  if (Array.isArray(value)) return value.map((child: unknown, i) => (i === key ? replaced(child, rest, leaf) : child))
  return isObject(value) ? { ...value, [key]: replaced(value[String(key)], rest, leaf) } : value
}

/** `binds` names the connector behind a number. */
export function writeRow(thing: Thing, connectors: Connectors, binds: ReadonlyMap<string, Bind>, seal: Seal): ConfigurationRow {
  const { kind } = thing
  const key = keyOf(thing)
  const row = (value: object, secrets: Readonly<Record<string, z.ZodType>> = {}): ConfigurationRow => ({
    kind,
    key,
    body: write(value, secrets, seal, kind, key),
  })
  switch (thing.kind) {
    case 'account':
      return row(thing.value, { token, credentials })
    case 'bind': {
      const schema = connectors.get(thing.value.connector)?.config[thing.value.side]
      return row(thing.value, schema && { config: schema })
    }
    case 'number': {
      const schema = connectors.get(binds.get(thing.value.bind)?.connector ?? '')?.number
      return row(thing.value, schema && { settings: schema })
    }
    case 'route':
    case 'resource':
      return row(thing.value)
  }
}

/** Throws when the key does not open what is sealed: nothing would work then. */
export function readRows(rows: readonly ConfigurationRow[], revision: number, connectors: Connectors, seal: Seal): Read {
  const accounts = new Map<string, Account>()
  const binds = new Map<string, Bind>()
  const routes = new Map<string, Route[]>()
  const numbers = new Map<string, OwnNumber>()
  const resources = new Map<string, Map<string, Resource>>()
  const faults = new Map<string, Fault[]>()
  const alike: Alike = { policies: new Map(), configs: new Map() }
  for (const row of rows) {
    const body = open(row, seal)
    switch (row.kind) {
      case 'account':
        accounts.set(row.key, account.parse(body) as Account)
        break
      case 'bind': {
        const read = readBind(bind.parse(body), connectors, alike)
        binds.set(row.key, read.bind)
        if (read.faults.length > 0) faults.set(row.key, read.faults)
        break
      }
      case 'route': {
        const one = route.parse(body) as Route
        const list = routes.get(one.account) ?? []
        routes.set(one.account, list)
        list.push(one)
        break
      }
      case 'number':
        numbers.set(row.key, number.parse(body) as OwnNumber)
        break
      case 'resource': {
        const one = plain(resource.parse(body)) as Resource
        const own = resources.get(one.account) ?? new Map<string, Resource>()
        resources.set(one.account, own)
        own.set(one.id, one)
        break
      }
      case 'setting':
        break
    }
  }
  const configuration = {
    revision,
    accounts: new Versions(accounts),
    binds: new Versions(binds),
    routes: new Versions<string, readonly Route[]>(routes),
    numbers: new Versions(numbers),
    resources: new Versions<string, ReadonlyMap<string, Resource>>(
      new Map([...resources].map(([owner, own]) => [owner, new Versions(own)])),
    ),
  }
  return { configuration, faults }
}

/** What was checked already, by its JSON: every account has a bind for the API, and most are alike. */
interface Alike {
  policies: Map<string, Checked<BindPolicy>>
  configs: Map<string, Checked<unknown>>
}

/** A bind whose settings do not hold any more is disabled. */
function readBind({ grant, ...row }: z.infer<typeof bind>, connectors: Connectors, alike: Alike): { bind: Bind; faults: Fault[] } {
  const policies = once(alike.policies, JSON.stringify(row.policy), () => check(policy, row.policy, ['policy']))
  const config = once(alike.configs, `${row.connector} ${row.side} ${JSON.stringify(row.config)}`, () => {
    const schema = connectors.get(row.connector)?.config[row.side]
    if (schema) return check<unknown>(schema, row.config, ['config'])
    return { faults: [{ path: ['connector'], message: `there is no connector ${row.connector} for a ${row.side}` }] }
  })
  const faults = [...('faults' in policies ? policies.faults : []), ...('faults' in config ? config.faults : [])]
  return {
    bind: {
      ...row,
      ...(grant ? { grant } : {}),
      policy: 'value' in policies ? policies.value : (row.policy as unknown as Bind['policy']),
      // Of its own for each: who knows a bind by its settings takes no other for it.
      config: 'value' in config ? (isObject(config.value) ? { ...config.value } : config.value) : row.config,
      enabled: row.enabled && faults.length === 0,
    },
    faults: told(faults),
  }
}

function once<T>(known: Map<string, T>, key: string, make: () => T): T {
  let value = known.get(key)
  if (value === undefined) known.set(key, (value = make()))
  return value
}

/** Without the keys that zod leaves undefined. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
