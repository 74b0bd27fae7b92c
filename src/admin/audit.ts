// Who changed what of the configuration, opted handsets out by hand, purged lanes: every revision with its author,
// where it came from, and each field before and after, secrets masked. Everyone sees what concerns the own account
// and those below it; who is outside of that stays unnamed.
import { isWithin, type Configuration } from '../model/configuration.ts'
import type { AccountId } from '../model/message.ts'
import type { Revision, RevisionChange, Store } from '../store/store.ts'
import { type Caller, mustSee } from './caller.ts'
import type { Audit, AuditEntry, AuditQuery } from './watch.ts'

export const outside = 'outside'

/** Read at once; and at most so many times for one answer. */
const pageSize = 200
const mostPages = 20

export function createAudit(parts: { store: Pick<Store, 'revisions'>; configuration(): Configuration }): Audit {
  const { store, configuration } = parts
  return {
    async list(caller, query) {
      const { account = caller.account, below = true, limit } = query
      const now = configuration()
      mustSee(now.accounts, caller, account)
      const entries: AuditEntry[] = []
      let cursor = query.cursor
      for (let pages = 0; pages < mostPages; pages++) {
        const page = await store.revisions(pageSize, cursor)
        for (const revision of page) {
          if (query.after !== undefined && revision.at < query.after) return { entries }
          const entry = entryOf(now, caller, revision, (change) => fits(now, query, account, below, change))
          if (isWanted(query, entry)) {
            if (entries.length === limit) return { entries, next: cursor! }
            entries.push(entry)
          }
          cursor = revision.revision
        }
        if (page.length < pageSize) return { entries }
      }
      return { entries, next: cursor! }
    },
    async revisions(caller, limit, before) {
      const now = configuration()
      const found: Revision[] = []
      let cursor = before
      for (;;) {
        const page = await store.revisions(limit, cursor)
        for (const revision of page) {
          const mine = revision.changes.filter((change) => sees(now, caller, ownerOf(now, change)))
          if (mine.length === 0) continue
          const { author, source = '' } = authorOf(now, caller, revision)
          found.push({ ...revision, author, source, changes: mine.map(({ kind, key, change }) => ({ kind, key, change })) })
        }
        cursor = page.at(-1)?.revision
        if (found.length >= limit || page.length < limit) return found.slice(0, limit)
      }
    },
  }
}

function isWanted({ author, before }: AuditQuery, entry: AuditEntry): boolean {
  if (entry.changes.length === 0 || (before !== undefined && entry.at > before)) return false
  return author === undefined || entry.author === author
}

function entryOf(
  now: Configuration,
  caller: Caller,
  revision: Revision,
  wanted: (change: AuditEntry['changes'][number]) => boolean,
): AuditEntry {
  const changes = revision.changes.flatMap((change) => {
    const owner = ownerOf(now, change)
    if (!sees(now, caller, owner)) return []
    const told = tellable(change, owner)
    return wanted(told) ? [told] : []
  })
  return { revision: revision.revision, at: revision.at, ...authorOf(now, caller, revision), changes }
}

function tellable({ kind, key, change, told }: RevisionChange, owner: AccountId | undefined): AuditEntry['changes'][number] {
  if (told) {
    const { by: _by, ...rest } = told
    return { kind, ...rest }
  }
  // Of before changes were told.
  return { kind, change: change === 'put' ? 'update' : 'delete', what: `${kind} ${key}`, account: owner ?? '', id: idOf(key), fields: [] }
}

function fits(
  now: Configuration,
  { kind, id }: AuditQuery,
  account: AccountId,
  below: boolean,
  change: AuditEntry['changes'][number],
): boolean {
  if ((kind !== undefined && change.kind !== kind) || (id !== undefined && change.id !== id)) return false
  return change.account === account || (below && (change.account === '' || isWithin(now, change.account, account)))
}

const idOf = (key: string): string => key.slice(key.indexOf('/') + 1)

function ownerOf(now: Configuration, { kind, key, told }: RevisionChange): AccountId | undefined {
  if (told) return told.account
  if (kind === 'setting') return undefined
  return kind === 'number' ? now.numbers.get(key)?.account : key.split('/')[0]
}

const isRoot = (now: Configuration, { account }: Caller): boolean =>
  now.accounts.has(account) && now.accounts.get(account)!.parent === undefined

/** The root account sees everything, also of what is gone. */
function sees(now: Configuration, caller: Caller, owner: AccountId | undefined): boolean {
  return isRoot(now, caller) || (owner !== undefined && isWithin(now, owner, caller.account))
}

function authorOf(now: Configuration, caller: Caller, { author, source, changes }: Revision): { author: string; source?: string } {
  const by = changes.find(({ told }) => told)?.told?.by
  return isRoot(now, caller) || (by !== undefined && isWithin(now, by, caller.account)) ? { author, source } : { author: outside }
}
