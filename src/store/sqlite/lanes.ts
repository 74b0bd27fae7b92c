// The queue's index in memory, bounded: a line keeps its next few thousand items here and reads on
// from disk as it drains; what is due later than a minute stays on disk until then. The truth is
// the queue table: what is here can be made anew from it at any time.
import type { Clock } from '../../clock.ts'
import { Fifo } from './fifo.ts'
import { heap } from './heap.ts'
import { Numbered } from '../../numbered.ts'
import type { QueueKey, QueueRow, Reporting } from './ops.ts'
import { createTurns, type Entry, type Line, type PickedRun } from './turns.ts'

export interface Lanes {
  /** A row that is now in the queue. */
  insert(row: QueueRow): void
  pick(lane: number, max: number, kinds: 'deliver' | 'report' | undefined): PickedRun[]
  /** Resolves when what is being read for this lane is there; undefined when nothing is. */
  reading(lane: number): Promise<unknown> | undefined
  /** In this run, and not settled yet. */
  claimed(token: number, item: number): Entry | undefined
  /** In a run. */
  isClaimed(item: number): boolean
  /** Out of the queue, though its removal is not written yet: never claimed again. */
  withdraw(key: QueueKey, message: number): void
  /** Its removal is written. */
  forget(key: QueueKey): void
  /** What is in a run is done with; `again` puts it back, due then. */
  finish(entry: Entry, again?: number): void
  /** The first key of each line on disk, when the store was opened. */
  heads(heads: QueueKey[]): void
  /** Others are held than before. */
  resume(): void
  /** Has the lane looked at again: of what was picked some was left. */
  again(lane: number): void
  /** Items in memory. */
  readonly count: number
  stop(): void
}

export interface LanesLimits {
  /** Items that a line keeps, below how many it reads on, and how many at once. */
  line: number
  low: number
  page: number
  /** Items in all, above which a line keeps no more than `crowded`. */
  total: number
  crowded: number
}

const defaults: LanesLimits = { line: 20_000, low: 8000, page: 4000, total: 200_000, crowded: 100 }
const horizonMs = 60_000
const longestSleepMs = 30_000
/** Above so many lines, those without items are let go. */
const idleLines = 5000

