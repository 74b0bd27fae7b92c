import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { account, bind, configuration, number, question, route } from '../../test/routing.ts'
import { concealDecision } from '../admin/conceal.ts'
import type { Account } from '../model/account.ts'
import type { Bind } from '../model/bind.ts'
import type { Configuration } from '../model/configuration.ts'
import { defaultPolicy } from '../model/policy.ts'
import type { Route } from '../model/route.ts'
import { decide, decideInbound } from './decide.ts'
import type { Question } from './question.ts'
import { compile } from './table.ts'

// A operator · B reseller with the customers C and D · E another reseller
const accounts = [account('A'), account('B', 'A'), account('C', 'B'), account('D', 'B'), account('E', 'A')]
const bindsOf = (decision: { candidates: { bind: string }[] }): string[] => decision.candidates.map((candidate) => candidate.bind)
const decided = (binds: Bind[], routes: Route[], more: Partial<Question> = {}): string[] =>
  bindsOf(decide(compile(configuration(accounts, binds, routes)), { ...question(), ...more }))
const everyone = (binds: Bind[], routes: Route[]): Record<string, string> =>
  Object.fromEntries(accounts.map(({ id }) => [id, decided(binds, routes, { account: id }).join()]))

test('a route without a grant takes what everybody below sends, an empty grant what the owner sends, names them and all below', () => {
  const binds = [bind('A/x')]
  assert.deepEqual(everyone(binds, [route('A', 'r', '', ['A/x'])]), { A: 'A/x', B: 'A/x', C: 'A/x', D: 'A/x', E: 'A/x' })
  assert.deepEqual(everyone(binds, [route('A', 'r', '', ['A/x'], { grant: [] })]), { A: 'A/x', B: '', C: '', D: '', E: '' })
  assert.deepEqual(everyone(binds, [route('A', 'r', '', ['A/x'], { grant: ['B'] })]), { A: 'A/x', B: 'A/x', C: 'A/x', D: 'A/x', E: '' })
  assert.deepEqual(everyone(binds, [route('A', 'r', '', ['A/x'], { grant: ['C', 'E'] })]), { A: 'A/x', B: '', C: 'A/x', D: '', E: 'A/x' })
})

test('a bind that is granted to some carries nobody else, whichever route leads there', () => {
  const binds = [bind('A/x', { grant: ['C'] }), bind('A/y')]
  const routes = [route('A', 'r', '', ['A/x', 'A/y'])]
  assert.deepEqual(everyone(binds, routes), { A: 'A/x,A/y', B: 'A/y', C: 'A/x,A/y', D: 'A/y', E: 'A/y' })
  const own = [...routes, route('D', 'mine', '', ['A/x']), route('C', 'mine', '', ['A/x'])]
  assert.equal(decided(binds, own, { account: 'C' }).join(), 'A/x')
  assert.equal(decided(binds, own, { account: 'D' }).join(), 'A/y', 'a route of its own does not help')
  // Of a route above, whose owner was not granted the bind.
  assert.equal(decided([bind('A/x', { grant: ['C'] })], [route('B', 'r', '', ['A/x'])], { account: 'C' }).join(), '')
})

test('the bind of an account below carries it and the accounts above, not the siblings that inherit the route', () => {
  const routes = [route('B', 'r', '', ['C/x', 'B/y'])]
  assert.deepEqual(everyone([bind('C/x'), bind('B/y')], routes), { A: '', B: 'C/x,B/y', C: 'C/x,B/y', D: 'B/y', E: '' })
})

test('a member of a trunk is left out for those to whom it is not granted', () => {
  const policy = { ...defaultPolicy, trunk: 't' }
  const binds = [bind('A/x', { policy, grant: ['B'] }), bind('A/y', { policy })]
  const routes = [route('A', 'r', '', [], { to: [{ bind: 'A/t', trunk: true }] })]
  assert.deepEqual(everyone(binds, routes), { A: 'A/x,A/y', B: 'A/x,A/y', C: 'A/x,A/y', D: 'A/x,A/y', E: 'A/y' })
})

