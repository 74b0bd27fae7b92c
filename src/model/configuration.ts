// What the operators set: an immutable snapshot of the tenant tree with a revision.
import type { Account, AccountStatus, OwnNumber } from './account.ts'
import type { Bind } from './bind.ts'
import type { Route } from './route.ts'
import type { AccountId, BindId } from './message.ts'
import type { Resource } from './resource.ts'

export interface Configuration {
  readonly revision: number
  readonly accounts: ReadonlyMap<AccountId, Account>
  readonly binds: ReadonlyMap<BindId, Bind>
  /** By owning account. */
  readonly routes: ReadonlyMap<AccountId, readonly Route[]>
  /** By number value. */
  readonly numbers: ReadonlyMap<string, OwnNumber>
  /** By owning account, then by id. */
  readonly resources: ReadonlyMap<AccountId, ReadonlyMap<string, Resource>>
}

/** Accounts and which is below which: all that `isWithin` needs. */
export interface Tree {
  readonly accounts: Pick<ReadonlyMap<AccountId, { readonly parent?: AccountId }>, 'get' | 'has'>
}

/** `account` is `ancestor` or below it. Guarded against cycles. */
export function isWithin(tree: Tree, account: AccountId, ancestor: AccountId): boolean {
  let at: AccountId | undefined = account
  for (let depth = 0; at !== undefined && depth < 64; depth++) {
    if (at === ancestor) return true
    at = tree.accounts.get(at)?.parent
  }
  return false
}

/** Below one that is suspended or closed nobody is better off; undefined: there is no such account. */
export function statusAsItStands(configuration: Pick<Configuration, 'accounts'>, id: AccountId): AccountStatus | undefined {
  const account = configuration.accounts.get(id)
  let above = account
  for (let depth = 0; above !== undefined && depth < 64; depth++) {
    if (above.status !== 'active') return above.status
    above = above.parent === undefined ? undefined : configuration.accounts.get(above.parent)
  }
  return account?.status
}

/** The account with the status that holds for it: below one that is suspended or closed nobody is better off. */
export function accountAsItStands(configuration: Pick<Configuration, 'accounts'>, id: AccountId): Account | undefined {
  const account = configuration.accounts.get(id)
  const status = statusAsItStands(configuration, id)
  return account === undefined || status === undefined || status === account.status ? account : { ...account, status }
}

/** The part of a bind id that is unique within its account. */
export function localBindId(id: BindId): string {
  return id.slice(id.indexOf('/') + 1)
}
