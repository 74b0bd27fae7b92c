// `npm run bench -- config [--accounts N] [--numbers N] [--routes N] [--changes N] [--json]`: what one change of
// the configuration costs beside many others, a large document, the memory of all that and a start with it.
import { parseArgs } from 'node:util'
import { benchConfiguration } from './config.ts'

const { values } = parseArgs({
  options: {
    accounts: { type: 'string', default: '10000' },
    numbers: { type: 'string', default: '50000' },
    routes: { type: 'string', default: '10000' },
    changes: { type: 'string', default: '100' },
    json: { type: 'boolean', default: false },
  },
})

function number(name: 'accounts' | 'numbers' | 'routes' | 'changes'): number {
  const value = Number(values[name])
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name}: expected a whole number above 0, got ${values[name]}`)
  return value
}

const figures = await benchConfiguration({
  accounts: number('accounts'),
  numbers: number('numbers'),
  routes: number('routes'),
  changes: number('changes'),
  say: (line) => console.error(line),
})
const { alone, large, changes, documents, startSeconds } = figures
console.log(`\n${'CPU µs of the main thread, for'.padEnd(34)}${'alone'.padStart(8)}${'beside all'.padStart(12)}`)
for (const [what, micros] of Object.entries(changes))
  console.log(`${what.padEnd(34)}${String(micros.alone).padStart(8)}${String(micros.beside).padStart(12)}`)
console.log(`\n${'a document of'.padEnd(34)}${'seconds'.padStart(8)}${'longest ms'.padStart(12)}`)
for (const { entries, seconds, longestMs } of documents)
  console.log(`${`${entries} lines`.padEnd(34)}${String(seconds).padStart(8)}${String(longestMs).padStart(12)}`)
console.log(`\nresident: ${alone} MB empty, ${large} MB with all; a start with all: ${startSeconds} s until it is healthy`)
if (values.json) console.log(JSON.stringify({ path: 'config', ...figures }))
