// Whom peers and operators mean by a name: binds by what their peers call them, accounts by what they are
// called. Looked up in the snapshot of the moment, and worked out once for each.
import type { Account } from '../model/account.ts'
import type { Bind } from '../model/bind.ts'
import type { Configuration } from '../model/configuration.ts'
import type { AccountId, BindId } from '../model/message.ts'
import type { Connector, Gateway, Host } from '../plugin.ts'
import type { ConfigurationRoom } from './configuration.ts'

type Room = Pick<ConfigurationRoom, 'current'>

/** The account's own enabled client bind of a connector. */
export function gateways(room: Room, make: (bind: Bind) => Gateway): Host['gateway'] {
  const made = new Map<BindId, Gateway>()
  let of: Configuration | undefined
  let byAccount = new Map<string, BindId>()
  return (connector, account) => {
    const now = room.current()
    if (of !== now) {
      of = now
      byAccount = new Map()
      for (const bind of now.binds.values()) {
        if (bind.side === 'client' && bind.enabled) byAccount.set(`${bind.connector} ${bind.account}`, bind.id)
      }
      for (const id of made.keys()) if (!now.binds.has(id)) made.delete(id)
    }
    const id = byAccount.get(`${connector} ${account}`)
    if (id === undefined) return undefined
    let gateway = made.get(id)
    if (!gateway) made.set(id, (gateway = make(now.binds.get(id)!)))
    return gateway
  }
}

/** What an operator calls an account: `root`, its SID, or its name. */
export function accountsCalled(room: Room, root: AccountId): Host['accountCalled'] {
  return (text) => {
    if (text === 'root') return root
    const { accounts } = room.current()
    if (accounts.has(text)) return text
    let oldest: Account | undefined
    for (const account of accounts.values()) {
      if (account.name === text && account.status !== 'closed' && (!oldest || account.createdAt < oldest.createdAt)) oldest = account
    }
    return oldest?.id
  }
}

/** Enabled binds by the name that their peers give, oldest first. */
export function named(room: Room, make: (bind: Bind) => Gateway, nameOf: (bind: Bind) => string | undefined): Host['claimed'] {
  let of: Configuration | undefined
  let found = new Map<string, Gateway[]>()
  function read(now: Configuration): void {
    of = now
    found = new Map()
    for (const bind of [...now.binds.values()].toSorted((a, b) => a.createdAt - b.createdAt)) {
      const name = bind.enabled ? nameOf(bind) : undefined
      if (name === undefined) continue
      const key = `${bind.connector} ${name}`
      found.set(key, [...(found.get(key) ?? []), make(bind)])
    }
  }
  return (connector, name) => {
    if (of !== room.current()) read(room.current())
    return found.get(`${connector} ${name}`) ?? []
  }
}

/** For which of its account's services a number sends, as the first connector that knows says. */
export function serviceOf(room: Room, connectors: readonly Pick<Connector, 'serviceOf'>[]) {
  const knowing = connectors.flatMap((one) => (one.serviceOf ? [one.serviceOf.bind(one)] : []))
  return (account: AccountId, value: string): string | undefined => {
    const now = room.current()
    const resources = now.resources.get(account)
    if (!resources) return undefined
    const number = now.numbers.get(value)
    if (number?.account !== account) return undefined
    for (const ask of knowing) {
      const service = ask(resources, number)
      if (service !== undefined) return service
    }
    return undefined
  }
}
