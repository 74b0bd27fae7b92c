// The whole bridge, durable, with routing and receipts on: sipp → gateway → SMPP carrier → receipt → sipp,
// and ESME → gateway → sipp → receipt → ESME, by UDP and TCP. All are processes of their own. sipp offers
// a rate; an ESME keeps a window of submits under way. CPU is that of all threads of the gateway.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EsmeJob, EsmeResult } from './esme.ts'
import { apply, setUp, startGatewayProcess, startSink, tearDown, type Setup } from './gateway.ts'
import { freePort, percentile, rounded, start, type Running } from './processes.ts'
import { type GotLine, isSippHere, readGot, readSent, retransmissionsOf, type Sipp, startSender, startTaker } from './sipp.ts'

type Transport = 'udp' | 'tcp'

export interface BridgeOptions {
  messages: number
  /** That sipp offers, a second. */
  rate: number
  transports: readonly Transport[]
  say(line: string): void
}

export interface BridgeFigures {
  way: 'SIP → SMPP' | 'SMPP → SIP'
  transport: Transport
  messages: number
  messagesPerSecond: number
  gatewayCpuMicros: number
  /** 202, or submit_sm_resp. */
  takenP50Ms: number
  takenP99Ms: number
  endToEndP50Ms: number
  endToEndP99Ms: number
  maxRssMb: number
  /** Requests that were repeated, by sipp or by the gateway. */
  retransmissions: number
  lost: number
  duplicated: number
}

export interface BridgeReport {
  runs: BridgeFigures[]
  skipped: string[]
}

interface World {
  setup: Setup
  gateway: Running
  /** Where sipp sends to; where it takes receipts, and messages as a carrier. */
  ports: { sip: number; smpp: number }
  takers: Record<'pbx' | 'carrier', Record<Transport, Sipp>>
}

const number = '15550001111'
const password = 'benchpwd'
const carrier = 'sink'
const warmUpMessages = 5000
const warmUpRate = 1000
const window = 100
/** What the destinations of sipp begin with, and of the ESME. Then comes a digit for the transport. */
const prefixes = { sipp: '4471', esme: '4479' } as const
const digits = { udp: 1, tcp: 2 } as const
const text = 'Your parcel 4711 has arrived at the station and waits for you until Tuesday, 18:00.'
const quietMs = 15_000

export async function benchBridge({ messages, rate, transports, say }: BridgeOptions): Promise<BridgeReport> {
  if (!isSippHere()) return { runs: [], skipped: ['sipp is not installed: apt-get install sip-tester'] }
  const sink = await startSink(['--preset', carrier, '--seed', '1'])
  const ports = { sip: await freePort(), smpp: await freePort() }
  const setup = await setUp({ SIGNALBOX_SMPP: `127.0.0.1:${ports.smpp}` })
  const profiles = join(setup.data, 'sip-profiles')
  await mkdir(profiles)
  await writeFile(join(profiles, 'external.yaml'), `listen: { udp: '127.0.0.1:${ports.sip}', tcp: '127.0.0.1:${ports.sip}' }\n`)
  setup.env['SIGNALBOX_SIP'] = profiles
  const taker = async (name: string, transport: Transport): Promise<[Sipp, number]> => {
    const port = await freePort()
    return [await startTaker({ directory: setup.data, name: `${name}-${transport}`, port, tcp: transport === 'tcp' }), port]
  }
  const both = async (name: string) => ({ udp: await taker(name, 'udp'), tcp: await taker(name, 'tcp') })
  const [pbx, sipCarrier] = [await both('pbx'), await both('carrier')]
  const takers = { pbx: { udp: pbx.udp[0], tcp: pbx.tcp[0] }, carrier: { udp: sipCarrier.udp[0], tcp: sipCarrier.tcp[0] } }
  const gateway = await startGatewayProcess(setup)
  const world: World = { setup, gateway, ports, takers }
  try {
    await apply(setup, document(sink.port, { pbx, carrier: sipCarrier }))
    const runs: BridgeFigures[] = []
    for (const transport of transports) {
      say(`warming up with ${warmUpMessages} messages each way by ${transport} …`)
      await inward(world, transport, warmUpMessages, warmUpRate, 5_000_000)
      await outward(world, transport, warmUpMessages, 5_000_000)
      say(`${messages} messages by ${transport}, ${rate} a second …`)
      runs.push(await inward(world, transport, messages, rate, 0))
      say(`${messages} messages to ${transport}, window ${window} …`)
      runs.push(await outward(world, transport, messages, 0))
    }
    return { runs, skipped: [] }
  } finally {
    await gateway.stop()
    for (const each of Object.values(takers)) for (const transport of ['udp', 'tcp'] as const) each[transport].child.kill('SIGKILL')
    await sink.stop()
    await tearDown(setup)
  }
}

