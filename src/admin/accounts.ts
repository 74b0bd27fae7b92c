// Accounts: the tree below the caller. What limits an account is set from above it.
import { isWithin } from '../model/configuration.ts'
import type { AccountId } from '../model/message.ts'
import { newSid } from '../ids.ts'
import type { Accounts, AccountView, Changed, ChangeOptions } from './admin.ts'
import { Refused, type Caller, mustSee } from './caller.ts'
import { after, lay, type Bench } from './bench.ts'
import type { ConfigurationRoom } from './configuration.ts'
import { dropGrants } from './grants.ts'
import { newToken, putAccount, refuseDeep } from './put.ts'
import { accountView } from './views.ts'

export function createAccounts(room: ConfigurationRoom): Accounts {
  const view = (id: AccountId): AccountView => accountView(room.current().accounts.get(id)!)

  async function change(
    caller: Caller,
    id: AccountId,
    work: (bench: Bench) => void,
    options: ChangeOptions = {},
  ): Promise<Changed<AccountView>> {
    const committed = await room.change(
      caller,
      (bench) => {
        mustSee(bench.accounts, caller, id)
        work(bench)
      },
      options,
    )
    return { ...committed, view: view(id), created: false }
  }

  return {
    list(caller) {
      const { accounts } = room.current()
      const children = new Map<AccountId, AccountId[]>()
      for (const account of accounts.values()) {
        if (account.parent === undefined) continue
        const known = children.get(account.parent)
        if (known) known.push(account.id)
        else children.set(account.parent, [account.id])
      }
      const below = (id: AccountId): AccountId[] => [id, ...(children.get(id) ?? []).flatMap(below)]
      return accounts.has(caller.account) ? below(caller.account).map(view) : []
    },
    get(caller, id) {
      const { accounts } = room.current()
      return accounts.has(id) && isWithin({ accounts }, id, caller.account) ? view(id) : undefined
    },
    async create(caller, parent, input, options = {}) {
      const id = newSid('AC')
      const committed = await room.change(
        caller,
        (bench) => {
          mustSee(bench.accounts, caller, parent)
          putAccount(bench, id, parent, input, [])
        },
        options,
      )
      return { ...committed, view: view(id), created: true, token: room.current().accounts.get(id)!.token }
    },
    update: (caller, id, input, options) => change(caller, id, (bench) => void putAccount(bench, id, undefined, input, []), options),
    setStatus: (caller, id, status, options) =>
      change(caller, id, (bench) => void putAccount(bench, id, undefined, { status }, []), options),
    reparent: (caller, id, parent, options) =>
      change(
        caller,
        id,
        (bench) => {
          mustSee(bench.accounts, caller, parent)
          const account = after(bench, 'account', id)!
          if (id === caller.account) throw new Refused('forbidden', 'An account is moved by an account above it.')
          if (isWithin(bench, parent, id))
            bench.faults.push({ path: ['parent'], message: `expected an account that is not ${id} or below it, got ${parent}` })
          else {
            lay(bench, { kind: 'account', value: { ...account, parent } }, ['parent'])
            refuseDeep(bench, id)
            dropGrants(bench, id, ['parent'])
          }
        },
        options,
      ),
    async rotateToken(caller, id) {
      const token = newToken()
      const changed = await change(caller, id, (bench) =>
        lay(bench, { kind: 'account', value: { ...after(bench, 'account', id)!, token } }, []),
      )
      return { ...changed, token }
    },
  }
}
