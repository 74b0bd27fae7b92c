// One process a directory: an exclusive lock on a file of its own, which the kernel gives back
// whatever way the process ends.
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { whyOf } from '../../model/failure.ts'

export function lockDirectory(directory: string): { release(): void } {
  const db = opened(directory)
  try {
    db.pragma('journal_mode = MEMORY')
    db.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    db.close()
    const code = String((error as { code?: string }).code)
    if (code === 'SQLITE_NOTADB') throw new Error(`${join(directory, 'lock.db')} is damaged: remove it, it holds nothing`, { cause: error })
    if (!code.startsWith('SQLITE_BUSY')) throw error
    throw new Error(`${directory} is in use by another Signalbox process: stop it, or choose another data directory`, { cause: error })
  }
  return {
    release() {
      db.close()
    },
  }
}

function opened(directory: string): Database.Database {
  try {
    return new Database(join(directory, 'lock.db'), { timeout: 0 })
  } catch (error) {
    const why = whyOf(error)
    throw new Error(`${directory} cannot be written by this user (${why}): be the one it belongs to, or choose another data directory`, {
      cause: error,
    })
  }
}