test('who does not inherit is granted nothing', () => {
  const tree = [account('A'), account('B', 'A', { inheritRoutes: false }), account('C', 'B')]
  const table = compile(configuration(tree, [bind('A/x', { grant: ['B', 'C'] })], [route('A', 'r', '', ['A/x'], { grant: ['B', 'C'] })]))
  for (const who of ['B', 'C']) assert.deepEqual(decide(table, question({ account: who })).candidates, [], who)
})

test('of several routes with one prefix the same goes first, whether it is for all or for some', () => {
  const binds = [bind('A/x'), bind('A/y'), bind('A/z', { grant: ['B'] })]
  const routes = [
    route('A', 'b', '+44', ['A/x'], { grant: ['B'] }),
    route('A', 'c', '+44', ['A/y']),
    route('A', 'a', '+44', ['A/z'], { when: { sender: '+1' } }),
    route('A', 'long', '+447', ['A/y'], { grant: ['E'] }),
  ]
  const table = compile(configuration(accounts, binds, routes))
  const of = (who: string, more: Parameters<typeof question>[0] = {}): string | undefined =>
    decide(table, question({ account: who, ...more })).route
  assert.equal(of('B'), 'a')
  assert.equal(of('B', { from: '+2' }), 'b')
  assert.equal(of('E'), 'long')
  assert.equal(of('E', { to: '+442079460000' }), 'c')
  assert.equal(of('A', { from: '+2', to: '+442079460000' }), 'b')
})

test('a bind that is granted by name may be named by the sender, and by nobody else', () => {
  const binds = [bind('A/x', { grant: ['C'] }), bind('A/y')]
  const via = (who: string, name: string) => {
    const { candidates, tried } = decide(compile(configuration(accounts, binds, [route('A', 'r', '', ['A/x', 'A/y'], { grant: ['B'] })])), {
      ...question({ account: who }),
      via: name,
    })
    return candidates[0]?.bind ?? tried[0]!.why.replace(name, '…')
  }
  assert.equal(via('C', 'x'), 'A/x')
  assert.equal(via('D', 'y'), 'A/y')
  for (const who of ['B', 'D', 'E']) assert.equal(via(who, 'x'), via(who, 'nobody'), who)
  assert.equal(via('E', 'y'), via('E', 'nobody'), 'no route that it may use leads there')
})

test('what would take a message, were it granted, is known for those who may ask', () => {
  const binds = [bind('A/x', { grant: ['C'] }), bind('A/y')]
  const routes = [
    route('A', 'chosen', '+44', ['A/y'], { grant: ['C'] }),
    route('A', 'carrier', '+44', ['A/x']),
    route('A', 'elsewhere', '+33', ['A/x']),
    route('A', 'mms', '+44', ['A/x'], { when: { kind: 'mms' } }),
  ]
  const table = compile(configuration(accounts, binds, routes))
  assert.deepEqual(
    table.ungranted({ ...question({ account: 'D' }), via: 'x' }).map(({ account: owner, matched, why }) => [owner, matched, why]),
    [
      ['A', false, 'Route carrier takes destinations that start with +44; no bind of it is granted to the sender.'],
      ['A', false, 'Route chosen takes destinations that start with +44; it is not granted to the sender.'],
      ['A', false, 'The bind x is not granted to the sender.'],
    ],
  )
  assert.deepEqual(table.ungranted({ ...question({ account: 'C' }), via: 'x' }), [])
  assert.deepEqual(decide(table, question({ account: 'D' })).tried, [])
})

