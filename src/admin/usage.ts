// Usage for connectors: of one account, or of it and all below it together.
import { isWithin, type Configuration } from '../model/configuration.ts'
import type { Host } from '../plugin.ts'
import type { Store } from '../store/store.ts'

export function createUsage(store: Pick<Store, 'usage'>, configuration: () => Pick<Configuration, 'accounts'>): Host['usage'] {
  return (account, { from, to, below }) => {
    const now = configuration()
    const accounts = below ? [...now.accounts.keys()].filter((id) => isWithin(now, id, account)) : [account]
    return store.usage({ accounts, from, to })
  }
}
