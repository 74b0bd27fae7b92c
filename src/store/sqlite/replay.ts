// At the start, what the journal has beyond the tables goes into them. A crash tears off nothing but the
// journal's end, which was acknowledged to nobody; whatever else is missing was damaged or removed, and
// starting without it would lose acknowledged messages and, with the old files, the evidence.
import { join } from 'node:path'
import type { Logger } from 'pino'
import { whyOf } from '../../model/failure.ts'
import { deleteJournal, journalFiles, lostOf, readJournal, records } from './journal.ts'

/** The number of the last file, none of which is there any more. `applied`: the tables have the files up to this one. */
export async function replay(
  directory: string,
  applied: number,
  apply: (file: number) => Promise<number>,
  log: Pick<Logger, 'info'>,
): Promise<number> {
  refuseLoss(directory, applied)
  let last = applied
  for (const file of journalFiles(directory)) {
    if (file > applied) {
      const operations = await apply(file).catch((error: unknown) => {
        throw new Error(`${directory}: journal-${file} cannot be brought into the tables: ${whyOf(error)}`, { cause: error })
      })
      if (operations > 0) log.info({ file, operations }, 'journal replayed')
    }
    last = Math.max(last, file)
    deleteJournal(directory, file)
  }
  return last
}

/** Throws where messages that were acknowledged cannot be read back. */
export function refuseLoss(directory: string, applied: number): void {
  const files = journalFiles(directory).filter((file) => file > applied)
  const newest = files.findLast((file) => !records(readJournal(directory, file), file).next().done) ?? applied
  const first = files[0]
  // The file that follows the tables is there before any later one, and is removed when the tables have it.
  if (first !== undefined && first > applied + 1)
    throw lost(directory, `journal-${applied + 1}`, 'it is missing, or signalbox.db is older than the rest', first)
  for (const [n, file] of files.entries()) {
    const missing = n > 0 && file !== files[n - 1]! + 1
    if (missing) throw lost(directory, `journal-${file - 1}`, 'it is missing', file)
    const what = lostOf(readJournal(directory, file), file, file < newest)
    if (what !== undefined) throw lost(directory, `journal-${file}`, what, file)
  }
}

function lost(directory: string, name: string, what: string, from: number): Error {
  return new Error(
    `${join(directory, name)}: ${what}. Messages that were acknowledged are lost with it, so nothing is started: ` +
      `bring back the directory from a backup, or, to go on without them, move journal-${from} and those after it out of the directory`,
  )
}
