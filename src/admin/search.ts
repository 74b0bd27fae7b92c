// Lists of messages for people. By account, addresses, state and time the store has indexes; by bind and by
// failure its lists are looked through, so far and no further; by a carrier's id it has an index of those.
// An account finds messages only by what it is shown of them.
import { parseAddress } from '../model/address.ts'
import type { Configuration } from '../model/configuration.ts'
import { CursorRefused, type AccountId } from '../model/message.ts'
import type { MessageView } from '../plugin.ts'
import type { ListQuery, MessageRecord, Store } from '../store/store.ts'
import type { SearchQuery } from './admin.ts'
import { Refused } from './caller.ts'
import { concealTrace, type Sees } from './conceal.ts'

const mostListed = 1000
/** Pages of the store that one search looks through. */
const mostPages = 200

export async function search(
  store: Store,
  configuration: Configuration,
  sees: Sees,
  accounts: AccountId[],
  { bind, code, carrierId, ...query }: Omit<SearchQuery, 'account' | 'below'>,
): Promise<{ messages: MessageView[]; next?: string }> {
  const list: ListQuery = {
    ...query,
    ...(query.to === undefined ? {} : { to: written(query.to) }),
    ...(query.from === undefined ? {} : { from: written(query.from) }),
    limit: Math.min(query.limit, mostListed),
    accounts,
  }
  const shown = (record: MessageRecord): MessageView => messageView(concealTrace({ ...record, entries: [] }, sees))
  const fits = (view: MessageView): boolean =>
    (bind === undefined || view.bind === bind || view.message.arrival === bind) && (code === undefined || view.failure?.code === code)
  if (carrierId !== undefined) {
    const found = (await sentAs(store, configuration, sees, carrierId)).filter((record) => isOf(list, record))
    return { messages: found.map(shown).filter(fits).slice(0, list.limit) }
  }
  const messages: MessageView[] = []
  let next = query.cursor
  let pages = bind === undefined && code === undefined ? 1 : mostPages
  do {
    // No more than still fit in: the cursor of a page is behind its last one.
    const asked = { ...list, limit: list.limit - messages.length, ...(next === undefined ? {} : { cursor: next }) }
    const page = await store.list(asked).catch((error: unknown) => {
      if (!(error instanceof CursorRefused)) throw error
      throw new Refused('invalid', `cursor: ${error.message}`, [{ path: 'cursor', message: error.message }])
    })
    for (const record of page.records) {
      const view = shown(record)
      if (fits(view)) messages.push(view)
    }
    ;({ next } = page)
  } while (next !== undefined && --pages > 0 && messages.length < list.limit)
  return { messages, ...(next === undefined ? {} : { next }) }
}

/** Newest first. */
async function sentAs(store: Store, { binds }: Configuration, sees: Sees, carrierId: string): Promise<MessageRecord[]> {
  const own = [...binds.values()].filter((one) => one.side === 'supplier' && sees(one.account))
  const found = await Promise.all(own.map((one) => store.sentAs(one.id, carrierId)))
  const once = new Map(found.flat().map((record) => [record.message.id, record]))
  return [...once.values()].toSorted((a, b) => b.message.acceptedAt - a.message.acceptedAt)
}

/** An address as messages have it, however it was typed: a `+` is easily lost in a URL. */
function written(address: string): string {
  const number = /^ ?\d{9,}$/.test(address) ? `+${address.trim()}` : address
  return parseAddress(number)?.value ?? address
}

/** What the store's lists look for, of a message that was found otherwise. */
function isOf(query: ListQuery, { message, life }: MessageRecord): boolean {
  return (
    query.accounts.includes(message.account) &&
    (query.to === undefined || message.to.value === query.to) &&
    (query.from === undefined || message.from.value === query.from) &&
    (query.direction === undefined || message.direction === query.direction) &&
    (query.state === undefined || life.state === query.state) &&
    (query.after === undefined || message.acceptedAt >= query.after) &&
    (query.before === undefined || message.acceptedAt <= query.before)
  )
}

export function messageView(record: MessageRecord): MessageView {
  const { message, decision, life } = record
  return {
    message,
    decision,
    state: life.state,
    updatedAt: life.updatedAt,
    redacted: record.redactedAt !== undefined,
    ...(life.failure ? { failure: life.failure } : {}),
    ...(life.bind === undefined ? {} : { bind: life.bind }),
    ...(life.sentAt === undefined ? {} : { sentAt: life.sentAt }),
    ...(life.finalAt === undefined ? {} : { finalAt: life.finalAt }),
  }
}
