// Usage by account and day, from the table that acceptances are counted in.
import { dayOf } from '../../model/caps.ts'
import type { UsageKind, UsageRow } from '../../model/usage.ts'
import type { Store } from '../store.ts'
import type { Names } from './names.ts'
import type { Reads } from './reads.ts'
import type { Thread } from './threads.ts'

const dayMs = 86_400_000

/** `inTables`: resolves when what is acknowledged now is there to be read. */
export function createUsage(
  reads: Pick<Thread<Reads>, 'usage'>,
  names: Pick<Names, 'find'>,
  inTables: () => Promise<void>,
): Store['usage'] {
  return async ({ accounts, from, to }) => {
    await inTables()
    const tenants = accounts.flatMap((account) => {
      const id = names.find(account)
      return id === undefined ? [] : [id * 2, id * 2 + 1]
    })
    const rows = await reads.usage(tenants, Math.ceil(from / dayMs), dayOf(to))
    return rows.map(([day, direction, kind, messages, segments]): UsageRow => {
      return { day: day * dayMs, direction: direction === 1 ? 'mo' : 'mt', kind: kind as UsageKind, messages, segments }
    })
  }
}
