// What the accounts' weights and statuses mean for what waits of them, told to the store: whose turn comes
// how often, and whose messages stay. Follows the configuration by what differs; what a suspended account
// gets back goes on by itself.
import { statusAsItStands, type Configuration } from '../model/configuration.ts'
import type { AccountId } from '../model/message.ts'
import { differing } from '../model/versions.ts'
import type { Store } from '../store/store.ts'

/** `below`: the accounts directly below one, in the newest configuration. */
export function createStanding(
  store: Pick<Store, 'weigh' | 'hold'>,
  below: (account: AccountId) => Iterable<AccountId>,
): (configuration: Configuration) => void {
  let accounts: Configuration['accounts'] = new Map()
  const weights = new Map<AccountId, number>()
  const held = new Set<AccountId>()

  /** True when it is told otherwise than before. */
  function stand(now: Configuration, top: AccountId): boolean {
    let isChanged = false
    const rest = [top]
    for (let id = rest.pop(); id !== undefined; id = rest.pop()) {
      const isHeld = statusAsItStands(now, id) === 'suspended'
      if (isHeld !== held.has(id)) {
        isChanged = true
        if (isHeld) held.add(id)
        else held.delete(id)
      }
      for (const under of below(id)) rest.push(under)
    }
    return isChanged
  }

  return (now) => {
    let isChanged = accounts.size === 0
    for (const id of differing(accounts, now.accounts)) {
      const was = accounts.get(id)
      const is = now.accounts.get(id)
      if (is) weights.set(id, is.weight)
      else weights.delete(id)
      if (was?.status !== is?.status || was?.parent !== is?.parent) isChanged = stand(now, id) || isChanged
    }
    accounts = now.accounts
    store.weigh(weights)
    if (isChanged) store.hold(held)
  }
}
