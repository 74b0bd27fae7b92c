// What a message costs in the store: `node store.js [--rate N] [--seconds N] [--million]`.
// Open loop: accept, claim, settle, receipt, two reports, CDR, with the refs, batch sizes and rates
// of real traffic. CPU is of all threads; the load's own share is measured without a store first.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { afterReceipt } from '../../src/model/transition.ts'
import { openSqlite } from '../../src/store/sqlite/index.ts'
import type { Run, Store } from '../../src/store/store.ts'
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

/** Items claimed and not settled, per lane. */
const window = 1000

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

  /** As the flow does: a window of items per lane, and a claim whenever there is room and something to do. */
  const lanes = new Map<string, { open: number; claiming: boolean; again: boolean }>()

  async function pump(id: string): Promise<void> {
    const lane = lanes.get(id) ?? { open: 0, claiming: false, again: false }
    lanes.set(id, lane)
    if (lane.claiming) {
      lane.again = true
      return
    }
    lane.claiming = true
    do {
      lane.again = false
      if (lane.open >= window) break
      const runs = await store.claim(id, Math.min(window - lane.open, 256))
      for (const run of runs) {
        lane.open += run.items.length
        void work(id, lane, run)
      }
      if (runs.length > 0) lane.again = true
    } while (lane.again)
    lane.claiming = false
  }

  async function work(id: string, lane: { open: number }, run: Run): Promise<void> {
    for (const item of run.items) {
      if (item.kind === 'report') {
        await store.settle(reported(run, item, Date.now()))
        if (item.report.state !== 'sent') {
          ends[ended++] = performance.now() - startedAt.get(item.message.id)!
          startedAt.delete(item.message.id)
          if (ended === total) finish()
        }
      } else {
        const peer = String(ref++)
        await store.settle(delivery(run, item, sent(item, [peer], Date.now())))
        setTimeout(() => void store.receipt(id, receipt(peer, 'delivered', { doneAt: Date.now(), error: '000' })), 5)
      }
      lane.open--
    }
    void pump(id)
  }
  store.onReady((lane) => void pump(lane))
  const cdrs = setInterval(() => {
    void store.cdrs(2000).then((rows) => (rows.length > 0 ? store.cdrsWritten(rows.at(-1)!.sequence, []) : undefined))
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
