import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Account } from '../model/account.ts'
import type { Configuration } from '../model/configuration.ts'
import { createEnter } from './concurrency.ts'

const id = `AC${'1'.repeat(32)}`

function limited(concurrency: number): Configuration {
  const account: Account = {
    id,
    name: 'one',
    status: 'active',
    token: '',
    inheritRoutes: true,
    weight: 1,
    concurrency,
    privateWebhooks: false,
    createdAt: 0,
    updatedAt: 0,
  }
  return { revision: 1, accounts: new Map([[id, account]]), binds: new Map(), routes: new Map(), numbers: new Map(), resources: new Map() }
}

test('an account has as many places as its limit, and a place left is free again', () => {
  const enter = createEnter(() => limited(2))
  const first = enter(id)
  const second = enter(id)
  assert.ok(first && second)
  assert.equal(enter(id), undefined)
  first()
  first()
  assert.ok(enter(id), 'one place is free')
  assert.equal(enter(id), undefined, 'leaving twice frees one place only')
})

test('no limit means no limit, for an unknown account too', () => {
  const enter = createEnter(() => limited(0))
  for (let i = 0; i < 1000; i++) assert.ok(enter(id))
  assert.ok(enter('AC unknown'))
})

test('a limit set lower while requests are under way holds for those that follow', () => {
  let configuration = limited(5)
  const enter = createEnter(() => configuration)
  const leave = [enter(id), enter(id), enter(id)]
  configuration = limited(1)
  assert.equal(enter(id), undefined)
  for (const each of leave) each?.()
  assert.ok(enter(id))
  assert.equal(enter(id), undefined)
})
