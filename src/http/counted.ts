// What happened to messages since the process began, for counters that only rise: each look reads the newest
// minutes alone, however long the store keeps the old ones, and none is lost when those are swept.
import type { Clock } from '../clock.ts'
import type { CountName } from '../model/transition.ts'
import type { BindId } from '../model/message.ts'
import { StoreUnavailable, type Store } from '../store/store.ts'

export interface Counted {
  bind: BindId
  name: CountName
  count: number
}

const minuteMs = 60_000
/** A minute that is over by so long is counted for good. */
const settledMs = 10 * minuteMs

export function createCounted(store: Pick<Store, 'statistics' | 'trouble'>, clock: Pick<Clock, 'now'>): () => Promise<Counted[]> {
  const minuteOf = (ms: number): number => ms - (ms % minuteMs)
  const settled = new Map<string, Counted>()
  /** Minutes before this one are in `settled`. */
  let from = minuteOf(clock.now())
  let turn: Promise<unknown> = Promise.resolve()

  async function look(): Promise<Counted[]> {
    const now = clock.now()
    const until = Math.max(from, minuteOf(now - settledMs))
    const [old, fresh] = await Promise.all([
      until > from ? store.statistics({ from, to: until - 1, totals: true }) : [],
      store.statistics({ from: until, to: now, totals: true }),
    ])
    for (const row of old) add(settled, row)
    from = until
    const all = new Map([...settled].map(([key, { bind, name, count }]) => [key, { bind, name, count }]))
    for (const row of fresh) add(all, row)
    return [...all.values()]
  }

  let last: Counted[] = []
  // One after another: two at once would settle the same minutes twice. While nothing can be written (a full disk)
  // the store does not answer for now, or refuses, and the rest of the metrics is wanted just then: the counters stand still.
  return () => {
    if (store.trouble) return Promise.resolve(last)
    const mine = turn.then(look).catch((error: unknown) => {
      if (error instanceof StoreUnavailable) return last
      throw error
    })
    turn = mine.then(
      (counts) => (last = counts),
      () => {},
    )
    return mine
  }
}

function add(into: Map<string, Counted>, { bind, name, count }: Counted): void {
  const key = `${bind} ${name}`
  const sum = into.get(key)
  if (sum) sum.count += count
  else into.set(key, { bind, name, count })
}
