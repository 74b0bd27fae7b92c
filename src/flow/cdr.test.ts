import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync, appendFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { pino } from 'pino'
import { testClock, type TestClock } from '../clock.ts'
import type { CdrRow, Store } from '../store/store.ts'
import { startCdrs, type CdrSettings } from './cdr.ts'
import type { Core } from './core.ts'

/** Half an hour before the next day. */
const lateEvening = Date.UTC(2026, 0, 10, 23, 30)
const hourMs = 3_600_000

interface Bed {
  directory: string
  clock: TestClock
  /** Ended and not marked as written. */
  rows: CdrRow[]
  end(count?: number): void
  start(settings?: Partial<CdrSettings>): ReturnType<typeof startCdrs>
  /** Rows are not marked as written: the process dies between. */
  forgetful: boolean
  names(): string[]
  sequences(): number[]
}

/** The part of a store that CDRs come from, as a list. */
function bed(t: TestContext): Bed {
  const directory = mkdtempSync(join(tmpdir(), 'cdr-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const clock = testClock(lateEvening)
  let sequence = 0
  const store: Pick<Store, 'cdrs' | 'cdrsWritten' | 'cdrHookAccounts'> = {
    cdrs: (max) => Promise.resolve(it_.rows.slice(0, max)),
    cdrsWritten(upTo) {
      if (!it_.forgetful) it_.rows = it_.rows.filter((row) => row.sequence > upTo)
      return it_.forgetful ? Promise.reject(new Error('the process is gone')) : Promise.resolve()
    },
    cdrHookAccounts: () => Promise.resolve([]),
  }
  const core = {
    store: store as Store,
    get clock() {
      return it_.clock
    },
    log: pino({ level: 'silent' }),
    configuration: () => ({
      revision: 0,
      accounts: new Map(),
      binds: new Map(),
      routes: new Map(),
      numbers: new Map(),
      resources: new Map(),
    }),
  } satisfies Partial<Core> as Partial<Core> as Core
  const names = (): string[] => readdirSync(directory).toSorted((a, b) => a.localeCompare(b))
  const it_: Bed = {
    directory,
    clock,
    rows: [],
    forgetful: false,
    end(count = 1) {
      for (let i = 0; i < count; i++) {
        const message = String(++sequence)
        it_.rows.push({ sequence, message, account: 'AC1', json: Buffer.from(JSON.stringify({ message, state: 'delivered' })) })
      }
    },
    start: (settings = {}) => startCdrs(core, { directory, keepDays: 3, ...settings }),
    names,
    sequences: () =>
      names().flatMap((name) =>
        readFileSync(join(directory, name), 'utf8')
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => (JSON.parse(line) as { sequence: number }).sequence),
      ),
  }
  return it_
}

async function tick(clock: TestClock, ms: number, holds: () => boolean): Promise<void> {
  for (let i = 0; i < 20_000 && !holds(); i++) {
    await clock.advance(ms)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  assert.ok(holds())
}

describe('CDR files', () => {
  it('have one line for each message, in a file for each day', async (t) => {
    const b = bed(t)
    const cdrs = await b.start()
    b.end(3)
    await tick(b.clock, 250, () => b.rows.length === 0)
    await b.clock.advance(hourMs)
    b.end(2)
    await cdrs.stop()
    assert.deepEqual(b.names(), ['cdr-2026-01-10.jsonl', 'cdr-2026-01-11.jsonl'])
    assert.deepEqual(b.sequences(), [1, 2, 3, 4, 5])
  })

  it('go on in another part of the day when they are full', async (t) => {
    const b = bed(t)
    for (let i = 0; i < 12; i++) {
      const cdrs = await b.start({ maxFileBytes: 60 })
      b.end()
      await cdrs.stop()
    }
    assert.equal(b.names().length, 6)
    assert.ok(b.names().includes('cdr-2026-01-10.6.jsonl'))
    assert.deepEqual(
      b.sequences().toSorted((x, y) => x - y),
      Array.from({ length: 12 }, (_, i) => i + 1),
    )
  })

  it('keep every line when the clock goes ahead into the next day and is set back, also over a crash', async (t) => {
    const b = bed(t)
    const cdrs = await b.start()
    b.end(3)
    await tick(b.clock, 250, () => b.rows.length === 0)
    await b.clock.advance(hourMs)
    b.end(2)
    await tick(b.clock, 250, () => b.rows.length === 0)
    await cdrs.stop()
    b.clock = testClock(lateEvening)
    b.forgetful = true
    const dying = await b.start()
    b.end(2)
    await tick(b.clock, 250, () => b.sequences().length === 7)
    await assert.rejects(dying.stop())
    b.forgetful = false
    const again = await b.start()
    b.end()
    await again.stop()
    assert.deepEqual(b.names(), ['cdr-2026-01-10.jsonl', 'cdr-2026-01-11.jsonl'])
    assert.deepEqual(b.sequences(), [1, 2, 3, 6, 7, 8, 4, 5])
  })

  it('older than keepDays are deleted while it runs and at the start; what is no CDR file stays', async (t) => {
    const b = bed(t)
    for (const name of ['cdr-2026-01-06.jsonl', 'cdr-2026-01-06.2.jsonl', 'cdr-2026-01-07.jsonl', 'notes.txt', 'cdr-2020-01-01.jsonl.bak'])
      writeFileSync(join(b.directory, name), '')
    const cdrs = await b.start()
    assert.deepEqual(b.names(), ['cdr-2020-01-01.jsonl.bak', 'cdr-2026-01-07.jsonl', 'notes.txt'])
    await tick(b.clock, hourMs, () => !b.names().includes('cdr-2026-01-07.jsonl'))
    assert.ok(b.clock.now() >= Date.UTC(2026, 0, 11), 'not before its time')
    await cdrs.stop()
  })

  it('repeat no line when the process died between writing and marking', async (t) => {
    const b = bed(t)
    b.forgetful = true
    const dying = await b.start()
    b.end(3)
    await tick(b.clock, 250, () => b.names().length > 0 && b.sequences().length === 3)
    await assert.rejects(dying.stop())
    b.forgetful = false
    b.end(2)
    const again = await b.start()
    await again.stop()
    assert.deepEqual(b.sequences(), [1, 2, 3, 4, 5])
  })

  it('survive a torn last line: it is cut off, and written whole', async (t) => {
    const b = bed(t)
    const first = await b.start()
    b.end(3)
    const [...kept] = b.rows
    await first.stop()
    const path = join(b.directory, b.names()[0]!)
    truncateSync(path, statSync(path).size - 7)
    b.rows = kept
    const again = await b.start()
    await again.stop()
    assert.deepEqual(b.sequences(), [1, 2, 3])
  })

  it('whose newest has nothing but a torn line take the last sequence from the one before', async (t) => {
    const b = bed(t)
    const first = await b.start()
    b.end(3)
    const [...kept] = b.rows
    await first.stop()
    appendFileSync(join(b.directory, 'cdr-2026-01-11.jsonl'), '{"sequence":4,"mess')
    b.rows = kept
    b.end()
    await b.clock.advance(hourMs)
    const again = await b.start()
    await again.stop()
    assert.deepEqual(b.sequences(), [1, 2, 3, 4])
  })

  it('in which a loss of power left holes are whole again, and what was marked as written stays', async (t) => {
    const b = bed(t)
    const first = await b.start()
    b.end(3)
    await tick(b.clock, 250, () => b.rows.length === 0)
    b.end(3)
    const [...unmarked] = b.rows
    await first.stop()
    const path = join(b.directory, b.names()[0]!)
    const lines = readFileSync(path, 'utf8').split('\n')
    // By hand, long ago.
    lines[1] = 'looked at'
    lines[4] = '\0'.repeat(lines[4]!.length)
    writeFileSync(path, lines.join('\n'))
    b.rows = unmarked
    const again = await b.start()
    await again.stop()
    const left = readFileSync(path, 'utf8').split('\n')
    assert.deepEqual(left.slice(0, 3), lines.slice(0, 3))
    assert.deepEqual(
      left.slice(3, -1).map((line) => (JSON.parse(line) as { sequence: number }).sequence),
      [4, 5, 6],
    )
  })
})
