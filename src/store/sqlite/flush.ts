// Moves what the journal holds into the tables, twice a second, and lets the journal's files
// go afterwards. The writer's thread reads the journal for it, just as after a crash; `flush` waits
// until the tables have it all.
import { StoreUnavailable } from '../store.ts'
import type { Journal } from './journal.ts'
import type { Op } from './ops.ts'
import { whyOf } from '../../model/failure.ts'

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

const flushMs = 500
const flushBytes = 16 << 20
const retryMs = 500

export function createFlusher(given: {
  journal: Journal
  apply(file: number): Promise<unknown>
  /** No record is being written. */
  idle(): boolean
  flushed(): void
  failed(error: unknown): void
}): Flusher {
  const { journal } = given
  let current = new Set<number>()
  let under: { file: number; bytes: number; orders: Set<number> } | undefined
  let fresh = false
  let wanted = false
  let timer: { at: number; handle: NodeJS.Timeout } | undefined
  let flushed = journal.file - 1
  let failing = false
  let stopped = false
  let waiters: { file: number; resolve(): void; reject(error: Error): void }[] = []

  function soon(ms: number): void {
    const at = performance.now() + ms
    if (stopped || (timer !== undefined && timer.at <= at)) return
    if (timer) clearTimeout(timer.handle)
    const handle = setTimeout(() => {
      timer = undefined
      wanted = true
      turn()
    }, ms)
    // Someone who waits keeps the process alive; what nobody waits for is done again at the next start.
    if (waiters.length === 0) handle.unref()
    timer = { at, handle }
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
    const { file, size } = journal
    if (!journal.turn()) return soon(20)
    wanted = false
    under = { file, bytes: size, orders: current }
    current = new Set()
    fresh = false
    send()
  }

  function send(): void {
    const sent = under
    if (!sent) return
    failing = false
    given.apply(sent.file).then(
      () => {
        under = undefined
        const { file } = sent
        for (let old = flushed + 1; old <= file; old++) journal.done(old)
        flushed = file
        given.flushed()
        const done = waiters.filter((waiter) => waiter.file <= file)
        waiters = waiters.filter((waiter) => waiter.file > file)
        for (const { resolve } of done) resolve()
        if (waiters.length > 0) wanted = true
        else if (fresh) soon(flushMs)
        turn()
      },
      (error: unknown) => {
        failing = true
        given.failed(error)
        const refusal = new StoreUnavailable(whyOf(error), error)
        for (const { reject } of waiters.splice(0)) reject(refusal)
        soon(retryMs)
      },
    )
  }

  return {
    written(op) {
      if (op.kind === 'message') current.add(op.order)
      fresh = true
      if (journal.size >= flushBytes && !under) wanted = true
      else if (timer === undefined && !under) soon(flushMs)
    },
    between: turn,
    flush() {
      if (!fresh && !under) return Promise.resolve()
      return new Promise((resolve, reject) => {
        waiters.push({ file: fresh ? journal.file : journal.file - 1, resolve, reject })
        timer?.handle.ref()
        wanted = true
        turn()
      })
    },
    get flushed() {
      return flushed
    },
    *dirty() {
      yield* current
      if (under) for (const order of under.orders) if (!current.has(order)) yield order
    },
    get behindBytes() {
      return journal.size + (under?.bytes ?? 0)
    },
    stop() {
      stopped = true
      clearTimeout(timer?.handle)
    },
  }
}
