// Moves what the journal holds into the tables, about once a second, and lets the journal's files
// go afterwards. Until then it is folded in memory; `flush` waits until the tables have it all.
import { StoreUnavailable } from '../store.ts'
import { deleteJournal, type Journal } from './journal.ts'
import type { Op } from './ops.ts'
import { fold, noChanges, type Changes } from './pending.ts'

export interface Flusher {
  written(op: Op): void
  /** The journal is between two records: a moment to turn to the next file. */
  between(): void
  /** Resolves when what is written now is in the tables; rejects with StoreUnavailable. */
  flush(): Promise<void>
  /** Journal file whose changes, and those before, are in the tables. */
  readonly flushed: number
  /** Messages whose rows are not up to date. */
  dirty(): Iterable<number>
  /** Bytes of journal that the tables do not have. */
  readonly behindBytes: number
  stop(): void
}

const flushMs = 1000
const flushBytes = 16 << 20
const retryMs = 500

export function createFlusher(given: {
  directory: string
  journal: Journal
  apply(changes: Changes): Promise<void>
  /** No record is being written. */
  idle(): boolean
  flushed(): void
  failed(error: unknown): void
}): Flusher {
  const { journal } = given
  let current = noChanges(journal.file)
  let under: { changes: Changes; bytes: number } | undefined
  let fresh = false
  let wanted = false
  let timer: NodeJS.Timeout | undefined
  let flushed = journal.file - 1
  let failing = false
  let stopped = false
  let waiters: { file: number; resolve(): void; reject(error: Error): void }[] = []

  function soon(ms: number): void {
    if (timer !== undefined || stopped) return
    timer = setTimeout(() => {
      timer = undefined
      wanted = true
      turn()
    }, ms)
    timer.unref()
  }

  function turn(): void {
    if (stopped || !wanted || !given.idle()) return
    if (under) {
      if (failing) send()
      return
    }
    if (!fresh) {
      wanted = false
      return
    }
    const bytes = journal.size
    if (!journal.turn()) return soon(20)
    wanted = false
    under = { changes: current, bytes }
    current = noChanges(journal.file)
    fresh = false
    send()
  }

  function send(): void {
    const sent = under
    if (!sent) return
    failing = false
    given.apply(sent.changes).then(
      () => {
        under = undefined
        const { file } = sent.changes
        for (let old = flushed + 1; old <= file; old++) remove(old)
        flushed = file
        given.flushed()
        const done = waiters.filter((waiter) => waiter.file <= file)
        waiters = waiters.filter((waiter) => waiter.file > file)
        for (const { resolve } of done) resolve()
        if (waiters.length > 0) wanted = true
        turn()
      },
      (error: unknown) => {
        failing = true
        given.failed(error)
        const refusal = new StoreUnavailable(error instanceof Error ? error.message : String(error), error)
        for (const { reject } of waiters.splice(0)) reject(refusal)
        soon(retryMs)
      },
    )
  }

  function remove(file: number): void {
    try {
      deleteJournal(given.directory, file)
    } catch (error) {
      given.failed(error)
    }
  }

  return {
    written(op) {
      fold(current, op)
      fresh = true
      if (journal.size >= flushBytes && !under) wanted = true
      else if (timer === undefined) soon(flushMs)
    },
    between: turn,
    flush() {
      if (!fresh && !under) return Promise.resolve()
      return new Promise((resolve, reject) => {
        waiters.push({ file: fresh ? journal.file : journal.file - 1, resolve, reject })
        wanted = true
        turn()
      })
    },
    get flushed() {
      return flushed
    },
    *dirty() {
      yield* current.messages.keys()
      if (under) for (const order of under.changes.messages.keys()) if (!current.messages.has(order)) yield order
    },
    get behindBytes() {
      return journal.size + (under?.bytes ?? 0)
    },
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
