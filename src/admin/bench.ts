// A change on the workbench: drafts over the configuration that things are put on and taken off, with
// every fault found on the way; it costs what is laid on it, however much there is. Nothing is stored here; the configuration room commits a whole bench
// or none of it, and what ends up as it was before is no change.
import { isDeepStrictEqual } from 'node:util'
import type { Account, OwnNumber } from '../model/account.ts'
import type { Bind } from '../model/bind.ts'
import type { Configuration } from '../model/configuration.ts'
import type { AccountId } from '../model/message.ts'
import { noResources, type Resource } from '../model/resource.ts'
import type { Route } from '../model/route.ts'
import { versions } from '../model/versions.ts'
import type { Connector } from '../plugin.ts'
import type { ConfigurationKind } from '../store/store.ts'
import type { Caller } from './caller.ts'
import { Draft } from './draft.ts'
import type { Placed } from './faults.ts'
import type { Path } from './schema.ts'
import { reshelve, trunkOf, trunksOf, usedBy, type Move, type Moves, type Shelves, type User } from './shelves.ts'

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
  /** Of the base. */
  readonly shelves: Shelves
  readonly connectors: ReadonlyMap<string, Connector>
  readonly caller: Caller
  /** Epoch ms: of everything made or changed here. */
  readonly now: number
  readonly accounts: Draft<Account>
  readonly binds: Draft<Bind>
  /** By `<account>/<id>`. */
  readonly routes: Draft<Route>
  readonly numbers: Draft<OwnNumber>
  /** The inner maps are replaced, never changed: who holds one knows by it that nothing moved. */
  readonly resources: Draft<ReadonlyMap<string, Resource>>
  /** What was laid here, by what it belongs to: keys of things that may have been laid again since. */
  readonly laid: { readonly [of in 'binds' | 'trunks' | 'users']: Map<string, Set<string>> }
  readonly faults: Placed[]
  /** Where each touched thing was asked for, by `kind key`. */
  readonly touched: Map<string, Path>
}

export function createBench(
  base: Configuration,
  shelves: Shelves,
  connectors: ReadonlyMap<string, Connector>,
  caller: Caller,
  now: number,
): Bench {
  return {
    base,
    shelves,
    connectors,
    caller,
    now,
    accounts: new Draft(base.accounts),
    binds: new Draft(base.binds),
    routes: new Draft(shelves.routes),
    numbers: new Draft(base.numbers),
    resources: new Draft(base.resources),
    laid: { binds: new Map(), trunks: new Map(), users: new Map() },
    faults: [],
    touched: new Map(),
  }
}

export interface Building {
  add(changes: readonly Difference[]): void
  /** After all of them. */
  done(revision: number): { configuration: Configuration; shelves: Shelves }
}

/** Makes the bench a snapshot with its shelves, some changes at a time. The base stays readable. */
export function build({ base, shelves: known, resources: laid }: Bench): Building {
  const accounts = versions(base.accounts).begin()
  const binds = versions(base.binds).begin()
  const numbers = versions(base.numbers).begin()
  const shelves = reshelve(known)
  const resources = versions(base.resources)
  const routes: Move<Route>[] = []
  return {
    add(changes) {
      const moves: Moves = { accounts: [], binds: [], numbers: [], routes: [] }
      for (const change of changes) {
        if (change.kind === 'account') moves.accounts.push(change as Move<Account>)
        else if (change.kind === 'bind') moves.binds.push(change as Move<Bind>)
        else if (change.kind === 'number') moves.numbers.push(change as Move<OwnNumber>)
        else if (change.kind === 'route') moves.routes.push(change as Move<Route>)
      }
      for (const { key, after: is } of moves.accounts) accounts.set(key, is)
      for (const { key, after: is } of moves.binds) binds.set(key, is)
      for (const { key, after: is } of moves.numbers) numbers.set(key, is)
      for (const move of moves.routes) routes.push(move)
      shelves.add(moves)
    },
    done(revision) {
      const configuration = {
        revision,
        accounts: accounts.done(),
        binds: binds.done(),
        routes: versions(base.routes).with(routesAfter(base, routes)),
        numbers: numbers.done(),
        resources: resources.with(laid.changes),
      }
      return { configuration, shelves: shelves.done() }
    },
  }
}

function routesAfter({ routes }: Configuration, moves: readonly Move<Route>[]): Map<AccountId, readonly Route[] | undefined> {
  const changed = new Map<AccountId, (Route | undefined)[]>()
  /** Where each is, of accounts of which many move. */
  const places = new Map<AccountId, Map<Route, number>>()
  const listOf = (account: AccountId): (Route | undefined)[] => {
    let list = changed.get(account)
    if (!list) changed.set(account, (list = (routes.get(account) ?? []).slice()))
    return list
  }
  const placeOf = (list: readonly (Route | undefined)[], route: Route): number => {
    if (moves.length < fewMoves) return list.indexOf(route)
    let of = places.get(route.account)
    if (!of) places.set(route.account, (of = new Map((routes.get(route.account) ?? []).map((one, i) => [one, i]))))
    return of.get(route) ?? -1
  }
  for (const { before: was, after: is } of moves) {
    const list = listOf((is ?? was)!.account)
    if (was) list[placeOf(list, was)] = is
    else list.push(is)
  }
  return new Map([...changed].map(([account, list]) => [account, routesIn(list)]))
}

