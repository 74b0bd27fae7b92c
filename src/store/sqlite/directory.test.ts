import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeDirectory } from './directory.ts'

test('a directory is made with those above it, for its owner alone, and found there the next time', (t) => {
  const above = mkdtempSync(join(tmpdir(), 'signalbox-'))
  t.after(() => rmSync(above, { recursive: true }))
  const path = join(above, 'a', 'b', 'c')
  makeDirectory(path)
  makeDirectory(path)
  assert.equal(statSync(path).mode & 0o777, 0o700)
  symlinkSync(path, join(above, 'link'))
  makeDirectory(join(above, 'link'))
  writeFileSync(join(above, 'file'), '')
  assert.throws(() => makeDirectory(join(above, 'file')), { code: 'EEXIST' })
  assert.throws(() => makeDirectory(join(above, 'file', 'below')), { code: 'ENOTDIR' })
  symlinkSync(join(above, 'nowhere'), join(above, 'dangling'))
  assert.throws(() => makeDirectory(join(above, 'dangling')), { code: 'ENOENT' })
  assert.throws(() => makeDirectory(join(above, 'x'.repeat(300))), { code: 'ENAMETOOLONG' })
})
