import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { testClock } from './clock.ts'
import { repeat } from './flow/core.ts'
import { createLog, occasional } from './log.ts'

test('a line that comes again and again is written once in a while, with how many were left out', async () => {
  const clock = testClock()
  const written: [string, Record<string, unknown>][] = []
  const tell = occasional(clock, (fields, message) => written.push([message, fields]), 1000)
  for (let i = 0; i < 100; i++) tell('a', 'one', () => ({ i }))
  tell('b', 'other', () => ({}))
  await clock.advance(1000)
  tell('a', 'one', () => ({ i: 100 }))
  assert.deepEqual(written, [
    ['one', { i: 0 }],
    ['other', {}],
    ['one', { i: 100, leftOut: 99 }],
  ])
})

test('on a terminal an error is told in a line of its own words, without its stack', () => {
  const lines: string[] = []
  const terminal = { isTTY: true, write: (line: string) => lines.push(line) > 0 } as unknown as NodeJS.WriteStream
  createLog('info', terminal).error({ err: new Error('the disk is full'), bind: 'northern' }, 'not written')
  createLog('info', { ...terminal, isTTY: false } as NodeJS.WriteStream).error({ err: new Error('the disk is full') }, 'not written')
  assert.match(lines[0] ?? '', /error.* not written .*err=the disk is full bind=northern/)
  assert.doesNotMatch(lines[0] ?? '', /log\.test/)
  assert.match(lines[1] ?? '', /"stack":"Error: the disk is full\\n.*log\.test/)
})

test('a clock that is set back silences no line', () => {
  let now = 1_000_000
  let written = 0
  const tell = occasional({ now: () => now }, () => written++, 1000)
  tell('a', 'one', () => ({}))
  now -= 900_000
  tell('a', 'one', () => ({}))
  tell('a', 'one', () => ({}))
  assert.equal(written, 2)
})

test('a step that fails four times a second for an hour fills no log', async () => {
  const clock = testClock()
  const lines: string[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) })
  let tries = 0
  const steps = repeat({ clock, log }, 'CDRs', 250, () => {
    tries++
    return Promise.reject(new Error('ENOSPC: no space left on device, write'))
  })
  const end = clock.now() + 3_600_000
  while (clock.now() < end) await clock.advance(250)
  await steps.stop()
  assert.ok(tries > 10_000, `${tries} tries`)
  assert.ok(lines.length >= 59 && lines.length <= 61, `${lines.length} lines`)
  assert.match(lines.at(-1) ?? '', /"step":"CDRs".*ENOSPC.*"leftOut":\d+/)
})
