// The tenant tree: an account owns everything below it.
import type { AccountCredentials } from './credential.ts'
import type { Caps } from './caps.ts'
import type { AccountId, BindId, OptOutType } from './message.ts'

export type AccountStatus = 'active' | 'suspended' | 'closed'

/** inventory: those that an account above offers. any: what nobody has, too. */
export const claimRights = ['none', 'inventory', 'any'] as const
export type Claims = (typeof claimRights)[number]

/** By name, the prefixes of the recipients that may see it. any: every name, everywhere. */
export type AlphaSenders = 'any' | Readonly<Record<string, readonly string[]>>

/** Absent words and replies are the usual ones; an empty list or reply: none. */
export interface OptOutWords {
  stop?: readonly string[]
  start?: readonly string[]
  help?: readonly string[]
  replies?: { readonly [Type in OptOutType]?: string }
}

/** twilio: the usual words on long codes of +1, as Twilio does. Words of one's own: on every number. */
export type OptOutSetting = 'off' | 'twilio' | OptOutWords

export interface Account {
  id: AccountId
  /** Undefined for the root account. */
  parent?: AccountId
  name: string
  status: AccountStatus
  createdAt: number
  updatedAt: number
  /** Secret; sealed in the store, open in the snapshot. 32 lowercase hex digits. */
  token: string
  /** May use the parent's routes and binds when none of its own match. */
  inheritRoutes: boolean
  /** Share of a lane relative to the others; 1 is normal. */
  weight: number
  /** Concurrent API requests above which 429 is answered; 0 = no limit. */
  concurrency: number
  /** What it and all below it may do together; absent: whatever the accounts above may. */
  caps?: Caps
  /** Where CDRs are posted, one after another; each waits for a 2xx. */
  cdrUrl?: string
  /** Webhooks of this account may reach private addresses. */
  privateWebhooks: boolean
  /** Absent: what the account above has; `twilio` where none says anything. */
  optOut?: OptOutSetting
  /** Absent: what the account above has; any name where none says anything. */
  alphaSenders?: AlphaSenders
  /** Which numbers it may take for itself and those below it. Absent: as the account above; below the root account `inventory`. */
  claims?: Claims
  /** By what else one may act as it; absent: by nothing. Its tokens are sealed in the store like `token`. */
  credentials?: AccountCredentials
}

/** One of our numbers: what arrives for it goes to `bind`. */
export interface OwnNumber {
  /** E.164 with +, or a short code. */
  value: string
  account: AccountId
  /** PN and 32 hex digits. */
  id: string
  name: string
  bind: BindId
  /** Settings of the target bind's connector (smsUrl …), validated by it. */
  settings: Record<string, string>
  /** Whether handsets may opt out of it by a word; absent: as the account's setting says. */
  optOut?: boolean
  /** Accounts below may claim it. */
  offered?: boolean
  /** The accounts above that gave it out, outermost first, and whether it was offered there: released, it goes back to the last. */
  lent?: { by: AccountId; offered: boolean }[]
  createdAt: number
  updatedAt: number
}
