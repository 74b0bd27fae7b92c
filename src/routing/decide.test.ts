import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Account } from '../model/account.ts'
import { isWithin, type Configuration } from '../model/configuration.ts'
import type { Route, RouteTarget } from '../model/route.ts'
import { decide, decideInbound, explain } from './decide.ts'
import { account, bind, configuration, number, question, randomConfiguration, randomQuestion, route } from '../../test/routing.ts'
import type { Question } from './question.ts'
import { compile } from './table.ts'

const binds = [bind('A/a'), bind('A/b'), bind('A/c'), bind('A/api', { side: 'client' })]
const bindsOf = (decision: { candidates: { bind: string }[] }): string[] => decision.candidates.map((candidate) => candidate.bind)

test('takes the longest destination prefix', () => {
  const table = compile(
    configuration([account('A')], binds, [
      route('A', 'all', '', ['A/a']),
      route('A', 'uk', '+44', ['A/b']),
      route('A', 'mobile', '+447', ['A/c']),
    ]),
  )
  assert.deepEqual(bindsOf(decide(table, question({ to: '+447700900123' }))), ['A/c'])
  assert.deepEqual(bindsOf(decide(table, question({ to: '+442079460000' }))), ['A/b'])
  assert.deepEqual(bindsOf(decide(table, question({ to: '+33612345678' }))), ['A/a'])
  assert.deepEqual(bindsOf(decide(table, question({ to: '12345' }))), ['A/a'])
})

test('prefers the longer sender, then a named arrival, then more conditions, then the id', () => {
  const routes = [
    route('A', 'z', '+44', ['A/a']),
    route('A', 'kind', '+44', ['A/b'], { when: { kind: 'text', account: 'A' } }),
    route('A', 'arrival', '+44', ['A/c'], { when: { arrival: 'A/api' } }),
    route('A', 'sender', '+44', ['A/a'], { when: { sender: '+1' } }),
    route('A', 'sender-longer', '+44', ['A/b'], { when: { sender: '+155' } }),
    route('A', 'a', '+44', ['A/b']),
  ]
  const best: string[] = []
  for (let left = routes; left.length > 0; left = left.filter((one) => one.id !== best.at(-1))) {
    best.push(decide(compile(configuration([account('A')], binds, left)), question()).route!)
  }
  assert.deepEqual(best, ['sender-longer', 'sender', 'arrival', 'kind', 'a', 'z'])
})

test('says of each rule that it passed over why', () => {
  const routes = [
    route('A', 'off', '+447', ['A/a'], { enabled: false }),
    route('A', 'acme', '+447', ['A/a'], { when: { sender: 'ACME' } }),
    route('A', 'mms', '+44', ['A/a'], { when: { kind: 'mms' } }),
    route('A', 'night', '+44', ['A/a'], { when: { time: { days: [], from: '22:00', to: '06:00', zone: 'UTC' } } }),
    route('A', 'default', '', ['A/gone', 'A/b']),
  ]
  const table = compile(configuration([account('A')], binds, routes))
  const decision = decide(table, question())
  assert.deepEqual(
    decision.tried.map((rule) => rule.why),
    [
      'Route acme is only for the sender ACME.',
      'Route off is disabled.',
      'Route mms is only for mms messages.',
      'Route night is only open 22:00–06:00 UTC.',
      'Route default takes every destination; gone is left out: it does not exist.',
    ],
  )
  assert.equal(decision.route, 'default')
  assert.equal(decision.revision, 7)
  assert.deepEqual(bindsOf(decision), ['A/b'])
  assert.equal(decide(table, question({ from: 'ACME' })).route, 'acme')
  assert.equal(decide(table, question({ at: Date.UTC(2026, 0, 5, 23) })).route, 'night')
})

test('splits by weight and lists the others as failovers in order', () => {
  const table = compile(configuration([account('A')], binds, [route('A', 'split', '', [['A/a', 60], ['A/b', 40], 'A/c'])]))
  assert.deepEqual(bindsOf(decide(table, question({ dice: 0 }))), ['A/a', 'A/b', 'A/c'])
  assert.deepEqual(bindsOf(decide(table, question({ dice: 0.5999 }))), ['A/a', 'A/b', 'A/c'])
  assert.deepEqual(bindsOf(decide(table, question({ dice: 0.6 }))), ['A/b', 'A/a', 'A/c'])
  assert.equal(
    decide(table, question({ dice: 0.7 })).candidates[0]!.why,
    'b is chosen: its share of the split is 40 of 100 in route split.',
  )
})

test('never sends back to the bind that a message arrived on', () => {
  const table = compile(
    configuration([account('A')], binds, [route('A', 'only', '+44', ['A/a']), route('A', 'default', '', ['A/a', 'A/b'])]),
  )
  const decision = decide(table, question({ arrival: 'A/a' }))
  assert.deepEqual(bindsOf(decision), ['A/b'])
  assert.equal(
    decision.tried[0]!.why,
    'Route only takes destinations that start with +44; a is left out: the message arrived on it. It cannot be used.',
  )
})

