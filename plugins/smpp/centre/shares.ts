// What clients ask for, in turns. Of all sessions together so much is taken in a turn of the event loop
// that the turn stays a few milliseconds long: a few requests of one session, then of the next. A session
// that had nothing waiting does not wait for the next turn: its first few are served as they come. What ends work that is under
// way (responses, receipts) never waits here: so when the machine is busy, what was taken is finished
// before more is, and a flood of one session costs the others little.
import type { StoredRequest } from './stored.ts'
import type { Submitted } from './submission.ts'

export type Asked = Submitted | StoredRequest

export interface Shares {
  /** A place for one session: `serve` is called with each request that was put there, in order. */
  place(serve: (pdu: Asked) => void): Place
  /** One more is being made durable. While there are many, only a session that had nothing waiting is served. */
  began(): void
  /** It is, or was refused. */
  ended(): void
}

export interface Place {
  put(pdu: Asked): void
}

export interface SharesLimits {
  /** Time for requests in one turn. */
  turnMs: number
  /** Requests of one session, before the next is served. */
  few: number
  /**
   * Being made durable at a time: few, for each that is there is a wait for the next one; more while we have
   * nothing else to do than to wait for the disk.
   */
  open: number
  mostOpen: number
}

const defaults: SharesLimits = { turnMs: 1, few: 2, open: 48, mostOpen: 1000 }
/** Idle for so long behind the limit: it is the disk that is waited for. */
const idleLeastMs = 1
const raise = 8
/** Sessions that had nothing waiting are held up only where the limit is passed so many times. */
const freshTimes = 2

/** What was served is let go of at the latest when there is so much of it. */
const mostServed = 128

interface Line extends Place {
  serve(pdu: Asked): void
  /** Those before `at` are served. */
  pdus: Asked[]
  at: number
  /** Served as they came since the turn `of`. */
  atOnce: number
  of: number
}

export interface Time {
  /** Monotonic. */
  nowMs(): number
  /** How long this thread has had nothing to do. */
  idleMs(): number
}

const systemTime: Time = { nowMs: () => performance.now(), idleMs: () => performance.eventLoopUtilization().idle }

export function createShares(limits: Partial<SharesLimits> = {}, { nowMs, idleMs }: Time = systemTime): Shares {
  const { turnMs, few, open: leastLimit, mostOpen } = { ...defaults, ...limits }
  /** Those that have had a turn since they had nothing waiting, and those that have not. */
  const served: Line[] = []
  const fresh: Line[] = []
  let open = 0
  let limit = leastLimit
  /** While the limit is reached: idleMs as it was then; else -1. */
  let idleAt = -1
  let planned = false
  let turns = 0

  function mayServe(): boolean {
    return (served.length > 0 && open < limit) || (fresh.length > 0 && open < limit * freshTimes)
  }

  function plan(needed = mayServe()): void {
    if (planned || !needed) return
    planned = true
    setImmediate(turn)
  }

  /** Nobody waits who came before, and it has had less than its share since the last turn. */
  function mayServeAtOnce(line: Line): boolean {
    if (line.pdus.length > 0 || fresh.length > 0 || open >= limit * freshTimes) return false
    if (line.of === turns) return line.atOnce < few
    line.of = turns
    line.atOnce = 0
    return true
  }

  function turn(): void {
    planned = false
    turns++
    const until = nowMs() + turnMs
    // One of those that always have something has its share of each turn, too.
    if (open < limit) serveFew(served.shift())
    while (mayServe() && nowMs() < until) serveFew(fresh.shift() ?? served.shift())
    plan()
  }

  function serveFew(line: Line | undefined): void {
    if (!line) return
    for (let n = 0; n < few && line.at < line.pdus.length; n++) line.serve(line.pdus[line.at++]!)
    if (line.at === line.pdus.length) {
      line.pdus = []
      line.at = 0
      return
    }
    served.push(line)
    if (line.at < mostServed) return
    line.pdus.splice(0, line.at)
    line.at = 0
  }

  return {
    place(serve) {
      const line: Line = {
        serve,
        pdus: [],
        at: 0,
        atOnce: 0,
        of: -1,
        put(pdu) {
          if (mayServeAtOnce(line)) {
            line.atOnce++
            serve(pdu)
            // So that there is one.
            plan(true)
            return
          }
          line.pdus.push(pdu)
          if (line.pdus.length > 1) return
          // One that has had its share waits for another like all that have.
          if (line.of === turns && line.atOnce >= few) served.push(line)
          else fresh.push(line)
          plan()
        },
      }
      return line
    },
    began() {
      if (++open >= limit && idleAt < 0) idleAt = idleMs()
    },
    ended() {
      if (--open >= limit) return
      if (idleAt >= 0) {
        const idle = idleMs() - idleAt >= idleLeastMs
        limit = idle ? Math.min(mostOpen, limit + raise) : Math.max(leastLimit, limit - 1)
        idleAt = -1
      }
      plan()
    },
  }
}
