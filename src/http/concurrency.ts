// How many requests of one account are under way at once, held to the account's own limit.
import type { Configuration } from '../model/configuration.ts'
import type { AccountId } from '../model/message.ts'

/** Undefined when no place is left: answer 429. Call the result once, when the request is done. */
export type Enter = (account: AccountId) => (() => void) | undefined

const unlimited = (): void => {}

export function createEnter(configuration: () => Configuration): Enter {
  /** Accounts that have a limit and a request under way. */
  const under = new Map<AccountId, number>()
  return (account) => {
    const limit = configuration().accounts.get(account)?.concurrency ?? 0
    if (limit <= 0) return unlimited
    const count = under.get(account) ?? 0
    if (count >= limit) return undefined
    under.set(account, count + 1)
    let open = true
    return () => {
      if (!open) return
      open = false
      const left = (under.get(account) ?? 1) - 1
      if (left <= 0) under.delete(account)
      else under.set(account, left)
    }
  }
}
