// Restart and lists with a million messages, all of them queued, written straight into the tables.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { openSqlite } from '../../src/store/sqlite/index.ts'
import type { ListQuery, Store } from '../../src/store/store.ts'
import { account, carrier, messageSource } from '../contract/fixture.ts'

const count = 1_000_000
const second = 'AC00000000000000000000000000000002'

/** One real message accepted, then its row multiplied with other ids and addresses. */
async function fill(directory: string): Promise<void> {
  const store = await openSqlite({ directory })
  const source = messageSource(() => Date.now() - 86_400_000)
  await store.accept(source.message())
  await store.accept(source.message({ account: second }))
  await store.close()
  const db = new Database(join(directory, 'signalbox.db'))
  db.pragma('synchronous = OFF')
  const [one, two] = db.prepare('SELECT * FROM message ORDER BY id').raw().all() as (string | number | null)[][]
  const queued = db.prepare('SELECT * FROM queue ORDER BY item').raw().all() as (string | number | null)[][]
  const message = db.prepare('INSERT INTO message VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)')
  const queue = db.prepare('INSERT INTO queue VALUES (?,?,?,?,?,?,?,?)')
  for (let i = 1; i <= count;) {
    db.transaction(() => {
      for (const end = i + 10_000; i < end && i <= count; i++) {
        const of = i % 10 === 0 ? 1 : 0
        const row = [...(of ? two! : one!)]
        const id = Number(two![0]) + i * 300
        const to = `+4477${String((i * 7919) % 10 ** 6).padStart(8, '0')}`
        row[0] = id
        row[1] = String(i).padStart(18, '0')
        row[3] = to
        row[4] = `+1500555${String(i % 50).padStart(4, '0')}`
        // One in a hundred failed; the rest wait.
        const failed = i % 100 === 1
        row[5] = failed ? 6 : 1
        if (failed) row[6] = row[7] = null
        else row[7] = JSON.stringify([i + 10, queued[of]![0], id, 0, 0])
        for (const at of [9, 10] as const)
          row[at] = String(row[at])
            .replace(/"value":"\+44[0-9]+"/, `"value":"${to}"`)
            .replace('"value":"+15005550006"', `"value":"${row[4]}"`)
        row[10] = String(row[10]).replace(/"id":"[0-9a-f]{32}"/, `"id":"${id.toString(16).padStart(14, '0')}${row[1]}"`)
        if (failed) row[9] = String(row[9]).replace('"queued"', '"failed"')
        message.run(row)
        if (!failed)
          queue.run(
            queued[of]![0],
            queued[of]![1],
            queued[of]![2],
            Number(queued[of]![3]) - count + i,
            i + 10,
            id,
            JSON.stringify(to).slice(1, -1),
            null,
          )
      }
    })()
  }
  db.exec(`UPDATE fact SET value = ${count + 100} WHERE name = 'lastItem'; UPDATE depth SET deliver = ${count}`)
  db.close()
}

async function times(n: number, run: (i: number) => Promise<unknown>): Promise<string> {
  const took: number[] = []
  for (let i = 0; i < n; i++) {
    const start = performance.now()
    await run(i)
    took.push(performance.now() - start)
  }
  took.sort((a, b) => a - b)
  return `p50 ${took[Math.floor(n / 2)]!.toFixed(1)} ms, p99 ${took[Math.floor(n * 0.99)]!.toFixed(1)} ms`
}

export async function million(directory: string): Promise<void> {
  await fill(directory)
  const mb = statSync(join(directory, 'signalbox.db')).size / 2 ** 20
  const rss = process.memoryUsage().rss
  const start = performance.now()
  const store: Store = await openSqlite({ directory })
  const openedMs = performance.now() - start
  const runs = await store.claim(carrier, 100)
  console.log(
    `${count} messages, ${mb.toFixed(0)} MB: open ${openedMs.toFixed(0)} ms, first ${runs.length} runs claimed after ${(performance.now() - start).toFixed(0)} ms`,
  )
  const newest = (await store.list({ accounts: [account], limit: 1 })).records[0]!
  const { to, from, acceptedAt } = newest.message
  const queries: [string, Partial<ListQuery>][] = [
    ['newest 50', {}],
    ['newest 50 of two accounts', { accounts: [account, second] }],
    ['to', { to: to.value }],
    ['from', { from: from.value }],
    ['to and from', { to: to.value, from: from.value }],
    ['state failed', { state: 'failed' }],
    ['from, state failed', { state: 'failed', from: '+15005550001' }],
    ['direction mo (none)', { direction: 'mo' }],
    ['before a time', { before: acceptedAt }],
  ]
  for (const [name, query] of queries)
    console.log(`${name}: ${await times(200, () => store.list({ accounts: [account], limit: 50, ...query }))}`)
  let cursor: string | undefined
  console.log(
    `deep pages: ${await times(200, async () => {
      const page = await store.list({ accounts: [account], limit: 50, ...(cursor === undefined ? {} : { cursor }) })
      cursor = page.next
    })}`,
  )
  console.log(`resident memory +${((process.memoryUsage().rss - rss) / 2 ** 20).toFixed(0)} MB`)
  await store.close()
}
