// Configuration rows as the store has them ⇄ the model. Account tokens and whatever a connector
// marked secret are sealed in the row, each to its place.
import { z } from 'zod'
import type { Account, OwnNumber } from '../model/account.ts'
import type { Bind, BindPolicy } from '../model/bind.ts'
import type { Configuration } from '../model/configuration.ts'
import type { Resource } from '../model/resource.ts'
import type { Route } from '../model/route.ts'
import { Versions } from '../model/versions.ts'
import type { Connector } from '../plugin.ts'
import type { ConfigurationRow } from '../store/store.ts'
import type { Fault } from './caller.ts'
import { keyOf, type Thing } from './bench.ts'
import { check, told, type Checked } from './faults.ts'
import { policy } from './policy.ts'
import { isObject, mapSecrets, valueAt, type Path } from './schema.ts'
import type { Seal } from './seal.ts'

type Connectors = ReadonlyMap<string, Connector>

/** What is sealed of an account: the rest it may show. */
const token = z.string().meta({ secret: true })
const credentials = z.object({ secondary: z.object({ token }).optional(), test: z.object({ token }).optional() })

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

const sealedIn = ',"sealed":'

/** What we wrote is not looked at again: there may be a hundred thousand rows. */
function open({ kind, key, body }: ConfigurationRow, seal: Seal): unknown {
  // The last key of all, so that what is read needs no copy without it.
  const end = body.lastIndexOf(sealedIn)
  const value: unknown = JSON.parse(`${body.slice(0, end)}}`)
  for (const path of JSON.parse(body.slice(end + sealedIn.length, -1)) as Path[]) {
    const within = valueAt(value, path.slice(0, -1)) as Record<string | number, unknown>
    const secret = within[path.at(-1)!]
    if (typeof secret !== 'string') throw new Error(`What is stored for ${place(kind, key, path)} is not sealed.`)
    within[path.at(-1)!] = JSON.parse(seal.open(secret, place(kind, key, path)))
  }
  return value
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

export interface Reading {
  /** Throws when the key does not open what is sealed: nothing would work then. */
  add(row: ConfigurationRow): void
  /** After all of them. */
  done(revision: number): Read
}

/** Rows come in the store's order, in which an account is before all that name it, and a bind before numbers. */
export function createReading(connectors: Connectors, seal: Seal): Reading {
  const accounts = new Map<string, Account>()
  const binds = new Map<string, Bind>()
  const routes = new Map<string, Route[]>()
  const numbers = new Map<string, OwnNumber>()
  const resources = new Map<string, Map<string, Resource>>()
  const faults = new Map<string, Fault[]>()
  const alike: Alike = { policies: new Map(), configs: new Map() }
  /** Of an id that is named a thousand times there is one text. */
  const shared = (things: ReadonlyMap<string, { id: string }>, id: string): string => things.get(id)?.id ?? id
  return {
    add(row) {
      switch (row.kind) {
        case 'account': {
          const one = open(row, seal) as Account
          if (one.parent !== undefined) one.parent = shared(accounts, one.parent)
          accounts.set(one.id, one)
          break
        }
        case 'bind': {
          const one = open(row, seal) as Bind
          one.account = shared(accounts, one.account)
          const found = checkBind(one, connectors, alike)
          binds.set(one.id, one)
          if (found.length > 0) faults.set(one.id, found)
          break
        }
        case 'route': {
          const one = open(row, seal) as Route
          one.account = shared(accounts, one.account)
          const list = routes.get(one.account)
          if (list) list.push(one)
          else routes.set(one.account, [one])
          break
        }
        case 'number': {
          const one = open(row, seal) as OwnNumber
          one.account = shared(accounts, one.account)
          one.bind = shared(binds, one.bind)
          numbers.set(one.value, one)
          break
        }
        case 'resource': {
          const one = open(row, seal) as Resource
          const own = resources.get(one.account)
          if (own) own.set(one.id, one)
          else resources.set(one.account, new Map([[one.id, one]]))
          break
        }
        case 'setting':
          break
      }
    },
    done(revision) {
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
    },
  }
}

/** What was checked already, by its JSON: every account has a bind for the API, and most are alike. */
interface Alike {
  policies: Map<string, Checked<BindPolicy>>
  configs: Map<string, Checked<unknown>>
}

/** What its connector takes may have changed since: a bind whose settings do not hold any more is disabled. */
function checkBind(bind: Bind, connectors: Connectors, alike: Alike): Fault[] {
  const policies = once(alike.policies, JSON.stringify(bind.policy), () => check(policy, bind.policy, ['policy']))
  const config = once(alike.configs, `${bind.connector} ${bind.side} ${JSON.stringify(bind.config)}`, () => {
    const schema = connectors.get(bind.connector)?.config[bind.side]
    if (schema) return check<unknown>(schema, bind.config, ['config'])
    return { faults: [{ path: ['connector'], message: `there is no connector ${bind.connector} for a ${bind.side}` }] }
  })
  const faults = [...('faults' in policies ? policies.faults : []), ...('faults' in config ? config.faults : [])]
  if ('value' in policies) bind.policy = policies.value
  // Of its own for each: who knows a bind by its settings takes no other for it.
  if ('value' in config) bind.config = isObject(config.value) ? { ...config.value } : config.value
  if (faults.length > 0) bind.enabled = false
  return told(faults)
}

function once<T>(known: Map<string, T>, key: string, make: () => T): T {
  let value = known.get(key)
  if (value === undefined) known.set(key, (value = make()))
  return value
}
