// Who has registered: the users of the caller's accounts and the ways to them, as connectors have them now.
import { isWithin, type Configuration } from '../model/configuration.ts'
import type { Connector, Registration } from '../plugin.ts'
import type { Registrations } from './admin.ts'

export interface RegistrationParts {
  connectors: ReadonlyMap<string, Connector>
  configuration(): Configuration
}

export function createRegistrations({ connectors, configuration }: RegistrationParts): Registrations {
  function* seen(account: string): Generator<Registration> {
    const now = configuration()
    for (const { registrations } of connectors.values())
      for (const each of registrations?.() ?? []) {
        const bind = now.binds.get(each.bind)
        if (bind && isWithin(now, bind.account, account)) yield each
      }
  }
  return {
    list(caller, { account = caller.account, user, limit, cursor = '' }) {
      const now = configuration()
      if (!isWithin(now, account, caller.account)) return { registrations: [] }
      // A hundred thousand may be there: only a page of them is ever put in order.
      let page: Registration[] = []
      const inOrder = (): Registration[] => page.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)).slice(0, limit + 1)
      for (const each of seen(account)) {
        if (keyOf(each) <= cursor || (user !== undefined && each.user !== user.toLowerCase())) continue
        page.push(each)
        if (page.length > 4 * limit + 100) page = inOrder()
      }
      page = inOrder()
      const registrations = page.slice(0, limit)
      return page.length > limit ? { registrations, next: keyOf(registrations.at(-1)!) } : { registrations }
    },
  }
}

function keyOf({ user, listener, contact, remote }: Registration): string {
  return `${user} ${listener} ${contact} ${remote}`
}
