// npm run fuzz -- --pdus 10000000 --seed 7 [--from n] [--report docs/fuzz.md]
// Mutated PDUs into links of ours, with progress; ends with 1 and the numbers of the cases when one
// does not hold: the same seed with --from and --pdus plays them again.
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { fuzz, type FuzzReport } from './fuzz.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const progressMs = 5000

const { values } = parseArgs({
  options: { pdus: { type: 'string' }, seed: { type: 'string' }, from: { type: 'string' }, report: { type: 'string' } },
})

function whole(name: 'pdus' | 'seed' | 'from', otherwise: number): number {
  const text = values[name]
  if (text === undefined) return otherwise
  if (!/^\d{1,12}$/.test(text)) throw new Error(`--${name}: expected a whole number, got '${text}'`)
  return Number(text)
}

function markdown(run: FuzzReport, seed: number, from: number, seconds: number): string {
  const n = (value: number): string => value.toLocaleString('en')
  const mb = (octets: number): string => `${(octets / 2 ** 20).toFixed(1)} MB`
  const endings = Object.entries(run.endings).map(([how, times]) => `${how} ${n(times)}`)
  return [
    '# Fuzz of the SMPP decoder and link',
    '',
    `Written by \`npm run fuzz -- --pdus ${run.pdus} --seed ${seed}${from === 0 ? '' : ` --from ${from}`} --report docs/fuzz.md\`; the same seed gives the same PDUs. \`npm test\` runs the first 40,000 of seed 1.`,
    '',
    'Valid PDUs of every command are changed (bits, octets, words, cut, stretched, repeated, spliced with another, TLVs added with right and wrong lengths, another command_id or command_status) and written in pieces of any size over a real connection to a link, half the time one that we dialled, half the time one that we accepted. Of every PDU it is held that nothing is thrown and that a request is answered once, in its turn, by its sequence number; of one in eight, that a request which could be read is written again octet by octet as it came, and that a trace shows it without a throw and without changing its length. Of every session it is held that each of our own requests is settled exactly once and that it ends for the reason given: broken framing, half a PDU, unbind, or a closed connection.',
    '',
    '| | |',
    '|---|---|',
    `| PDUs | ${n(run.pdus)} |`,
    `| sessions | ${n(run.sessions)} |`,
    `| which ended by | ${endings.join(', ')} |`,
    `| requests read | ${n(run.read)} |`,
    `| requests refused | ${n(run.refused)} |`,
    `| responses | ${n(run.responses)} |`,
    `| heap after a tenth, and at the end | ${mb(run.heap.early)}, ${mb(run.heap.late)} |`,
    `| time | ${Math.round(seconds)} s, ${((seconds * 1e6) / run.pdus).toFixed(1)} µs CPU a PDU with its checks |`,
    `| machine | ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node} |`,
    '',
  ].join('\n')
}

try {
  const [pdus, seed, from] = [whole('pdus', 1_000_000), whole('seed', 1), whole('from', 0)]
  const started = Date.now()
  let shownAt = started
  const run = await fuzz(
    {
      pdus,
      seed,
      from,
      onProgress(done) {
        if (Date.now() - shownAt < progressMs) return
        shownAt = Date.now()
        console.log(`${done} of ${pdus} PDUs, ${Math.round((Date.now() - started) / 1000)} s`)
      },
    },
    collect,
  )
  const { user, system } = process.cpuUsage()
  const text = markdown(run, seed, from, (user + system) / 1e6)
  console.log(text)
  if (values.report !== undefined) writeFileSync(values.report, text)
} catch (error) {
  console.error(error)
  process.exitCode = 1
}
