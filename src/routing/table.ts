// The termination logic, made ready to be asked: everything that does not depend on the message is
// worked out here, sentences included, for each account when it is first asked for: whoever sends waits
// for its own routes and those above it. It is worked out anew only where a new configuration differs.
import type { Bind } from '../model/bind.ts'
import type { Configuration } from '../model/configuration.ts'
import { isLent, lineage, maySendBy } from '../model/grant.ts'
import type { AccountId, BindId } from '../model/message.ts'
import type { RuleTried } from '../model/route.ts'
import { differing } from '../model/versions.ts'
import { leading, supplierNamed, ungrantedNamed, type Addressee, type Leading } from './direct.ts'
import { ownedBy, type Layer, type Owned } from './layers.ts'
import type { Question } from './question.ts'
import { groundOf, type Ground } from './rule.ts'

export interface RoutingTable {
  readonly revision: number
  /** Of each account whose routes apply to it, its own first, then its parent's as far as inherited. */
  layersOf(account: AccountId): readonly Layer[]
  /** Who is at the other end of a bind, of those that say. */
  readonly peers: ReadonlyMap<BindId, string>
  readonly addressee: Addressee
  /** The supplier bind that an account means by a name, or why there is none. */
  supplierNamed(account: AccountId, name: string): Bind | string
  /** Whether a message of the account may leave by the bind: who was granted it may not be any more. */
  maySendBy(account: AccountId, bind: BindId): boolean
  /** Whether a message of the account may still go by this route of `owner`: it is there, switched on, and lent to it. */
  mayGoBy(account: AccountId, owner: AccountId, route: string): boolean
  readonly leads: Leading
  /** For those who may know: what would carry this, were it granted to the sender. */
  ungranted(question: Question): RuleTried[]
}

export function compile(configuration: Configuration, addressee: Addressee = () => undefined): RoutingTable {
  const tables = createTables(addressee)
  tables.follow(configuration)
  return tables.table()
}

export interface Tables {
  /** Each new snapshot: what does not differ stays compiled. */
  follow(configuration: Configuration): void
  /** Of the newest, and good until the next: what it is asked for is compiled then. */
  table(): RoutingTable
}

export function createTables(addressee: Addressee): Tables {
  let seen: Configuration | undefined
  let ground: Ground | undefined
  const owned = new Map<AccountId, Owned>()
  let table: RoutingTable | undefined

  function ownedOf(now: Configuration, owner: AccountId): Owned | undefined {
    const known = owned.get(owner)
    if (known) return known
    const routes = now.routes.get(owner)
    if (!routes || routes.length === 0) return undefined
    ground ??= groundOf(now)
    const made = ownedBy(ground, owner, routes)
    owned.set(owner, made)
    return made
  }

  function make(now: Configuration): RoutingTable {
    const leads = leading(now)
    const above = (account: AccountId): Owned[] => lineage(now, account).flatMap((owner) => ownedOf(now, owner) ?? [])
    ground ??= groundOf(now)
    return {
      revision: now.revision,
      layersOf: kept((account) => above(account).map((routes) => routes.for(account))),
      peers: ground.peers,
      addressee,
      supplierNamed: (account, name) => supplierNamed(now, leads, account, name),
      maySendBy: mayOf(now),
      mayGoBy: goesOf(now),
      leads,
      ungranted: (question) => [
        ...above(question.account).flatMap((routes) => routes.ungranted(question)),
        ...(question.via === undefined ? [] : ungrantedNamed(now, question.account, question.via)),
      ],
    }
  }

  return {
    follow(now) {
      const before = seen
      seen = now
      table = undefined
      if (before === undefined || !ground || !isSameGround(ground, before, now)) {
        ground = undefined
        owned.clear()
        return
      }
      ground.configuration = now
      for (const owner of differing(before.routes, now.routes)) owned.delete(owner)
    },
    table: () => (table ??= make(seen!)),
  }
}

/** Nothing that rules are made of differs but routes: who inherits from whom, who is active, and which binds carry for whom. */
function isSameGround({ named }: Ground, before: Configuration, now: Configuration): boolean {
  for (const id of differing(before.accounts, now.accounts)) {
    const was = before.accounts.get(id)
    const is = now.accounts.get(id)
    // Of a new account nothing is compiled.
    if (was && (was.status !== is?.status || was.parent !== is.parent || was.inheritRoutes !== is.inheritRoutes)) return false
  }
  for (const id of differing(before.binds, now.binds)) {
    const was = before.binds.get(id)
    const is = now.binds.get(id)
    if (was && is ? !carriesAlike(was, is) : named.has(id) || isKnownByMore(was) || isKnownByMore(is)) return false
  }
  return true
}

/** Than by its id. */
function isKnownByMore(bind: Bind | undefined): boolean {
  return bind !== undefined && (bind.policy.trunk !== '' || bind.policy.peer !== '')
}

function carriesAlike(a: Bind, b: Bind): boolean {
  const { trunk, trunkWeight, peer } = a.policy
  const isAlike = trunk === b.policy.trunk && trunkWeight === b.policy.trunkWeight && peer === b.policy.peer
  return isAlike && a.side === b.side && a.enabled === b.enabled && a.grant === b.grant
}

/** Worked out for each account, or route, that is asked for, once. */
function kept<T>(make: (name: string) => T): (name: string) => T {
  const made = new Map<string, T>()
  return (name) => {
    let known = made.get(name)
    if (known === undefined) made.set(name, (known = make(name)))
    return known
  }
}

function mayOf(configuration: Configuration): RoutingTable['maySendBy'] {
  const known = new Map<BindId, (account: AccountId) => boolean>()
  return (account, id) => {
    let may = known.get(id)
    if (!may) {
      const bind = configuration.binds.get(id)
      known.set(id, (may = kept((who) => bind !== undefined && maySendBy(configuration, bind, who))))
    }
    return may(account)
  }
}

function goesOf(configuration: Configuration): RoutingTable['mayGoBy'] {
  const known = new Map<AccountId, (route: string) => (account: AccountId) => boolean>()
  return (account, owner, id) => {
    let routes = known.get(owner)
    if (!routes) {
      const byId = new Map(configuration.routes.get(owner)?.map((route) => [route.id, route]))
      routes = kept((name) => {
        const route = byId.get(name)
        return kept((who) => route !== undefined && route.enabled && isLent(configuration, route, who))
      })
      known.set(owner, routes)
    }
    return routes(id)(account)
  }
}
