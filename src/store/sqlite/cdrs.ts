// The CDR stream: the newest are handed on from memory; when nobody takes them for long, from the table.
import type { MessageId } from '../../model/message.ts'
import type { CdrRow } from '../store.ts'

export interface CdrStream {
  ended(row: CdrRow): void
  onEnded(listener: (id: MessageId) => void): void
  /** Undefined: ask the table, for those after this. */
  read(max: number): CdrRow[] | undefined
  readonly written: number
  wrote(upTo: number): void
}

const mostInMemory = 20_000

export function createCdrStream(start: { written: number; last: number }): CdrStream {
  let { written } = start
  let rows: CdrRow[] = []
  /** All above this are in `rows`. */
  let from = start.last
  let listener: (id: MessageId) => void = () => {}
  return {
    ended(row) {
      if (rows.length >= mostInMemory) {
        from = rows.at(-1)!.sequence
        rows = []
      }
      // One that was read from the table meanwhile is done with.
      if (row.sequence > written) rows.push(row)
      listener(row.message)
    },
    onEnded(next) {
      listener = next
    },
    read(max) {
      if (written < from) return undefined
      return rows.slice(0, max)
    },
    get written() {
      return written
    },
    wrote(upTo) {
      written = Math.max(written, upTo)
      const keep = rows.findIndex((row) => row.sequence > written)
      rows = keep < 0 ? [] : rows.slice(keep)
    },
  }
}
