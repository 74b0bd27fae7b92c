// How the suite, and the processes that it kills, open the embedded store: with little memory.
import type { Clock } from '../../src/clock.ts'
import { openSqlite } from '../../src/store/sqlite/index.ts'
import type { Store } from '../../src/store/store.ts'

export function openForTest(directory: string, clock: Clock): Promise<Store> {
  return openSqlite({ directory, clock, cacheBytes: 1 << 20 })
}