test('what a carrier brings for a number above is heard only where that account sends by it', () => {
  const binds = [
    bind('A/x', { grant: [] }),
    bind('C/x'),
    bind('D/x'),
    bind('A/api', { side: 'client' }),
    bind('B/api', { side: 'client' }),
    bind('C/api', { side: 'client' }),
  ]
  const numbers = [number('+15550001111', 'A', 'A/api'), number('+15550002222', 'B', 'B/api'), number('+15550003333', 'C', 'C/api')]
  const heard = (carrier: string, to: string, routes: Route[] = []): string => {
    const now = configuration(accounts, binds, routes, numbers)
    return bindsOf(decideInbound(now, compile(now), now.binds.get(carrier)!, { value: to, ton: 'international', npi: 'e164' })).join()
  }
  assert.equal(heard('C/x', '+15550003333'), 'C/api')
  assert.equal(heard('A/x', '+15550003333'), 'C/api', 'whoever is granted the carrier: it is about sending')
  assert.equal(heard('C/x', '+15550002222'), '')
  assert.equal(heard('C/x', '+15550001111'), '')
  const routes = [route('B', 'r', '+44', ['C/x'])]
  assert.equal(heard('C/x', '+15550002222', routes), 'B/api')
  assert.equal(heard('D/x', '+15550002222', routes), '', 'the route leads elsewhere')
  assert.equal(heard('C/x', '+15550001111', routes), '', 'the route is of an account below')
  assert.equal(heard('C/x', '+15550002222', [route('A', 'r', '', ['C/x'])]), 'B/api', 'it may use the route above')
  assert.equal(heard('C/x', '+15550002222', [route('A', 'r', '', ['C/x'], { grant: ['E'] })]), '')
  assert.equal(heard('C/x', '+15550002222', [route('B', 'r', '', ['C/x'], { enabled: false })]), '')
  const moved = configuration(accounts, binds, [], [number('+15550002222', 'B', 'A/api')])
  assert.deepEqual(
    decideInbound(moved, compile(moved), moved.binds.get('A/x')!, { value: '+15550002222', ton: 'international', npi: 'e164' }).candidates,
    [],
  )
})

// Random trees

const names = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'Z'] as const
const maybe = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(values, { nil: undefined, freq: 1 })
const someone = fc.constantFrom(...names)
const grant = maybe(fc.uniqueArray(someone, { maxLength: 3 }))
const granted = <T extends object>(of: T, by: string[] | undefined): T => (by === undefined ? of : { ...of, grant: by })

/** Z stands alone; A is above all others. Grants, targets and trunks name anybody: the table holds, whatever is stored. */
const forest: fc.Arbitrary<Configuration> = fc
  .record({
    parents: fc.array(fc.nat(), { minLength: 6, maxLength: 6 }),
    inherits: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 6, maxLength: 6 }),
    binds: fc.uniqueArray(fc.record({ owner: someone, name: fc.constantFrom('x', 'y'), trunk: fc.constantFrom('', '', 't'), grant }), {
      selector: (one) => `${one.owner}/${one.name}`,
      minLength: 3,
      maxLength: 12,
    }),
    routes: fc.array(
      fc.record({
        owner: someone,
        prefix: fc.constantFrom('', '+4', '+44'),
        sender: maybe(fc.constantFrom('+1', '+2')),
        to: fc.uniqueArray(
          fc.record({ owner: someone, name: fc.constantFrom('x', 'y', 't'), weight: maybe(fc.integer({ min: 1, max: 3 })) }),
          {
            selector: (one) => `${one.owner}/${one.name}`,
            minLength: 1,
            maxLength: 4,
          },
        ),
        grant,
      }),
      { maxLength: 14 },
    ),
  })
  .map(({ parents, inherits, binds, routes }) =>
    configuration(
      [
        account('A'),
        ...names.slice(1, 7).map((id, i) => account(id, names[parents[i]! % (i + 1)], { inheritRoutes: inherits[i] !== 0 })),
        account('Z'),
      ],
      binds.map(({ owner, name, trunk, grant: by }) => granted(bind(`${owner}/${name}`, { policy: { ...defaultPolicy, trunk } }), by)),
      routes.map(({ owner, prefix, sender, to, grant: by }, i) =>
        granted(
          {
            ...route(owner, `r${i}`, prefix, [], { when: sender === undefined ? {} : { sender } }),
            to: to.map(({ owner: at, name, weight }) => ({
              bind: `${at}/${name}`,
              ...(name === 't' ? { trunk: true as const } : {}),
              ...(weight === undefined ? {} : { weight }),
            })),
          },
          by,
        ),
      ),
      names.map((owner, i) => number(`+1555000000${i}`, owner, `${owner}/api`)),
    ),
  )

