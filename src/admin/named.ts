// Whom peers and operators mean by a name: binds by what their peers call them, accounts by what they are
// called. Looked up in the newest snapshot, and worked out anew only for what changed.
import type { Account } from '../model/account.ts'
import type { Bind } from '../model/bind.ts'
import type { Configuration } from '../model/configuration.ts'
import type { AccountId, BindId } from '../model/message.ts'
import { differing } from '../model/versions.ts'
import type { Connector, Gateway, Host } from '../plugin.ts'
import type { ConfigurationRoom } from './configuration.ts'

type Room = Pick<ConfigurationRoom, 'current' | 'shelves' | 'onChange'>

/** Calls `each` for what differs from what it was called for before, now and after each change. */
function follow(room: Room, each: (id: BindId, was: Bind | undefined, is: Bind | undefined) => void): () => void {
  let seen: Configuration['binds'] = new Map()
  const catchUp = (): void => {
    const { binds } = room.current()
    if (binds === seen) return
    const before = seen
    seen = binds
    for (const id of differing(before, binds)) each(id, before.get(id), binds.get(id))
  }
  room.onChange(catchUp)
  return catchUp
}

/** The account's own enabled client bind of a connector. */
export function gateways(room: Room, make: (bind: Bind) => Gateway): Host['gateway'] {
  const made = new Map<BindId, Gateway>()
  /** By connector, then by account. */
  const known = new Map<string, Map<AccountId, BindId>>()
  const catchUp = follow(room, (id, was, is) => {
    if (!is) made.delete(id)
    if (was) known.get(was.connector)?.delete(was.account)
    if (is) known.get(is.connector)?.delete(is.account)
  })
  function find(connector: string, account: AccountId): BindId | undefined {
    let found: BindId | undefined
    for (const bind of room.shelves().binds.get(account)?.values() ?? [])
      if (bind.side === 'client' && bind.enabled && bind.connector === connector) found = bind.id
    if (found === undefined) return undefined
    const accounts = known.get(connector)
    if (accounts) accounts.set(account, found)
    else known.set(connector, new Map([[account, found]]))
    return found
  }
  return (connector, account) => {
    catchUp()
    const id = known.get(connector)?.get(account) ?? find(connector, account)
    if (id === undefined) return undefined
    let gateway = made.get(id)
    if (!gateway) made.set(id, (gateway = make(room.current().binds.get(id)!)))
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

/** Enabled binds by the name that their peers give, oldest first. A list that was handed out stays as it is. */
export function named(room: Room, make: (bind: Bind) => Gateway, nameOf: (bind: Bind) => string | undefined): Host['claimed'] {
  const found = new Map<string, { entries: readonly Entry[]; gateways: readonly Gateway[] }>()
  const keyOf = (bind: Bind | undefined): string | undefined => {
    const name = bind?.enabled ? nameOf(bind) : undefined
    return name === undefined ? undefined : `${bind!.connector} ${name}`
  }
  /** What is not in the lists yet, by key; undefined: gone from it. */
  const changed = new Map<string, Map<BindId, Bind | undefined>>()
  const change = (key: string | undefined, id: BindId, bind: Bind | undefined): void => {
    if (key !== undefined) changed.set(key, (changed.get(key) ?? new Map<BindId, Bind | undefined>()).set(id, bind))
  }
  const catchUp = follow(room, (id, was, is) => {
    change(keyOf(was), id, undefined)
    change(keyOf(is), id, is)
  })
  function settle(key: string, binds: Map<BindId, Bind | undefined>): void {
    const entries: Entry[] = []
    const add = (bind: Bind): void => void entries.push({ bind, gateway: make(bind) })
    for (const entry of found.get(key)?.entries ?? []) {
      if (!binds.has(entry.bind.id)) {
        entries.push(entry)
        continue
      }
      const bind = binds.get(entry.bind.id)
      binds.delete(entry.bind.id)
      if (bind) add(bind)
    }
    for (const bind of binds.values()) if (bind) add(bind)
    if (entries.some(({ bind }, i) => i > 0 && bind.createdAt < entries[i - 1]!.bind.createdAt))
      entries.sort((a, b) => a.bind.createdAt - b.bind.createdAt)
    if (entries.length > 0) found.set(key, { entries, gateways: entries.map(({ gateway }) => gateway) })
    else found.delete(key)
  }
  return (connector, name) => {
    catchUp()
    if (changed.size > 0) {
      for (const [key, binds] of changed) settle(key, binds)
      changed.clear()
    }
    return found.get(`${connector} ${name}`)?.gateways ?? none
  }
}

interface Entry {
  bind: Bind
  gateway: Gateway
}

const none: readonly Gateway[] = []

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
