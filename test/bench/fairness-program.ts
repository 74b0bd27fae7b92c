// `npm run bench -- fairness [--messages N] [--rate N] [--singles N] [--per-second N] [--json]`
import { parseArgs } from 'node:util'
import { benchFairness } from './fairness.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    messages: { type: 'string', default: '100000' },
    rate: { type: 'string', default: '500' },
    singles: { type: 'string', default: '300' },
    'per-second': { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
  },
})

function number(name: 'messages' | 'rate' | 'singles' | 'per-second'): number {
  const value = Number(values[name])
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name}: expected a whole number above 0, got ${values[name]}`)
  return value
}

if (positionals.length > 0) {
  console.error(`bench fairness: unexpected '${positionals.join(' ')}'`)
  process.exit(2)
}
/** Of another tenant's single message, at p99. */
const mostMs = 1000
const found = await benchFairness({
  messages: number('messages'),
  rate: number('rate'),
  singles: number('singles'),
  singlesPerSecond: number('per-second'),
  say: (line) => console.error(line),
})
console.log(
  `\n${found.queued} messages of one tenant on a bind of ${found.segmentsPerSecond} segments a second; ${found.stillQueued} at the end`,
)
console.log(
  `a single message of another, from its POST to the carrier: p50 ${found.p50Ms} ms, p99 ${found.p99Ms} ms, at most ${found.maxMs} ms`,
)
console.log(found.p99Ms <= mostMs && found.lost === 0 ? 'fair' : `NOT FAIR: expected at most ${mostMs} ms at p99, lost ${found.lost}`)
if (values.json) console.log(JSON.stringify({ path: 'fairness', ...found, fair: found.p99Ms <= mostMs && found.lost === 0 }))