const asked = fc.record({
  account: someone,
  from: fc.constantFrom('+1555', '+2555'),
  to: fc.constantFrom('+44', '+41', '+1'),
  dice: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  via: maybe(fc.constantFrom('x', 'y')),
})

type Asked = typeof asked extends fc.Arbitrary<infer T> ? T : never
const toQuestion = ({ via, ...rest }: Asked): Question => ({ ...question(rest), ...(via === undefined ? {} : { via }) })

/** The accounts above, itself first. */
function upwards(all: ReadonlyMap<string, Account>, id: string): string[] {
  const parent = all.get(id)?.parent
  return parent === undefined ? [id] : [id, ...upwards(all, parent)]
}

/** The rule, said slowly: own, or of an account below; or of one above, with nobody between who does not inherit, and granted. */
function mayLeaveBy(now: Configuration, sender: string, { account: owner, grant: by }: Bind): boolean {
  if (upwards(now.accounts, owner).includes(sender)) return true
  const line = upwards(now.accounts, sender)
  if (!line.includes(owner)) return false
  const between = line.slice(0, line.indexOf(owner))
  if (between.some((one) => !now.accounts.get(one)!.inheritRoutes)) return false
  return by === undefined || between.some((one) => by.includes(one))
}

test('a message only ever leaves by a bind that is its account’s own, of one below, or granted to it, on random trees', () => {
  let left = 0
  fc.assert(
    fc.property(forest, fc.array(asked, { minLength: 10, maxLength: 20 }), (now, questions) => {
      const table = compile(now)
      for (const one of questions.map(toQuestion)) {
        for (const candidate of bindsOf(decide(table, one))) {
          left++
          assert.ok(mayLeaveBy(now, one.account, now.binds.get(candidate)!), `${one.account} by ${candidate}`)
          assert.ok(table.maySendBy(one.account, candidate))
        }
      }
      for (const one of now.binds.values())
        for (const who of names) assert.equal(table.maySendBy(who, one.id), mayLeaveBy(now, who, one), `${who} ${one.id}`)
    }),
    { numRuns: 300 },
  )
  assert.ok(left > 500, `only ${left} candidates: the property says too little`)
})

test('nothing of an account beside is distinguishable from nothing, on random trees', () => {
  fc.assert(
    fc.property(forest, fc.array(asked, { minLength: 10, maxLength: 20 }), (now, questions) => {
      for (const one of questions.map(toQuestion)) {
        const kin = (id: string): boolean =>
          upwards(now.accounts, one.account).includes(id) || upwards(now.accounts, id).includes(one.account)
        const alone = configuration(
          [...now.accounts.values()].filter(({ id }) => kin(id)),
          [...now.binds.values()].filter((each) => kin(each.account)),
          [...now.routes.values()].flat().filter((each) => kin(each.account)),
        )
        const sees = (id: string): boolean => id !== '' && upwards(now.accounts, id).includes(one.account)
        const told = (from: Configuration) => concealDecision(decide(compile(from), one), sees)
        assert.deepEqual(told(now), told(alone))
      }
    }),
    { numRuns: 200 },
  )
})

test('nobody hears what a carrier beside brings, on random trees', () => {
  fc.assert(
    fc.property(forest, (now) => {
      const clients = configuration(
        [...now.accounts.values()],
        [...now.binds.values(), ...names.map((id) => bind(`${id}/api`, { side: 'client' }))],
        [...now.routes.values()].flat(),
        [...now.numbers.values()],
      )
      const table = compile(clients)
      for (const carrier of now.binds.values()) {
        for (const { value, account: owner } of now.numbers.values()) {
          const heard = bindsOf(decideInbound(clients, table, carrier, { value, ton: 'international', npi: 'e164' }))
          const above = upwards(now.accounts, owner).includes(carrier.account)
          if (above) assert.deepEqual(heard, [`${owner}/api`])
          else if (heard.length > 0) assert.ok(upwards(now.accounts, carrier.account).includes(owner), `${owner} hears ${carrier.id}`)
        }
      }
    }),
    { numRuns: 200 },
  )
})
