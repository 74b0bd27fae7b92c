// Accounts and their numbers, as whoever a request is from may see and change them. Everything outside
// the caller's own subtree is absent; what goes wrong is thrown as TenancyRefused, and nothing was changed.
import type { Account, AccountStatus, OwnNumber } from './account.ts'
import type { Caller } from './caller.ts'
import type { Credentials } from './credential.ts'
import type { AccountId } from './message.ts'

export interface Tenancy {
  /** The account, as it stands, and those right below it; the oldest first. */
  accounts(caller: Caller, account: AccountId): Account[]
  createAccount(caller: Caller, parent: AccountId, name: string | undefined): Promise<Account>
  changeAccount(caller: Caller, account: AccountId, change: { name?: string; status?: AccountStatus }): Promise<Account>
  /** Numbers of accounts above that this one may claim, in order. */
  offered(caller: Caller, account: AccountId): OwnNumber[]
  /** A number that an account above offers, or that is nobody's yet. `unavailable` where it is somebody's. */
  claim(caller: Caller, account: AccountId, value: string, change: NumberChange): Promise<OwnNumber>
  /** `to` hands it over to another account of the caller's, as it is. */
  changeNumber(caller: Caller, account: AccountId, value: string, change: NumberChange & { to?: AccountId }): Promise<OwnNumber>
  /** Back to the account above that gave it out, or to nobody. */
  release(caller: Caller, account: AccountId, value: string): Promise<void>
  /** By what one may act as an account. */
  credentials: Credentials
}

/** `settings` are laid over those that it has; an empty one is removed. */
export interface NumberChange {
  name?: string
  settings?: Record<string, string>
}

/** busy: not now, try again. unavailable: the number is not free. invalid: the message says what. */
export type TenancyWhy = 'absent' | 'invalid' | 'unavailable' | 'forbidden' | 'busy'

export class TenancyRefused extends Error {
  readonly why: TenancyWhy
  constructor(why: TenancyWhy, message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'TenancyRefused'
    this.why = why
  }
}
