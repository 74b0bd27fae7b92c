// The things of a snapshot by what they belong to: an account's binds, numbers and sub-accounts, a trunk's
// members, what leads to a bind. Kept along with each snapshot, a change at a time, so that nobody walks
// through ten thousand others to find the few that are meant.
import type { Account, OwnNumber } from '../model/account.ts'
import type { Bind } from '../model/bind.ts'
import type { Configuration } from '../model/configuration.ts'
import type { AccountId, BindId } from '../model/message.ts'
import type { Route } from '../model/route.ts'
import { Versions, versions } from '../model/versions.ts'

/** By group, then by key. */
export type Groups<T> = Versions<string, Versions<string, T>>
export type User = Route | OwnNumber

export interface Shelves {
  /** By the account above. */
  readonly below: Groups<Account>
  /** By account, all three. */
  readonly binds: Groups<Bind>
  readonly numbers: Groups<OwnNumber>
  /** `<account>/<trunk>` */
  readonly trunks: Groups<Bind>
  /** Routes and numbers, by what they lead to: `bind` and `trunk` below. */
  readonly users: Groups<User>
  /** By `<account>/<id>`. */
  readonly routes: Versions<string, Route>
}

/** Before, after: undefined where there is none. */
export interface Move<T> {
  key: string
  before?: T
  after?: T
}

export interface Moves {
  accounts: Move<Account>[]
  binds: Move<Bind>[]
  numbers: Move<OwnNumber>[]
  routes: Move<Route>[]
}

export const usedBind = (id: BindId): string => `bind ${id}`
export const usedTrunk = (id: string): string => `trunk ${id}`

const aboveOf = ({ parent }: Account): string[] => (parent === undefined ? [] : [parent])
const ownerOf = ({ account }: { account: AccountId }): string[] => [account]

/** The trunk that a bind is a member of. */
export function trunkOf(bind: Bind | undefined): string | undefined {
  return bind === undefined || bind.side !== 'supplier' || bind.policy.trunk === '' ? undefined : `${bind.account}/${bind.policy.trunk}`
}

export function trunksOf(bind: Bind): string[] {
  const trunk = trunkOf(bind)
  return trunk === undefined ? [] : [trunk]
}

export function usedBy(user: User): string[] {
  if (!('to' in user)) return [usedBind(user.bind)]
  const used = user.to.map(({ bind, trunk }) => (trunk ? usedTrunk(bind) : usedBind(bind)))
  return user.when.arrival === undefined ? used : [...used, usedBind(user.when.arrival)]
}

export function shelve({ accounts, binds, numbers, routes }: Configuration): Shelves {
  const byKey = new Map<string, Route>()
  for (const list of routes.values()) for (const route of list) byKey.set(`${route.account}/${route.id}`, route)
  return {
    below: allGrouped([accounts], aboveOf),
    binds: allGrouped([binds], ownerOf),
    numbers: allGrouped([numbers], ownerOf),
    trunks: allGrouped([binds], trunksOf),
    users: allGrouped<User>([numbers, byKey], usedBy),
    routes: versions(byKey),
  }
}

function allGrouped<T>(kinds: readonly ReadonlyMap<string, T>[], groupsOf: (thing: T) => string[]): Groups<T> {
  const groups = new Map<string, Map<string, T>>()
  for (const things of kinds) {
    for (const [key, thing] of things) {
      for (const group of groupsOf(thing)) {
        const known = groups.get(group)
        if (known) known.set(key, thing)
        else groups.set(group, new Map([[key, thing]]))
      }
    }
  }
  return new Versions(new Map([...groups].map(([group, own]) => [group, new Versions(own)])))
}

/** The shelves of the next snapshot, some moves at a time. */
export function reshelve(shelves: Shelves): { add(moves: Moves): void; done(): Shelves } {
  const below = grouping(shelves.below, aboveOf)
  const ownBinds = grouping(shelves.binds, ownerOf)
  const ownNumbers = grouping(shelves.numbers, ownerOf)
  const trunks = grouping(shelves.trunks, trunksOf)
  const users = grouping(shelves.users, usedBy)
  const byKey = shelves.routes.begin()
  return {
    add({ accounts, binds, numbers, routes }) {
      below.add(accounts)
      ownBinds.add(binds)
      ownNumbers.add(numbers)
      trunks.add(binds)
      users.add(numbers)
      users.add(routes)
      for (const { key, after } of routes) byKey.set(key, after)
    },
    done: () => ({
      below: below.done(),
      binds: ownBinds.done(),
      numbers: ownNumbers.done(),
      trunks: trunks.done(),
      users: users.done(),
      routes: byKey.done(),
    }),
  }
}

function grouping<T>(groups: Groups<T>, groupsOf: (thing: T) => string[]): { add(moves: readonly Move<T>[]): void; done(): Groups<T> } {
  const making = groups.begin()
  return {
    add(moves) {
      const changes = new Map<string, [string, T | undefined][]>()
      const change = (group: string, key: string, thing: T | undefined): void => {
        const known = changes.get(group)
        if (known) known.push([key, thing])
        else changes.set(group, [[key, thing]])
      }
      for (const { key, before, after } of moves) {
        const into = after === undefined ? [] : groupsOf(after)
        for (const group of before === undefined ? [] : groupsOf(before)) if (!into.includes(group)) change(group, key, undefined)
        for (const group of into) change(group, key, after)
      }
      for (const [group, entries] of changes) {
        const now = (making.get(group) ?? versions(new Map<string, T>())).with(entries)
        making.set(group, now.size > 0 ? now : undefined)
      }
    },
    done: making.done,
  }
}
