import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { testClock } from '../clock.ts'
import type { TraceProtocol } from '../model/trace.ts'
import { createTraces, type Trace, type TraceOrder, type Traces } from './trace.ts'

const connection = { local: { address: '127.0.0.1', port: 40_000 }, remote: { address: '127.0.0.1', port: 2775 } }
const account = `AC${'1'.repeat(32)}`

/** Hides the first octet. */
const protocol: TraceProtocol = {
  port: 2775,
  conceal(pdu, bodies) {
    if (!bodies) pdu[0] = 0
    return pdu[1] === 9 ? 'a nine' : undefined
  },
  dissect: () => ({ title: 'it', fields: [] }),
}

function bed() {
  const clock = testClock()
  const lines: string[] = []
  const traces = createTraces({ clock, log: pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) }) })
  return { clock, lines, traces }
}

const order = (more: Partial<TraceOrder> = {}): TraceOrder => ({
  bind: `${account}/a`,
  account,
  protocol,
  seconds: 60,
  pdus: 1000,
  bodies: false,
  by: { account, author: 'someone', source: '127.0.0.1' },
  ...more,
})

function started(traces: Traces, more: Partial<TraceOrder> = {}): Trace {
  const trace = traces.start(order(more))
  assert.ok(typeof trace === 'object')
  return trace
}

test('an ear is off until its bind is traced, and again when the trace has ended', async () => {
  const { clock, traces } = bed()
  const ear = traces.ear(order().bind)
  assert.equal(ear.on, false)
  ear.record('in', Uint8Array.of(1, 2), connection)
  const trace = started(traces)
  assert.equal(traces.ear(order().bind), ear)
  assert.equal(ear.on, true)
  assert.equal(traces.ear(`${account}/b`).on, false)
  await clock.advance(59_999)
  assert.equal(ear.on, true)
  await clock.advance(1)
  assert.equal(ear.on, false)
  assert.equal(trace.ended, '60 s are over')
  ear.record('in', Uint8Array.of(1, 2), connection)
  assert.equal(trace.pdus, 0)
})

test('what is kept is a concealed copy, with why it could not be read', () => {
  const { traces } = bed()
  const trace = started(traces)
  const ear = traces.ear(order().bind)
  const octets = Uint8Array.of(7, 8)
  ear.record('out', octets, connection)
  octets[1] = 9
  ear.record('in', octets, connection)
  ear.note('closed', connection)
  assert.deepEqual(octets, Uint8Array.of(7, 9), "the caller's own stay as they are")
  const { entries } = trace.after(0, 10)
  assert.deepEqual(
    entries.map(({ n, direction, octets: kept, note }) => [n, direction, kept && [...kept], note]),
    [
      [1, 'out', [0, 8], undefined],
      [2, 'in', [0, 9], 'a nine'],
      [3, undefined, undefined, 'closed'],
    ],
  )
})

test('a trace ends after its number of PDUs, notes not counted', () => {
  const { traces } = bed()
  const trace = started(traces, { pdus: 2 })
  const ear = traces.ear(order().bind)
  for (let i = 0; i < 5; i++) {
    ear.note('x', connection)
    ear.record('in', Uint8Array.of(1, i), connection)
  }
  assert.equal(trace.pdus, 2)
  assert.equal(trace.after(0, 100).entries.length, 4)
  assert.equal(trace.ended, '2 PDUs are recorded')
})

test('no more than four megabytes are held, the newest, and it is told how many are missed', () => {
  const { traces } = bed()
  const trace = started(traces, { pdus: 100_000 })
  const ear = traces.ear(order().bind)
  const pdu = new Uint8Array(1000)
  for (let i = 0; i < 20_000; i++) ear.record('in', pdu, connection)
  const { entries, missed } = trace.after(0, 100_000)
  assert.equal(entries.at(-1)!.n, 20_000)
  assert.equal(entries.length + missed, 20_000)
  assert.ok(entries.length * 1000 < 4 << 20 && entries.length > 3000, String(entries.length))
  assert.deepEqual(
    entries.map(({ n }) => n),
    Array.from({ length: entries.length }, (_, i) => missed + 1 + i),
  )
  assert.equal(trace.after(19_990, 5).entries[0]!.n, 19_991)
  assert.equal(trace.after(20_000, 5).entries.length, 0)
})

test('who waits for more is woken by the next entry and by the end', async () => {
  const { traces } = bed()
  const trace = started(traces)
  const seen: string[] = []
  const first = trace.more(0).then(() => seen.push('entry'))
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(seen.length, 0)
  traces.ear(order().bind).record('in', Uint8Array.of(1), connection)
  await first
  const last = trace.more(1).then(() => seen.push('end'))
  traces.stop(order().bind, 'enough')
  await last
  assert.deepEqual(seen, ['entry', 'end'])
})

test('a bind is traced once at a time; what was heard is forgotten a quarter of an hour after the end', async () => {
  const { clock, traces } = bed()
  started(traces)
  assert.equal(traces.start(order()), 'running')
  assert.equal(traces.stop(order().bind, 'enough'), true)
  assert.equal(traces.stop(order().bind, 'enough'), false)
  await clock.advance(15 * 60_000 - 1)
  assert.ok(traces.get(order().bind))
  await clock.advance(1)
  assert.equal(traces.get(order().bind), undefined)
})

test('a new trace of the same bind is not forgotten with the old one', async () => {
  const { clock, traces } = bed()
  started(traces)
  traces.stop(order().bind, 'enough')
  await clock.advance(10 * 60_000)
  const second = started(traces, { seconds: 3600 })
  await clock.advance(10 * 60_000)
  assert.equal(traces.get(order().bind), second)
  assert.equal(traces.ear(order().bind).on, true)
})

test('an account has eight traces at most, all together sixty-four; those that ended make room', () => {
  const { traces } = bed()
  const of = (a: number, b: number): TraceOrder => order({ bind: `${a}/${b}`, account: String(a) })
  for (let b = 0; b < 8; b++) started(traces, of(0, b))
  assert.equal(traces.start(of(0, 8)), 'too-many')
  traces.stop('0/3', 'enough')
  started(traces, of(0, 8))
  assert.equal(traces.get('0/3'), undefined)
  for (let a = 1; a < 8; a++) for (let b = 0; b < 8; b++) started(traces, of(a, b))
  assert.equal(traces.start(of(8, 0)), 'too-many')
  traces.stop('5/5', 'enough')
  started(traces, of(8, 0))
  assert.equal(traces.all().length, 64)
})

test('binds that are no more are forgotten, and the end of the gateway ends all', () => {
  const { traces } = bed()
  const gone = started(traces)
  const kept = started(traces, { bind: `${account}/b` })
  traces.keep(new Set([`${account}/b`]))
  assert.notEqual(gone.ended, undefined)
  assert.equal(traces.get(order().bind), undefined)
  traces.close()
  assert.equal(kept.ended, 'the gateway stops')
})

test('who switched a trace on is in the log, with bodies as a warning', () => {
  const { lines, traces } = bed()
  started(traces)
  traces.stop(order().bind, 'enough')
  started(traces, { bodies: true })
  const logged = lines.map((line) => JSON.parse(line) as { level: number; msg: string; author?: string; bodies?: boolean })
  assert.deepEqual(
    logged.map(({ level, msg, author, bodies }) => [level, msg, author, bodies]),
    [
      [30, 'trace switched on', 'someone', false],
      [30, 'trace ended', undefined, undefined],
      [40, 'trace switched on', 'someone', true],
    ],
  )
})
