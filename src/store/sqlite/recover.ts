// Opening: what the journal has and the tables have not is done again, file by file. Takes as long
// as about a second's traffic, whatever the number of messages.
import { deleteJournal, journalFiles, readJournal } from './journal.ts'
import { decode } from './ops.ts'
import { fold, noChanges, type Changes } from './pending.ts'

/** Resolves to the number of the first unused journal file. */
export async function recover(
  directory: string,
  applied: number,
  apply: (changes: Changes) => Promise<unknown>,
  log: (what: { file: number; operations: number }) => void,
): Promise<number> {
  let newest = applied
  for (const file of journalFiles(directory)) {
    if (file > applied) {
      const changes = noChanges(file)
      let operations = 0
      for (const text of readJournal(directory, file)) {
        for (const line of text.split('\n')) {
          if (line === '') continue
          fold(changes, decode(line))
          operations++
        }
      }
      if (operations > 0) {
        await apply(changes)
        log({ file, operations })
      }
    }
    newest = Math.max(newest, file)
    deleteJournal(directory, file)
  }
  return newest + 1
}
