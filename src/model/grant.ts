// Grants: who below its owner may use a route or a supplier bind. What is lent is used, never seen: its
// owner, its settings and who else may use it stay with the account above.
import { isWithin, type Configuration } from './configuration.ts'
import type { Bind, Grant } from './bind.ts'
import type { AccountId } from './message.ts'

type Scope = Pick<Configuration, 'accounts'>

/** The account, then its parent if it inherits, and so on. */
export function lineage(scope: Scope, account: AccountId): AccountId[] {
  const line: AccountId[] = []
  let at: AccountId | undefined = account
  while (at !== undefined && line.length < 64) {
    line.push(at)
    const row = scope.accounts.get(at)
    at = row?.inheritRoutes ? row.parent : undefined
  }
  return line
}

/** Whether `account` is the owner, or below it and may use this of its. */
export function isLent(scope: Scope, { account: owner, grant }: { account: AccountId; grant?: Grant }, account: AccountId): boolean {
  const line = lineage(scope, account)
  const top = line.indexOf(owner)
  if (top <= 0 || grant === undefined) return top >= 0
  return line.slice(0, top).some((one) => grant.includes(one))
}

/** A message of `account` may leave by this bind: it is the account's own, of one below it, or lent to it from above. */
export function maySendBy(scope: Scope, bind: Pick<Bind, 'account' | 'side' | 'grant'>, account: AccountId): boolean {
  return isWithin(scope, bind.account, account) || (bind.side === 'supplier' && isLent(scope, bind, account))
}
