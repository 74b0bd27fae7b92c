// docs/sip-ims.md says what the tables do.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { AcceptRefused, type FailureCode, type RefusalWhy } from '../../../src/plugin.ts'
import { failureOfError, refusedBy } from './causes.ts'
import { statusOf } from './deliveries.ts'

const rows = readFileSync('docs/sip-ims.md', 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .split('|')
      .map((cell) => cell.trim())
      .slice(1, -1),
  )
const rowOf = (start: RegExp): string[] => {
  const row = rows.find(([first = '']) => start.test(first))
  assert.ok(row, String(start))
  return row
}

test('every RP-Cause stands in the row of what it means', () => {
  const said = new Map<number, string>()
  for (const [first = '', meaning = ''] of rows) {
    if (!first.startsWith('RP-ERROR')) continue
    const causes = first.replace(/TP-FCS.*/, '').matchAll(/\d+/g)
    for (const [cause] of causes) said.set(Number(cause), meaning)
  }
  const known = [1, 8, 10, 11, 21, 22, 27, 28, 29, 30, 38, 41, 42, 47, 50, 69, 81, 95, 96, 97, 98, 99, 111, 127]
  assert.deepEqual(
    [...said.keys()].sort((a, b) => a - b),
    known,
  )
  for (const [cause, meaning] of said) {
    const { kind, code } = failureOfError(cause)
    if (kind === 'permanent') assert.match(meaning, new RegExp(`^fails: \`${code}\``), `RP-ERROR ${cause}`)
    else
      assert.match(
        meaning,
        code === 'queue-full' || code === 'absent-subscriber' ? new RegExp(`^waits \\(\`${code}\``) : /^is tried again/,
        `RP-ERROR ${cause}`,
      )
  }
})

test('every refusal stands with its RP-Cause and TP-FCS', () => {
  const words: Partial<Record<RefusalWhy, RegExp>> = {
    'no-route': /^no route/,
    suspended: /suspended/,
    'source-not-allowed': /^sender not/,
    'destination-not-allowed': /^destination not/,
    'too-short': /^too short/,
    'too-long': /too long/,
    validity: /^validity/,
    throttled: /^rate/,
    'queue-full': /full queue/,
    busy: /disk/,
  }
  for (const [why, start] of Object.entries(words)) {
    const { cause, fcs } = refusedBy(new AcceptRefused(why as RefusalWhy, ''))
    const [, rpCause = '', tpFcs = ''] = rowOf(start)
    assert.deepEqual([Number.parseInt(rpCause, 10), Number(tpFcs)], [cause, fcs], why)
  }
})

test('what is reported stands with its TP-ST', () => {
  const codes: readonly [RegExp, FailureCode[]][] = [
    [/^unknown subscriber/, ['unknown-subscriber', 'rejected', 'landline']],
    [/^absent/, ['absent-subscriber', 'queue-full', 'attempts-exhausted']],
    [/^anything else/, ['undeliverable']],
  ]
  for (const [start, failures] of codes) {
    const numbers = (rowOf(start)[1] ?? '').split(' · ').map(Number)
    assert.deepEqual(
      numbers,
      failures.map((code) => statusOf({ state: 'failed', failure: { kind: 'permanent', code } })),
      String(start),
    )
  }
})
