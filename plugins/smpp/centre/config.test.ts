import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { clientConfig } from './config.ts'

const given = { systemId: 'shop', password: 'secret' }

test('a client needs a system_id and a password, and no more', () => {
  assert.equal(clientConfig.parse(given).deliverBy, 'deliver_sm')
  for (const field of ['systemId', 'password']) assert.ok(!clientConfig.safeParse({ ...given, [field]: '' }).success, field)
})

test('an address that is none is a fault at its place', () => {
  const { error } = clientConfig.safeParse({ ...given, addresses: ['192.0.2.0/24', 'example.com'] })
  assert.deepEqual(
    error?.issues.map((issue) => issue.path),
    [['addresses', 1]],
  )
})

test('every field of a client bind is described where customers of the connector look', () => {
  const page = readFileSync('plugins/smpp/README.md', 'utf8')
  const section = page.slice(page.indexOf('## Fields of a client bind'), page.indexOf('How the message centre behaves'))
  const together = new Set(['sourceNpi', 'sourceRules', 'destinationTon', 'destinationNpi'])
  for (const field of Object.keys(clientConfig.shape)) if (!together.has(field)) assert.match(section, new RegExp('`' + field + '`'), field)
})
