// What accounts call binds and trunks: by the id in the account itself, else in the nearest account above that
// lends it the bind, or by `<account>/<id>`; and back. What is not lent is not there: no name finds it.
import type { Bind } from '../model/bind.ts'
import { isWithin, localBindId, type Configuration } from '../model/configuration.ts'
import { lineage, maySendBy } from '../model/grant.ts'
import type { AccountId } from '../model/message.ts'
import { membersOf, type Bench } from './bench.ts'
import { trunkOf } from './shelves.ts'

/** `trunks`: the members of each, where they are known by it. */
export type Scope = Pick<Configuration, 'accounts' | 'binds'> & {
  trunks?: { get(trunk: string): Pick<ReadonlyMap<string, Bind>, 'values'> | undefined }
}

/** The bind that a name means in an account, and whether the account may name it at all. */
export function findBind(scope: Scope, account: AccountId, name: string): Bind | undefined {
  const line = lineage(scope, account)
  if (name.includes('/')) {
    const full = name.startsWith('root/') ? rootId(scope) + name.slice(4) : name
    const bind = scope.binds.get(full)
    return bind && maySendBy(scope, bind, account) ? bind : undefined
  }
  for (const owner of line) {
    const bind = scope.binds.get(`${owner}/${name}`)
    if (bind && maySendBy(scope, bind, account)) return bind
  }
  return undefined
}

export function rootId(scope: Scope): AccountId | undefined {
  for (const account of scope.accounts.values()) if (account.parent === undefined) return account.id
  return undefined
}

/** `<account>/<trunk>` of the trunk that a name means in an account: the nearest that has a member. */
export function findTrunk(scope: Scope, account: AccountId, name: string): string | undefined {
  const line = lineage(scope, account)
  const slash = name.indexOf('/')
  const given = slash < 0 ? undefined : name.startsWith('root/') ? rootId(scope) : name.slice(0, slash)
  const owners = given === undefined ? line : line.includes(given) || isWithin(scope, given, account) ? [given] : []
  const local = name.slice(slash + 1)
  if (local === '') return undefined
  return owners.map((owner) => `${owner}/${local}`).find((id) => membersIn(scope, id).some((bind) => maySendBy(scope, bind, account)))
}

function membersIn({ binds, trunks }: Scope, id: string): Bind[] {
  return trunks ? [...(trunks.get(id)?.values() ?? [])] : [...binds.values()].filter((bind) => trunkOf(bind) === id)
}

/** As it is on the bench. */
export function scopeOf(bench: Bench): Scope {
  const get = (id: string): Map<string, Bind> => new Map(membersOf(bench, id).map((bind) => [bind.id, bind]))
  return { accounts: bench.accounts, binds: bench.binds, trunks: { get } }
}

/** How `account` names a trunk so that it finds it again. */
export function nameTrunk(scope: Scope, account: AccountId, id: string): string {
  const local = localBindId(id)
  return nameAs(scope, account, id, findBind(scope, account, local)?.id ?? findTrunk(scope, account, local))
}

/** How `account` names a bind so that it finds it again. */
export function nameBind(scope: Scope, account: AccountId, id: string): string {
  return nameAs(scope, account, id, findBind(scope, account, localBindId(id))?.id)
}

/** What was lent from above and is no longer keeps the name by which it was known. */
function nameAs(scope: Scope, account: AccountId, id: string, found: string | undefined): string {
  const isPlain = found === id || (found === undefined && !isWithin(scope, id.slice(0, id.indexOf('/')), account))
  return isPlain ? localBindId(id) : id
}
