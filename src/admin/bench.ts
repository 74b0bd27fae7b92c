// A change on the workbench: a copy of the configuration that things are put on and taken off, with
// every fault found on the way. Nothing is stored here; the configuration room commits a whole bench
// or none of it, and what ends up as it was before is no change.
import { isDeepStrictEqual } from 'node:util'
import type { Account, OwnNumber } from '../model/account.ts'
import type { Bind } from '../model/bind.ts'
import type { Configuration } from '../model/configuration.ts'
import type { AccountId, BindId } from '../model/message.ts'
import type { Resource } from '../model/resource.ts'
import type { Route } from '../model/route.ts'
import type { Connector } from '../plugin.ts'
import type { ConfigurationKind } from '../store/store.ts'
import type { Caller } from './admin.ts'
import type { Placed } from './faults.ts'
import type { Path } from './schema.ts'

export interface Kinds {
  account: Account
  bind: Bind
  route: Route
  number: OwnNumber
  resource: Resource
}
export type Kind = keyof Kinds & ConfigurationKind
export type Thing = { [K in Kind]: { kind: K; value: Kinds[K] } }[Kind]

export interface Bench {
  readonly base: Configuration
  readonly connectors: ReadonlyMap<string, Connector>
  readonly caller: Caller
  /** Epoch ms: of everything made or changed here. */
  readonly now: number
  readonly routesBefore: ReadonlyMap<AccountId, ReadonlyMap<string, Route>>
  readonly accounts: Map<AccountId, Account>
  readonly binds: Map<BindId, Bind>
  readonly routes: Map<AccountId, Map<string, Route>>
  readonly numbers: Map<string, OwnNumber>
  /** The inner maps are replaced, never changed: who holds one knows by it that nothing moved. */
  readonly resources: Map<AccountId, ReadonlyMap<string, Resource>>
  readonly faults: Placed[]
  /** Where each touched thing was asked for, by `kind key`. */
  readonly touched: Map<string, Path>
}

export function createBench(base: Configuration, connectors: ReadonlyMap<string, Connector>, caller: Caller, now: number): Bench {
  const routesBefore = new Map([...base.routes].map(([owner, routes]) => [owner, new Map(routes.map((route) => [route.id, route]))]))
  return {
    base,
    connectors,
    caller,
    now,
    routesBefore,
    accounts: new Map(base.accounts),
    binds: new Map(base.binds),
    routes: new Map([...routesBefore].map(([owner, routes]) => [owner, new Map(routes)])),
    numbers: new Map(base.numbers),
    resources: new Map(base.resources),
    faults: [],
    touched: new Map(),
  }
}

/** The bench as a snapshot. */
export function built(bench: Bench, revision: number): Configuration {
  return {
    revision,
    accounts: bench.accounts,
    binds: bench.binds,
    routes: new Map([...bench.routes].filter(([, routes]) => routes.size > 0).map(([owner, routes]) => [owner, [...routes.values()]])),
    numbers: bench.numbers,
    resources: bench.resources,
  }
}

export function keyOf(thing: Thing): string {
  switch (thing.kind) {
    case 'account':
    case 'bind':
      return thing.value.id
    case 'route':
    case 'resource':
      return `${thing.value.account}/${thing.value.id}`
    case 'number':
      return thing.value.value
  }
}

/** As it was before, and as it is on the bench. */
export function before<K extends Kind>(bench: Bench, kind: K, key: string): Kinds[K] | undefined {
  return find({ ...bench.base, routes: bench.routesBefore }, kind, key) as Kinds[K] | undefined
}

export function after<K extends Kind>(bench: Bench, kind: K, key: string): Kinds[K] | undefined {
  return find(bench, kind, key) as Kinds[K] | undefined
}

type Shelves = Pick<Configuration, 'accounts' | 'binds' | 'numbers' | 'resources'> & {
  routes: ReadonlyMap<AccountId, ReadonlyMap<string, Route>>
}

function find(shelves: Shelves, kind: Kind, key: string): Kinds[Kind] | undefined {
  switch (kind) {
    case 'account':
      return shelves.accounts.get(key)
    case 'bind':
      return shelves.binds.get(key)
    case 'number':
      return shelves.numbers.get(key)
    case 'route': {
      const slash = key.indexOf('/')
      return shelves.routes.get(key.slice(0, slash))?.get(key.slice(slash + 1))
    }
    case 'resource': {
      const slash = key.indexOf('/')
      return shelves.resources.get(key.slice(0, slash))?.get(key.slice(slash + 1))
    }
  }
}

/** Puts a thing on the bench; its times are those of the bench, unless it is as it was. */
export function lay(bench: Bench, thing: Thing, path: Path): void {
  const key = keyOf(thing)
  bench.touched.set(`${thing.kind} ${key}`, path)
  switch (thing.kind) {
    case 'account':
      bench.accounts.set(key, timed(bench.base.accounts.get(key), thing.value, bench.now))
      break
    case 'bind':
      bench.binds.set(key, timed(bench.base.binds.get(key), thing.value, bench.now))
      break
    case 'number':
      bench.numbers.set(key, timed(bench.base.numbers.get(key), thing.value, bench.now))
      break
    case 'resource': {
      const { account, id } = thing.value
      bench.resources.set(
        account,
        new Map(bench.resources.get(account)).set(id, timed(before(bench, 'resource', key), thing.value, bench.now)),
      )
      break
    }
    case 'route': {
      const routes = bench.routes.get(thing.value.account) ?? new Map<string, Route>()
      bench.routes.set(thing.value.account, routes)
      const was = before(bench, 'route', key)
      routes.set(thing.value.id, was && isDeepStrictEqual(was, thing.value) ? was : thing.value)
    }
  }
}

export function take(bench: Bench, kind: Kind, key: string, path: Path): boolean {
  bench.touched.set(`${kind} ${key}`, path)
  switch (kind) {
    case 'account':
      return bench.accounts.delete(key)
    case 'bind':
      return bench.binds.delete(key)
    case 'number':
      return bench.numbers.delete(key)
    case 'resource': {
      const slash = key.indexOf('/')
      const left = new Map(bench.resources.get(key.slice(0, slash)))
      const known = left.delete(key.slice(slash + 1))
      bench.resources.set(key.slice(0, slash), left)
      return known
    }
    case 'route': {
      const slash = key.indexOf('/')
      return bench.routes.get(key.slice(0, slash))?.delete(key.slice(slash + 1)) ?? false
    }
  }
}

function timed<T extends { createdAt: number; updatedAt: number }>(was: T | undefined, value: T, now: number): T {
  if (!was) return { ...value, createdAt: now, updatedAt: now }
  const same = { ...value, createdAt: was.createdAt, updatedAt: was.updatedAt }
  return isDeepStrictEqual(was, same) ? was : { ...same, updatedAt: now }
}

export interface Difference {
  kind: Kind
  key: string
  before?: Thing['value']
  after?: Thing['value']
}

/** What the bench would change, in the order in which it was asked for. */
export function differences(bench: Bench): Difference[] {
  return [...bench.touched.keys()].flatMap((name) => {
    const space = name.indexOf(' ')
    const kind = name.slice(0, space) as Kind
    const key = name.slice(space + 1)
    const was = before(bench, kind, key)
    const is = after(bench, kind, key)
    return was === is ? [] : [{ kind, key, ...(was ? { before: was } : {}), ...(is ? { after: is } : {}) }]
  })
}
