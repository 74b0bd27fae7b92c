// Whose turn it is on a bind with a rate: what was claimed waits in one line with one timer, and each
// is charged as it goes, so that a thousand that wait cost no more than one.
import type { Rate } from '../binds/rate.ts'
import type { Clock } from '../clock.ts'

export interface Pace {
  /** Charges the rate when it is this one's turn. Undefined: it is, right now. True: sent; false: the line was closed before. */
  turn(rate: Rate, segments: number): Promise<boolean> | undefined
  /** How many wait for their turn. */
  readonly waiting: number
  /** Lets nobody wait any longer. */
  close(): void
}

interface Waiting {
  rate: Rate
  segments: number
  go(sent: boolean): void
}

export function createPace(clock: Pick<Clock, 'after'>): Pace {
  let line: Waiting[] = []
  let cancel: (() => void) | undefined

  function move(): void {
    cancel = undefined
    let passed = 0
    for (; passed < line.length; passed++) {
      const { rate, segments, go } = line[passed]!
      const wait = rate.waitMs()
      if (wait > 0) {
        cancel = clock.after(wait, move)
        break
      }
      rate.charge(segments)
      go(true)
    }
    line = line.slice(passed)
  }

  return {
    turn(rate, segments) {
      const wait = line.length > 0 ? 1 : rate.waitMs()
      if (wait <= 0) {
        rate.charge(segments)
        return undefined
      }
      return new Promise((go) => {
        line.push({ rate, segments, go })
        cancel ??= clock.after(wait, move)
      })
    },
    get waiting() {
      return line.length
    },
    close() {
      cancel?.()
      cancel = undefined
      for (const { go } of line.splice(0)) go(false)
    },
  }
}
