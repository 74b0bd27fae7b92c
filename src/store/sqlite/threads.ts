// Asks a thread and waits for its answer. Answers come in the order of the questions; one that is gone is
// asked in vain, and that is said at once.
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { StoreUnavailable } from '../store.ts'

export type Asked = [id: number, name: string, values: unknown[]]
export type Answered = [id: number, ok: boolean, value: unknown]

export interface WorkerSettings {
  role: 'writer' | 'reader'
  path: string
  cacheKb: number
  /** For tests: the database may not grow beyond. */
  maxPages?: number
}

/** The functions of `Calls`, asked from afar. */
export type Thread<Calls> = {
  [Name in keyof Calls]: Calls[Name] extends (...values: infer Values) => infer Result ? (...values: Values) => Promise<Result> : never
} & { close(): Promise<void> }

export async function startThread<Calls>(settings: WorkerSettings, died: (error: Error) => void): Promise<Thread<Calls>> {
  const worker = new Worker(new URL(`./worker${extname(import.meta.url)}`, import.meta.url), {
    workerData: settings,
    // The changes of a second live that long: a roomy nursery saves copying them.
    resourceLimits: { maxYoungGenerationSizeMb: 64 },
  })
  const open = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  let last = 0
  let closing = false
  let isReady = false
  let gone: Error | undefined
  function fail(error: Error): void {
    gone ??= error
    for (const { reject } of open.values()) reject(error)
    open.clear()
    // One that never came up is told of by whoever starts it.
    if (!closing && isReady) died(error)
  }
  const ready = new Promise<unknown>((resolve, reject) => open.set(0, { resolve, reject }))
  worker.on('message', ([id, ok, value]: Answered) => {
    const asked = open.get(id)
    open.delete(id)
    if (open.size === 0) worker.unref()
    if (ok) asked?.resolve(value)
    else asked?.reject(new Error(String(value)))
  })
  worker.on('error', fail)
  worker.on('exit', (code) => {
    if (!closing || open.size > 0) fail(new Error(`the store's ${settings.role} thread ended with ${code}`))
  })
  await ready
  isReady = true
  function ask(name: string, values: unknown[]): Promise<unknown> {
    if (gone) return Promise.reject(new StoreUnavailable(gone.message, gone))
    if (open.size === 0) worker.ref()
    return new Promise((resolve, reject) => {
      open.set(++last, { resolve, reject })
      worker.postMessage([last, name, values] satisfies Asked)
    })
  }
  return new Proxy({} as Thread<Calls>, {
    get(_, name) {
      if (name === 'then') return undefined
      if (name === 'close') {
        return async () => {
          closing = true
          if (gone) return
          await ask('close', [])
          gone = new Error('it is closed')
          await worker.terminate()
        }
      }
      return (...values: unknown[]) => ask(String(name), values)
    },
  })
}
