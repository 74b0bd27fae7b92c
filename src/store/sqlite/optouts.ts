// Opt-outs: all of them in memory, a few octets each, so that a submission asks without waiting; when and
// by which word stays in the table. Memory follows the journal: what it says is durable.
import type { AccountId } from '../../model/message.ts'
import type { OptOut } from '../../model/optout.ts'
import type { OptOutKey, OptOuts } from '../store.ts'
import type { Inner } from './inner.ts'

/** A number is kept as one: half of what its text takes. Fifteen digits fit a double. */
type Party = number | string

export function compact(party: string): Party {
  return party.length <= 16 && /^\+[1-9]\d+$/.test(party) ? Number(party.slice(1)) : party
}

type Place = [account: number, sender: string, handset: string]
const firstPlace: Place = [-1, '', '']

/** Undefined: no page of ours ended there. */
function placeOf(cursor: string): Place | undefined {
  try {
    const read: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (!Array.isArray(read) || read.length !== 3) return undefined
    const [account, sender, handset] = read as unknown[]
    return typeof account === 'number' && typeof sender === 'string' && typeof handset === 'string' ? [account, sender, handset] : undefined
  } catch {
    return undefined
  }
}

export function createOptOuts(inner: Inner, known: readonly (readonly [number, string, string])[]): OptOuts {
  const { names, commit } = inner
  const held = new Map<AccountId, Map<Party, Set<Party>>>()
  for (const [account, sender, handset] of known) hold(names.text(account), sender, handset)

  function hold(account: AccountId, sender: string, handset: string): boolean {
    let senders = held.get(account)
    if (!senders) held.set(account, (senders = new Map<Party, Set<Party>>()))
    const from = compact(sender)
    let handsets = senders.get(from)
    if (!handsets) senders.set(from, (handsets = new Set<Party>()))
    const before = handsets.size
    return handsets.add(compact(handset)).size > before
  }

  function release({ account, sender, handset }: OptOutKey): boolean {
    const senders = held.get(account)
    const from = compact(sender)
    const handsets = senders?.get(from)
    if (!senders || !handsets?.delete(compact(handset))) return false
    if (handsets.size === 0) senders.delete(from)
    if (senders.size === 0) held.delete(account)
    return true
  }

  return {
    get empty() {
      return held.size === 0
    },
    has: (account, sender, handset) => held.get(account)?.get(compact(sender))?.has(compact(handset)) ?? false,
    put({ account, sender, handset, at, word, message }) {
      return new Promise((resolve, reject) => {
        commit.add(
          { kind: 'optOut', account: names.of(account), sender, handset, at, word, message: message ?? null },
          { refused: reject, done: () => resolve(hold(account, sender, handset)) },
        )
      })
    },
    remove(key) {
      const { account, sender, handset } = key
      return new Promise((resolve, reject) => {
        commit.add({ kind: 'optIn', account: names.of(account), sender, handset }, { refused: reject, done: () => resolve(release(key)) })
      })
    },
    async list({ accounts, sender, handset, limit, cursor }) {
      const after = cursor === undefined ? firstPlace : placeOf(cursor)
      if (!after) return { optOuts: [] }
      await commit.drain()
      await inner.flusher.flush()
      const rows = await inner.reader.optOuts({
        accounts: accounts.flatMap((account) => names.find(account) ?? []),
        ...(sender === undefined ? {} : { sender }),
        ...(handset === undefined ? {} : { handset }),
        after,
        limit: limit + 1,
      })
      const page = rows.slice(0, limit)
      const last = page.at(-1)
      const optOuts = page.map(([account, from, to, at, word, message]): OptOut => ({
        account: names.text(account),
        sender: from,
        handset: to,
        at,
        word,
        ...(message === null ? {} : { message }),
      }))
      if (!last || rows.length <= limit) return { optOuts }
      return { optOuts, next: Buffer.from(JSON.stringify(last.slice(0, 3))).toString('base64url') }
    },
  }
}
