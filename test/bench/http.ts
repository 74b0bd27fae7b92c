// HTTP → store → SMPP → receipt → webhook: load generator, gateway, carrier and webhook receiver are
// processes of their own; with `--peer kannel` the same load goes through Kannel in the same run.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { installCommand, peer } from '../peers/found.ts'
import { startKannel } from '../peers/kannel.ts'
import {
  accountNumber,
  accountSid,
  accountToken,
  apply,
  ourNumber,
  setUp,
  sid,
  startGatewayProcess,
  startReceiver,
  startSink,
  tearDown,
  token,
} from './gateway.ts'
import { cpuMicrosOf, freePort, rounded, start, type Running } from './processes.ts'
import { costsByRoom, toldCosts } from './profile.ts'

export interface HttpOptions {
  messages: number
  concurrency: number
  /** 0 = as fast as it goes. */
  rate: number
  peer?: 'kannel'
  window: number
  /** Sub-accounts that send in turn, each from a number of its own; 0: the root account alone. */
  accounts: number
  /** Of the root account, each for a prefix of its own; 0: one for all. */
  routes: number
  /** Profiles the gateway, which makes it slower: what it costs by rooms is in `profile`. */
  profile: boolean
  say(line: string): void
}

export interface Figures {
  messages: number
  messagesPerSecond: number
  cpuMicros: number
  /** Of load generator, carrier and webhook receiver together, a message. */
  loadCpuMicros: number
  acceptP50Ms: number
  acceptP99Ms: number
  endToEndP50Ms: number
  endToEndP99Ms: number
  maxRssMb: number
  /** Resident memory at each tenth of the time. */
  rssMb: number[]
  lost: number
  duplicated: number
  profile?: string[]
}

interface Counts {
  calls: number
  delivered: number
  duplicates: number
  p50: number
  p99: number
}

interface LoadResult {
  answered: number
  refused: number
  firstRefusal: string
  seconds: number
  p50: number
  p99: number
  startedAt: number
  cpuMicros: number
}

type Peer = Running & { port: number }

/** Answers at once, receipts after 20 ms. */
const carrier = 'sink'
/** Both sides get as many before anything is measured. */
const warmUpMessages = 10_000

export async function benchHttp(options: HttpOptions): Promise<{ ours: Figures; peer?: Figures & { name: string } }> {
  if (options.peer === 'kannel') bringKannel(options.say)
  const receiver = await startReceiver()
  const sink = await startSink(['--preset', carrier, '--seed', '1'])
  try {
    const ours = await measureOurs(options, receiver, sink)
    if (options.peer !== 'kannel') return { ours }
    options.say('the same load through Kannel …')
    const kannel = await measureKannel(options, receiver, sink)
    return { ours, peer: { name: 'kannel', ...kannel } }
  } finally {
    await Promise.all([receiver.stop(), sink.stop()])
  }
}

async function measureOurs(options: HttpOptions, receiver: Peer, sink: Peer): Promise<Figures> {
  const setup = await setUp()
  const profiles = join(setup.data, 'profiles')
  const gateway = await startGatewayProcess(setup, options.profile ? ['--cpu-prof', `--cpu-prof-dir=${profiles}`] : [])
  try {
    if (options.accounts > 0 || options.routes > 0) options.say(`${options.accounts} accounts, ${options.routes} routes …`)
    await apply(setup, benchDocument(sink.port, options.window, carrier, options))
    options.say(`warming up with ${warmUpMessages} messages …`)
    const job = {
      kind: 'signalbox' as const,
      port: setup.httpPort,
      concurrency: options.concurrency,
      callback: `http://127.0.0.1:${receiver.port}/status`,
      accounts: options.accounts,
    }
    await pushAndWait({ ...job, messages: warmUpMessages, perSecond: 0, firstDestination: 50_000_000 }, receiver)
    options.say(`${options.messages} messages …`)
    const beganAt = Date.now()
    const figures = await measured(
      { ...job, messages: options.messages, perSecond: options.rate, firstDestination: 0 },
      receiver,
      sink,
      [gateway.pid],
      gateway,
    )
    if (!options.profile) return figures
    const lastMs = Date.now() - beganAt
    await gateway.stop()
    return { ...figures, profile: toldCosts(costsByRoom(profiles, lastMs), options.messages) }
  } finally {
    await gateway.stop()
    await tearDown(setup)
  }
}

