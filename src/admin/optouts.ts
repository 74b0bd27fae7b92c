// The handsets that take no more from a sender, as an operator sees, adds and removes them. Only of the
// caller's own subtree, each change told to the audit log once it is made, so that no line stands for what was
// not done; what a handset itself asked for is lifted only by whoever means to.
import type { Clock } from '../clock.ts'
import { parseAddress } from '../model/address.ts'
import { isWithin, type Configuration } from '../model/configuration.ts'
import type { AccountId } from '../model/message.ts'
import { whyOf } from '../model/failure.ts'
import { partyOf, type OptOut } from '../model/optout.ts'
import { StoreUnavailable, type OptOutKey, type RevisionChange, type Store } from '../store/store.ts'
import { Refused, type Caller, type Fault, mustSee } from './caller.ts'
import type { ConfigurationRoom } from './configuration.ts'
import type { AdminOptOuts } from './traffic.ts'

/** Of a list so many are told. */
const mostFaults = 20
/** Longer than any address, shorter than what would fill the memory of the list. */
const longestAddress = 320

type Line = Parameters<ConfigurationRoom['note']>

export function createOptOuts(parts: {
  store: Pick<Store, 'optOuts'>
  clock: Clock
  configuration(): Configuration
  note: ConfigurationRoom['note']
}): AdminOptOuts {
  const { store, clock, configuration, note } = parts

  /** Exactly the account, or with all below it. */
  function accountsOf(caller: Caller, account: AccountId, below: boolean): AccountId[] {
    const now = configuration()
    mustSee(now.accounts, caller, account)
    return below ? [...now.accounts.keys()].filter((id) => isWithin(now, id, account)) : [account]
  }

  function keyOf(caller: Caller, { account, sender, handset }: { account?: AccountId; sender: string; handset: string }): OptOutKey {
    const of = account ?? caller.account
    mustSee(configuration().accounts, caller, of)
    return { account: of, sender: partyOf(sender.trim()), handset: partyOf(handset.trim()) }
  }

  /** Lines of what is done, which the log did not take. A crash forgets them: a line may be missing, but none is untrue. */
  const owed: Line[] = []

  async function write(line: Line, problem: string): Promise<void> {
    try {
      await note(...line)
    } catch (error) {
      owed.push(line)
      throw new StoreUnavailable(`${problem}: ${whyOf(error)}`, error)
    }
  }

  /** Nothing is changed while lines of earlier changes are missing: whoever repeats such a change has its line written. */
  async function writeOwed(): Promise<void> {
    // Whose change it was is not for everyone to know.
    for (let next = owed.shift(); next; next = owed.shift()) await write(next, 'the audit log took no line of an earlier change')
  }

  const tellLine = (caller: Caller, line: RevisionChange): Promise<void> =>
    write([caller, line], `${line.told?.what}: it is done, but the audit log took no line of it; repeat the change to have it written`)

  const tell = (caller: Caller, change: 'create' | 'delete', key: OptOutKey): Promise<void> =>
    tellLine(caller, {
      kind: 'optout',
      key: lineKey(key),
      change: change === 'create' ? 'put' : 'delete',
      told: {
        change,
        what: `opt-out of ${key.handset} from ${key.sender}`,
        account: key.account,
        id: key.handset,
        by: caller.account,
        fields: [],
      },
    })

  return {
    async list(caller, { account = caller.account, below = true, sender, handset, limit, cursor }) {
      return await store.optOuts.list({
        accounts: accountsOf(caller, account, below),
        ...(sender === undefined ? {} : { sender: partyOf(sender.trim()) }),
        ...(handset === undefined ? {} : { handset: partyOf(handset.trim()) }),
        limit,
        ...(cursor === undefined ? {} : { cursor }),
      })
    },
    async put(caller, of) {
      const key = keyOf(caller, of)
      const faults = [...senderFaults(configuration(), key), ...handsetFaults(key)]
      if (faults.length > 0) throw new Refused('invalid', faults.map(({ message }) => message).join('\n'), faults)
      await writeOwed()
      // When and by which word a handset said so is worth more than that it was said again.
      if (store.optOuts.has(key.account, key.sender, key.handset)) return { created: false }
      const created = await store.optOuts.put({ ...key, at: clock.now(), word: '' })
      if (created) await tell(caller, 'create', key)
      return { created }
    },
    async putAll(caller, entries) {
      const fresh = new Map<string, OptOut>()
      const faults: Fault[] = []
      for (const [i, { at, word = '', ...of }] of entries.entries()) {
        const account = of.account ?? caller.account
        const key: OptOutKey = { account, sender: partyOf(of.sender.trim()), handset: partyOf(of.handset.trim()) }
        const found = isWithin(configuration(), account, caller.account)
          ? [...senderFaults(configuration(), key), ...handsetFaults(key)]
          : [{ path: 'account', message: `there is no account ${account}` }]
        for (const { path, message } of found) faults.push({ path: `optOuts[${i}].${path}`, message })
        if (faults.length >= mostFaults) break
        if (store.optOuts.has(key.account, key.sender, key.handset)) continue
        fresh.set(`${account} ${key.sender} ${key.handset}`, { ...key, at: Math.min(at ?? clock.now(), clock.now()), word })
      }
      if (faults.length > 0) throw new Refused('invalid', faults.map(({ path, message }) => `${path}: ${message}`).join('\n'), faults)
      await writeOwed()
      const made = await Promise.allSettled(
        [...fresh.values()].map(async (optOut) => ((await store.optOuts.put(optOut)) ? optOut.account : undefined)),
      )
      const byAccount = new Map<AccountId, number>()
      for (const one of made)
        if (one.status === 'fulfilled' && one.value !== undefined) byAccount.set(one.value, (byAccount.get(one.value) ?? 0) + 1)
      const lines = [...byAccount].map(([account, count]) =>
        tellLine(caller, {
          kind: 'optout',
          key: `${account}/import`,
          change: 'put',
          told: {
            change: 'create',
            what: `${count} opt-out${count === 1 ? '' : 's'} from a list`,
            account,
            id: 'import',
            by: caller.account,
            fields: [],
          },
        }),
      )
      for (const one of [...made, ...(await Promise.allSettled(lines))]) if (one.status === 'rejected') throw one.reason
      const created = [...byAccount.values()].reduce((sum, count) => sum + count, 0)
      return { created, known: entries.length - created }
    },
    async remove(caller, of) {
      const key = keyOf(caller, of)
      const isOwed = owed.some(([, line]) => line.change === 'delete' && line.key === lineKey(key))
      await writeOwed()
      if (!store.optOuts.has(key.account, key.sender, key.handset)) return isOwed
      const removed = await store.optOuts.remove(key)
      if (removed) await tell(caller, 'delete', key)
      return removed || isOwed
    },
  }
}

const lineKey = ({ account, sender, handset }: OptOutKey): string => `${account}/${sender}/${handset}`

function senderFaults({ resources }: Configuration, { account, sender }: OptOutKey): Fault[] {
  if (parseAddress(sender) !== undefined || resources.get(account)?.has(sender)) return []
  const message = 'expected a number such as +15550001111, a short code, a name, or the id of a service of the account'
  return [{ path: 'sender', message }]
}

/** As messages are addressed: anything else would never be met. */
function handsetFaults({ handset }: OptOutKey): Fault[] {
  const address = parseAddress(handset)
  const isNumber = address !== undefined && address.ton !== 'alphanumeric' && address.value === handset
  const isUser = handset.length <= longestAddress && /^[^\s@:]+@[^\s@]+$/.test(handset) && handset === handset.toLowerCase()
  if (isNumber || isUser) return []
  return [{ path: 'handset', message: 'expected a number such as +447700900123, or a user such as bob@acme.example in lower case' }]
}