/** Below it a list is searched. */
const fewMoves = 10

function routesIn(list: (Route | undefined)[]): readonly Route[] | undefined {
  const kept = list.includes(undefined) ? list.filter((route) => route !== undefined) : (list as Route[])
  return kept.length > 0 ? kept : undefined
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
  const { accounts, binds, numbers, resources } = bench.base
  return find({ accounts, binds, numbers, resources, routes: bench.shelves.routes }, kind, key) as Kinds[K] | undefined
}

export function after<K extends Kind>(bench: Bench, kind: K, key: string): Kinds[K] | undefined {
  return find(bench, kind, key) as Kinds[K] | undefined
}

type Everything = Pick<Configuration, 'accounts' | 'binds' | 'numbers' | 'resources'> & {
  routes: ReadonlyMap<string, Route>
}

function find(all: Everything, kind: Kind, key: string): Kinds[Kind] | undefined {
  switch (kind) {
    case 'account':
      return all.accounts.get(key)
    case 'bind':
      return all.binds.get(key)
    case 'number':
      return all.numbers.get(key)
    case 'route':
      return all.routes.get(key)
    case 'resource': {
      const slash = key.indexOf('/')
      return all.resources.get(key.slice(0, slash))?.get(key.slice(slash + 1))
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
      note(bench.laid.binds, [thing.value.account], key)
      note(bench.laid.trunks, trunksOf(thing.value), key)
      break
    case 'number':
      bench.numbers.set(key, timed(bench.base.numbers.get(key), thing.value, bench.now))
      note(bench.laid.users, usedBy(thing.value), key)
      break
    case 'resource': {
      const { account, id } = thing.value
      const own = versions(bench.resources.get(account) ?? noResources)
      bench.resources.set(account, own.with([[id, timed(before(bench, 'resource', key), thing.value, bench.now)]]))
      break
    }
    case 'route': {
      const was = before(bench, 'route', key)
      bench.routes.set(key, was && isDeepStrictEqual(was, thing.value) ? was : thing.value)
      note(bench.laid.users, usedBy(thing.value), key)
    }
  }
}

function note(groups: Map<string, Set<string>>, of: readonly string[], key: string): void {
  for (const group of of) {
    const known = groups.get(group)
    if (known) known.add(key)
    else groups.set(group, new Set([key]))
  }
}

/** The binds of an account, or those of a trunk, as they are on the bench. */
export function bindsOf(bench: Bench, account: AccountId): Bind[] {
  return grouped(bench.shelves.binds.get(account), bench.laid.binds.get(account), bench.binds).filter((bind) => bind.account === account)
}

export function membersOf(bench: Bench, trunk: string): Bind[] {
  return grouped(bench.shelves.trunks.get(trunk), bench.laid.trunks.get(trunk), bench.binds).filter((bind) => trunkOf(bind) === trunk)
}

/** The routes and numbers that lead somewhere: `used` as in shelves.ts. */
export function usersOf(bench: Bench, used: string): User[] {
  const known = bench.shelves.users.get(used)
  const laid = bench.laid.users.get(used)
  return [...grouped<User>(known, laid, bench.routes), ...grouped<User>(known, laid, bench.numbers)].filter((user) =>
    usedBy(user).includes(used),
  )
}

function grouped<T>(known: ReadonlyMap<string, unknown> | undefined, laid: ReadonlySet<string> | undefined, things: Draft<T>): T[] {
  const found: T[] = []
  const add = (key: string): void => {
    const thing = things.get(key)
    if (thing !== undefined) found.push(thing)
  }
  if (known) for (const key of known.keys()) add(key)
  if (laid) for (const key of laid) if (!known?.has(key)) add(key)
  return found
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
      const own = versions(bench.resources.get(key.slice(0, slash)) ?? noResources)
      const left = own.with([[key.slice(slash + 1), undefined]])
      bench.resources.set(key.slice(0, slash), left)
      return left !== own
    }
    case 'route':
      return bench.routes.delete(key)
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
export function* differences(bench: Bench): Generator<Difference, undefined> {
  for (const name of bench.touched.keys()) {
    const space = name.indexOf(' ')
    const kind = name.slice(0, space) as Kind
    const key = name.slice(space + 1)
    const was = before(bench, kind, key)
    const is = after(bench, kind, key)
    if (was !== is) yield { kind, key, ...(was ? { before: was } : {}), ...(is ? { after: is } : {}) }
  }
  return undefined
}
