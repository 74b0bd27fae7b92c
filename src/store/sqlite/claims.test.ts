// The attempt marks while the disk is full.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openClaims, readClaims } from './claims.ts'

const skip = existsSync('/dev/full') && existsSync('/proc/self/fd') ? false : 'there is no /dev/full here'

test('a file of marks that cannot be made short refuses no claim, loses no mark and no descriptor, and is short later', { skip }, (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-claims-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const claims = openClaims(directory, new Map())
  const descriptors = (): number => readdirSync('/proc/self/fd').length
  const before = descriptors()
  claims.claimed([7, 700])
  let item = 100
  const mark = (times: number): void => {
    for (let i = 0; i < times; i++) {
      const pairs: number[] = []
      for (let n = 0; n < 1000; n++) pairs.push(++item, 1_000_000_000_000_000)
      claims.claimed(pairs)
      for (let n = 0; n < pairs.length; n += 2) claims.settled(pairs[n]!)
    }
  }
  symlinkSync('/dev/full', join(directory, 'claims.new'))
  mark(60)
  assert.equal(descriptors(), before)
  assert.ok(statSync(join(directory, 'claims')).size > 1 << 20)
  rmSync(join(directory, 'claims.new'))
  mark(1)
  assert.ok(statSync(join(directory, 'claims')).size < 100_000)
  claims.close()
  assert.equal(readClaims(directory).get(7), 700)
})
