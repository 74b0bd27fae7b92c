// ESME → gateway → carrier → receipt → ESME, durable, with routing and receipts on: ESMEs, gateway and
// carrier are processes of their own. Beside it, in the same run, the bare codec and link over the same
// sockets. Besides: 500 clients that do nothing, and one in flood beside one at ease.
import { constants, setPriority } from 'node:os'
import { apply, ourNumber, setUp, startGatewayProcess, startSink, tearDown, type Setup } from './gateway.ts'
import type { EsmeJob, EsmeResult } from './esme.ts'
import { freePort, rounded, start, type Running } from './processes.ts'

export interface SmppOptions {
  messages: number
  windows: readonly number[]
  clients: readonly number[]
  /** Idle clients; 0: left out. */
  idle: number
  flood: boolean
  say(line: string): void
}

export interface SmppFigures {
  window: number
  clients: number
  messages: number
  messagesPerSecond: number
  gatewayCpuMicros: number
  respP50Ms: number
  respP99Ms: number
  endToEndP50Ms: number
  endToEndP99Ms: number
  maxRssMb: number
  lost: number
  duplicated: number
}

/** Of a client at ease; and how much of the time the gateway's main thread waited for a core. */
export interface FloodFigures {
  p50Ms: number
  p99Ms: number
  waitedPercent: number
}

export interface SmppReport {
  runs: SmppFigures[]
  bare: { window: number; messagesPerSecond: number; cpuMicros: number }
  idle?: { clients: number; megabytes: number; cpuPercent: number }
  flood?: { alone: FloodFigures; beside: FloodFigures }
}

const carrier = 'sink'
const warmUpMessages = 10_000
const password = 'benchpwd'

interface World {
  setup: Setup
  smppPort: number
  gateway: Running
}

export async function benchSmpp(options: SmppOptions): Promise<SmppReport> {
  const sink = await startSink(['--preset', carrier, '--seed', '1'])
  const smppPort = await freePort()
  const setup = await setUp({ SIGNALBOX_SMPP: `127.0.0.1:${smppPort}` })
  const gateway = await startGatewayProcess(setup)
  const world: World = { setup, smppPort, gateway }
  const most = Math.max(...options.clients, options.idle, 2)
  try {
    await apply(setup, document(sink.port, most))
    options.say(`warming up with ${warmUpMessages} messages …`)
    await run(world, { clients: 1, window: 100, messages: warmUpMessages, firstDestination: 50_000_000 })
    const report: SmppReport = { runs: [], bare: await bare(Math.max(...options.windows), options.messages) }
    if (options.idle > 0) report.idle = await idle(world, options.idle, options.say)
    for (const clients of options.clients) {
      for (const window of options.windows) {
        options.say(`${options.messages} messages, ${clients} client${clients === 1 ? '' : 's'}, window ${window} …`)
        report.runs.push(await measured(world, options.messages, clients, window))
      }
    }
    if (options.flood) report.flood = await flood(world, options.say)
    return report
  } finally {
    await gateway.stop()
    await tearDown(setup)
    await sink.stop()
  }
}

interface Esmes {
  pid: number
  go(): void
  result: Promise<EsmeResult>
  stop(): Promise<void>
}

async function begin(job: EsmeJob): Promise<Esmes> {
  const esme = await start('test/bench/esme.js', [JSON.stringify(job)], { until: /^ready$/ })
  const result = esme.exited.then((code) => {
    if (code !== 0) throw new Error(`the ESMEs ended with ${code}\n${esme.errors.join('')}`)
    return JSON.parse(esme.lines.at(-1) ?? '') as EsmeResult
  })
  return { pid: esme.pid, go: () => void esme.child.stdin?.write('go\n'), result, stop: () => esme.stop() }
}

type Part = Pick<EsmeJob, 'clients' | 'window' | 'messages' | 'firstDestination'> & Partial<EsmeJob>

async function run({ smppPort }: Pick<World, 'smppPort'>, part: Part): Promise<EsmeResult> {
  const esme = await begin({ port: smppPort, systemId: 'esme', password, perSecond: 0, ...part })
  esme.go()
  const result = await esme.result
  if (result.refused > 0) throw new Error(`${result.refused} of ${part.messages} were refused`)
  return result
}

