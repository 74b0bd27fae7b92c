// What clients ask for, in turns. Of all sessions together so much is taken in a turn of the event loop
// that the turn stays a few milliseconds long: a few requests of one session, then of the next, and a
// session that had nothing waiting goes before those that always have. What ends work that is under
// way (responses, receipts) never waits here: so when the machine is busy, what was taken is finished
// before more is, and a flood of one session costs the others little.
import type { StoredRequest } from './stored.ts'
import type { Submitted } from './submission.ts'

export type Asked = Submitted | StoredRequest

export interface Shares {
  /** A place for one session: `serve` is called with each request that was put there, in order. */
  place(serve: (pdu: Asked) => void): Place
  /** One more is being made durable. While there are many, nothing is served. */
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
  /** Being made durable at a time: as many as a disk of 20 ms a sync needs for 10,000 a second. */
  open: number
}

const defaults: SharesLimits = { turnMs: 1, few: 2, open: 200 }

/** What was served is let go of at the latest when there is so much of it. */
const mostServed = 128

interface Line extends Place {
  serve(pdu: Asked): void
  /** Those before `at` are served. */
  pdus: Asked[]
  at: number
}

/** `nowMs` is monotonic. */
export function createShares(limits: Partial<SharesLimits> = {}, nowMs: () => number = () => performance.now()): Shares {
  const { turnMs, few, open: mostOpen } = { ...defaults, ...limits }
  /** Those that have had a turn since they had nothing waiting, and those that have not. */
  const served: Line[] = []
  const fresh: Line[] = []
  let open = 0
  let planned = false

  function plan(): void {
    if (planned || open >= mostOpen || (fresh.length === 0 && served.length === 0)) return
    planned = true
    setImmediate(turn)
  }

  function turn(): void {
    planned = false
    const until = nowMs() + turnMs
    // One of those that always have something has its share of each turn, too.
    const first = served.shift()
    if (first) serveFew(first)
    while (open < mostOpen && nowMs() < until) {
      const line = fresh.shift() ?? served.shift()
      if (!line) return
      serveFew(line)
    }
    plan()
  }

  function serveFew(line: Line): void {
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
        put(pdu) {
          line.pdus.push(pdu)
          if (line.pdus.length > 1) return
          fresh.push(line)
          plan()
        },
      }
      return line
    },
    began() {
      open++
    },
    ended() {
      open--
      plan()
    },
  }
}
