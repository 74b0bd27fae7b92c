import assert from 'node:assert/strict'
import { test } from 'node:test'
import { account, bind, configuration, question, route } from '../../test/routing.ts'
import { decide, decideInbound } from './decide.ts'
import { compile } from './table.ts'

const bindsOf = (decision: { candidates: { bind: string }[] }): string[] => decision.candidates.map((candidate) => candidate.bind)
const accounts = [account('A'), account('B', 'A'), account('Z')]
const binds = [
  bind('A/north'),
  bind('A/dear'),
  bind('A/off', { enabled: false }),
  bind('A/api', { side: 'client' }),
  bind('B/own'),
  bind('B/bob', { side: 'client' }),
  bind('Z/theirs'),
]
const routes = [route('A', 'all', '', ['A/north'])]

test('a bind that the sender names is taken whatever the routes say, alone, and the decision tells so', () => {
  const decision = decide(compile(configuration(accounts, binds, routes)), question({ account: 'B', via: 'own' }))
  assert.deepEqual(bindsOf(decision), ['B/own'])
  assert.equal(decision.route, undefined)
  assert.deepEqual(decision.tried, [{ route: 'own', account: 'B', matched: true, why: 'own is the bind that the sender names.' }])
})

test('a bind above is named only by those to whom a route lends it', () => {
  const of = (who: string, via: string) => decide(compile(configuration(accounts, binds, routes)), question({ account: who, via }))
  assert.deepEqual(bindsOf(of('B', 'north')), ['A/north'])
  assert.deepEqual(bindsOf(of('A', 'dear')), ['A/dear'])
  for (const [who, via] of [
    ['B', 'dear'],
    ['B', 'theirs'],
    ['B', 'nobody'],
    ['A', 'own'],
    ['A', 'api'],
    ['Z', 'north'],
  ] as const) {
    const { candidates, tried } = of(who, via)
    assert.deepEqual(candidates, [], `${who} ${via}`)
    assert.match(tried[0]!.why, /there is no such supplier bind/)
  }
  const alone = [account('A'), account('B', 'A', { inheritRoutes: false })]
  assert.deepEqual(bindsOf(decide(compile(configuration(alone, binds, routes)), question({ account: 'B', via: 'north' }))), [])
})

test('a named bind that is disabled, or where the message came from, is refused in words', () => {
  const table = compile(configuration(accounts, binds, routes))
  assert.match(decide(table, question({ via: 'off' })).tried[0]!.why, /off, which the sender names, is disabled/)
  assert.match(decide(table, question({ via: 'dear', arrival: 'A/dear' })).tried[0]!.why, /where the message came from/)
})

const to = { value: 'bob@acme.example', ton: 'unknown', npi: 'internet' } as const
const asked = (who: string) => ({ ...question({ account: who }), to })

test('an internet address goes to the user who goes by it, within the account that it is an address of', () => {
  const table = compile(configuration(accounts, binds, routes), (who, address) =>
    who === 'B' && address === 'bob@acme.example' ? { bind: 'B/bob' } : undefined,
  )
  const decision = decide(table, asked('B'))
  assert.deepEqual(bindsOf(decision), ['B/bob'])
  assert.equal(decision.tried[0]!.why, 'bob@acme.example is reached by the bind bob.')
  // For everybody else it is an address somewhere, and the routes say where that is.
  assert.deepEqual(bindsOf(decide(table, asked('A'))), ['A/north'])
})

test('a user without a domain is nobody where no connector knows one, and is given to no carrier', () => {
  const table = compile(configuration(accounts, binds, routes))
  const decision = decide(table, { ...asked('A'), to: { ...to, value: 'bob' } })
  assert.deepEqual(decision.candidates, [])
  assert.match(decision.tried[0]!.why, /^bob is an address of this account that no bind goes by/)
})

test('an address of the account that nobody goes by is refused and takes no route', () => {
  const decision = decide(
    compile(configuration(accounts, binds, routes), () => ({})),
    asked('B'),
  )
  assert.deepEqual(decision.candidates, [])
  assert.match(decision.tried[0]!.why, /bob@acme\.example is an address of this account that no bind goes by/)
})

test('what a carrier brings for an address of its account reaches that user, and no other account', () => {
  const config = configuration(accounts, binds, routes)
  const addressee = (who: string) => (who === 'B' ? { bind: 'B/bob' } : undefined)
  assert.deepEqual(bindsOf(decideInbound(config, compile(config, addressee), config.binds.get('B/own')!, to)), ['B/bob'])
  assert.deepEqual(bindsOf(decideInbound(config, compile(config, addressee), config.binds.get('Z/theirs')!, to)), [])
})
