// The lines of a journal file, for tests.
import { records } from '../src/store/sqlite/journal.ts'

/** Of its whole records, in order. */
export function linesOf(file: Buffer, fileNumber: number, verified = false): string[] {
  return [...records(file, fileNumber, verified)].flatMap(([from, to]) => file.toString('utf8', from, to).split('\n').slice(0, -1))
}