export function createLanes(given: {
  clock: Clock
  ready(lane: number): void
  weight(account: number): number
  isHeld(account: number): boolean
  /** From the line's `upTo` on, `limit` rows due by then; where there are fewer, and one row more if there is one. */
  refill(line: Line, dueBy: number, limit: number): Promise<QueueRow[]>
  failed(error: unknown): void
  limits?: Partial<LanesLimits>
}): Lanes {
  const { clock } = given
  const limits = { ...defaults, ...given.limits }
  const lines = new Map<string, Line>()
  const entries = new Numbered<Entry>()
  const later = heap<{ due: number; entry?: Entry; line?: Line }>((a, b) => a.due < b.due)
  const reads = new Map<number, Set<Promise<void>>>()
  const turns = createTurns(given)
  let timer: { at: number; cancel(): void } | undefined
  let stopped = false

  function lineOf(lane: number, account: number, kp: number): Line {
    const key = `${lane} ${account} ${kp}`
    let line = lines.get(key)
    if (!line) {
      line = {
        key, level: turns.level(lane, kp), lane, account, kp, fresh: new Fifo(), returning: new Fifo(), turn: false, virtualTime: 0,
        active: false, count: 0, upToDue: Infinity, upToItem: 0, readAt: Infinity, refilling: false, late: [], left: new Set(),
      } // prettier-ignore
      lines.set(key, line)
    }
    return line
  }

  function insert(row: QueueRow): void {
    const [lane, account, kp, due, item] = row
    const line = lineOf(lane, account, kp)
    if (entries.has(item) || line.left.has(item)) return
    const whole = due < line.upToDue || (due === line.upToDue && item < line.upToItem)
    const full = line.count >= (entries.size < limits.total ? limits.line : limits.crowded)
    if (whole && !full && due <= clock.now() + horizonMs) hold(line, row)
    else if (line.refilling) line.late.push(row)
    else if (whole) {
      line.upToDue = due
      line.upToItem = item
      refill(line)
    }
  }

  function hold(line: Line, row: QueueRow): void {
    const [, , , due, item, message, grain, data] = row
    const reporting = typeof data === 'string' ? (JSON.parse(data) as Reporting) : data
    const bucket = turns.bucket(line, reporting ? message : (grain ?? ''))
    bucket.members++
    const entry: Entry = {
      item, message, line, keyDue: due, due, bucket, next: undefined, run: undefined,
      attempt: reporting ? reporting.attempt : 0, report: reporting?.report, state: 'ready',
    } // prettier-ignore
    entries.set(item, entry)
    line.count++
    place(entry)
  }

  function place(entry: Entry): void {
    if (entry.due <= clock.now()) return turns.add(entry)
    entry.state = 'later'
    plan({ due: entry.due, entry })
  }

  function plan(at: { due: number; entry?: Entry; line?: Line }): void {
    later.push(at)
    arm()
  }

  /** Once, however often it is asked for: every item that leaves a line does. */
  function planRead(line: Line, due: number): void {
    if (line.readAt <= due) return
    line.readAt = due
    plan({ due, line })
  }

  function arm(): void {
    const next = later.peek()
    if (!next || stopped || (timer && timer.at <= next.due)) return
    timer?.cancel()
    const now = clock.now()
    // Not for long at once: what falls due while the machine sleeps, or as its clock is set, leaves soon after.
    const at = Math.min(Math.max(now, next.due), now + longestSleepMs)
    timer = { at, cancel: clock.after(at - now, fire) }
  }

  function fire(): void {
    timer = undefined
    const now = clock.now()
    for (let next = later.peek(); next && next.due <= now; next = later.peek()) {
      later.pop()
      if (next.entry?.state === 'later') turns.add(next.entry)
      if (next.line) {
        next.line.readAt = Infinity
        refill(next.line)
      }
    }
    arm()
  }

  function refill(line: Line): void {
    if (stopped || line.refilling || line.upToDue === Infinity || line.count > limits.low) return
    const now = clock.now()
    if (line.upToDue > now + horizonMs) return planRead(line, line.upToDue - horizonMs)
    if (entries.size >= limits.total && line.count >= limits.crowded / 2) return
    line.refilling = true
    const dueBy = now + horizonMs
    const limit = entries.size < limits.total ? limits.page : limits.crowded
    const read = given.refill(line, dueBy, limit).then(
      (rows) => refilled(line, rows, dueBy, limit),
      (error: unknown) => {
        given.failed(error)
        endRefill(line)
        planRead(line, clock.now() + 1000)
      },
    )
    let of = reads.get(line.lane)
    if (!of) reads.set(line.lane, (of = new Set()))
    of.add(read)
    void read.then(() => of.delete(read))
  }

  function refilled(line: Line, rows: QueueRow[], dueBy: number, limit: number): void {
    const last = rows.at(-1)
    const far = last && last[3] > dueBy ? rows.pop() : undefined
    for (const row of rows) if (!entries.has(row[4]) && !line.left.has(row[4])) hold(line, row)
    if (far) [line.upToDue, line.upToItem] = [far[3], far[4]]
    else if (last && rows.length >= limit) [line.upToDue, line.upToItem] = [last[3], last[4] + 1]
    else [line.upToDue, line.upToItem] = [Infinity, 0]
    endRefill(line)
    refill(line)
  }

  function endRefill(line: Line): void {
    line.refilling = false
    for (const row of line.late.splice(0)) insert(row)
    line.left.clear()
  }

  function drop(entry: Entry): void {
    const { line, bucket } = entry
    if (!entries.delete(entry.item)) return
    if (line.refilling) line.left.add(entry.item)
    if (bucket) {
      line.count--
      turns.leave(bucket)
      refill(line)
    }
    if (line.count === 0 && lines.size > idleLines && line.upToDue === Infinity && !line.refilling && !line.active) lines.delete(line.key)
  }

  return {
    insert,
    pick: turns.pick,
    reading(lane) {
      const of = reads.get(lane)
      return of && of.size > 0 ? Promise.race(of) : undefined
    },
    claimed(token, item) {
      const entry = entries.get(item)
      return entry?.state === 'running' && entry.run?.token === token ? entry : undefined
    },
    isClaimed: (item) => isOut(entries.get(item)),
    withdraw([lane, account, kp, due, item], message) {
      const known = entries.get(item)
      if (known) {
        known.state = 'gone'
        return
      }
      const line = lineOf(lane, account, kp)
      const entry: Entry = {
        item, message, line, keyDue: due, due, bucket: undefined, next: undefined, run: undefined, attempt: 0, report: undefined, state: 'gone',
      } // prettier-ignore
      entries.set(item, entry)
    },
    forget([, , , , item]) {
      const entry = entries.get(item)
      // What is in a run leaves with its end.
      if (entry && !isOut(entry)) drop(entry)
    },
    finish(entry, again) {
      const { run } = entry
      if (!run || !isOut(entry)) return
      run.open--
      if (again === undefined) {
        entry.state = 'gone'
        drop(entry)
      } else {
        entry.due = again
        // Claimable only once the run has ended.
        entry.state = 'ready'
        if (again > clock.now()) place(entry)
        else if (run.back) run.back.push(entry)
        else run.back = [entry]
      }
      if (run.open === 0) turns.release(run)
    },
    heads(heads) {
      for (const [lane, account, kp, due, item] of heads) {
        const line = lineOf(lane, account, kp)
        if (line.upToDue < due) continue
        ;[line.upToDue, line.upToItem] = [due, item]
        refill(line)
      }
    },
    resume: turns.resume,
    again: given.ready,
    get count() {
      return entries.size
    },
    stop() {
      stopped = true
      timer?.cancel()
    },
  }
}

function isOut(entry: Entry | undefined): boolean {
  return entry !== undefined && (entry.state === 'running' || entry.state === 'settling')
}
