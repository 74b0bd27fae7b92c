// Closed accounts: what still waits for one, or for an account below it, ends as failed. A closed account
// stays closed, so each is looked through once; what is claimed meanwhile ends in the deliverer.
import { statusAsItStands } from '../model/configuration.ts'
import type { MessageState } from '../model/life.ts'
import { finish, type Transition } from '../model/transition.ts'
import type { AccountId } from '../model/message.ts'
import type { MessageRecord } from '../store/store.ts'
import type { Core } from './core.ts'

const waitingStates: readonly MessageState[] = ['queued', 'scheduled', 'held']
/** Accounts asked for together, and messages ended at once. */
const mostAccounts = 100
const batch = 500

export function accountEnded({ message, decision, life }: Pick<MessageRecord, 'message' | 'decision' | 'life'>, now: number): Transition {
  return finish(message, decision, life, 'failed', now, { failure: { kind: 'permanent', code: 'account-suspended' } })
}

/** One look at a time. */
export function createClosing(core: Core): () => Promise<void> {
  const done = new Set<AccountId>()
  let seen: unknown

  return async () => {
    const configuration = core.configuration()
    if (configuration.accounts === seen) return
    const closed = [...configuration.accounts.keys()].filter((id) => !done.has(id) && statusAsItStands(configuration, id) === 'closed')
    for (let at = 0; at < closed.length; at += mostAccounts) {
      const accounts = closed.slice(at, at + mostAccounts)
      for (const state of waitingStates) await endAll(core, accounts, state)
      for (const id of accounts) done.add(id)
    }
    seen = configuration.accounts
  }
}

async function endAll(core: Core, accounts: AccountId[], state: MessageState): Promise<void> {
  let cursor: string | undefined
  do {
    const page = await core.store.list({ accounts, state, limit: batch, ...(cursor === undefined ? {} : { cursor }) })
    await Promise.all(page.records.map(({ message }) => core.store.end(message.id, (record) => accountEnded(record, core.clock.now()))))
    cursor = page.next
  } while (cursor !== undefined)
}
