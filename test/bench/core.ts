// What a message costs in the flow and the store, without sockets: `npm run bench -- core [--rounds N]`.
// Short rounds of a whole life each (accept, decide, deliver, receipt, report, CDR), 100 under way at
// a time; the least of them says what the code costs, whatever else the machine does meanwhile.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { PerformanceObserver } from 'node:perf_hooks'
import pino from 'pino'
import { createSupervisor, type Supervisor } from '../../src/binds/supervisor.ts'
import { systemClock } from '../../src/clock.ts'
import { startFlow, type Flow } from '../../src/flow/flow.ts'
import { international } from '../../src/model/address.ts'
import type { Account } from '../../src/model/account.ts'
import type { Bind } from '../../src/model/bind.ts'
import type { Configuration } from '../../src/model/configuration.ts'
import { defaultClientPolicy, defaultPolicy } from '../../src/model/policy.ts'
import type { Connector, Gateway, Outcome, Receipt, Session } from '../../src/plugin.ts'
import { openSqlite } from '../../src/store/sqlite/index.ts'
import { coreOf } from '../core.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    messages: { type: 'string', default: '4000' },
    window: { type: 'string', default: '100' },
  },
})
const [rounds, messages, window] = [Number(values.rounds), Number(values.messages), Number(values.window)]
const log = pino({ level: 'error' })
const account = 'AC00000000000000000000000000000001'

const connector: Connector = { name: 'bench', config: {}, can: { text: 'segments', mms: false, receipts: true } }

function bindOf(id: string, side: Bind['side']): Bind {
  const policy = side === 'client' ? defaultClientPolicy : { ...defaultPolicy, window: 1000, adaptiveRate: false }
  const of = { id: `${account}/${id}`, account, side, connector: 'bench', enabled: true, paused: false, policy, config: {} }
  return { ...of, name: id, createdAt: 0, updatedAt: 0 }
}

const app = bindOf('app', 'client')
const carrier = bindOf('carrier', 'supplier')
const owner: Account = {
  id: account, name: 'bench', status: 'active', createdAt: 0, updatedAt: 0, token: '', inheritRoutes: true, weight: 1, concurrency: 0, privateWebhooks: false,
} // prettier-ignore
const configuration: Configuration = {
  revision: 1,
  accounts: new Map([[account, owner]]),
  binds: new Map([app, carrier].map((bind) => [bind.id, bind])),
  routes: new Map([
    [
      account,
      [{ id: 'all', account, name: 'all', enabled: true, when: { prefix: '' }, to: [{ bind: carrier.id }], failoverOnReceipt: false }],
    ],
  ]),
  numbers: new Map(),
  resources: new Map(),
}

/** ns on a processor, of the main thread. */
function mainNs(): number {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0])
}

let collected = 0
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) collected += entry.duration
}).observe({ entryTypes: ['gc'] })

const directory = mkdtempSync(join(tmpdir(), 'signalbox-bench-'))
const store = await openSqlite({ directory, log })
const binds: Supervisor = createSupervisor({
  connectors: new Map([['bench', connector]]),
  gateway: (bind) => flow.gateway(bind),
  clock: systemClock,
  log,
  onChange: (id) => flow?.wake(id),
})
const core = coreOf({ store, binds, configuration, log })
const flow: Flow = await startFlow(core, {
  cdr: { directory: join(directory, 'cdr'), keepDays: 1 },
  retention: { messageDays: 30 },
})
binds.apply(configuration)
const [ours, theirs]: [Gateway, Gateway] = [flow.gateway(app), flow.gateway(carrier)]
const never = new Promise<string>(() => {})
const taken: Outcome = { ok: true, refs: [], wire: ['deliver_sm 1', 'deliver_sm_resp 1 ESME_ROK'] }
let ref = Date.now() * 1000
let ended = 0
let finished = (): void => {}
let pending: (() => void)[] = []
/** What a peer answers comes in batches, as from a socket. */
function later(what: () => void): void {
  if (pending.push(what) > 1) return
  setTimeout(() => {
    const now = pending
    pending = []
    for (const each of now) each()
  }, 2)
}
function delivered(id: string): Receipt {
  return { ref: id, state: 'delivered', final: true, doneAt: Date.now(), error: '000', wire: `deliver_sm 9 ${id} DELIVRD` }
}

const up: Session = {
  send() {
    const id = String(ref++)
    return new Promise((resolve) =>
      later(() => {
        resolve({ ok: true, refs: [id], wire: ['submit_sm 7 to +447700900123', `submit_sm_resp 7 ESME_ROK ${id}`] })
        later(() => void theirs.receipt(delivered(id)))
      }),
    )
  },
  closed: never,
  close: async () => {},
}
const down: Session = {
  report: () =>
    new Promise((resolve) =>
      later(() => {
        resolve(taken)
        ended++
        finished()
      }),
    ),
  closed: never,
  close: async () => {},
}
theirs.attach(up)
ours.attach(down)
const from = international('+15005550006')
const text = "Your table for two is booked for eight o'clock; answer NO if it is not needed."
let number = 0

async function round(): Promise<{ main: number; all: number; gc: number }> {
  const [main, cpu, gc] = [mainNs(), process.cpuUsage(), collected]
  ended = 0
  let sent = 0
  await new Promise<void>((resolve) => {
    let open = 0
    finished = () => {
      if (ended === messages) resolve()
    }
    function fill(): void {
      while (open < window && sent < messages) {
        sent++
        open++
        const to = international(`+4477${String(number++ % 1e8).padStart(8, '0')}`)
        void ours.accept({ from, to, body: { kind: 'text', text }, priority: 1, receipt: 'both' }).then(() => {
          open--
          if (open === window >> 1) later(fill)
        })
      }
    }
    fill()
  })
  const used = process.cpuUsage(cpu)
  return {
    main: (mainNs() - main) / 1000 / messages,
    all: (used.user + used.system) / messages,
    gc: ((collected - gc) * 1000) / messages,
  }
}

try {
  for (let i = 0; i < 3; i++) await round()
  const all: Awaited<ReturnType<typeof round>>[] = []
  for (let i = 0; i < rounds; i++) all.push(await round())
  const by = (key: keyof (typeof all)[0]) => {
    const sorted = all.map((one) => one[key]).toSorted((a, b) => a - b)
    return `least ${sorted[0]!.toFixed(1)}, median ${sorted[sorted.length >> 1]!.toFixed(1)}`
  }
  console.log(`${rounds} rounds of ${messages} messages, CPU µs a message:`)
  console.log(`  main thread   ${by('main')}`)
  console.log(`  all threads   ${by('all')}`)
  console.log(`  collecting    ${by('gc')} (of the main thread)`)
} finally {
  await flow.stop(1000)
  await store.close()
  rmSync(directory, { recursive: true, force: true })
}
