// Accounts and numbers for connectors: the admin operations in the words of model/tenancy.ts, each
// change one revision with its author.
import type { OwnNumber } from '../model/account.ts'
import { accountAsItStands, isWithin } from '../model/configuration.ts'
import type { Credentials } from '../model/credential.ts'
import type { AccountId } from '../model/message.ts'
import type { Caller } from '../model/caller.ts'
import { TenancyRefused, type NumberChange, type Tenancy, type TenancyWhy } from '../model/tenancy.ts'
import { StoreUnavailable } from '../store/store.ts'
import type { Accounts } from './admin.ts'
import { Refused, type RefusedWhy, mustSee } from './caller.ts'
import { after, type Bench } from './bench.ts'
import type { ConfigurationRoom } from './configuration.ts'
import { claimRight, giveUp, handOver, isOffered } from './lend.ts'
import { nameBind } from './naming.ts'
import { putNumber } from './refer.ts'

const whys: Record<RefusedWhy, TenancyWhy> = {
  absent: 'absent',
  invalid: 'invalid',
  conflict: 'busy',
  'in-use': 'invalid',
  forbidden: 'forbidden',
}

/** What goes wrong in admin's words, in those of model/tenancy.ts. */
export async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw inWords(error)
  }
}

function toldNow<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw inWords(error)
  }
}

function inWords(error: unknown): unknown {
  if (error instanceof Refused) return new TenancyRefused(whys[error.why], error.message, error)
  return error instanceof StoreUnavailable ? new TenancyRefused('busy', error.message, error) : error
}

function toldOf(of: Credentials): Credentials {
  return {
    keys: (...args) => toldNow(() => of.keys(...args)),
    createKey: (...args) => told(() => of.createKey(...args)),
    changeKey: (...args) => told(() => of.changeKey(...args)),
    revokeKey: (...args) => told(() => of.revokeKey(...args)),
    addToken: (...args) => told(() => of.addToken(...args)),
    promoteToken: (...args) => told(() => of.promoteToken(...args)),
    dropToken: (...args) => told(() => of.dropToken(...args)),
    tokens: (...args) => toldNow(() => of.tokens(...args)),
    limitTokens: (...args) => told(() => of.limitTokens(...args)),
    renewTest: (...args) => told(() => of.renewTest(...args)),
  }
}

export function createTenancy(room: ConfigurationRoom, accounts: Pick<Accounts, 'create' | 'update'>, credentials: Credentials): Tenancy {
  const sees = (caller: Caller, account: AccountId): boolean =>
    room.current().accounts.has(account) && isWithin(room.current(), account, caller.account)

  function change(caller: Caller, account: AccountId, value: string, work: (bench: Bench) => void): Promise<OwnNumber> {
    return told(async () => {
      await room.change(caller, (bench) => {
        mustSee(bench.accounts, caller, account)
        work(bench)
      })
      const number = room.current().numbers.get(value)
      if (!number || !sees(caller, number.account)) throw new Refused('conflict', `${value} was released meanwhile.`)
      return number
    })
  }

  return {
    accounts(caller, account) {
      if (!sees(caller, account)) return []
      const now = room.current()
      const below = [...(room.shelves().below.get(account)?.values() ?? [])].toSorted((a, b) => a.createdAt - b.createdAt)
      return [account, ...below.map((one) => one.id)].flatMap((id) => accountAsItStands(now, id) ?? [])
    },
    createAccount: (caller, parent, name) =>
      told(async () => {
        const { view } = await accounts.create(caller, parent, name === undefined ? {} : { name })
        return accountAsItStands(room.current(), view.id)!
      }),
    changeAccount: (caller, account, input) =>
      told(async () => {
        await accounts.update(caller, account, input)
        return accountAsItStands(room.current(), account)!
      }),
    offered(caller, account) {
      if (!sees(caller, account)) return []
      const now = room.current()
      if (claimRight(now, caller.account) === 'none') return []
      return [...now.numbers.values()].filter((number) => isOffered(now, number, account)).toSorted((a, b) => (a.value < b.value ? -1 : 1))
    },
    claim: (caller, account, value, input) =>
      change(caller, account, value, (bench) => {
        const known = after(bench, 'number', value)
        const right = claimRight(bench, caller.account)
        const isFree = known ? right !== 'none' && isOffered(bench, known, account) : right === 'any'
        if (!isFree) throw new TenancyRefused('unavailable', `${value} is not available.`)
        if (known) handOver(bench, known, account, 'new', [])
        write(bench, account, value, input)
      }),
    changeNumber: (caller, account, value, { to, ...input }) =>
      change(caller, account, value, (bench) => {
        const known = own(bench, account, value)
        if (to !== undefined && to !== account) {
          mustSee(bench.accounts, caller, to)
          handOver(bench, known, to, 'same', [])
        }
        write(bench, to ?? account, value, input)
      }),
    release: (caller, account, value) =>
      told(async () => {
        await room.change(caller, (bench) => {
          mustSee(bench.accounts, caller, account)
          own(bench, account, value)
          giveUp(bench, value, [])
        })
      }),
    credentials: toldOf(credentials),
  }
}

function own(bench: Bench, account: AccountId, value: string): OwnNumber {
  const known = after(bench, 'number', value)
  if (known?.account !== account) throw new Refused('absent', `There is no number ${value}.`)
  return known
}

function write(bench: Bench, account: AccountId, value: string, { name, settings }: NumberChange): void {
  const known = after(bench, 'number', value)
  const title = name ?? known?.name
  const merged = Object.entries({ ...known?.settings, ...settings }).filter(([, one]) => one !== '')
  const input = {
    ...(title === undefined ? {} : { name: title }),
    ...(known ? { bind: nameBind(bench, account, known.bind) } : {}),
    ...(known?.offered ? { offered: true } : {}),
    ...(known?.optOut === undefined ? {} : { optOut: known.optOut }),
    settings: Object.fromEntries(merged),
  }
  putNumber(bench, account, value, input, [])
}
