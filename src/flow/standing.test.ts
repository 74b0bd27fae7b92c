import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Account } from '../model/account.ts'
import { statusAsItStands, type Configuration } from '../model/configuration.ts'
import { versions, type Versions } from '../model/versions.ts'
import { account, configuration } from '../../test/routing.ts'
import { createStanding } from './standing.ts'

const ids = ['A', 'B', 'C', 'D', 'E'] as const
const change = fc.record({
  id: fc.constantFrom(...ids.slice(1)),
  parent: fc.constantFrom(...ids),
  status: fc.constantFrom('active' as const, 'suspended' as const, 'closed' as const),
  weight: fc.integer({ min: 1, max: 9 }),
})

test('after any changes of status, parents and weights the store holds and weighs what the tree says', () => {
  fc.assert(
    fc.property(fc.array(fc.array(change, { maxLength: 3 }), { maxLength: 8 }), (rounds) => {
      let accounts: Versions<string, Account> = versions(new Map([['A', account('A')]]))
      const now = (): Configuration => Object.assign(configuration([], [], []), { accounts })
      let held: ReadonlySet<string> = new Set()
      let weights: ReadonlyMap<string, number> = new Map()
      const follow = createStanding({ hold: (next) => void (held = next), weigh: (next) => void (weights = next) }, function* (above) {
        for (const one of accounts.values()) if (one.parent === above) yield one.id
      })
      follow(now())
      for (const round of rounds) {
        const laid = new Map<string, Account>()
        for (const { id, parent, ...more } of round) {
          // An account below a later one would make a circle.
          const above = ids.indexOf(parent) < ids.indexOf(id) && accounts.has(parent) ? parent : 'A'
          laid.set(id, account(id, above, more))
        }
        accounts = accounts.with(laid)
        follow(now())
        assert.deepEqual([...held].toSorted(), [...accounts.keys()].filter((id) => statusAsItStands(now(), id) === 'suspended').toSorted())
        for (const one of accounts.values()) assert.equal(weights.get(one.id), one.weight)
      }
    }),
  )
})
