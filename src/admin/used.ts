// What accounts have used of their caps: each with all below it, since that is what caps hold for.
import { isWithin, type Configuration } from '../model/configuration.ts'
import type { Caps } from '../model/caps.ts'
import type { AccountId } from '../model/message.ts'
import type { Store, Used } from '../store/store.ts'
import type { Caller } from './caller.ts'
import type { SessionsOf } from './watch.ts'

export interface AccountUsage {
  account: AccountId
  /** Of this UTC day and month, submitted by the account and all below it. */
  today: Used
  thisMonth: Used
  /** Messages that wait on lanes. */
  queued: number
  /** Open on its client binds by its peers. */
  sessions: number
  caps: Caps
}

export interface AccountUsages {
  /** Undefined: there is no such account below the caller. */
  get(caller: Caller, account: AccountId): AccountUsage | undefined
  /** Of every account that has caps. */
  capped(): AccountUsage[]
}

export function createUsages(parts: {
  submitted: Store['submitted']
  configuration(): Configuration
  sessions: SessionsOf
  /** Whether peers open the sessions of a client bind. */
  isOpenedByPeers(bind: string): boolean
}): AccountUsages {
  const { submitted, configuration } = parts

  function usageOf(now: Configuration, account: AccountId): AccountUsage {
    const today = { messages: 0, segments: 0 }
    const thisMonth = { messages: 0, segments: 0 }
    let queued = 0
    for (const id of now.accounts.keys()) {
      if (!isWithin(now, id, account)) continue
      add(today, submitted.today(id))
      add(thisMonth, submitted.thisMonth(id))
      queued += submitted.waiting(id)
    }
    let sessions = 0
    for (const bind of now.binds.values())
      if (isWithin(now, bind.account, account) && parts.isOpenedByPeers(bind.id)) sessions += parts.sessions(bind.id)?.sessions ?? 0
    return { account, today, thisMonth, queued, sessions, caps: now.accounts.get(account)?.caps ?? {} }
  }

  return {
    get(caller, account) {
      const now = configuration()
      return now.accounts.has(account) && isWithin(now, account, caller.account) ? usageOf(now, account) : undefined
    },
    capped() {
      const now = configuration()
      return [...now.accounts.values()].filter(({ caps }) => caps !== undefined).map(({ id }) => usageOf(now, id))
    },
  }
}

function add(sum: Used, more: Used): void {
  sum.messages += more.messages
  sum.segments += more.segments
}
