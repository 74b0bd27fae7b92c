import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Bind, BindPolicy } from '../model/bind.ts'
import type { Route } from '../model/route.ts'
import { defaultPolicy } from '../model/policy.ts'
import { account, bind, configuration, question, route } from '../../test/routing.ts'
import { decide, explain } from './decide.ts'
import type { Fitness, TrunkLoad } from './question.ts'
import { compile } from './table.ts'

const member = (id: string, policy: Partial<BindPolicy> = {}, more: Partial<Bind> = {}): Bind =>
  bind(id, { policy: { ...defaultPolicy, trunk: 'acme', ...policy }, ...more })
const toTrunk = (id: string, prefix: string, more: Partial<Route> = {}): Route => ({
  ...route('A', id, prefix, []),
  to: [{ bind: 'A/acme', trunk: true }],
  ...more,
})
function loadOf(fitness: Record<string, Fitness> = {}): TrunkLoad {
  let turn = 0
  return { turn: () => turn++, fitness: (id) => fitness[id] ?? 'ready' }
}
const binds = [member('A/n'), member('A/e'), member('A/w'), bind('A/other'), bind('A/api', { side: 'client' })]
const table = (routes: Route[], all: Bind[] = binds) => compile(configuration([account('A')], all, routes))
const bindsOf = (decision: { candidates: { bind: string }[] }): string[] => decision.candidates.map((candidate) => candidate.bind)

test('members are taken in turn, and the others stand behind the one whose turn it is', () => {
  const load = loadOf()
  const of = table([toTrunk('all', '')])
  const orders = Array.from({ length: 4 }, () => bindsOf(decide(of, { ...question(), load })))
  assert.deepEqual(orders, [
    ['A/e', 'A/n', 'A/w'],
    ['A/n', 'A/w', 'A/e'],
    ['A/w', 'A/e', 'A/n'],
    ['A/e', 'A/n', 'A/w'],
  ])
  const { candidates } = decide(of, { ...question(), load })
  assert.deepEqual(candidates[0], { bind: 'A/n', trunk: 'A/acme', why: 'n is next in turn, of the trunk acme.' })
})

test('members with weights get their shares, evenly spread', () => {
  const load = loadOf()
  const of = table([toTrunk('all', '')], [member('A/big', { trunkWeight: 3 }), member('A/small')])
  const first = Array.from({ length: 400 }, () => bindsOf(decide(of, { ...question(), load }))[0])
  assert.ok(Math.abs(first.filter((id) => id === 'A/big').length - 300) <= 2)
  for (let at = 0; at < 392; at++) assert.ok(first.slice(at, at + 8).includes('A/small'))
})

test('a member without a session or at rest is passed over, but stays behind the ready ones', () => {
  const of = table([toTrunk('all', '')])
  const load = loadOf({ 'A/e': 'down', 'A/n': 'resting' })
  for (let n = 0; n < 3; n++) {
    const decision = decide(of, { ...question(), load })
    assert.deepEqual(bindsOf(decision), ['A/w', 'A/n', 'A/e'])
    assert.match(decision.tried.at(-1)!.why, /Passed over, as resting or without a session: n, e\./)
  }
})

test('when none is ready, those at rest come before those without a session, and the message is not refused', () => {
  const of = table([toTrunk('all', '')])
  assert.equal(bindsOf(decide(of, { ...question(), load: loadOf({ 'A/e': 'down', 'A/n': 'resting', 'A/w': 'down' }) }))[0], 'A/n')
  assert.equal(bindsOf(decide(of, { ...question(), load: loadOf({ 'A/e': 'down', 'A/n': 'down', 'A/w': 'down' }) })).length, 3)
})

test('disabled members, client binds and those of other accounts are no members', () => {
  const of = compile(
    configuration(
      [account('A'), account('B', 'A')],
      [member('A/n'), member('A/off', {}, { enabled: false }), member('A/client', {}, { side: 'client' }), member('B/n')],
      [toTrunk('all', '')],
    ),
  )
  assert.deepEqual(bindsOf(decide(of, question())), ['A/n'])
})

test('a trunk stands among other targets, in order or with its share', () => {
  const before = table([{ ...route('A', 'all', '', []), to: [{ bind: 'A/other' }, { bind: 'A/acme', trunk: true }] }])
  assert.deepEqual(bindsOf(decide(before, { ...question(), load: loadOf() })), ['A/other', 'A/e', 'A/n', 'A/w'])
  const split = table([
    {
      ...route('A', 'all', '', []),
      to: [
        { bind: 'A/acme', trunk: true, weight: 1 },
        { bind: 'A/other', weight: 1 },
      ],
    },
  ])
  assert.equal(bindsOf(decide(split, { ...question(), dice: 0.4 }))[0], 'A/e')
  assert.equal(bindsOf(decide(split, { ...question(), dice: 0.6 }))[0], 'A/other')
})

test('a trunk without members is told, and the next route is asked', () => {
  const of = table([toTrunk('uk', '+44'), route('A', 'all', '', ['A/other'])], [bind('A/other')])
  const decision = decide(of, question())
  assert.deepEqual(bindsOf(decision), ['A/other'])
  assert.match(decision.tried[0]!.why, /the trunk acme is left out: it has no member\. It cannot be used\./)
})

test("a number's own route goes before that of its range", () => {
  const of = table([toTrunk('range', '+4477'), route('A', 'number', '+447700900123', ['A/other'])])
  assert.deepEqual(bindsOf(decide(of, question({ to: '+447700900123' }))), ['A/other'])
  assert.equal(bindsOf(decide(of, question({ to: '+447700900124' }))).length, 3)
})

test('what came from a peer goes back to none of its binds', () => {
  const all = [
    member('A/n', { peer: 'partner' }),
    member('A/e'),
    bind('A/partner-in', { side: 'client', policy: { ...defaultPolicy, peer: 'partner' } }),
    bind('A/api', { side: 'client' }),
  ]
  const of = table([toTrunk('all', '')], all)
  const decision = decide(of, { ...question({ arrival: 'A/partner-in' }), load: loadOf() })
  assert.deepEqual(bindsOf(decision), ['A/e'])
  assert.match(explain(decision, configuration([account('A')], all, []))[0]!, /n is left out: the message came from partner/)
  assert.equal(bindsOf(decide(of, { ...question({ arrival: 'A/api' }), load: loadOf() })).length, 2)
  const only = table([toTrunk('all', '')], [all[0]!, all[2]!])
  assert.deepEqual(bindsOf(decide(only, question({ arrival: 'A/partner-in' }))), [])
})
