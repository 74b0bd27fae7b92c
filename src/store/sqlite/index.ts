// The embedded store. An acknowledged call is in the journal, synced; a second later it is in the
// SQLite tables. The main thread holds the state of what is being worked on and alone changes it,
// one thread writes the tables, one reads them. docs/store.md has the whole story.
import { join } from 'node:path'
import { systemClock, type Clock } from '../../clock.ts'
import { occasional } from '../../log.ts'
import { orderAt, orderHex } from '../../ids.ts'
import { dayOf, monthStart } from '../../model/caps.ts'
import type { Cdr } from '../../model/cdr.ts'
import type { CountName } from '../../model/transition.ts'
import type { AccountId, MessageId } from '../../model/message.ts'
import type { Receipt } from '../../model/receipt.ts'
import type { RefForm } from '../../model/ref.ts'
import type { Logger } from 'pino'
import {
  RevisionConflict,
  StoreUnavailable,
  type CdrRow,
  type ConfigurationChange,
  type ConfigurationKind,
  type Revision,
  type Store,
} from '../store.ts'
import { createAccepting } from './accept.ts'
import { createCdrStream } from './cdrs.ts'
import { openClaims, readClaims } from './claims.ts'
import { groupCommit } from './commit.ts'
import { createChanges, type Changed, type Part } from './configuration.ts'
import { createDecisions } from './decisions.ts'
import { createEnding } from './ending.ts'
import { createFlusher, type Flusher } from './flush.ts'
import type { Inner } from './inner.ts'
import { openJournal } from './journal.ts'
import { createLanes, type LanesLimits } from './lanes.ts'
import { createLists } from './lists.ts'
import { makeDirectory } from './directory.ts'
import { lockDirectory } from './lock.ts'
import { createDepths } from './depths.ts'
import { createNames } from './names.ts'
import type { Op, QueueRow } from './ops.ts'
import { createOptOuts } from './optouts.ts'
import { createStickies } from './stickies.ts'
import { createParked } from './parked.ts'
import { createParts } from './parts.ts'
import type { Reads } from './reads.ts'
import { createReceiving } from './receive.ts'
import { createRecords } from './records.ts'
import { createRefs } from './refs.ts'
import { replay } from './replay.ts'
import { createSteps } from './steps.ts'
import type { Tables } from './tables.ts'
import { startThread, type Thread } from './threads.ts'
import { createTallies } from './tallies.ts'
import { createUsage } from './usage.ts'
import { createWork } from './work.ts'
import { whyOf } from '../../model/failure.ts'

export interface SqliteOptions {
  directory: string
  clock?: Clock
  log?: Pick<Logger, 'error' | 'warn' | 'info' | 'debug'>
  /** Parsed messages kept in memory; what is not yet in the tables comes on top. */
  cacheBytes?: number
  lanes?: Partial<LanesLimits>
  /** The tables may not grow beyond so many pages of 4 KB: for tests of a full disk. */
  maxPages?: number
}

interface Writer extends Tables {
  change(change: ConfigurationChange, at: number): Changed
  stage(number: number, part: Part): void
  changeStaged(number: number, change: ConfigurationChange, at: number): Changed
  limit(pages: number): unknown
}

/** Journal that the tables may lag behind before nothing more is accepted. */
const mostBehindBytes = 256 << 20
/** Queue rows read at once: a few milliseconds of the thread that reads. */
const refillRows = 250
/** Of the configuration, read together: a few milliseconds here and on the thread. */
const rowsAtOnce = 1000
const silent = { error() {}, warn() {}, info() {}, debug() {} }

