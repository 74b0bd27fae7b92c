// One line a test file, every failure in full, and at the end what was skipped and why.
import { relative } from 'node:path'
import { inspect } from 'node:util'

const width = 72
const place = (file) => relative(process.cwd(), file ?? '').replace(/^dist\//, '')

export default async function* reporter(source) {
  const began = Date.now()
  /** The file whose results are coming in; node reports one file after the other. */
  let current
  let counts = { passed: 0, failed: 0, skipped: 0 }
  const total = { passed: 0, failed: 0, skipped: 0 }
  const skipped = []
  const turn = (file) => {
    const before = current
    const { passed, failed, skipped: left } = counts
    if (before === file) return ''
    current = file
    counts = { passed: 0, failed: 0, skipped: 0 }
    if (before === undefined) return ''
    return `${failed ? '✖' : '✔'} ${place(before).padEnd(width)} ${passed} passed${failed ? `, ${failed} FAILED` : ''}${left ? `, ${left} skipped` : ''}\n`
  }
  const count = (how) => {
    counts[how]++
    total[how]++
  }
  for await (const { type, data } of source) {
    if (type === 'test:stderr') yield data.message
    if (type !== 'test:pass' && type !== 'test:fail') continue
    yield turn(data.file)
    const below = data.details.error?.failureType === 'subtestsFailed'
    const group = data.details.type === 'suite' || below
    if (data.skip !== undefined) {
      count('skipped')
      skipped.push(`${place(data.file)}: ${data.name} – ${typeof data.skip === 'string' ? data.skip : 'no reason given'}`)
    } else if (type === 'test:fail' && !below) {
      count('failed')
      yield failure(data)
    } else if (!group) count('passed')
  }
  yield turn(undefined)
  if (skipped.length > 0) yield `\nSkipped:\n${skipped.map((line) => `  ${line}\n`).join('')}`
  yield `\n${total.passed} tests passed, ${total.failed} failed, ${total.skipped} skipped, in ${((Date.now() - began) / 1000).toFixed(1)} s\n`
}

function failure({ name, file, line, details }) {
  const error = details.error?.cause ?? details.error
  const text = error instanceof Error ? (error.stack ?? error.message) : inspect(error, { depth: 4 })
  return `\n✖ ${place(file)}${line ? `:${line}` : ''} – ${name}\n${text.replace(/^/gm, '    ')}\n\n`
}