/** Debian's package, brought when it is not here and we may. */
function bringKannel(say: (line: string) => void): void {
  if (peer('kannel') !== undefined) return
  const command = installCommand(['kannel'])
  say(`installing Kannel: ${command}`)
  const ran = spawnSync('sh', ['-c', command], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  if (ran.status !== 0) throw new Error(`Kannel could not be installed. As root: ${command}`)
}

async function measureKannel(options: HttpOptions, receiver: Peer, sink: Peer): Promise<Figures> {
  const setup = await setUp()
  const sendsmsPort = await freePort()
  const kannel = await startKannel({
    sinkPort: sink.port,
    systemId: carrier,
    sendsmsPort,
    store: 'file',
    workDir: setup.data,
    window: options.window,
  })
  try {
    const job = {
      kind: 'kannel' as const,
      port: sendsmsPort,
      concurrency: options.concurrency,
      callback: `http://127.0.0.1:${receiver.port}/status`,
    }
    await pushAndWait({ ...job, messages: warmUpMessages, perSecond: 0, firstDestination: 50_000_000 }, receiver)
    return await measured({ ...job, messages: options.messages, perSecond: options.rate, firstDestination: 0 }, receiver, sink, kannel.pids)
  } finally {
    await kannel.stop()
    await tearDown(setup)
  }
}

function tenths(samples: readonly number[]): number[] {
  return Array.from({ length: 10 }, (_, n) => samples[Math.floor((samples.length * (n + 1)) / 10) - 1] ?? 0)
}

type Job = {
  kind: 'signalbox' | 'kannel'
  port: number
  concurrency: number
  callback: string
  accounts?: number
  messages: number
  perSecond: number
  firstDestination: number
}

async function measured(job: Job, receiver: Peer, sink: Peer, pids: number[], gateway?: Running): Promise<Figures> {
  const memory: number[] = []
  const sampling = gateway && setInterval(() => memory.push(gateway.rssMb()), 1000)
  const cpu = (): number => pids.reduce((sum, pid) => sum + cpuMicrosOf(pid), 0)
  const peers = (): number => receiver.cpuMicros() + sink.cpuMicros()
  const before = cpu()
  const peersBefore = peers()
  const { load, counts, seconds } = await pushAndWait(job, receiver)
  clearInterval(sampling)
  return {
    messages: job.messages,
    messagesPerSecond: Math.round(counts.delivered / seconds),
    cpuMicros: rounded((cpu() - before) / job.messages),
    loadCpuMicros: rounded((load.cpuMicros + peers() - peersBefore) / job.messages),
    acceptP50Ms: load.p50,
    acceptP99Ms: load.p99,
    endToEndP50Ms: counts.p50,
    endToEndP99Ms: counts.p99,
    maxRssMb: gateway?.maxRssMb() ?? 0,
    rssMb: tenths(memory),
    lost: job.messages - counts.delivered,
    duplicated: counts.duplicates,
  }
}

/** Seconds run from the first request until the last `delivered` callback. */
async function pushAndWait(job: Job, receiver: { port: number }): Promise<{ load: LoadResult; counts: Counts; seconds: number }> {
  await fetch(`http://127.0.0.1:${receiver.port}/reset`, { method: 'PUT' })
  const generator = await start('test/bench/load.js', [JSON.stringify({ ...job, sid, token })], { until: /^ready$/ })
  const code = await generator.exited
  if (code !== 0) throw new Error(`the load generator ended with ${code}`)
  const load = JSON.parse(generator.lines.at(-1) ?? '') as LoadResult
  if (load.refused > 0) throw new Error(`${load.refused} of ${job.messages} were refused: ${load.firstRefusal}`)
  let counts: Counts
  let last = 0
  let quietSince = Date.now()
  let finishedAt = Date.now()
  for (;;) {
    counts = (await (await fetch(`http://127.0.0.1:${receiver.port}/counts`)).json()) as Counts
    if (counts.delivered !== last) {
      last = counts.delivered
      quietSince = finishedAt = Date.now()
    }
    if (counts.delivered >= job.messages || Date.now() - quietSince > 15_000) break
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return { load, counts, seconds: Math.max(0.001, (finishedAt - load.startedAt) / 1000) }
}

export function benchDocument(
  sinkPort: number,
  window: number,
  systemId: string,
  large: { accounts?: number; routes?: number } = {},
): string {
  const { accounts = 0, routes = 0 } = large
  const shown = Array.from(
    { length: routes },
    (_, n) => `      - { id: r${n}, prefix: "+4479${String(n).padStart(4, '0')}", to: [carrier] }\n`,
  )
  const below = Array.from(
    { length: accounts },
    (_, n) =>
      `      - { id: ${accountSid(n)}, name: tenant ${n}, token: ${accountToken(n)}, privateWebhooks: true, numbers: [{ number: "${accountNumber(n)}" }] }\n`,
  )
  return `
accounts:
  - id: root
    privateWebhooks: true
    binds:
      - id: carrier
        connector: smpp
        policy: { window: ${window} }
        config: { host: 127.0.0.1, port: ${sinkPort}, systemId: ${systemId}, password: secret }
    numbers:
      - number: "${ourNumber}"
    routes:
      - id: default
        prefix: ""
        to: [carrier]
${shown.join('')}${accounts > 0 ? `    accounts:\n${below.join('')}` : ''}`
}
