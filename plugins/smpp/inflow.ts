// What comes on one connection: read for a few ms in a turn of the event loop, so that no flood holds
// the others up, and known is what has come last and since when a PDU is there in part.
import type { Clock } from '../../src/plugin.ts'
import { createParser, type ParserOptions } from './codec/index.ts'

export interface Inflow {
  take(chunk: Buffer): void
  /** When something came last, epoch ms. */
  readonly heardAt: number
  /** A PDU that is there in part: since when, epoch ms; 0 when there is none. */
  readonly partialAt: number
  /** While we do not read, nothing is late. */
  excuse(): void
  /** Nothing more will come: `done`, once what has come is taken. */
  finish(done: () => void): void
  /** Nothing more is taken. What had come and was not. */
  stop(): Buffer
}

/** One peer is read for so long in one turn, looked at after so many PDUs. */
const turnMs = 2
const fewPdus = 8

export function createInflow(
  parts: ParserOptions & {
    clock: Clock
    isGone(): boolean
    hold(): void
    release(): void
  },
): Inflow {
  const { clock, isGone, hold, release } = parts
  const parser = createParser(parts)
  let heardAt = clock.now()
  /** Of the PDU that is there in part: when it began, and which one it is. */
  let partialAt = 0
  let partialOf = -1
  /** Of a chunk the rest is still to be read. */
  let reading = false
  let onDone: (() => void) | undefined

  /** A part of what came; the others have their turn before the rest of it. */
  function read(chunk: Buffer, from: number): void {
    const until = performance.now() + turnMs
    let at = from
    do at = parser.push(chunk, at, fewPdus)
    while (at < chunk.length && performance.now() < until)
    reading = at < chunk.length
    if (reading) {
      hold()
      setImmediate(() => {
        if (isGone()) return
        release()
        read(chunk, at)
      })
      return
    }
    if (onDone) return onDone()
    if (parser.held > 0 && parser.taken !== partialOf) {
      partialOf = parser.taken
      partialAt = heardAt
    }
  }

  return {
    take(chunk) {
      heardAt = clock.now()
      read(chunk, 0)
    },
    get heardAt() {
      return heardAt
    },
    get partialAt() {
      return parser.held > 0 && parser.taken === partialOf ? partialAt : 0
    },
    excuse() {
      partialAt = clock.now()
    },
    finish(done) {
      if (reading) onDone = done
      else done()
    },
    stop: () => parser.stop(),
  }
}