test('leads to a client of the route’s own account or below, and to no other customer', () => {
  const accounts = [account('A'), account('B', 'A'), account('C', 'A')]
  const all = [...binds, bind('A/app', { side: 'client' }), bind('B/app', { side: 'client' })]
  const own = compile(configuration(accounts, all, [route('A', 'here', '', ['A/app', 'B/app', 'A/a'])]))
  assert.deepEqual(bindsOf(decide(own, question())), ['A/app', 'B/app', 'A/a'])
  assert.deepEqual(bindsOf(decide(own, question({ arrival: 'A/app' }))), ['B/app', 'A/a'])
  assert.deepEqual(bindsOf(decide(own, question({ account: 'B' }))), ['B/app', 'A/a'], 'who inherits the route reaches none of theirs')
  const other = compile(configuration(accounts, all, [route('B', 'there', '', ['A/app', 'A/a'])]))
  const decision = decide(other, question({ account: 'B' }))
  assert.deepEqual(bindsOf(decision), ['A/a'])
  assert.match(decision.tried[0]!.why, /app is left out: it is not granted to the account/)
})

test('leaves out the bind of an account that is suspended, or below one that is', () => {
  const accounts = [account('A'), account('B', 'A', { status: 'suspended' }), account('C', 'B')]
  const table = compile(configuration(accounts, [...binds, bind('C/x')], [route('A', 'all', '', ['C/x', 'A/a'])]))
  const decision = decide(table, question())
  assert.deepEqual(bindsOf(decision), ['A/a'])
  assert.equal(decision.tried[0]!.why, 'Route all takes every destination; x is left out: its account is not active.')
})

test('inherits routes up the tree, own ones first, and stops where inheriting stops', () => {
  const accounts = [account('A'), account('B', 'A'), account('C', 'B')]
  const all = [...binds, bind('B/x'), bind('C/x')]
  const routes = [route('A', 'uk', '+44', ['A/a']), route('B', 'default', '', ['B/x', 'A/b'])]
  assert.deepEqual(bindsOf(decide(compile(configuration(accounts, all, routes)), question({ account: 'C' }))), ['B/x', 'A/b'])
  const alone = [account('A'), account('B', 'A'), account('C', 'B', { inheritRoutes: false })]
  assert.deepEqual(decide(compile(configuration(alone, all, routes)), question({ account: 'C' })).candidates, [])
  const closed = [account('A'), account('B', 'A', { inheritRoutes: false }), account('C', 'B')]
  assert.deepEqual(bindsOf(decide(compile(configuration(closed, all, routes)), question({ account: 'C' }))), ['B/x'])
})

test('a route reaches binds below its owner, and never a stranger’s', () => {
  const accounts = [account('A'), account('B', 'A'), account('Z')]
  const table = compile(
    configuration(accounts, [...binds, bind('B/x'), bind('Z/x')], [route('A', 'all', '', ['Z/x', 'B/x']), route('Z', 'all', '', ['A/a'])]),
  )
  assert.deepEqual(bindsOf(decide(table, question({ account: 'A' }))), ['B/x'])
  assert.match(decide(table, question({ account: 'Z' })).tried[0]!.why, /a is left out: it does not exist\. It cannot be used/)
})

test('tells at most twenty rules, the deciding one among them', () => {
  const routes = Array.from({ length: 50 }, (_, i) => route('A', `r${i}`, '', ['A/a'], { enabled: false }))
  const decision = decide(compile(configuration([account('A')], binds, [...routes, route('A', 'z', '', ['A/a'])])), question())
  assert.equal(decision.tried.length, 20)
  assert.equal(decision.tried.at(-1)!.route, 'z')
})

test('an unknown account has no route', () => {
  assert.deepEqual(
    decide(compile(configuration([account('A')], binds, [route('A', 'all', '', ['A/a'])])), question({ account: 'nobody' })).candidates,
    [],
  )
})

test('an inbound message goes to the bind of our number, with or without its plus', () => {
  const accounts = [account('A'), account('B', 'A'), account('Z')]
  const all = [...binds, bind('B/api', { side: 'client' }), bind('Z/x'), bind('A/off', { side: 'client', enabled: false })]
  const config = configuration(
    accounts,
    all,
    [],
    [number('+15550001111', 'B', 'B/api'), number('+15550002222', 'A', 'A/off'), number('+15550003333', 'A', 'A/a')],
  )
  const to = (value: string) => ({ value, ton: 'unknown', npi: 'unknown' }) as const
  const carrier = config.binds.get('A/a')!
  assert.deepEqual(bindsOf(decideInbound(config, compile(config), carrier, to('+15550001111'))), ['B/api'])
  assert.deepEqual(bindsOf(decideInbound(config, compile(config), carrier, to('15550001111'))), ['B/api'])
  const why = (value: string, from = carrier): string => decideInbound(config, compile(config), from, to(value)).tried[0]!.why
  assert.equal(why('+15550009999'), '+15550009999 is no number of ours.')
  assert.equal(why('+15550002222'), '+15550002222 goes to off, which is disabled.')
  assert.equal(why('+15550003333'), '+15550003333 goes to a, which is no client bind.')
  assert.equal(why('+15550001111', config.binds.get('Z/x')), '+15550001111 is no number of ours.')
})