/** Rejects when another process has the directory. */
export async function openSqlite(options: SqliteOptions): Promise<Store> {
  const { directory, clock = systemClock, log = silent } = options
  makeDirectory(directory)
  const lock = lockDirectory(directory)
  const path = join(directory, 'signalbox.db')
  let broken: string | undefined
  const died = (error: Error): void => {
    broken = error.message
    log.error({ err: error }, 'a thread of the store died: nothing more is accepted until a restart')
  }
  const pages = options.maxPages === undefined ? {} : { maxPages: options.maxPages }
  let writer: Thread<Writer> | undefined
  let reader: Thread<Reads> | undefined
  try {
    writer = await startThread<Writer>({ role: 'writer', path, cacheKb: 65_536, ...pages }, died)
    reader = await startThread<Reads>({ role: 'reader', path, cacheKb: 16_384 }, died)
    return await compose(writer, reader)
  } catch (error) {
    await writer?.close().catch(() => {})
    await reader?.close().catch(() => {})
    lock.release()
    throw error
  }

  async function compose(tables: Thread<Writer>, reads: Thread<Reads>): Promise<Store> {
    const known = new Map((await reads.start()).facts)
    const applied = known.get('journal') ?? 0
    const last = await replay(directory, applied, (file) => tables.apply(file, false), log)
    const start = await reads.start()
    const facts = new Map(start.facts)
    const journal = await openJournal(directory, last + 1, (error) =>
      log.warn({ err: error }, 'no journal file could be made; tried again'),
    )
    const left = new Map(await reads.stillWait([...readClaims(directory)]))
    const claims = openClaims(directory, left)
    const refs = createRefs()
    const hooked = new Map(start.hooks)
    let newest = newestOf(facts.get('newest') ?? 0, start.newest)
    let closed = false
    let unwritable: string | undefined

    // A disk that is full for an hour is tried all the time.
    const failing = occasional(clock, (fields, message) => log.error(fields, message), 60_000)
    const commit = groupCommit(journal, clock, {
      written(op) {
        flusher.written(op)
        if (op.kind !== 'message') return
        if (op.puts) for (const put of op.puts) depths.deepen(put, 1)
        if (op.deletes) for (const key of op.deletes) depths.deepen(key, -1)
      },
      between: () => flusher.between(),
      failed(error) {
        unwritable = error.message
        log.error({ err: error }, 'the journal cannot be written: nothing is accepted until it can')
      },
      recovered() {
        unwritable = undefined
        log.info('the journal can be written again')
      },
    })
    const flusher: Flusher = createFlusher({
      journal,
      apply: (file) => tables.apply(file, true),
      idle: () => commit.idle,
      flushed() {
        accepting.flushed(flusher.flushed)
        records.evict()
      },
      failed: (error) => failing('tables', 'the tables could not be written; tried again', () => ({ err: error })),
    })
    const names = createNames(start.names, commit)
    const decisions = createDecisions(names)
    const records = createRecords({
      maxBytes: options.cacheBytes ?? 64 << 20,
      flushed: () => flusher.flushed,
      rows: (orders) => reads.load(orders),
      decisions,
      evicted: refs.evicted,
    })
    const cdrs = createCdrStream({ written: facts.get('cdrWritten') ?? 0, last: facts.get('cdrLast') ?? 0 })
    const file = (): number => journal.file
    const steps = createSteps({
      commit,
      names,
      decisions,
      refs,
      lastItem: facts.get('lastItem') ?? 0,
      lastSequence: facts.get('cdrLast') ?? 0,
      ended: cdrs.ended,
      file,
      release: records.release,
    })
    let weights: ReadonlyMap<AccountId, number> = new Map()
    let held: ReadonlySet<AccountId> = new Set()
    const ready = new Set<number>()
    let listener: (lane: string) => void = () => {}
    const lanes = createLanes({
      clock,
      ready(lane) {
        if (ready.size === 0) setImmediate(tell)
        ready.add(lane)
      },
      weight: (account) => Math.max(weights.get(names.text(account)) ?? 1, 1e-6),
      isHeld: (account) => held.size > 0 && held.has(names.text(account)),
      async refill(line, dueBy, limit) {
        await flusher.flush()
        const rows: QueueRow[] = []
        let [due, item] = [line.upToDue, line.upToItem]
        // In pieces, so that a list that somebody waits for is read in between.
        for (;;) {
          const most = Math.min(refillRows, limit - rows.length)
          const some = await reads.refill(line.lane, line.account, line.kp, due, item, dueBy, most)
          rows.push(...some)
          const end = some.at(-1)
          if (!end || some.length < most || end[3] > dueBy || rows.length >= limit) return rows
          ;[due, item] = [end[3], end[4] + 1]
        }
      },
      failed: (error) => failing('lane', 'a lane could not be read on; tried again', () => ({ err: error })),
      ...(options.lanes ? { limits: options.lanes } : {}),
    })
    function tell(): void {
      const lanesReady = [...ready]
      ready.clear()
      if (!closed) for (const lane of lanesReady) listener(names.text(lane))
    }

    for (const [bind, form, times] of start.forms) refs.seen(bind, form as RefForm, times)
    for (const [id, bind, receipt, at] of start.early) refs.park({ id, bind, receipt: JSON.parse(receipt) as Receipt, at })
    const parts = createParts(
      start.parts.map(([key, index, total, at, data, called]) => ({ key, index, total, at, data, ...(called === null ? {} : { called }) })),
      commit,
    )
    const inner: Inner = {
      clock, names, decisions, commit, records, refs, steps, lanes, claims, cdrs, flusher, reader: reads, file,
      interrupted: left,
      check() {
        if (closed) throw new StoreUnavailable('it is closed')
        if (broken !== undefined) throw new StoreUnavailable(broken)
      },
    } // prettier-ignore
    const optOuts = createOptOuts(inner, start.optOuts)
    const stickies = createStickies(inner, start.stickies)
    const today = dayOf(clock.now())
    const tallies = createTallies(inner, await reads.used(monthStart(today), today))
    const depths = createDepths(start.depths, tallies.wait)
    const accepting = createAccepting(inner, parts, optOuts, stickies, tallies, (id) => {
      if (newest === undefined || id > newest) newest = id
    })
    const work = createWork(inner)
    const changedBy = createChanges(tables, clock)
    const lists = createLists(inner)
    lanes.heads(await reads.heads())

    /** Writes an operation that always is, sooner or later. */
    function written(op: Op): Promise<void> {
      inner.check()
      return new Promise((resolve) => commit.add(op, { done: () => resolve() }))
    }

    /** Resolves when all that is acknowledged now is in the tables. */
    async function inTables(): Promise<void> {
      await commit.drain()
      await flusher.flush()
    }

    return {
      durability: 'fsync',
      get newest() {
        return newest
      },
      get trouble() {
        if (broken !== undefined) return { why: broken, forGood: true }
        return unwritable === undefined ? undefined : { why: unwritable, forGood: false }
      },
      accept(message) {
        if (flusher.behindBytes > mostBehindBytes) return Promise.reject(new StoreUnavailable('the tables lag behind'))
        try {
          return accepting.accept(message)
        } catch (error) {
          return Promise.reject(error)
        }
      },
      claim: work.claim,
      settle: work.settle,
      onReady(next) {
        listener = next
      },
      onEnded: cdrs.onEnded,
      weigh(next) {
        weights = next
      },
      hold(next) {
        held = next
        lanes.resume()
      },
      receipt: createReceiving(inner, facts.get('lastEarly') ?? 0),
      ...createEnding(inner),
      depths: () => Promise.resolve(depths.list(names.text)),
      ...lists,
      part(part) {
        inner.check()
        return parts.add(part)
      },
      staleParts: (before, max) => Promise.resolve(parts.stale(before, max)),
      dropParts: (key) => parts.drop(key),
      heldParts: parts.held,
      heldAs: parts.heldAs,

      async cdrs(max) {
        const rows = cdrs.read(max)
        if (rows) return rows
        await flusher.flush()
        return (await reads.cdrs(cdrs.written, max)).map(cdrRow)
      },
      async cdrsWritten(upTo, those) {
        const rows = those.map(({ account, sequence, json }): [number, number, string] => [names.of(account), sequence, json.toString()])
        await written({ kind: 'written', upTo, hooked: rows })
        cdrs.wrote(upTo)
        for (const [account, sequence] of rows) hooked.set(account, Math.max(sequence, hooked.get(account) ?? 0))
      },
      async cdrHooks(account, max) {
        const id = names.find(account)
        if (id === undefined || !hooked.has(id)) return []
        await flusher.flush()
        return (await reads.hooks(id, max)).map(cdrRow)
      },
      async cdrHookDone(account, upTo) {
        const id = names.of(account)
        await written({ kind: 'hookDone', account: id, upTo })
        if ((hooked.get(id) ?? 0) <= upTo) hooked.delete(id)
      },
      cdrHookAccounts: () => Promise.resolve([...hooked.keys()].map((id) => names.text(id))),

      optOuts,
      submitted: tallies,
      stickies,

      async statistics({ binds, from, to, totals }) {
        await inTables()
        const of = binds?.flatMap((bind) => names.find(bind) ?? [])
        const rows = await (totals ? reads.totals(from, to, of) : reads.counts(from, to, of))
        return rows.map(([bind, minute, name, count]) => ({ bind: names.text(bind), minute, name: name as CountName, count }))
      },
      usage: createUsage(reads, names, inTables),
      refForms: (bind) => Promise.resolve(refs.forms(names.find(bind) ?? 0)),
      ...createParked(refs, names),

      async configuration(after) {
        const { revision, rows } = await reads.configuration(after?.kind ?? '', after?.key ?? '', rowsAtOnce)
        const more = rows.length === rowsAtOnce
        return { revision, rows: rows.map(([kind, key, body]) => ({ kind: kind as ConfigurationKind, key, body })), more }
      },
      async change(change) {
        inner.check()
        const changed = await changedBy(change).catch((error: unknown) => {
          throw new StoreUnavailable(whyOf(error), error)
        })
        if ('revision' in changed) return changed.revision
        throw new RevisionConflict(
          `the configuration is at revision ${changed.conflict}, not ${change.expected}: read it again and repeat the change`,
        )
      },
      async revisions(limit, beforeRevision = Number.MAX_SAFE_INTEGER) {
        const rows = await reads.revisions(limit, beforeRevision)
        return rows.map(([revision, at, author, source, changes]): Revision => {
          return { revision, at, author, source, changes: JSON.parse(changes) as Revision['changes'] }
        })
      },

      async sweep(limits) {
        inner.check()
        await flusher.flush()
        const below = orderAt(limits.messagesBefore)
        records.evictBelow(below)
        for (const gone of refs.sweep(limits.earlyBefore)) commit.count(gone.bind, 'parkedLost')
        return await tables.sweep({
          messagesBelow: below,
          idempotencyBelow: orderAt(limits.idempotencyBefore),
          earlyBefore: limits.earlyBefore,
          statisticsBefore: limits.statisticsBefore,
        })
      },
      async close() {
        if (closed) return
        closed = true
        lanes.stop()
        if (commit.stuck === 0) await commit.drain()
        await flusher.flush().catch((error: unknown) => log.error({ err: error }, 'closed with part of the journal not yet in the tables'))
        flusher.stop()
        await journal.close()
        claims.close()
        await reads.close()
        await tables.close()
        lock.release()
      },
    }
  }
}

function cdrRow([sequence, json]: [number, string]): CdrRow {
  const { message, account } = JSON.parse(json) as Cdr
  return { sequence, message, account, json: Buffer.from(json) }
}

/** The newest id ever: of the last row, or, where that was removed since, one with an empty tail. */
function newestOf(order: number, last: [number, string] | undefined): MessageId | undefined {
  if (last && last[0] >= order) return orderHex(last[0]) + last[1]
  return order === 0 ? undefined : orderHex(order) + '0'.repeat(18)
}
