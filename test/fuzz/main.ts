// npm run fuzz -- --cases 10000000 --seed 7 [--from n] [--protocol sip] [--report docs/fuzz.md]
// Mutated PDUs into links of ours, or mutated SIP messages into its codec and engine, with progress;
// ends with 1 and the numbers of the cases when one does not hold: the same seed with --from and
// --cases plays them again.
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { fuzz } from './fuzz.ts'
import { type Ran, sipSection, smppSection, withSection } from './report.ts'
import { fuzzSip } from './sip.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const progressMs = 5000

const { values } = parseArgs({
  options: {
    protocol: { type: 'string', default: 'smpp' },
    cases: { type: 'string' },
    pdus: { type: 'string' },
    seed: { type: 'string' },
    from: { type: 'string' },
    report: { type: 'string' },
  },
})

function whole(name: 'cases' | 'pdus' | 'seed' | 'from', otherwise: number): number {
  const text = values[name]
  if (text === undefined) return otherwise
  if (!/^\d{1,12}$/.test(text)) throw new Error(`--${name}: expected a whole number, got '${text}'`)
  return Number(text)
}

function progress(cases: number): (done: number) => void {
  const started = Date.now()
  let shownAt = started
  return (done) => {
    if (Date.now() - shownAt < progressMs) return
    shownAt = Date.now()
    console.log(`${done} of ${cases}, ${Math.round((Date.now() - started) / 1000)} s`)
  }
}

try {
  const { protocol } = values
  if (protocol !== 'smpp' && protocol !== 'sip') throw new Error(`--protocol: expected smpp or sip, got '${protocol}'`)
  const cases = whole('cases', whole('pdus', protocol === 'sip' ? 200_000 : 1_000_000))
  const [seed, from] = [whole('seed', 1), whole('from', 0)]
  const onProgress = progress(cases)
  const ran = (): Ran => {
    const { user, system } = process.cpuUsage()
    return { seed, from, seconds: (user + system) / 1e6 }
  }
  const text =
    protocol === 'sip'
      ? sipSection(await fuzzSip({ messages: cases, seed, from, onProgress }, collect), ran())
      : smppSection(await fuzz({ pdus: cases, seed, from, onProgress }, collect), ran())
  console.log(text)
  if (values.report !== undefined) writeFileSync(values.report, withSection(readFileSync(values.report, 'utf8'), text))
} catch (error) {
  console.error(error)
  process.exitCode = 1
}
