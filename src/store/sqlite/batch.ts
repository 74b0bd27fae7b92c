// Rows for one table, several by one statement: what a statement costs beside its row is as much as a small row.
import type { Database } from 'better-sqlite3'

export interface Batch {
  /** The next value of the next row; it must not change before `end`. */
  add(value: unknown): void
  /** Writes what is left. */
  end(): void
  /** Forgets what a transaction left that was undone. */
  clear(): void
}

/** Rows by one statement. */
const most = 8

/** `row`: one place a value, in brackets. */
export function createBatch(db: Database, into: string, row: string): Batch {
  const one = db.prepare<unknown[]>(`${into} VALUES ${row}`)
  const several = db.prepare<unknown[]>(`${into} VALUES ${Array.from({ length: most }, () => row).join()}`)
  const columns = row.split('?').length - 1
  let values: unknown[] = []

  return {
    add(value) {
      if (values.push(value) < columns * most) return
      several.run(...values)
      values = []
    },
    end() {
      for (let at = 0; at < values.length; at += columns) one.run(...values.slice(at, at + columns))
      values = []
    },
    clear() {
      values = []
    },
  }
}
