// What is read from the tables, by the reader's thread alone.
import type { Database, Statement } from 'better-sqlite3'
import type { QueueRow } from './ops.ts'

/** id, tail, tenant, redacted_at, give_up_at, wait, life, message, decision */
export type MessageRow = [number, string, number, number | null, number | null, string | null, string, string, string]

export interface ListRange {
  tenants: number[]
  receiver?: string
  sender?: string
  state?: number
  /** Ids from (inclusive) and below (exclusive). */
  from: number
  below: number
  limit: number
}

export type DepthRow = [lane: number, account: number, deliver: number, report: number]
export type UsedRow = [tenant: number, messages: number, segments: number, todayMessages: number, todaySegments: number]

export interface OptOutRange {
  accounts: number[]
  sender?: string
  handset?: string
  after: [account: number, sender: string, handset: string]
  limit: number
}

export type OptOutRow = [account: number, sender: string, handset: string, at: number, word: string, message: string | null]

export interface WaitingQuery {
  lane: number
  sender?: string
  arrival?: string
  after?: number
  before?: number
  /** The key of the last row of the page before: account, kp, due, item. */
  from?: [number, number, number, number]
  limit: number
}

const columns = 'id, tail, tenant, redacted_at, give_up_at, wait, life, message, decision'

type CountRow = [bind: number, minute: number, name: string, count: number]

function ofBinds(rows: CountRow[], binds: readonly number[] | undefined): CountRow[] {
  if (!binds) return rows
  const wanted = new Set(binds)
  return rows.filter((row) => wanted.has(row[0]))
}

