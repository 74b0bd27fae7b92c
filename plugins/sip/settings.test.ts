import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { z } from 'zod'
import { check, told } from '../../src/admin/faults.ts'
import { claimOf, clientConfig, supplierConfig } from './settings.ts'

function faults(schema: z.ZodType, config: unknown): string[] {
  const checked = check(schema, config, [])
  return 'faults' in checked ? told(checked.faults).map(({ path, message }) => `${path}: ${message}`) : []
}

test('a client bind is a user, a trunk of the profiles, or a trunk described in place', () => {
  for (const config of [
    { user: 'alice', password: 'x' },
    { user: 'alice', domain: 'acme.example', password: 'x', contacts: 'first', dialect: 'restcomm', receipts: 'text' },
    { trunk: 'external/pbx', receipts: 'none' },
    { nextHops: ['sip:pbx.example;transport=tcp'], addresses: ['192.0.2.0/24'], username: 'us', password: 'x', to: { plus: false } },
  ])
    assert.deepEqual(faults(clientConfig, config), [], JSON.stringify(config))
  assert.deepEqual(faults(supplierConfig, { trunk: 'external/pbx' }), [])
})

test('what is neither, or both, is told with what would be right', () => {
  assert.match(faults(clientConfig, {}).join(), /expected user and password, or trunk.*or nextHops/)
  assert.match(faults(supplierConfig, {}).join(), /expected trunk, the name of one in sip-profiles\/, or nextHops/)
  assert.match(faults(clientConfig, { user: 'alice' }).join(), /password: is missing/)
  assert.match(faults(clientConfig, { user: 'a b', password: 'x' }).join(), /user: expected the user part of a SIP URI/)
  assert.match(faults(clientConfig, { user: 'alice', password: 'x', trunk: 'external/pbx' }).join(), /trunk: is of trunks/)
  assert.match(faults(clientConfig, { domain: 'acme.example', nextHops: ['sip:x'] }).join(), /domain: is of a user: user is missing/)
  assert.match(
    faults(clientConfig, { trunk: 'external/pbx', attemptMs: 700 }).join(),
    /attemptMs: stands in the file of the trunk external\/pbx/,
  )
  assert.match(faults(supplierConfig, { user: 'alice', trunk: 'a/b' }).join(), /user: there is no such field/)
  assert.match(faults(supplierConfig, { trunk: '../../etc' }).join(), /trunk: expected <profile>\/<name>/)
})

test('a user is claimed by its address in lower case, in one domain or in all of its account; a trunk is not', () => {
  assert.equal(claimOf({ user: 'Alice', domain: 'ACME.example', password: 'x' }), 'alice@acme.example')
  assert.equal(claimOf({ user: 'Alice', password: 'x' }), 'alice@')
  assert.equal(claimOf({ trunk: 'external/pbx' }), undefined)
})
