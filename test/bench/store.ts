// What a message costs in the store: `node store.js [--rate N] [--seconds N] [--million]`.
// Open loop: accept, claim, settle, receipt, two reports, CDR, with the refs, batch sizes and rates
// of real traffic. CPU is of all threads; the load's own share is measured without a store first.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { afterReceipt } from '../../src/model/life.ts'
import { openSqlite } from '../../src/store/sqlite/index.ts'
import type { Store } from '../../src/store/store.ts'
import { carrier, messageSource, origin, receipt, reported, sent, delivery } from '../contract/fixture.ts'
import { million } from './million.ts'
import { nullStore } from './nullstore.ts'

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '5000' },
    seconds: { type: 'string', default: '5' },
    million: { type: 'boolean', default: false },
    directory: { type: 'string' },
  },
})

interface Result {
  perSecond: number
  micros: number
  p50: number
  p99: number
  endP50: number
  rssMb: number
}

async function life(store: Store, rate: number, seconds: number): Promise<Result> {
  const source = messageSource(Date.now, store.newest)
  const total = rate * seconds
  const accepts = new Float64Array(total)
  const ends = new Float64Array(total)
  let accepted = 0
  let ended = 0
  let ref = Date.now() * 1000
  let finish: () => void = () => {}
  const finished = new Promise<void>((resolve) => (finish = resolve))
  const startedAt = new Map<string, number>()

  async function work(lane: string): Promise<void> {
    const runs = await store.claim(lane, 256)
    if (runs.length > 0) setImmediate(() => void work(lane))
    for (const run of runs) {
      void (async () => {
        for (const item of run.items) {
          if (item.kind === 'report') {
            await store.settle(reported(run, item, Date.now()))
            if (item.report.state === 'sent') continue
            ends[ended++] = performance.now() - startedAt.get(item.message.id)!
            startedAt.delete(item.message.id)
            if (ended === total) finish()
          } else {
            const id = String(ref++)
            await store.settle(delivery(run, item, sent(item, [id], Date.now())))
            setTimeout(() => void store.receipt(lane, receipt(id, 'delivered', { doneAt: Date.now(), error: '000' })), 5)
          }
        }
      })()
    }
  }
  store.onReady((lane) => void work(lane))
  const cdrs = setInterval(async () => {
    const rows = await store.cdrs(2000)
    const last = rows.at(-1)
    if (last) await store.cdrsWritten(last.sequence, [])
  }, 250)

  const start = performance.now()
  const cpu = process.cpuUsage()
  await new Promise<void>((resolve) => {
    const tick = (): void => {
      const due = Math.min(total, Math.floor(((performance.now() - start) / 1000) * rate))
      while (accepted < due) {
        const n = accepted++
        const at = performance.now()
        const added = source.message({ to: `+4477${String(Math.floor(Math.random() * 1e8)).padStart(8, '0')}`, progress: true })
        startedAt.set(added.message.id, at)
        void store.accept(added).then(() => (accepts[n] = performance.now() - at))
      }
      if (accepted === total) resolve()
      else setTimeout(tick, 1)
    }
    tick()
  })
  await finished
  const used = process.cpuUsage(cpu)
  const tookMs = performance.now() - start
  clearInterval(cdrs)
  accepts.sort()
  ends.sort()
  return {
    perSecond: total / (tookMs / 1000),
    micros: (used.user + used.system) / total,
    p50: accepts[Math.floor(total * 0.5)]!,
    p99: accepts[Math.floor(total * 0.99)]!,
    endP50: ends[Math.floor(total * 0.5)]!,
    rssMb: process.memoryUsage().rss / 2 ** 20,
  }
}

const directory = values.directory ?? mkdtempSync(join(tmpdir(), 'signalbox-bench-'))
try {
  if (values.million) await million(directory)
  else {
    const [rate, seconds] = [Number(values.rate), Number(values.seconds)]
    await life(nullStore(afterReceipt), rate, 2)
    const own = await life(nullStore(afterReceipt), rate, seconds)
    const store = await openSqlite({ directory, log: { info() {}, debug() {}, warn: console.error, error: console.error } })
    await life(store, rate, 3)
    const all = await life(store, rate, seconds)
    await store.close()
    console.log(`offered ${rate}/s, did ${all.perSecond.toFixed(0)}/s on lanes ${carrier.slice(35)} and ${origin.slice(35)}`)
    console.log(
      `CPU of a whole message life: store ${(all.micros - own.micros).toFixed(1)} µs (with the load's own ${own.micros.toFixed(1)}: ${all.micros.toFixed(1)})`,
    )
    console.log(
      `durable accept p50 ${all.p50.toFixed(1)} ms, p99 ${all.p99.toFixed(1)} ms; accept to last report p50 ${all.endP50.toFixed(1)} ms; RSS ${all.rssMb.toFixed(0)} MB`,
    )
  }
} finally {
  if (!values.directory) rmSync(directory, { recursive: true, force: true })
}
