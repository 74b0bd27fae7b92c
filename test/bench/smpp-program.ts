// `npm run bench -- smpp [--messages N] [--windows 10,100,1000] [--clients 1,20] [--idle 500] [--no-flood] [--json]`
import { parseArgs } from 'node:util'
import { benchSmpp } from './smpp.ts'

const { values } = parseArgs({
  allowNegative: true,
  options: {
    messages: { type: 'string', default: '20000' },
    windows: { type: 'string', default: '10,100,1000' },
    clients: { type: 'string', default: '1,20' },
    idle: { type: 'string', default: '500' },
    flood: { type: 'boolean', default: true },
    json: { type: 'boolean', default: false },
  },
})

function numbers(name: 'messages' | 'windows' | 'clients' | 'idle'): number[] {
  const list = values[name].split(',').map(Number)
  if (list.some((n) => !Number.isInteger(n) || n < 0)) throw new Error(`--${name}: expected whole numbers, got ${values[name]}`)
  return list
}

const report = await benchSmpp({
  messages: numbers('messages')[0]!,
  windows: numbers('windows'),
  clients: numbers('clients'),
  idle: numbers('idle')[0]!,
  flood: values.flood,
  say: (line) => console.error(line),
})
const cells = (...row: (string | number)[]): string =>
  row.map((cell, i) => String(cell).padStart([7, 6, 10, 12, 16, 18, 7, 5, 5][i] ?? 8)).join(' ')
console.log(`\n${cells('clients', 'window', 'messages/s', 'CPU µs/msg', 'resp p50/p99 ms', 'end-to-end p50/p99', 'RSS MB', 'lost', 'dup')}`)
for (const run of report.runs) {
  const resp = `${run.respP50Ms}/${run.respP99Ms}`
  const end = `${run.endToEndP50Ms}/${run.endToEndP99Ms}`
  console.log(
    cells(run.clients, run.window, run.messagesPerSecond, run.gatewayCpuMicros, resp, end, run.maxRssMb, run.lost, run.duplicated),
  )
}
const { bare, idle, flood } = report
console.log(`\nbare codec and link, window ${bare.window}: ${bare.messagesPerSecond}/s, ${bare.cpuMicros} µs a message`)
if (flood) {
  const { alone, beside } = flood
  const say = ({ p50Ms, p99Ms, waitedPercent }: typeof alone): string =>
    `p50 ${p50Ms}, p99 ${p99Ms} ms (the gateway waits for a core ${waitedPercent} % of the time)`
  console.log(
    `submit_sm_resp of a client at ease: alone ${say(alone)}, beside one in flood ${say(beside)}: ${(beside.p99Ms / alone.p99Ms).toFixed(1)} ×`,
  )
}
if (idle) console.log(`${idle.clients} idle clients: ${idle.megabytes} MB, ${idle.cpuPercent} % of a core`)
if (values.json) console.log(JSON.stringify({ path: 'smpp', ...report }))
