// A store whose data directory somebody removed or replaced writes on into files without a name, which are gone with
// the process. So it is looked once a second whether the files that it was opened with are where they were; while they
// are not, nothing is taken that somebody would be acknowledged. Put back in their place, all goes on.
import { stat } from 'node:fs/promises'
import type { Stats } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import { StoreUnavailable, type Store } from './store.ts'

const everyMs = 1000
/** Those that are there, and the same, from the opening to the end; '' is the directory itself. */
const lasting = ['', 'lock.db', 'signalbox.db']

export interface Watched {
  store: Store
  /** What is no more where it was, as a path. */
  gone(): string | undefined
  stop(): void
}

export async function watched(
  opened: Store,
  { directory, clock, log }: { directory: string; clock: Pick<Clock, 'after'>; log: Pick<Logger, 'error' | 'info'> },
): Promise<Watched> {
  const paths = lasting.map((name) => join(directory, name))
  const files = await Promise.all(paths.map((path) => stat(path)))
  let gone: string | undefined
  let stopped = false
  let cancel = clock.after(everyMs, look)

  function look(): void {
    void Promise.all(paths.map((path, at) => isThere(path, files[at]!))).then((there) => {
      if (stopped) return
      const lost = paths.find((_, at) => !there[at])
      if (lost !== undefined && gone === undefined)
        log.error({ path: lost }, 'somebody removed or replaced what the data is in: nothing is accepted until it is back in its place')
      if (lost === undefined && gone !== undefined) log.info('the data is back in its place')
      gone = lost
      cancel = clock.after(everyMs, look)
    })
  }

  const why = (): string => `${gone} was removed or replaced`
  const refused = (): Promise<never> => Promise.reject(new StoreUnavailable(why()))
  const own: Pick<Store, 'trouble' | 'accept' | 'part' | 'receipt' | 'change' | 'optOuts'> = {
    get trouble() {
      return gone === undefined || opened.trouble ? opened.trouble : { why: why(), forGood: false }
    },
    accept: (message) => (gone === undefined ? opened.accept(message) : refused()),
    part: (part) => (gone === undefined ? opened.part(part) : refused()),
    receipt: (bind, receipt) => (gone === undefined ? opened.receipt(bind, receipt) : refused()),
    change: (change) => (gone === undefined ? opened.change(change) : refused()),
    optOuts: Object.create(opened.optOuts, Object.getOwnPropertyDescriptors(optOutsOf(opened.optOuts))) as Store['optOuts'],
  }
  function optOutsOf({ put, remove }: Store['optOuts']): Pick<Store['optOuts'], 'put' | 'remove'> {
    return {
      put: (optOut) => (gone === undefined ? put(optOut) : refused()),
      remove: (key) => (gone === undefined ? remove(key) : refused()),
    }
  }
  return {
    store: Object.create(opened, Object.getOwnPropertyDescriptors(own)) as Store,
    gone: () => gone,
    stop() {
      stopped = true
      cancel()
    },
  }
}

/** Whatever else keeps it from being looked at (rights taken away, say), its content is where it was. */
async function isThere(path: string, opened: Stats): Promise<boolean> {
  try {
    const now = await stat(path)
    return now.ino === opened.ino && now.dev === opened.dev
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code !== 'ENOENT' && code !== 'ENOTDIR'
  }
}
