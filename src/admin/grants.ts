// Grants as they are written: by SID, or by the name of an account below the owner; kept by SID, so that
// a new name changes nothing. Whoever is not below the owner is as good as nobody.
import { isWithin, type Configuration } from '../model/configuration.ts'
import type { Grant } from '../model/bind.ts'
import type { AccountId } from '../model/message.ts'
import { bindsOf, lay, type Bench } from './bench.ts'
import { show, type Placed } from './faults.ts'
import type { Path } from './schema.ts'

/** Undefined: for every account below. */
export function grantOf(bench: Bench, owner: AccountId, given: unknown, path: Path, faults: Placed[]): Grant | undefined {
  if (!Array.isArray(given)) return undefined
  const names = given.filter((one) => typeof one === 'string')
  const byName = names.some((name) => !bench.accounts.has(name)) ? namesBelow(bench, owner) : undefined
  const grant = new Set<AccountId>()
  given.forEach((one: unknown, i) => {
    if (typeof one !== 'string') return
    const at = [...path, i]
    const below = isBelow(bench, one, owner) ? [one] : (byName?.get(one) ?? [])
    if (below.length > 1) faults.push({ path: at, message: `there are ${below.length} accounts named ${show(one)}: expected an id` })
    else if (below[0] === undefined) faults.push({ path: at, message: `expected an account below ${owner}, got ${show(one)}` })
    else if (grant.has(below[0])) faults.push({ path: at, message: `${show(one)} is named twice` })
    else grant.add(below[0])
  })
  return [...grant].toSorted()
}

function isBelow({ accounts }: Pick<Bench, 'accounts'>, account: AccountId, owner: AccountId): boolean {
  return account !== owner && accounts.has(account) && isWithin({ accounts }, account, owner)
}

function namesBelow(bench: Bench, owner: AccountId): Map<string, AccountId[]> {
  const names = new Map<string, AccountId[]>()
  for (const { id, name, status } of bench.accounts.values()) {
    if (status === 'closed' || !isBelow(bench, id, owner)) continue
    const same = names.get(name)
    if (same) same.push(id)
    else names.set(name, [id])
  }
  return names
}

/** An account was moved: to whoever it was below and is not any more it is nobody, and stays it if it comes back. */
export function dropGrants(bench: Bench, moved: AccountId, path: Path): void {
  const owners = ancestors(bench.base, moved).filter((owner) => !isBelow(bench, moved, owner))
  const less = <T extends { account: AccountId; grant?: Grant }>(thing: T): T | undefined => {
    const left = thing.grant?.filter((one) => isBelow(bench, one, thing.account))
    return left && left.length < thing.grant!.length ? { ...thing, grant: left } : undefined
  }
  for (const owner of owners) {
    for (const bind of bindsOf(bench, owner)) {
      const value = less(bind)
      if (value) lay(bench, { kind: 'bind', value }, path)
    }
    for (const route of bench.base.routes.get(owner) ?? []) {
      const value = less(route)
      if (value) lay(bench, { kind: 'route', value }, path)
    }
  }
}

function ancestors({ accounts }: Pick<Configuration, 'accounts'>, account: AccountId): AccountId[] {
  const found: AccountId[] = []
  for (let at = accounts.get(account)?.parent; at !== undefined && found.length < 64; at = accounts.get(at)?.parent) found.push(at)
  return found
}
