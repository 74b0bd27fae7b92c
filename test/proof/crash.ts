// The crash proof: `npm run proof:crash -- [--path http|smpp|sip|mixed] [--rounds N] [--seed N] [--report FILE]`.
// The gateway runs as a process under load; those around it are processes with ledgers of their own.
// Each round kills the gateway with SIGKILL at a random moment and starts it again on the same
// directory. At the end everything is reconciled; http-reconcile.ts, reconcile.ts and sip-reconcile.ts say what
// must hold. The report keeps the sections of other paths that are in its file.
import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { proveHttp } from './http.ts'
import type { Proof } from './rounds.ts'
import { proveMixed, proveSip } from './sip.ts'
import { proveSmpp } from './smpp.ts'

const paths = { http: proveHttp, smpp: proveSmpp, sip: proveSip, mixed: proveMixed }
type Path = keyof typeof paths
const shownFaults = 100
const intro =
  'The gateway runs under load; those around it are processes with ledgers of their own. Each round ends the gateway with SIGKILL at a random moment and starts it again on the same data. At the end all ledgers, the CDRs, the list of messages and the traces are held against each other.'

function reportOf(path: Path, proof: Proof): string {
  const again = `npm run proof:crash -- --path ${path} --rounds ${proof.rounds} --seed ${proof.seed}`
  const rows: [string, number][] = [...proof.figures, ['faults', proof.faults.length]]
  const first = Math.max(...rows.map(([label]) => label.length))
  const second = Math.max(...rows.map(([, value]) => String(value).length))
  const row = (label: string, value: string): string => `| ${label.padEnd(first)} | ${value.padEnd(second)} |`
  return [
    `## ${proof.title}`,
    '',
    `${proof.rounds} rounds of load and SIGKILL, seed ${proof.seed}, ${proof.seconds} s. Repeat it with \`${again}\`.`,
    '',
    row('', ''),
    `| ${'-'.repeat(first)} | ${'-'.repeat(second)} |`,
    ...rows.map(([label, value]) => row(label, String(value))),
    '',
    proof.faults.length === 0 ? 'Nothing was lost, and every repeat is accounted for.' : `${proof.faults.length} faults:`,
    '',
    ...proof.faults.slice(0, shownFaults).map((fault) => `- ${fault}`),
  ].join('\n')
}

/** The document, with these sections instead of those of their titles; new ones come last. */
function laidOver(before: string, fresh: readonly string[]): string {
  const titleOf = (section: string): string => section.slice(0, section.indexOf('\n'))
  const kept = before
    .split(/^(?=## )/m)
    .slice(1)
    .map((section) => section.trimEnd())
  const titles = new Set(kept.map(titleOf))
  const all = kept.map((section) => fresh.find((each) => titleOf(each) === titleOf(section)) ?? section)
  all.push(...fresh.filter((section) => !titles.has(titleOf(section))))
  return `# Crash proof\n\n${intro}\n\n${all.map((section) => section.trimEnd()).join('\n\n')}\n`
}

const { values } = parseArgs({
  options: {
    path: { type: 'string', multiple: true, default: Object.keys(paths) },
    rounds: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    report: { type: 'string' },
  },
})
const asked = values.path.map((path) => {
  if (Object.hasOwn(paths, path)) return path as Path
  throw new Error(`--path: expected ${Object.keys(paths).join(' or ')}, got ${path}`)
})
const sections: string[] = []
let isProved = true
for (const path of asked) {
  const say = (line: string): void => console.error(`${path}: ${line}`)
  const proof = await paths[path]({ rounds: Number(values.rounds), seed: Number(values.seed), perSecond: 600, longestRoundMs: 1200, say })
  sections.push(reportOf(path, proof))
  console.log(sections.at(-1))
  if (proof.faults.length > 0) isProved = false
}
if (values.report) await writeFile(values.report, laidOver(await readFile(values.report, 'utf8').catch(() => ''), sections))
process.exit(isProved ? 0 : 1)
