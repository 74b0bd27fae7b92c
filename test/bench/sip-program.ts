// `npm run bench -- sip [--messages 10000] [--rate 1000] [--transports udp,tcp] [--json]`: the bridge
// `npm run bench -- sip --stack [--messages 20000] [--rate 3000] [--rounds 5] [--transports udp,tcp] [--json]`
// `npm run bench -- sip --registrations 100000 [--rate 1000] [--seconds 30] [--json]`
import { parseArgs } from 'node:util'
import { benchBridge } from './sip.ts'
import { benchRegistrations } from './sip-registrations.ts'
import { benchStack } from './sip-stack.ts'

const { values } = parseArgs({
  options: {
    stack: { type: 'boolean', default: false },
    messages: { type: 'string' },
    registrations: { type: 'string' },
    rate: { type: 'string' },
    rounds: { type: 'string' },
    transports: { type: 'string', default: 'udp,tcp' },
    seconds: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})

function whole(name: 'messages' | 'registrations' | 'rate' | 'rounds' | 'seconds', usual: number): number {
  const n = Number(values[name] ?? usual)
  if (!Number.isInteger(n) || n < 1) throw new Error(`--${name}: expected a whole number from 1, got ${values[name]}`)
  return n
}
const say = (line: string): void => console.error(line)

const transports = values.transports.split(',').map((each) => {
  if (each === 'udp' || each === 'tcp') return each
  throw new Error(`--transports: expected udp, tcp or both, got ${values.transports}`)
})

if (values.stack) {
  const { runs, skipped } = await benchStack({
    messages: whole('messages', 20_000),
    rate: whole('rate', 3000),
    rounds: whole('rounds', 5),
    transports,
    say,
  })
  console.log(`\n${'who'.padEnd(20)} by   CPU µs/msg  at best  messages/s  failed  sent again`)
  for (const { who, transport, cpuMicros, leastCpuMicros, messagesPerSecond, failed, retransmissions } of runs)
    console.log(
      `${who.padEnd(20)} ${transport} ${String(cpuMicros).padStart(11)} ${String(leastCpuMicros).padStart(8)} ${String(messagesPerSecond).padStart(11)} ${String(failed).padStart(7)} ${String(retransmissions).padStart(11)}`,
    )
  for (const each of skipped) console.log(`skipped: ${each}`)
  if (values.json) console.log(JSON.stringify({ path: 'sip', runs, skipped }))
}
if (values.registrations !== undefined) {
  const report = await benchRegistrations({
    registrations: whole('registrations', 100_000),
    rate: whole('rate', 1000),
    seconds: whole('seconds', 30),
    say,
  })
  console.log(
    `\n${report.restored} registrations take ${report.restoredMb} MB (${report.heapBytesEach} octets of heap each)\n` +
      `the process that took them: ${report.emptyMb} MB before, ${report.heldMb} MB after; ${report.lost} REGISTERs lost\n` +
      `registering: ${report.firstPerSecond}/s, ${report.firstCpuMicros} CPU µs each with its challenge\n` +
      `again: ${report.againPerSecond}/s, ${report.againCpuMicros} CPU µs each, p50/p99 ${report.againP50Ms}/${report.againP99Ms} ms, ${report.duringMb} MB with the transactions of 32 s`,
  )
  if (values.json) console.log(JSON.stringify({ path: 'sip', ...report }))
}
if (!values.stack && values.registrations === undefined) {
  const report = await benchBridge({ messages: whole('messages', 10_000), rate: whole('rate', 1000), transports, say })
  const cells = (...row: (string | number)[]): string =>
    row.map((cell, i) => String(cell).padStart([12, 4, 10, 11, 16, 19, 7, 11, 5, 4][i] ?? 8)).join(' ')
  console.log(
    `\n${cells('way', 'by', 'messages/s', 'CPU µs/msg', 'taken p50/p99 ms', 'end-to-end p50/p99', 'RSS MB', 'sent again', 'lost', 'dup')}`,
  )
  for (const run of report.runs) {
    const taken = `${run.takenP50Ms}/${run.takenP99Ms}`
    const end = `${run.endToEndP50Ms}/${run.endToEndP99Ms}`
    console.log(
      cells(
        run.way,
        run.transport,
        run.messagesPerSecond,
        run.gatewayCpuMicros,
        taken,
        end,
        run.maxRssMb,
        run.retransmissions,
        run.lost,
        run.duplicated,
      ),
    )
  }
  for (const each of report.skipped) console.log(`skipped: ${each}`)
  if (values.json) console.log(JSON.stringify({ path: 'sip', ...report }))
}