/** From so many destinations on; at most five million. */
async function inward({ setup, gateway, ports, takers }: World, transport: Transport, messages: number, rate: number, from: number) {
  const taker = takers.pbx[transport]
  const already = (await readGot(taker.ledger)).length
  const before = gateway.cpuMicros()
  const sender = await startSender({
    directory: setup.data,
    name: `sends-${transport}-${from}`,
    port: await freePort(),
    tcp: transport === 'tcp',
    to: ports.sip,
    perSecond: rate,
    messages,
    from: `+${number}`,
    domain: `${transport}.test`,
    prefix: prefixes.sipp,
    first: digits[transport] * 10_000_000 + from,
    texts: [text],
  })
  await sender.exited
  const got = await allOf(taker, already, messages)
  const cpu = gateway.cpuMicros() - before
  const sent = await readSent(sender.ledger)
  const begun = new Map(sent.filter(({ what }) => what === 'sent').map((line) => [line.number, line.at]))
  const answered = sent.filter(({ what }) => what === 'taken')
  const { first, repeated, duplicated } = byId(got)
  const taken: number[] = []
  const endToEnd: number[] = []
  for (const { id, number: to, at } of answered) {
    taken.push(at - begun.get(to)!)
    const receipt = first.get(id)
    if (receipt) endToEnd.push(receipt.at - begun.get(to)!)
  }
  const begins = Math.min(...begun.values())
  const ends = got.reduce((last, { at }) => Math.max(last, at), begins + 1)
  return figures('SIP → SMPP', transport, messages, gateway, cpu, {
    seconds: (ends - begins) / 1000,
    taken,
    endToEnd,
    retransmissions: repeated + (await retransmissionsOf(sender)),
    lost: messages - endToEnd.length,
    duplicated,
  })
}

async function outward({ gateway, ports, takers }: World, transport: Transport, messages: number, from: number) {
  const taker = takers.carrier[transport]
  const already = (await readGot(taker.ledger)).length
  const job: EsmeJob = {
    port: ports.smpp,
    systemId: 'esme',
    password,
    clients: 1,
    window,
    messages,
    perSecond: 0,
    firstDestination: digits[transport] * 10_000_000 + from,
  }
  const esme = await start('test/bench/esme.js', [JSON.stringify(job)], { until: /^ready$/ })
  const before = gateway.cpuMicros()
  esme.child.stdin?.write('go\n')
  const code = await esme.exited
  if (code !== 0) throw new Error(`the ESME ended with ${code}\n${esme.errors.join('')}`)
  const result = JSON.parse(esme.lines.at(-1) ?? '') as EsmeResult
  const got = await allOf(taker, already, messages)
  const cpu = gateway.cpuMicros() - before
  const { first, repeated, duplicated } = byId(got)
  const made = figures('SMPP → SIP', transport, messages, gateway, cpu, {
    seconds: result.seconds,
    taken: [],
    endToEnd: [],
    retransmissions: repeated,
    lost: messages - Math.min(first.size, result.receipts),
    duplicated: duplicated + result.duplicates,
  })
  const { p50: takenP50Ms, p99: takenP99Ms, endToEndP50: endToEndP50Ms, endToEndP99: endToEndP99Ms } = result
  return Object.assign(made, { takenP50Ms, takenP99Ms, endToEndP50Ms, endToEndP99Ms })
}

