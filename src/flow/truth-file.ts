// Truth scores over restarts: their sums in a small file, written now and then and at the end. What
// came since it was last written is forgotten by a crash; a file that cannot be read is begun anew.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import type { Logger } from '../plugin.ts'
import { createTruth, type Truth, type TruthSnapshot } from './truth.ts'
import { emptyTally, type Tally } from './truth-score.ts'

export interface TruthFile {
  truth: Truth
  save(): Promise<void>
}

const count = z.number().min(0)
const tally = z.strictObject(
  Object.fromEntries(Object.keys(emptyTally()).map((name) => [name, count])) as Record<keyof Tally, typeof count>,
)
const snapshot = z.record(z.string(), z.strictObject({ current: tally, before: tally.nullable() }))

export async function openTruth(path: string, log: Pick<Logger, 'warn'>): Promise<TruthFile> {
  const truth = createTruth(await read(path, log))
  return {
    truth,
    async save() {
      await writeFile(`${path}.new`, JSON.stringify(truth.snapshot()), { mode: 0o600 })
      await rename(`${path}.new`, path)
    },
  }
}

async function read(path: string, log: Pick<Logger, 'warn'>): Promise<TruthSnapshot> {
  try {
    return snapshot.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
    log.warn({ path, err: error }, 'the sums of truth scores cannot be read; they begin anew')
    return {}
  }
}
