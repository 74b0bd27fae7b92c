// Statistics by bind: sums, minutes, sessions, what waits, and what its receipts tell.
import { isWithin, type Configuration } from '../model/configuration.ts'
import type { BindId } from '../model/message.ts'
import type { Store } from '../store/store.ts'
import type { BindStatistics, Counts, SessionsOf, Statistics } from './admin.ts'
import { Refused } from './caller.ts'
import type { BindReceiptsOf } from './receipts.ts'

export interface StatisticsParts {
  store: Store
  configuration(): Configuration
  sessions: SessionsOf
  receipts: BindReceiptsOf
}

const longestSpanMs = 7 * 86_400_000

export function createStatistics({ store, configuration, sessions, receipts }: StatisticsParts): Statistics {
  return {
    async binds(caller, { account = caller.account, bind, from, to, series }) {
      const now = configuration()
      if (!now.accounts.has(account) || !isWithin(now, account, caller.account))
        throw new Refused('absent', `There is no account ${account}.`)
      if (to < from || to - from > longestSpanMs) {
        throw new Refused('invalid', 'That is no span of time.', [
          { path: 'to', message: 'expected a time after from, at most 7 days later' },
        ])
      }
      const binds = [...now.binds.values()].filter((one) => isWithin(now, one.account, account) && (bind === undefined || one.id === bind))
      if (bind !== undefined && binds.length === 0) throw new Refused('absent', `There is no bind ${bind}.`)
      const [rows, depths, parked] = await Promise.all([
        store.statistics({ binds: binds.map((one) => one.id), from, to, ...(series ? {} : { totals: true }) }),
        store.depths(),
        store.parkedDepths(),
      ])
      const rowsOf = new Map<BindId, Rows>()
      for (const row of rows) {
        const own = rowsOf.get(row.bind)
        if (own) own.push(row)
        else rowsOf.set(row.bind, [row])
      }
      return Promise.all(
        binds.map(async (one): Promise<BindStatistics> => {
          const own = rowsOf.get(one.id) ?? []
          const depth = depths.find((each) => each.lane === one.id)
          const live = sessions(one.id)
          return {
            bind: one.id,
            name: one.name,
            sums: sum(own),
            ...(series ? { series: byMinute(own) } : {}),
            ...(live ? { sessions: live } : {}),
            depth: { deliver: depth?.deliver ?? 0, report: depth?.report ?? 0 },
            receipts: await receipts.inside(one.id, parked),
          }
        }),
      )
    },
  }
}

type Rows = Awaited<ReturnType<Store['statistics']>>

function sum(rows: Rows): Counts {
  const counts: Counts = {}
  for (const { name, count } of rows) counts[name] = (counts[name] ?? 0) + count
  return counts
}

function byMinute(rows: Rows): { minute: number; counts: Counts }[] {
  const minutes = new Map<number, Counts>()
  for (const { minute, name, count } of rows) {
    const counts = minutes.get(minute) ?? {}
    counts[name] = (counts[name] ?? 0) + count
    minutes.set(minute, counts)
  }
  return [...minutes].toSorted(([a], [b]) => a - b).map(([minute, counts]) => ({ minute, counts }))
}
