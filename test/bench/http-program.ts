// `npm run bench -- http [--messages N] [--concurrency N] [--rate N] [--window N] [--accounts N] [--routes N] [--profile] [--peer kannel] [--json]`
import { parseArgs } from 'node:util'
import { benchHttp, type Figures } from './http.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    messages: { type: 'string', default: '30000' },
    concurrency: { type: 'string', default: '50' },
    rate: { type: 'string', default: '0' },
    window: { type: 'string', default: '100' },
    accounts: { type: 'string', default: '0' },
    routes: { type: 'string', default: '0' },
    peer: { type: 'string' },
    profile: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})

function number(name: 'messages' | 'concurrency' | 'rate' | 'window' | 'accounts' | 'routes'): number {
  const value = Number(values[name])
  if (!Number.isInteger(value) || value < 0) throw new Error(`--${name}: expected a whole number, got ${values[name]}`)
  return value
}

function row(name: string, figures: Figures): string {
  const cells = [
    name.padEnd(10),
    `${figures.messagesPerSecond}/s`.padStart(9),
    `${figures.cpuMicros} µs`.padStart(11),
    `${figures.acceptP50Ms}/${figures.acceptP99Ms}`.padStart(14),
    `${figures.endToEndP50Ms}/${figures.endToEndP99Ms}`.padStart(16),
    `${figures.maxRssMb}`.padStart(7),
    `${figures.lost}`.padStart(5),
    `${figures.duplicated}`.padStart(5),
  ]
  return cells.join(' ')
}

if (positionals.length > 0) {
  console.error(`bench http: unexpected '${positionals.join(' ')}'`)
  process.exit(2)
}
if (values.peer !== undefined && values.peer !== 'kannel') {
  console.error(`bench: unknown peer '${values.peer}': expected kannel`)
  process.exit(2)
}
const say = (line: string): void => console.error(line)
const { ours, peer } = await benchHttp({
  messages: number('messages'),
  concurrency: number('concurrency'),
  rate: number('rate'),
  window: number('window'),
  accounts: number('accounts'),
  routes: number('routes'),
  profile: values.profile,
  ...(values.peer === 'kannel' ? { peer: 'kannel' as const } : {}),
  say,
})
console.log(`\n${'path http'.padEnd(10)}  messages CPU/message accept p50/p99 end to end p50/p99  RSS MB  lost  dup`)
console.log(row('signalbox', ours))
if (peer) {
  console.log(row(peer.name, peer))
  const throughput = ours.messagesPerSecond / peer.messagesPerSecond
  console.log(
    `\nsignalbox does ${throughput.toFixed(2)} × Kannel's messages a second, at ${(ours.cpuMicros / peer.cpuMicros).toFixed(2)} of its CPU a message`,
  )
}
for (const line of ours.profile ?? []) console.log(line)
console.log(`the load itself took ${ours.loadCpuMicros} µs a message${peer ? ` (${peer.loadCpuMicros} for ${peer.name})` : ''}`)
console.log(`signalbox's resident memory at each tenth of the run: ${ours.rssMb.join(' ')} MB`)
if (values.json) {
  const { cpuMicros, ...rest } = ours
  const flat = { path: 'http', ...rest, gatewayCpuMicros: cpuMicros }
  console.log(
    JSON.stringify(
      peer ? { ...flat, peer: { name: peer.name, messagesPerSecond: peer.messagesPerSecond, cpuMicros: peer.cpuMicros } } : flat,
    ),
  )
}