export function openReads(db: Database) {
  const prepared = new Map<string, Statement<unknown[]>>()
  function all<Row>(text: string, ...values: unknown[]): Row[] {
    let statement = prepared.get(text)
    if (!statement) {
      statement = db.prepare<unknown[]>(text).raw(true)
      prepared.set(text, statement)
    }
    return statement.all(...values) as Row[]
  }

  return {
    load(orders: number[]): MessageRow[] {
      const one = `SELECT ${columns} FROM message WHERE id = ?`
      return orders.flatMap((order) => all<MessageRow>(one, order))
    },
    /** Bind and folded key in pairs → rows of (message, segment, raw or key). */
    refs(bind: number, keys: string[]): [number, number, string][] {
      return keys.flatMap((key) =>
        all<[number, number, string]>(
          'SELECT message, segment, coalesce(raw, key) FROM ref WHERE bind = ? AND key = ? ORDER BY message DESC LIMIT 16',
          bind,
          key,
        ),
      )
    },
    idempotency(account: number, key: string): [number, string] | undefined {
      return all<[number, string]>('SELECT message, tail FROM idempotency WHERE account = ? AND key = ?', account, key)[0]
    },
    entries(order: number): string | undefined {
      return all<[string]>('SELECT entries FROM message WHERE id = ?', order)[0]?.[0]
    },
    /** From a key on (inclusive), due up to a time; where that is fewer than the limit, the next one after it too. */
    refill(lane: number, account: number, kp: number, due: number, item: number, dueBy: number, limit: number): QueueRow[] {
      const line = 'SELECT * FROM queue WHERE lane = ? AND account = ? AND kp = ?'
      const rows = all<QueueRow>(
        `${line} AND (due, item) >= (?, ?) AND due <= ? ORDER BY due, item LIMIT ?`,
        lane,
        account,
        kp,
        due,
        item,
        dueBy,
        limit,
      )
      if (rows.length < limit) rows.push(...all<QueueRow>(`${line} AND due > ? ORDER BY due, item LIMIT 1`, lane, account, kp, dueBy))
      return rows
    },
    /** The first key of every (lane, account, kp): a walk over the distinct ones, whatever the backlog. */
    heads(): [lane: number, account: number, kp: number, due: number, item: number][] {
      const heads: [number, number, number, number, number][] = []
      let at: [number, number, number] = [-1, -1, -1]
      for (;;) {
        const head = all<[number, number, number, number, number]>(
          'SELECT lane, account, kp, due, item FROM queue WHERE (lane, account, kp) > (?, ?, ?) ORDER BY lane, account, kp, due, item LIMIT 1',
          ...at,
        )[0]
        if (!head) return heads
        heads.push(head)
        at = [head[0], head[1], head[2]]
      }
    },
    /** Per tenant an ordered range of one index, merged newest first. */
    list(query: ListRange): MessageRow[] {
      const { receiver, sender, state, from, below, limit } = query
      const conditions: string[] = []
      const values: unknown[] = []
      // The recipient is nearly always the rarest; then states other than delivered; then the sender.
      let index = 'message_tenant'
      if (receiver !== undefined) index = 'message_receiver'
      else if (state !== undefined && state !== 4) index = 'message_state'
      else if (sender !== undefined) index = 'message_sender'
      if (receiver !== undefined) {
        conditions.push('AND receiver = ?')
        values.push(receiver)
      }
      if (sender !== undefined) {
        conditions.push(index === 'message_sender' ? 'AND sender = ?' : 'AND +sender = ?')
        values.push(sender)
      }
      if (state !== undefined) {
        conditions.push(index === 'message_state' ? 'AND state = ? AND state <> 4' : 'AND +state = ?')
        values.push(state)
      }
      const text = `SELECT ${columns} FROM message INDEXED BY ${index} WHERE tenant = ? ${conditions.join(' ')} AND id >= ? AND id < ? ORDER BY id DESC LIMIT ?`
      const rows = query.tenants.flatMap((tenant) => all<MessageRow>(text, tenant, ...values, from, below, limit))
      return query.tenants.length === 1 ? rows : rows.sort((a, b) => b[0] - a[0]).slice(0, limit)
    },
    overdue(now: number, max: number): [id: number, tail: string, state: number, item: number | null][] {
      return all(
        'SELECT id, tail, state, wait ->> 0 FROM message INDEXED BY message_give_up WHERE give_up_at <= ? ORDER BY give_up_at LIMIT ?',
        now,
        max,
      )
    },
    waiting(query: WaitingQuery): [id: number, tail: string, account: number, kp: number, due: number, item: number][] {
      const { lane, sender, arrival, after, before, limit } = query
      const [a, b, c, d] = query.from ?? [-1, -1, -1, -1]
      return all(
        `SELECT m.id, m.tail, q.account, q.kp, q.due, q.item FROM queue q CROSS JOIN message m ON m.id = q.message
         WHERE q.lane = :lane AND q.kp < 4 AND (q.account, q.kp, q.due, q.item) > (:a, :b, :c, :d) AND (:sender IS NULL OR m.sender = :sender)
         AND (:arrival IS NULL OR m.message ->> '$.arrival' = :arrival) AND (:after IS NULL OR m.message ->> '$.acceptedAt' >= :after)
         AND (:before IS NULL OR m.message ->> '$.acceptedAt' <= :before) ORDER BY q.account, q.kp, q.due, q.item LIMIT :limit`,
        { lane, a, b, c, d, sender: sender ?? null, arrival: arrival ?? null, after: after ?? null, before: before ?? null, limit },
      )
    },
    /** Of items and their messages those by which a message waits. */
    stillWait(items: [item: number, message: number][]): [item: number, message: number][] {
      return items.filter(
        ([item, message]) => all<[number]>('SELECT 1 FROM message WHERE id = ? AND wait ->> 0 = ?', message, item).length > 0,
      )
    },
    cdrs(after: number, max: number): [number, string][] {
      return all('SELECT sequence, cdr FROM cdr WHERE sequence > ? ORDER BY sequence LIMIT ?', after, max)
    },
    hooks(account: number, max: number): [number, string][] {
      return all('SELECT sequence, cdr FROM cdr_hook WHERE account = ? ORDER BY sequence LIMIT ?', account, max)
    },
    counts(from: number, to: number, binds: number[] | undefined): CountRow[] {
      const rows = all<CountRow>(
        'SELECT bind, minute, name, count FROM count WHERE minute >= ? AND minute <= ? ORDER BY minute, bind, name',
        from,
        to,
      )
      return ofBinds(rows, binds)
    },
    /** The same summed up here: a week of a busy gateway is millions of rows. */
    totals(from: number, to: number, binds: number[] | undefined): CountRow[] {
      const rows = all<CountRow>(
        'SELECT bind, ?, name, sum(count) FROM count WHERE minute >= ? AND minute <= ? GROUP BY bind, name',
        from,
        from,
        to,
      )
      return ofBinds(rows, binds)
    },
    usage(
      tenants: number[],
      from: number,
      to: number,
    ): [day: number, direction: number, kind: string, messages: number, segments: number][] {
      return all(
        `SELECT day, tenant & 1, kind, sum(messages), sum(segments) FROM usage
         WHERE tenant IN (SELECT value FROM json_each(?)) AND day BETWEEN ? AND ? GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
        JSON.stringify(tenants),
        from,
        to,
      )
    },
    revisions(limit: number, before: number): [number, number, string, string, string][] {
      return all(
        'SELECT revision, at, author, source, changes FROM revision WHERE revision < ? ORDER BY revision DESC LIMIT ?',
        before,
        limit,
      )
    },
    configuration(kind: string, key: string, most: number): { revision: number; rows: [string, string, string][] } {
      const revision = all<[number | null]>('SELECT max(revision) FROM revision')[0]?.[0] ?? 0
      const rows = 'SELECT kind, key, body FROM configuration WHERE (kind, key) > (?, ?) ORDER BY kind, key LIMIT ?'
      return { revision, rows: all(rows, kind, key, most) }
    },
    /** After a key, in its order. */
    optOuts(query: OptOutRange): OptOutRow[] {
      const { accounts, sender, handset, after, limit } = query
      return all(
        `SELECT account, sender, handset, at, word, message FROM opt_out
         WHERE account IN (SELECT value FROM json_each(:accounts)) AND (:sender IS NULL OR sender = :sender)
         AND (:handset IS NULL OR handset = :handset) AND (account, sender, handset) > (:a, :s, :h)
         ORDER BY account, sender, handset LIMIT :limit`,
        {
          accounts: JSON.stringify(accounts), sender: sender ?? null, handset: handset ?? null,
          a: after[0], s: after[1], h: after[2], limit,
        }, // prettier-ignore
      )
    },
    /** All that the main thread keeps in memory, small whatever the number of messages. */
    /** By tenant: of the month from its first day on, and of the day. */
    used(month: number, day: number): UsedRow[] {
      return all<UsedRow>(
        `SELECT tenant, sum(messages), sum(segments), sum(iif(day = ?, messages, 0)), sum(iif(day = ?, segments, 0))
         FROM usage WHERE day >= ? AND tenant % 2 = 0 GROUP BY tenant`,
        day,
        day,
        month,
      )
    },
    start() {
      return {
        facts: all<[string, number]>('SELECT name, value FROM fact'),
        names: all<[number, string]>('SELECT id, value FROM name'),
        early: all<[number, number, string, number]>('SELECT id, bind, receipt, at FROM early ORDER BY id'),
        parts: all<[string, number, number, number, string, string | null]>('SELECT key, place, total, at, data, called FROM part'),
        forms: all<[number, string, number]>('SELECT bind, form, count FROM form'),
        depths: all<DepthRow>('SELECT lane, account, deliver, report FROM depth'),
        hooks: hookedAccounts(),
        optOuts: all<[number, string, string]>('SELECT account, sender, handset FROM opt_out'),
        // A few long texts: a million rows would take a second to hand over.
        stickies: all<[account: number, service: string, sender: string, handsets: string]>(
          'SELECT account, service, sender, group_concat(handset, char(31)) FROM sticky GROUP BY account, service, sender',
        ),
        newest: all<[number, string]>('SELECT id, tail FROM message ORDER BY id DESC LIMIT 1')[0],
      }
    },
  }

  /** Account and last sequence. */
  function hookedAccounts(): [number, number][] {
    const found: [number, number][] = []
    for (let after = -1; ;) {
      const next = all<[number | null]>('SELECT min(account) FROM cdr_hook WHERE account > ?', after)[0]?.[0]
      if (next === null || next === undefined) return found
      found.push([next, all<[number]>('SELECT max(sequence) FROM cdr_hook WHERE account = ?', next)[0]?.[0] ?? 0])
      after = next
    }
  }
}

export type Reads = ReturnType<typeof openReads>
