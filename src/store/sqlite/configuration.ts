// Configuration rows and their revisions: every change is one transaction with its author.
import type { Database } from 'better-sqlite3'
import type { ConfigurationChange } from '../store.ts'

export type Changed = { revision: number } | { conflict: number }

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
