// The embedded store keeps every store's promise, and some of its own.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { test, type TestContext } from 'node:test'
import { pino } from 'pino'
import { systemClock } from '../../clock.ts'
import { StoreUnavailable, type DeliverItem } from '../store.ts'
import { backup, carrier, delivery, failed, messageSource, receipt, sent } from '../../../test/contract/fixture.ts'
import { openForTest } from '../../../test/contract/sqlite.ts'
import { storeContract } from '../../../test/contract/store.ts'
import { linesOf } from '../../../test/journal.ts'
import { openSqlite } from './index.ts'
import { record } from './journal.ts'
import { createSlab, put } from './slab.ts'

storeContract('the SQLite store', openForTest, {
  victim: { module: new URL('../../../test/contract/sqlite.js', import.meta.url).href, export: 'openForTest' },
})

async function temporary(t: TestContext): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-sqlite-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

const until = async (holds: () => Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20))
}

test('a torn or foreign end of a journal file is ignored, what is before it is kept', () => {
  const written = (number: number, ...texts: string[]): Buffer => {
    const slab = createSlab()
    for (const line of texts) put(slab, `${line}\n`)
    return Buffer.from(record(number, slab))
  }
  const whole = Buffer.concat([written(2 ** 21 + 1, 'a', 'bé'), written(2 ** 21 + 2, 'c')])
  assert.deepEqual(linesOf(whole, 1), ['a', 'bé', 'c'])
  for (let cut = 0; cut < whole.length; cut++) {
    const found = linesOf(whole.subarray(0, cut), 1)
    assert.deepEqual(found, cut < written(2 ** 21 + 1, 'a', 'bé').length ? [] : ['a', 'bé'])
  }
  for (let at = 0; at < whole.length; at++) {
    const spoilt = Buffer.from(whole)
    spoilt[at]! ^= 1
    assert.ok(linesOf(spoilt, 1).length < 3, `byte ${at}`)
  }
  assert.deepEqual(linesOf(whole, 2), [], 'records of the file that this one was before')
  assert.deepEqual(linesOf(Buffer.concat([written(2 ** 22 + 1, 'new'), whole]), 2), ['new'])
})

test('tables that are full keep the journal, refuse nothing yet, and catch up when there is room', { timeout: 180_000 }, async (t) => {
  const directory = await temporary(t)
  const errors: unknown[] = []
  const log = { info() {}, debug() {}, warn() {}, error: (what: unknown) => errors.push(what) }
  const store = await openSqlite({ directory, log, maxPages: 100 })
  const source = messageSource(Date.now)
  const ids: string[] = []
  for (let i = 0; i < 400; i++) {
    const added = source.message()
    await store.accept(added)
    ids.push(added.message.id)
  }
  await assert.rejects(store.trace(ids[0]!), StoreUnavailable)
  assert.ok(errors.length > 0)
  assert.equal((await store.get(ids[0]!))?.life.state, 'queued')
  const [run] = await store.claim(carrier, 1)
  await store.settle(delivery(run!, run!.items[0] as DeliverItem, failed(run!.items[0] as DeliverItem, 1)))
  await store.close()
  const again = await openSqlite({ directory })
  for (const id of ids) assert.notEqual(await again.get(id), undefined)
  assert.equal((await again.trace(run!.items[0]!.message.id))?.life.state, 'failed')
  await again.close()
})

