// Single messages and lists. The tables are up to a second behind, so what is newer in memory is
// laid over what they say.
import { orderAt } from '../../ids.ts'
import { CursorRefused, type BindId, type MessageId } from '../../model/message.ts'
import { isTerminal } from '../../model/life.ts'
import { refForm, refKeys } from '../../model/ref.ts'
import type { ListPage, ListQuery, MessageRecord, MessageTrace } from '../store.ts'
import { emptyOp, withMessage, type Inner } from './inner.ts'
import { textOf, writeMessage } from './json.ts'
import { stateNumber } from './ops.ts'
import type { ListRange } from './reads.ts'
import { briefOf, emptied, fromRow, recordOf, type Brief, type Hot, type Rested } from './records.ts'

type Kept = Hot | Rested

const mostOrder = Number.MAX_SAFE_INTEGER
/** Of an order, as cursors have it. */
const place = /^[0-9a-f]{1,14}$/

export function createLists(inner: Inner) {
  const { names, decisions, records, flusher, reader, commit } = inner

  function matches(query: ListQuery, range: ListRange): (kept: Kept) => boolean {
    const accounts = new Set(query.accounts)
    return (kept) => kept.order >= range.from && kept.order < range.below && holds(briefOf(kept))
    function holds({ hidden, account, to, from, direction, state }: Brief): boolean {
      return (
        !hidden &&
        accounts.has(account) &&
        (query.to === undefined || to === query.to) &&
        (query.from === undefined || from === query.from) &&
        (query.direction === undefined || direction === query.direction) &&
        (query.state === undefined || state === query.state)
      )
    }
  }

  function rangeOf(query: ListQuery): ListRange {
    const directions = query.direction === undefined ? [0, 1] : [query.direction === 'mo' ? 1 : 0]
    const accounts = query.accounts.flatMap((account) => names.find(account) ?? [])
    if (query.cursor !== undefined && !place.test(query.cursor)) throw new CursorRefused()
    const cursor = query.cursor === undefined ? mostOrder : Number.parseInt(query.cursor, 16)
    return {
      tenants: accounts.flatMap((account) => directions.map((direction) => account * 2 + direction)),
      ...(query.to === undefined ? {} : { receiver: query.to }),
      ...(query.from === undefined ? {} : { sender: query.from }),
      ...(query.state === undefined ? {} : { state: stateNumber(query.state) }),
      from: query.after === undefined ? 0 : orderAt(query.after),
      below: Math.min(cursor, query.before === undefined ? mostOrder : orderAt(query.before + 1)),
      limit: query.limit + 1,
    }
  }

  async function list(query: ListQuery): Promise<ListPage> {
    const range = rangeOf(query)
    if (range.tenants.length === 0 || query.limit <= 0) return { records: [] }
    const newer = new Map<number, Kept | undefined>()
    for (const order of flusher.dirty()) newer.set(order, records.kept(order))
    const fits = matches(query, range)
    const found: Kept[] = []
    for (const kept of newer.values()) if (kept && fits(kept)) found.push(kept)
    for (let below = range.below; ;) {
      const rows = await reader.list({ ...range, below })
      for (const row of rows) {
        const kept = newer.has(row[0]) ? undefined : (records.kept(row[0]) ?? fromRow(row, decisions))
        if (kept && fits(kept)) found.push(kept)
      }
      const last = rows.at(-1)
      found.sort((a, b) => b.order - a.order)
      // A page is right as far down as the tables were read.
      const certain = rows.length < range.limit || !last ? found.length : found.filter(({ order }) => order >= last[0]).length
      if (certain > query.limit || rows.length < range.limit || !last) return page(found, query.limit)
      below = last[0]
    }
  }

  function page(found: Kept[], limit: number): ListPage {
    const rows = found.slice(0, limit)
    const last = rows.at(-1)
    return { records: rows.map(recordOf), ...(found.length > limit && last ? { next: last.order.toString(16) } : {}) }
  }

  /** Resolves once written: false when there is no such message, or it may not be. */
  async function change(
    id: MessageId,
    may: (hot: Hot) => boolean,
    apply: (hot: Hot) => Parameters<typeof commit.add>[0],
  ): Promise<boolean> {
    inner.check()
    return await withMessage(inner, id, (hot) => {
      if (!hot || !may(hot)) return false
      const op = apply(hot)
      hot.open++
      return new Promise<boolean>((resolve) => {
        commit.add(op, {
          done: () => {
            hot.file = inner.file()
            records.release(hot)
            resolve(true)
          },
        })
      })
    })
  }

  const hasEnded = ({ life }: Hot): boolean => isTerminal(life.state)

  /** What memory knows is in no table yet: written first, as for a trace. */
  async function sentAs(bind: BindId, ref: string): Promise<MessageRecord[]> {
    const number = names.find(bind)
    if (number === undefined) return []
    await commit.drain()
    await flusher.flush()
    const found = await reader.refs(number, refKeys(ref))
    const orders = [...new Set(found.flatMap(([order, , raw]) => (refForm(raw, ref) === undefined ? [] : [order])))]
    const rows = await reader.load(orders.toSorted((a, b) => b - a))
    const all = rows.map((row) => records.kept(row[0]) ?? fromRow(row, decisions))
    return all.flatMap((kept) => (briefOf(kept).hidden ? [] : [recordOf(kept)]))
  }

  return {
    list,
    sentAs,
    get: (id: MessageId): Promise<MessageRecord | undefined> => withMessage(inner, id, (hot) => hot && recordOf(hot)),
    trace: (id: MessageId): Promise<MessageTrace | undefined> =>
      withMessage(inner, id, async (hot) => {
        if (!hot) return undefined
        // A step whose write is under way is in memory and in no file yet: waited for, a little.
        for (let tries = 0; hot.open > 0 && tries < 20; tries++) await new Promise((resolve) => setTimeout(resolve, 5))
        const record = recordOf(hot)
        await commit.drain()
        await flusher.flush()
        const entries = await reader.entries(hot.order)
        return { ...record, entries: JSON.parse(`[${entries ?? ''}]`) as MessageTrace['entries'] }
      }),
    redact: (id: MessageId, at: number) =>
      change(id, hasEnded, (hot) => {
        hot.message = emptied(hot.message)
        hot.redactedAt = at
        return { ...emptyOp(hot.order), entries: [{ at, what: 'redacted' }], replace: [textOf(writeMessage, hot.message), at] }
      }),
    note: (id: MessageId, at: number, text: string) =>
      change(
        id,
        () => true,
        (hot) => ({ ...emptyOp(hot.order), entries: [{ at, what: 'note', text }] }),
      ),
    remove: (id: MessageId) =>
      change(id, hasEnded, (hot) => {
        hot.hidden = true
        hot.message = emptied(hot.message)
        return { ...emptyOp(hot.order), hidden: true, replace: [textOf(writeMessage, hot.message), hot.redactedAt ?? inner.clock.now()] }
      }),
  }
}
