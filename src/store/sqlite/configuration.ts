// Configuration rows and their revisions: every change is one transaction with its author.
import type { Database } from 'better-sqlite3'
import type { Clock } from '../../clock.ts'
import type { ConfigurationChange } from '../store.ts'

/** What a large change is made of, handed over some at a time. */
export type Part = Pick<Required<ConfigurationChange>, 'puts' | 'deletes' | 'changes'>

export interface Parts {
  /** Keeps them for the change of this number, in order. */
  stage(number: number, part: Part): void
  take(number: number): Part
}

export function createParts(): Parts {
  const staged = new Map<number, Part[]>()
  return {
    stage(number, part) {
      const known = staged.get(number)
      if (known) known.push(part)
      else staged.set(number, [part])
    },
    take(number) {
      const parts = staged.get(number) ?? []
      // Of those before it nothing comes any more.
      for (const one of staged.keys()) if (one <= number) staged.delete(one)
      return {
        puts: parts.flatMap(({ puts }) => puts),
        deletes: parts.flatMap(({ deletes }) => deletes),
        changes: parts.flatMap(({ changes }) => changes),
      }
    },
  }
}

/** The same change in parts of at most so many. */
function* inParts({ puts, deletes, changes = [] }: ConfigurationChange, most: number): Generator<Part, undefined> {
  for (let i = 0; i < Math.max(puts.length, deletes.length, changes.length); i += most)
    yield { puts: puts.slice(i, i + most), deletes: deletes.slice(i, i + most), changes: changes.slice(i, i + most) }
  return undefined
}

export type Changed = { revision: number } | { conflict: number }

/** What the thread that writes is asked for a change. */
interface Changing {
  change(change: ConfigurationChange, at: number): Promise<Changed>
  stage(number: number, part: Part): Promise<void>
  changeStaged(number: number, change: ConfigurationChange, at: number): Promise<Changed>
}

/** Rows passed to the thread together: a few milliseconds. */
const changesAtOnce = 250

/** A large change goes to the thread in parts: passing it on at once would hold up everybody here. */
export function createChanges(thread: Changing, clock: Pick<Clock, 'now'>): (change: ConfigurationChange) => Promise<Changed> {
  let lastStaged = 0
  return async (change) => {
    if (change.changes === undefined || change.changes.length <= changesAtOnce) return thread.change(change, clock.now())
    const number = ++lastStaged
    for (const part of inParts(change, changesAtOnce)) await thread.stage(number, part)
    return thread.changeStaged(number, { ...change, puts: [], deletes: [], changes: [] }, clock.now())
  }
}

export function changeConfiguration(db: Database, change: ConfigurationChange, at: number): Changed {
  return db
    .transaction((): Changed => {
      const newest = (db.prepare('SELECT max(revision) FROM revision').pluck().get() as number | null) ?? 0
      if (change.expected !== undefined && change.expected !== newest) return { conflict: newest }
      const put = db.prepare('INSERT INTO configuration VALUES (?,?,?) ON CONFLICT DO UPDATE SET body = excluded.body')
      const remove = db.prepare('DELETE FROM configuration WHERE kind = ? AND key = ?')
      for (const { kind, key } of change.deletes) remove.run(kind, key)
      for (const { kind, key, body } of change.puts) put.run(kind, key, body)
      const changes = change.changes ?? [
        ...change.deletes.map(({ kind, key }) => ({ kind, key, change: 'delete' })),
        ...change.puts.map(({ kind, key }) => ({ kind, key, change: 'put' })),
      ]
      db.prepare('INSERT INTO revision VALUES (?,?,?,?,?)').run(newest + 1, at, change.author, change.source, JSON.stringify(changes))
      return { revision: newest + 1 }
    })
    .immediate()
}