test('explains a decision in lines for people', () => {
  const config = configuration([account('A')], binds, [
    route('A', 'mms', '+44', ['A/b'], { when: { kind: 'mms' } }),
    route('A', 'all', '', ['A/a', 'A/b'], { failoverOnReceipt: true }),
  ])
  assert.deepEqual(explain(decide(compile(config), question()), config), [
    '· Route mms is only for mms messages. (Account A)',
    '✓ Route all takes every destination. (Account A)',
    '1. a is the first choice in route all. (A/a, smpp)',
    '2. b is number 2 of route all, if those before fail. (A/b, smpp)',
    'A receipt that says failed sends it to the next bind.',
    'Configuration revision 7.',
  ])
})

/** The same logic said slowly: sort every route, look at each. */
function reference(config: Configuration, asked: Question): { route?: string; binds: string[] } {
  const line: string[] = []
  for (let at: string | undefined = asked.account; at !== undefined;) {
    line.push(at)
    const row: Account = config.accounts.get(at)!
    at = row.inheritRoutes ? row.parent : undefined
  }
  const size = (one: Route): number => Object.keys(one.when).length
  const ordered = line.flatMap((owner) =>
    [...(config.routes.get(owner) ?? [])].sort(
      (a, b) =>
        b.when.prefix.length - a.when.prefix.length ||
        (b.when.sender ?? '').length - (a.when.sender ?? '').length ||
        ('arrival' in b.when ? 1 : 0) - ('arrival' in a.when ? 1 : 0) ||
        size(b) - size(a) ||
        a.id.localeCompare(b.id, 'en', { numeric: false }),
    ),
  )
  for (const rule of ordered) {
    const { when } = rule
    const usable = rule.to.filter((target) => {
      const row = config.binds.get(target.bind)
      if (!row?.enabled || row.id === asked.arrival) return false
      // Another customer only of one's own.
      if (row.side === 'client' && !isWithin(config, row.account, asked.account)) return false
      if (isWithin(config, row.account, rule.account)) return true
      return row.side === 'supplier' && line.slice(line.indexOf(rule.account)).includes(row.account)
    })
    if (!rule.enabled || !asked.to.value.startsWith(when.prefix) || usable.length === 0) continue
    const { sender } = when
    if (sender !== undefined && !(/[A-Za-z]/.test(sender) ? asked.from.value === sender : asked.from.value.startsWith(sender))) continue
    if (
      (when.account ?? asked.account) !== asked.account ||
      (when.arrival ?? asked.arrival) !== asked.arrival ||
      (when.kind ?? asked.kind) !== asked.kind
    )
      continue
    if (when.time && !openSlowly(when.time, asked.at)) continue
    return { route: rule.id, binds: inOrder(usable, asked.dice) }
  }
  return { binds: [] }
}

function inOrder(usable: RouteTarget[], dice: number): string[] {
  const weighted = usable.filter((target) => target.weight !== undefined)
  let left = dice * weighted.reduce((sum, target) => sum + target.weight!, 0)
  const first = weighted.find((target) => (left -= target.weight!) < 0) ?? weighted.at(-1) ?? usable[0]!
  return [first, ...usable.filter((target) => target !== first)].map((target) => target.bind)
}

function openSlowly(window: NonNullable<Route['when']['time']>, at: number): boolean {
  const local = (ms: number): { day: number; time: string } => {
    const text = new Date(ms).toLocaleString('en-GB', {
      timeZone: window.zone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    })
    return { day: ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'].indexOf(text.slice(0, 3)), time: text.slice(-5) }
  }
  const now = local(at)
  const day = (n: number): boolean => window.days.length === 0 || window.days.includes((n + 7) % 7)
  if (window.from < window.to) return now.time >= window.from && now.time < window.to && day(now.day)
  return now.time >= window.from ? day(now.day) : now.time < window.to && day(now.day - 1)
}

test('decides as the slow reference does, on random tables', () => {
  fc.assert(
    fc.property(randomConfiguration, fc.array(randomQuestion, { minLength: 5, maxLength: 10 }), (config, questions) => {
      const table = compile(config)
      for (const asked of questions) {
        const decision = decide(table, asked)
        const slow = reference(config, asked)
        assert.equal(decision.route, slow.route)
        assert.deepEqual(bindsOf(decision), slow.binds)
      }
    }),
    { numRuns: 500 },
  )
})

test('of what an account may not know nothing is named', () => {
  const concealed = {
    revision: 7,
    candidates: [{ bind: 'inherited', why: 'By a route or bind of an account above.' }],
    failoverOnReceipt: false,
    tried: [{ route: 'inherited', account: '', matched: true, why: 'A route of an account above takes it.' }],
  }
  assert.deepEqual(explain(concealed, configuration([account('A')], [], [])), [
    '✓ A route of an account above takes it.',
    '1. By a route or bind of an account above.',
    'Configuration revision 7.',
  ])
})
