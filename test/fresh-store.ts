// A real store in a directory of its own, with a clock that a test moves; both are gone after the test.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { testClock, type TestClock } from '../src/clock.ts'
import { openSqlite } from '../src/store/sqlite/index.ts'
import type { Store } from '../src/store/store.ts'

export interface FreshStore {
  directory: string
  clock: TestClock
  /** The newest, after a restart. */
  readonly store: Store
  /** Closes it and opens it again, as a new process would. */
  restart(): Promise<void>
}

export async function freshStore(context: TestContext): Promise<FreshStore> {
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-store-'))
  const clock = testClock()
  let store = await openSqlite({ directory, clock })
  context.after(async () => {
    await store.close()
    rmSync(directory, { recursive: true })
  })
  return {
    directory,
    clock,
    get store() {
      return store
    },
    async restart() {
      await store.close()
      store = await openSqlite({ directory, clock })
    },
  }
}
