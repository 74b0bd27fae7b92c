// The termination logic, made ready to be asked: everything that does not depend on the message is
// worked out here, once per configuration, sentences included, for each account when it is first asked
// for: whoever sends waits for its own routes and those above it. What a table answers never changes.
import type { Bind } from '../model/bind.ts'
import type { Configuration } from '../model/configuration.ts'
import { lineage, maySendBy } from '../model/grant.ts'
import type { AccountId, BindId } from '../model/message.ts'
import type { RuleTried } from '../model/route.ts'
import { leading, supplierNamed, ungrantedNamed, type Addressee, type Leading } from './direct.ts'
import { ownedBy, type Layer, type Owned } from './layers.ts'
import type { Question } from './question.ts'
import { groundOf } from './rule.ts'

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
  readonly leads: Leading
  /** For those who may know: what would carry this, were it granted to the sender. */
  ungranted(question: Question): RuleTried[]
}

export function compile(configuration: Configuration, addressee: Addressee = () => undefined): RoutingTable {
  const ground = groundOf(configuration)
  const owned = kept((owner) => ownedBy(ground, owner, configuration.routes.get(owner) ?? []))
  const peers = new Map<BindId, string>()
  for (const { id, policy } of configuration.binds.values()) if (policy.peer !== '') peers.set(id, policy.peer)
  const leads = leading(configuration)
  const hasRoutes = (owner: AccountId): boolean => (configuration.routes.get(owner)?.length ?? 0) > 0
  const above = (account: AccountId): Owned[] => lineage(configuration, account).filter(hasRoutes).map(owned)
  return {
    revision: configuration.revision,
    layersOf: kept((account) => above(account).map((routes) => routes.for(account))),
    peers,
    addressee,
    supplierNamed: (account, name) => supplierNamed(configuration, leads, account, name),
    maySendBy: mayOf(configuration),
    leads,
    ungranted: (question) => [
      ...above(question.account).flatMap((routes) => routes.ungranted(question)),
      ...(question.via === undefined ? [] : ungrantedNamed(configuration, question.account, question.via)),
    ],
  }
}

/** Worked out for each account that is asked for, once. */
function kept<T>(make: (account: AccountId) => T): (account: AccountId) => T {
  const made = new Map<AccountId, T>()
  return (account) => {
    let known = made.get(account)
    if (known === undefined) made.set(account, (known = make(account)))
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