async function measured(world: World, messages: number, clients: number, window: number): Promise<SmppFigures> {
  const esme = await begin({
    port: world.smppPort,
    systemId: 'esme',
    password,
    perSecond: 0,
    clients,
    window,
    messages,
    firstDestination: 0,
  })
  const before = world.gateway.cpuMicros()
  esme.go()
  const result = await esme.result
  return {
    window,
    clients,
    messages,
    messagesPerSecond: Math.round(result.receipts / result.seconds),
    gatewayCpuMicros: rounded((world.gateway.cpuMicros() - before) / messages),
    respP50Ms: result.p50,
    respP99Ms: result.p99,
    endToEndP50Ms: result.endToEndP50,
    endToEndP99Ms: result.endToEndP99,
    maxRssMb: world.gateway.maxRssMb(),
    lost: messages - result.receipts,
    duplicated: result.duplicates,
  }
}

/** The same ESMEs against an end that only reads, answers and sends receipts: what codec and link alone cost it. */
async function bare(window: number, messages: number): Promise<SmppReport['bare']> {
  const echo = await start('test/bench/esme.js', ['echo'])
  const { port } = JSON.parse(echo.first) as { port: number }
  try {
    await run({ smppPort: port }, { clients: 1, window, messages: warmUpMessages, firstDestination: 0 })
    const before = echo.cpuMicros()
    const result = await run({ smppPort: port }, { clients: 1, window, messages: messages * 4, firstDestination: 0 })
    return {
      window,
      messagesPerSecond: Math.round(result.receipts / result.seconds),
      cpuMicros: rounded((echo.cpuMicros() - before) / (messages * 4)),
    }
  } finally {
    await echo.stop()
  }
}

/**
 * A client that sends 200 a second: alone, and beside one that sends as much as its window of 1000 lets it. That
 * one has the lowest priority for the cores: what is measured is what it does to the gateway, not what the
 * generator of so much load does to a machine.
 */
async function flood(world: World, say: (line: string) => void): Promise<NonNullable<SmppReport['flood']>> {
  const calm: EsmeJob = {
    port: world.smppPort,
    systemId: 'esme',
    password,
    clients: 1,
    window: 10,
    messages: 2000,
    perSecond: 200,
    firstDestination: 60_000_000,
  }
  say('one client at ease …')
  const alone = await figures(world, await begin(calm))
  say('the same beside one in flood …')
  const wild = await begin({ ...calm, systemId: 'flood', window: 1000, messages: 10_000_000, perSecond: 0, firstDestination: 70_000_000 })
  setPriority(wild.pid, constants.priority.PRIORITY_LOW)
  wild.result.catch(() => {})
  wild.go()
  const next = await begin({ ...calm, firstDestination: 61_000_000 })
  await new Promise((resolve) => setTimeout(resolve, 2000))
  const beside = await figures(world, next)
  await wild.stop()
  return { alone, beside }
}

async function figures({ gateway }: World, esme: Esmes): Promise<FloodFigures> {
  const [at, before] = [performance.now(), gateway.waitedMicros()]
  esme.go()
  const { p50, p99 } = await esme.result
  const waitedPercent = (gateway.waitedMicros() - before) / 10 / (performance.now() - at)
  return { p50Ms: p50, p99Ms: p99, waitedPercent: rounded(waitedPercent) }
}

async function idle(world: World, clients: number, say: (line: string) => void): Promise<NonNullable<SmppReport['idle']>> {
  say(`${clients} clients that do nothing …`)
  const restMs = 10_000
  const before = world.gateway.rssMb()
  const esme = await begin({
    port: world.smppPort,
    systemId: 'esme',
    password,
    clients,
    window: 0,
    messages: 0,
    perSecond: 0,
    firstDestination: 0,
  })
  await new Promise((resolve) => setTimeout(resolve, 2000))
  const cpu = world.gateway.cpuMicros()
  await new Promise((resolve) => setTimeout(resolve, restMs))
  const used = world.gateway.cpuMicros() - cpu
  const megabytes = world.gateway.rssMb() - before
  await esme.stop()
  esme.result.catch(() => {})
  return { clients, megabytes, cpuPercent: rounded(used / 10 / restMs) }
}

function document(sinkPort: number, clients: number): string {
  const bind = (name: string): string => `
      - id: ${name}
        connector: smpp
        side: client
        policy: { window: 1000 }
        config: { systemId: ${name}, password: ${password} }`
  return `
accounts:
  - id: root
    binds:
      - id: carrier
        connector: smpp
        policy: { window: 1000 }
        config: { host: 127.0.0.1, port: ${sinkPort}, systemId: ${carrier}, password: secret }${Array.from({ length: clients }, (_, n) => bind(`esme${n}`)).join('')}${bind('flood0')}
    numbers:
      - number: "${ourNumber}"
    routes:
      - id: default
        prefix: ""
        to: [carrier]
`
}
