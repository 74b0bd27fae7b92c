import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openTruth } from './truth-file.ts'

const silent = { warn() {} }

test('scores go on where they were written, and begin anew where the file cannot be read', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-truth-'))
  t.after(() => rm(directory, { recursive: true }))
  const path = join(directory, 'truth.json')
  const first = await openTruth(path, silent)
  assert.deepEqual(first.truth.scores(), [])
  for (let i = 0; i < 2100; i++) first.truth.of('AC1/a').add({ ref: 'x', state: 'delivered', final: true, doneAt: 5 }, i, i + 7)
  await first.save()
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  const again = await openTruth(path, silent)
  assert.deepEqual(again.truth.scores(), first.truth.scores())
  const whole = await readFile(path, 'utf8')
  for (const broken of ['', '{', whole.slice(0, -9), '[]', '{"AC1/a":{}}', whole.replace('"fast":', '"fast":"x","slow":')]) {
    await writeFile(path, broken)
    let warned = 0
    const anew = await openTruth(path, { warn: () => void warned++ })
    assert.deepEqual([anew.truth.scores(), warned], [[], 1], broken.slice(0, 40))
  }
})