interface Measured {
  seconds: number
  taken: number[]
  endToEnd: number[]
  retransmissions: number
  lost: number
  duplicated: number
}

function figures(
  way: BridgeFigures['way'],
  transport: Transport,
  messages: number,
  gateway: Running,
  cpu: number,
  { seconds, taken, endToEnd, retransmissions, lost, duplicated }: Measured,
): BridgeFigures {
  const [shortTaken, shortEnd] = [taken.toSorted((a, b) => a - b), endToEnd.toSorted((a, b) => a - b)]
  return {
    way,
    transport,
    messages,
    messagesPerSecond: Math.round((messages - lost) / seconds),
    gatewayCpuMicros: rounded(cpu / messages),
    takenP50Ms: rounded(percentile(shortTaken, 0.5)),
    takenP99Ms: rounded(percentile(shortTaken, 0.99)),
    endToEndP50Ms: rounded(percentile(shortEnd, 0.5)),
    endToEndP99Ms: rounded(percentile(shortEnd, 0.99)),
    maxRssMb: gateway.maxRssMb(),
    retransmissions,
    lost,
    duplicated,
  }
}

/** What came since, once it is as much as must come, or nothing has come for long. */
async function allOf(taker: Sipp, already: number, messages: number): Promise<GotLine[]> {
  let [count, since] = [0, Date.now()]
  for (;;) {
    const all = await readGot(taker.ledger)
    // One that was sent again is none of these, though it comes among them.
    const earlier = new Set(all.slice(0, already).map(({ id }) => id))
    const got = all.slice(already).filter(({ id }) => !earlier.has(id))
    if (new Set(got.map(({ id }) => id)).size >= messages || Date.now() - since > quietMs) return got
    if (got.length !== count) [count, since] = [got.length, Date.now()]
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

/** The same branch is the same request, again; another one of the same message is a duplicate. */
function byId(got: readonly GotLine[]): { first: Map<string, GotLine>; repeated: number; duplicated: number } {
  const first = new Map<string, GotLine>()
  const branches = new Set<string>()
  let duplicated = 0
  for (const line of got) {
    if (branches.has(line.branch)) continue
    branches.add(line.branch)
    if (first.has(line.id)) duplicated++
    else first.set(line.id, line)
  }
  return { first, repeated: got.length - branches.size, duplicated }
}

type Hops = Record<Transport, [Sipp, number]>

function document(sinkPort: number, hops: Record<'pbx' | 'carrier', Hops>): string {
  const trunk = (name: 'pbx' | 'carrier', transport: Transport): string => {
    const hop = `sip:127.0.0.1:${hops[name][transport][1]};transport=${transport}`
    const known = name === 'pbx' ? 'side: client, ' : ''
    const terms = name === 'pbx' ? 'addresses: [127.0.0.1], receipts: x-header' : 'receipts: none'
    return `      - { id: ${name}-${transport}, connector: sip, ${known}policy: { window: 1000 }, config: { nextHops: ['${hop}'], pingSeconds: 0, to: { domain: ${transport}.test }, ${terms} } }`
  }
  return `
accounts:
  - id: root
    binds:
      - { id: carrier, connector: smpp, policy: { window: 1000 }, config: { host: 127.0.0.1, port: ${sinkPort}, systemId: ${carrier}, password: secret } }
      - { id: esme0, connector: smpp, side: client, policy: { window: 1000 }, config: { systemId: esme0, password: ${password} } }
${(['pbx', 'carrier'] as const).flatMap((name) => (['udp', 'tcp'] as const).map((transport) => trunk(name, transport))).join('\n')}
    numbers:
      - number: "+${number}"
    routes:
      - { id: udp, prefix: "+${prefixes.esme}${digits.udp}", to: [carrier-udp] }
      - { id: tcp, prefix: "+${prefixes.esme}${digits.tcp}", to: [carrier-tcp] }
      - { id: default, prefix: "", to: [carrier] }
`
}
