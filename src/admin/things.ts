// Binds, routes and numbers of one account: listed, put and deleted by their id within it.
import type { Configuration } from '../model/configuration.ts'
import { isWithin } from '../model/configuration.ts'
import type { AccountId } from '../model/message.ts'
import type { Connector } from '../plugin.ts'
import type { Binds, Numbers, Routes, Things } from './admin.ts'
import { Refused, type Caller, mustSee } from './caller.ts'
import { after, before, take, type Bench, type Kind } from './bench.ts'
import type { ConfigurationRoom } from './configuration.ts'
import { giveUp } from './lend.ts'
import { apiBind, putBind } from './put.ts'
import { type Scope } from './naming.ts'
import { numberValue, putNumber, putRoute } from './refer.ts'
import { bindView, numberView, routeView } from './views.ts'

interface Shelf<View> {
  kind: Kind
  /** Of exactly this account. */
  all(configuration: Configuration, account: AccountId): View[]
  one(configuration: Configuration, account: AccountId, id: string): View | undefined
  key(account: AccountId, id: string): string
  put(bench: Bench, account: AccountId, id: string, input: unknown): void
  mayDelete?(id: string): string | undefined
  /** Instead of taking it away. */
  delete?(bench: Bench, key: string): void
}

function things<Input, View>(room: ConfigurationRoom, shelf: Shelf<View>): Things<Input, View> {
  const sees = (caller: Caller, account: AccountId): boolean =>
    room.current().accounts.has(account) && isWithin(room.current(), account, caller.account)
  return {
    list: (caller, account) => (sees(caller, account) ? shelf.all(room.current(), account) : []),
    get: (caller, account, id) => (sees(caller, account) ? shelf.one(room.current(), account, id) : undefined),
    async put(caller, account, id, input, options = {}) {
      let created = false
      const key = shelf.key(account, id)
      const committed = await room.change(
        caller,
        (bench) => {
          mustSee(bench.accounts, caller, account)
          created = before(bench, shelf.kind, key) === undefined
          shelf.put(bench, account, id, input)
        },
        options,
      )
      const view = shelf.one(room.current(), account, id)
      if (view === undefined) throw new Refused('conflict', 'It was deleted meanwhile.')
      return { ...committed, view, created }
    },
    async delete(caller, account, id, options = {}) {
      const refused = shelf.mayDelete?.(id)
      const committed = await room.change(
        caller,
        (bench) => {
          mustSee(bench.accounts, caller, account)
          const key = shelf.key(account, id)
          if (shelf.one(room.current(), account, id) === undefined || after(bench, shelf.kind, key) === undefined) return
          if (refused !== undefined) bench.faults.push({ path: [], message: refused })
          if (shelf.delete) shelf.delete(bench, key)
          else take(bench, shelf.kind, key, [])
        },
        { ...options, why: 'in-use' },
      )
      return committed.changed
    },
  }
}

export function createBinds(room: ConfigurationRoom, connectors: ReadonlyMap<string, Connector>): Binds {
  return things(room, {
    kind: 'bind',
    all: (_now, account) =>
      [...(room.shelves().binds.get(account)?.values() ?? [])].map((bind) => bindView(bind, connectors, room.faults(bind.id))),
    one: (now, account, id) => {
      const bind = now.binds.get(`${account}/${id}`)
      return bind && bindView(bind, connectors, room.faults(bind.id))
    },
    key: (account, id) => `${account}/${id}`,
    put: (bench, account, id, input) => putBind(bench, account, id, input, []),
    mayDelete: (id) => (id === apiBind ? `${apiBind} cannot be deleted: every account has it; it can be disabled` : undefined),
  })
}

export function createRoutes(room: ConfigurationRoom): Routes {
  const scope = (): Scope => ({ accounts: room.current().accounts, binds: room.current().binds, trunks: room.shelves().trunks })
  return things(room, {
    kind: 'route',
    all: (now, account) => (now.routes.get(account) ?? []).map((route) => routeView(route, scope())),
    one: (_now, account, id) => {
      const route = room.shelves().routes.get(`${account}/${id}`)
      return route && routeView(route, scope())
    },
    key: (account, id) => `${account}/${id}`,
    put: (bench, account, id, input) => putRoute(bench, account, id, input, []),
  })
}

export function createNumbers(room: ConfigurationRoom, connectors: ReadonlyMap<string, Connector>): Numbers {
  const key = (_account: AccountId, id: string): string => numberValue(id) ?? id
  return things(room, {
    kind: 'number',
    all: (now, account) => [...(room.shelves().numbers.get(account)?.values() ?? [])].map((number) => numberView(number, now, connectors)),
    one: (now, account, id) => {
      const number = now.numbers.get(key(account, id))
      return number?.account === account ? numberView(number, now, connectors) : undefined
    },
    key,
    put: (bench, account, id, input) => putNumber(bench, account, id, input, []),
    delete: (bench, value) => giveUp(bench, value, []),
  })
}