/** What is held once everything that is not is collected: how far the collector has come is up to what else the machine does. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}

test('a backlog of 50,000 is worked off, in bounded memory, with little in it at any time', { timeout: 180_000 }, async (t) => {
  const directory = await temporary(t)
  const limits = { line: 2000, low: 500, page: 1000 }
  const store = await openSqlite({ directory, cacheBytes: 1 << 20, lanes: limits })
  const source = messageSource(Date.now)
  for (let i = 0; i < 50; i++) await Promise.all(Array.from({ length: 1000 }, () => store.accept(source.message({ receipt: 'none' }))))
  await store.statistics({ from: 0, to: 1 })
  const before = heldBytes()
  const seen = new Set<string>()
  let wake: () => void = () => {}
  store.onReady(() => wake())
  while (seen.size < 50_000) {
    const ready = new Promise<void>((resolve) => (wake = resolve))
    const runs = await store.claim(carrier, 64)
    for (const run of runs) {
      for (const item of run.items as DeliverItem[]) {
        assert.ok(!seen.has(item.message.id), 'claimed twice')
        seen.add(item.message.id)
      }
    }
    await Promise.all(
      runs.map((run) =>
        Promise.all(run.items.map((item) => store.settle(delivery(run, item as DeliverItem, failed(item as DeliverItem, 1))))),
      ),
    )
    if (runs.length === 0) await ready
  }
  const more = heldBytes() - before
  assert.ok(more < 60 << 20, `${more} bytes more`)
  await store.close()
})

test('the attempt marks are in the file before the claim is answered, and the file stays small', async (t) => {
  const directory = await temporary(t)
  const store = await openSqlite({ directory })
  const source = messageSource(Date.now)
  await Promise.all(Array.from({ length: 100 }, () => store.accept(source.message({ receipt: 'none' }))))
  const runs = await store.claim(carrier, 100)
  const marks = readFileSync(join(directory, 'claims'), 'utf8')
  for (const run of runs) assert.match(marks, new RegExp(`\\+${run.items[0]!.id} `))
  for (const run of runs) await store.settle(delivery(run, run.items[0] as DeliverItem, failed(run.items[0] as DeliverItem, 1)))
  await store.close()
  await (await openSqlite({ directory })).close()
  assert.ok(statSync(join(directory, 'claims')).size < 200 * 100)
})

test('marks of what was settled are not kept from one process to the next', async (t) => {
  const directory = await temporary(t)
  const source = messageSource(Date.now)
  const texts: string[] = []
  for (let process = 0; process < 3; process++) {
    const store = await openSqlite({ directory })
    texts.push(readFileSync(join(directory, 'claims'), 'utf8'))
    const accepted = [source.message({ receipt: 'none' }), source.message({ receipt: 'none' })]
    for (const one of accepted) await store.accept(one)
    const runs = await store.claim(carrier, 3)
    const items = runs.flatMap((run) => run.items.map((item) => ({ run, item: item as DeliverItem })))
    const [first] = items
    await store.settle(delivery(first!.run, first!.item, failed(first!.item, 1)))
    await store.close()
  }
  const marks = texts.map((text) => text.split('\n').filter((line) => line !== '').length)
  assert.deepEqual(marks, [0, 1, 2], 'those of items that still wait')
})

test('a message that the tables have before its sender is told of it, and that is moved then, is one message', async (t) => {
  const directory = await temporary(t)
  const store = await openSqlite({ directory })
  const source = messageSource(Date.now)
  const slowly = {
    admit() {},
    refund() {},
    landed() {
      for (const end = performance.now() + 100; performance.now() < end;);
    },
  }
  const added = Array.from({ length: 24 }, () => ({ ...source.message(), limit: slowly }))
  const last = added.at(-1)!.message.id
  let isTold = false
  const accepted = Promise.all(added.map((one) => store.accept(one))).then(() => (isTold = true))
  let moved = 'absent'
  while (moved === 'absent' && !isTold) {
    store.overdue(0, 1).catch(() => {})
    moved = await store.move(last, ({ message, life }) => ({
      message: message.id,
      life,
      entries: [],
      requeue: { lane: backup, due: 1, attempt: 0, candidate: 0 },
      counts: [],
    }))
  }
  await accepted
  // On a machine where it was told first there is nothing to see.
  if (moved === 'moved') {
    const [run] = await store.claim(backup, 1)
    assert.equal(run?.items[0]?.message.id, last, 'it waits where it was moved to')
  }
  await store.close()
})

test('journal files are used again, not heaped up', { timeout: 180_000 }, async (t) => {
  const directory = await temporary(t)
  const store = await openSqlite({ directory })
  const source = messageSource(Date.now)
  for (let i = 0; i < 20; i++) {
    await store.accept(source.message())
    await store.statistics({ from: 0, to: 1 })
  }
  assert.ok(readdirSync(directory).filter((name) => name.startsWith('journal-')).length <= 5)
  await store.close()
})

test('a database that is damaged is told of in words, once', async (t) => {
  const directory = await temporary(t)
  await (await openSqlite({ directory })).close()
  writeFileSync(join(directory, 'signalbox.db'), 'x'.repeat(10_000))
  const told: unknown[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => void told.push(line) })
  await assert.rejects(openSqlite({ directory, log }), /signalbox\.db cannot be opened: file is not a database \(SQLITE_NOTADB\)/)
  assert.deepEqual(told, [])
})

test('a lock file that is damaged is named, and may be removed', async (t) => {
  const directory = await temporary(t)
  await (await openSqlite({ directory })).close()
  writeFileSync(join(directory, 'lock.db'), 'x'.repeat(1000))
  await assert.rejects(openSqlite({ directory }), /lock\.db is damaged: remove it/)
  rmSync(join(directory, 'lock.db'))
  await (await openSqlite({ directory })).close()
})

test('a database of a newer program is refused', async (t) => {
  const directory = await temporary(t)
  await (await openSqlite({ directory })).close()
  const { default: Database } = await import('better-sqlite3')
  const db = new Database(join(directory, 'signalbox.db'))
  db.pragma('user_version = 999')
  db.close()
  await assert.rejects(openSqlite({ directory }), /schema 999/)
  writeFileSync(join(directory, 'note'), 'the lock was given back')
  await assert.rejects(openSqlite({ directory }), /schema 999/)
})

test('a message is found by its receipt after it has left memory', { timeout: 180_000 }, async (t) => {
  const directory = await temporary(t)
  const store = await openSqlite({ directory, clock: systemClock, cacheBytes: 1 })
  const source = messageSource(Date.now)
  const added = source.message()
  await store.accept(added)
  const [run] = await store.claim(carrier, 1)
  await store.settle(delivery(run!, run!.items[0] as DeliverItem, sent(run!.items[0] as DeliverItem, ['0A1'], Date.now())))
  await store.statistics({ from: 0, to: 1 })
  await Promise.all(Array.from({ length: 50 }, () => store.accept(source.message())))
  await until(async () => (await store.list({ accounts: [added.message.account], limit: 100 })).records.length === 51)
  const results = await Promise.all([store.receipt(carrier, receipt('a1')), store.receipt(carrier, receipt('0A1'))])
  assert.deepEqual(results.map((result) => result.as).sort(), ['duplicate', 'matched'])
  await store.close()
})
