import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Configuration } from '../model/configuration.ts'
import { versions } from '../model/versions.ts'
import { account, bind, configuration, question, randomConfiguration, randomQuestion, route } from '../../test/routing.ts'
import { decide } from './decide.ts'
import { compile, createTables } from './table.ts'

/** What the next configuration has of the one drawn for it; the rest is as it was, the same objects. */
const kept = fc.record({ accounts: fc.nat(15), binds: fc.nat(255), routes: fc.nat(15), revision: fc.constant(1) })

function mixed(before: Configuration, drawn: Configuration, take: { accounts: number; binds: number; routes: number }, revision: number) {
  const some = <T>(was: ReadonlyMap<string, T>, is: ReadonlyMap<string, T>, bits: number) =>
    versions(was).with([...is.keys()].map((key, i) => [key, (bits >> i) % 2 ? is.get(key) : was.get(key)] as const))
  return {
    ...drawn,
    revision,
    accounts: some(before.accounts, drawn.accounts, take.accounts),
    binds: some(before.binds, drawn.binds, take.binds),
    routes: some(before.routes, drawn.routes, take.routes),
  }
}

test('a table that followed its configuration decides as one that is compiled anew', () => {
  fc.assert(
    fc.property(
      randomConfiguration,
      fc.array(fc.tuple(randomConfiguration, kept), { minLength: 1, maxLength: 4 }),
      fc.array(randomQuestion, { minLength: 3, maxLength: 6 }),
      (first, changes, questions) => {
        const tables = createTables(() => undefined)
        let now = first
        tables.follow(now)
        for (const asked of questions) decide(tables.table(), asked)
        let revision = first.revision
        for (const [drawn, take] of changes) {
          now = mixed(now, drawn, take, ++revision)
          tables.follow(now)
          const fresh = compile(now)
          for (const asked of questions) {
            assert.deepEqual(decide(tables.table(), asked), decide(fresh, asked))
            assert.deepEqual(tables.table().ungranted(asked), fresh.ungranted(asked))
          }
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('what routes lead to is followed: a bind that is disabled, comes, or joins a trunk; and an account that is suspended', () => {
  const tables = createTables(() => undefined)
  const routes = [route('A', 'r', '+44', ['A/x', 'A/y']), route('A', 't', '+49', [], { to: [{ bind: 'A/pool', trunk: true }] })]
  const member = bind('A/z', {})
  const policy = { ...member.policy, trunk: 'pool' }
  const steps: [Parameters<typeof bind>[1], string | undefined, string | undefined][] = [
    [{}, 'A/x', undefined],
    [{ enabled: false }, undefined, undefined],
    [{ policy }, 'A/x', 'A/x'],
  ]
  for (const [more, led, pooled] of steps) {
    const now = configuration([account('A')], [bind('A/x', more)], routes)
    tables.follow(now)
    assert.equal(decide(tables.table(), question()).candidates[0]?.bind, led)
    assert.equal(decide(tables.table(), question({ to: '+49301234567' })).candidates[0]?.bind, pooled)
  }
  tables.follow(configuration([account('A')], [bind('A/y')], routes))
  assert.equal(decide(tables.table(), question()).candidates[0]?.bind, 'A/y')
})

test('another account, number or client bind beside ten thousand routes compiles none of them again', () => {
  const routes = Array.from({ length: 10_000 }, (_, n) => route('A', `r${n}`, `+44${n}`, ['A/x']))
  const config = configuration([account('A')], [bind('A/x')], routes)
  const tables = createTables(() => undefined)
  let now: Configuration = {
    ...config,
    accounts: versions(config.accounts),
    binds: versions(config.binds),
    routes: versions(config.routes),
  }
  tables.follow(now)
  const asked = question({ to: '+4477' })
  const { tried } = decide(tables.table(), asked)
  for (let n = 0; n < 100; n++) {
    const id = `N${n}`
    const accounts = versions(now.accounts).with([[id, account(id, 'A')]])
    const binds = versions(now.binds).with([[`${id}/api`, bind(`${id}/api`, { side: 'client' })]])
    now = Object.assign({}, now, { revision: now.revision + 1, accounts, binds })
    tables.follow(now)
    const decision = decide(tables.table(), { ...asked, account: id })
    assert.equal(decision.revision, now.revision)
    assert.equal(decision.tried[0], tried[0], 'the very same sentence')
  }
})
