// The two threads beside the main one: the writer, which alone changes the tables, and the reader.
// Each answers one request after another, in order.
import { dirname } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { changeConfiguration, createParts } from './configuration.ts'
import { openReads } from './reads.ts'
import { migrate } from './schema.ts'
import { openTables } from './tables.ts'
import type { Asked, Answered, WorkerSettings } from './threads.ts'

const settings = workerData as WorkerSettings
/** Pages before a checkpoint: 32 MB, so that pages written by several flushes go back to the file once. */
const checkpointPages = 8192
const journalSizeLimit = 64 << 20

function open(): Record<string, (...values: never[]) => unknown> {
  if (settings.role === 'reader') {
    const db = new Database(settings.path, { readonly: true })
    db.pragma(`cache_size = -${settings.cacheKb}`)
    return { ...openReads(db), close: () => db.close() }
  }
  const db = new Database(settings.path)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.pragma(`wal_autocheckpoint = ${checkpointPages}`)
  db.pragma(`journal_size_limit = ${journalSizeLimit}`)
  db.pragma(`cache_size = -${settings.cacheKb}`)
  migrate(db)
  if (settings.maxPages !== undefined) db.pragma(`max_page_count = ${settings.maxPages}`)
  const tables = openTables(db, dirname(settings.path))
  const parts = createParts()
  return {
    ...tables,
    change: (change: Parameters<typeof changeConfiguration>[1], at: number) => changeConfiguration(db, change, at),
    stage: parts.stage,
    changeStaged: (number: number, change: Parameters<typeof changeConfiguration>[1], at: number) =>
      changeConfiguration(db, { ...change, ...parts.take(number) }, at),
    limit: (pages: number) => db.pragma(`max_page_count = ${pages}`),
    close: () => {
      try {
        db.pragma('optimize')
      } catch {
        // The disk is full, and what this would have written only makes queries quicker.
      }
      db.close()
    },
  }
}

/** What stands in the way is told in words: an error of SQLite crosses to another thread as its code alone. */
function opened(): ReturnType<typeof open> | undefined {
  try {
    return open()
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    parentPort?.postMessage([0, false, code ? `${settings.path} cannot be opened: ${message} (${code})` : message] satisfies Answered)
    return undefined
  }
}

const tables = opened()
if (tables) serve(tables)

function serve(calls: ReturnType<typeof open>): void {
  parentPort?.on('message', ([id, name, values]: Asked) => {
    let answer: Answered
    try {
      answer = [id, true, calls[name]?.(...(values as never[]))]
    } catch (error) {
      const { code, message } = error as { code?: string; message: string }
      answer = [id, false, code ? `${code}: ${message}` : message]
    }
    parentPort?.postMessage(answer)
    if (name === 'close') parentPort?.close()
  })
  parentPort?.postMessage([0, true, undefined] satisfies Answered)
}
