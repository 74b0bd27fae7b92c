import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createSeal, openSeal } from './seal.ts'

test('opens what it sealed, and seals the same text differently each time', () => {
  const seal = createSeal(new Uint8Array(32).fill(1))
  const [one, two] = [seal.seal('pässword', 'here'), seal.seal('pässword', 'here')]
  assert.notEqual(one, two)
  assert.ok(!one.includes('pässword'))
  assert.equal(seal.open(one, 'here'), 'pässword')
})

test('refuses another place, another key and anything changed', () => {
  const seal = createSeal(new Uint8Array(32).fill(1))
  const sealed = seal.seal('secret', 'here')
  assert.throws(() => seal.open(sealed, 'there'), /does not open there/)
  assert.throws(() => createSeal(new Uint8Array(32).fill(2)).open(sealed, 'here'), /is it the key file/)
  const bytes = Buffer.from(sealed.slice(9), 'base64')
  bytes[bytes.length - 1]! ^= 1
  assert.throws(() => seal.open(sealed.slice(0, 9) + bytes.toString('base64'), 'here'))
  assert.throws(() => seal.open('plain', 'here'), /not sealed/)
})

test('makes the key file once, for its owner only', () => {
  const directory = mkdtempSync(join(tmpdir(), 'seal-'))
  try {
    // Of a start that was cut off before it could name the file.
    mkdirSync(join(directory, 'data'))
    writeFileSync(join(directory, 'data', 'key.new'), 'half a k')
    const sealed = openSeal(join(directory, 'data')).seal('secret', 'here')
    const path = join(directory, 'data', 'key')
    assert.equal(statSync(path).mode & 0o777, 0o600)
    const before = readFileSync(path, 'utf8')
    assert.equal(openSeal(join(directory, 'data')).open(sealed, 'here'), 'secret')
    assert.equal(readFileSync(path, 'utf8'), before)
    assert.equal(openSeal(directory, before).open(sealed, 'here'), 'secret')
    writeFileSync(path, 'short')
    assert.throws(() => openSeal(join(directory, 'data')), /holds no key: expected 64 hex digits/)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('a key that is lost is not made anew for what is sealed already', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'seal-'))
  t.after(() => rmSync(directory, { recursive: true }))
  assert.throws(() => openSeal(directory, undefined, true), /key is missing, and what is stored is sealed with it: put it back/)
  assert.equal(existsSync(join(directory, 'key')), false)
  const sealed = openSeal(directory).seal('secret', 'here')
  assert.equal(openSeal(directory, undefined, true).open(sealed, 'here'), 'secret')
  assert.ok(openSeal(directory, '0'.repeat(64), true), 'the environment has it')
})
