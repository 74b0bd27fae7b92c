// What a crash may leave of the journal starts; what only damage can leave is refused, and says where.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { messageSource } from '../../../test/contract/fixture.ts'
import { linesOf } from '../../../test/journal.ts'
import { openSqlite } from './index.ts'
import { openJournal, readJournal, record } from './journal.ts'
import { refuseLoss } from './replay.ts'
import { createSlab, put } from './slab.ts'

const perFile = 2 ** 21

function temporary(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-replay-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

function slab(text: string): ReturnType<typeof createSlab> {
  const made = createSlab()
  put(made, text)
  return made
}

/** A file with so many records of 120 octets each. */
function file(number: number, records: number): Buffer {
  const parts = Array.from({ length: records }, (_, n) => Buffer.from(record(number * perFile + n + 1, slab(`${'x'.repeat(99)}\n`))))
  return Buffer.concat(parts)
}

function spoilt(whole: Buffer, at: number): Buffer {
  const bytes = Buffer.from(whole)
  bytes[at]! ^= 1
  return bytes
}

function holds(t: TestContext, files: Record<number, Buffer>): string {
  const directory = temporary(t)
  for (const [number, bytes] of Object.entries(files)) writeFileSync(join(directory, `journal-${number}`), bytes)
  return directory
}

const nothing = Buffer.alloc(0)

test('what a crash leaves is taken: a torn last record, an older file below a newer one, empty files, files that the tables have', (t) => {
  const torn = file(5, 3).subarray(0, 300)
  refuseLoss(holds(t, { 4: file(4, 3), 5: torn, 6: nothing }), 3)
  refuseLoss(holds(t, { 5: spoilt(file(5, 3), 350), 6: file(4, 20) }), 4)
  refuseLoss(holds(t, { 5: Buffer.concat([file(5, 3), file(3, 20)]), 6: file(6, 1) }), 4)
  refuseLoss(holds(t, { 2: spoilt(file(2, 3), 5), 7: nothing, 8: nothing }), 6)
  refuseLoss(holds(t, { 1: nothing, 2: nothing }), 0)
  refuseLoss(holds(t, {}), 7)
})

test('a record that cannot be read before one that can is refused, wherever it is', (t) => {
  const whole = file(5, 3)
  for (let at = 0; at < 240; at += 7) {
    const directory = holds(t, { 5: spoilt(whole, at), 6: nothing })
    assert.throws(() => refuseLoss(directory, 4), /journal-5: octets \d+ to \d+ of it cannot be read.*move journal-5/, `octet ${at}`)
  }
  assert.throws(() => refuseLoss(holds(t, { 5: spoilt(whole, 300), 6: file(6, 1) }), 4), /journal-5: its last record, at octet 240,/)
  assert.throws(() => refuseLoss(holds(t, { 5: nothing, 6: file(6, 1) }), 4), /journal-5: it has no record/)
})

test('a file that is missing between others, or between the tables and the journal, is refused', (t) => {
  assert.throws(() => refuseLoss(holds(t, { 5: file(5, 1), 7: file(7, 1) }), 4), /journal-6: it is missing.*move journal-7/)
  assert.throws(() => refuseLoss(holds(t, { 5: file(5, 1) }), 2), /journal-3: it is missing, or signalbox\.db is older/)
})

test('a database that is gone beside its journal is not made anew in silence', async (t) => {
  const directory = temporary(t)
  const store = await openSqlite({ directory })
  const source = messageSource(Date.now)
  for (let i = 0; i < 5; i++) {
    await store.accept(source.message())
    await store.statistics({ from: 0, to: 1 })
  }
  await store.close()
  for (const end of ['', '-wal', '-shm']) rmSync(join(directory, `signalbox.db${end}`), { force: true })
  await assert.rejects(openSqlite({ directory }), /journal-1: it is missing, or signalbox\.db is older/)
})

const noLimit = spawnSync('prlimit', ['--version']).error ? 'there is no prlimit here (Debian: util-linux)' : false

test('of a record that was refused half-way nothing is read, in a file that is used again', { skip: noLimit }, async (t) => {
  const directory = temporary(t)
  const journal = await openJournal(directory, 1, assert.ifError)
  const turn = async (): Promise<void> => {
    while (!journal.turn()) await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await journal.append(slab(`${'a'.repeat(100_000)}\n`))
  await turn()
  journal.done(1)
  await turn()
  await turn()
  await journal.append(slab('kept\n'))
  execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=50000:unlimited'])
  try {
    await assert.rejects(journal.append(slab('b\n'.repeat(30_000))), /EFBIG/)
  } finally {
    execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=unlimited:unlimited'])
  }
  assert.deepEqual(linesOf(readJournal(directory, 4), 4, true), ['kept'])
  await journal.append(slab('after\n'))
  assert.deepEqual(linesOf(readJournal(directory, 4), 4, true), ['kept', 'after'])
  await journal.close()
})
