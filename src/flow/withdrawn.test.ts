import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { account, bind, configuration, route } from '../../test/routing.ts'
import { idSource } from '../ids.ts'
import type { Configuration } from '../model/configuration.ts'
import type { Account } from '../model/account.ts'
import type { Message } from '../model/message.ts'
import type { Route } from '../model/route.ts'
import { compile } from '../routing/table.ts'
import type { DeliverItem } from '../store/store.ts'
import type { Core } from './core.ts'
import { afterWithdrawal, createWithdrawals, withdrawn } from './withdrawn.ts'
import { freshStore } from '../../test/fresh-store.ts'

const atMs = 5000
const accounts = [account('A'), account('B', 'A'), account('C', 'A')]

function item(candidates: string[], candidate: number): DeliverItem {
  return {
    kind: 'deliver',
    id: 1,
    lane: candidates[candidate]!,
    account: 'B',
    priority: 1,
    attempt: 2,
    candidate,
    interrupted: false,
    life: { state: 'queued', segments: [], attempts: 2, updatedAt: 1000 },
    decision: { revision: 1, route: 'r', candidates: candidates.map((id) => ({ bind: id, why: '' })), failoverOnReceipt: false, tried: [] },
    message: {
      id: '1',
      account: 'B',
      direction: 'mt',
      arrival: 'B/api',
      acceptedAt: 0,
      validUntil: 100_000,
      segments: 1,
      from: { value: 'ACME', ton: 'alphanumeric', npi: 'unknown' },
      to: { value: '+447700900123', ton: 'international', npi: 'e164' },
      body: { kind: 'text', text: 'hello' },
      priority: 1,
      receipt: 'both',
    } satisfies Message,
  }
}

/** Decided before, while `A/x` was granted: the configuration of now is newer. */
const after = (binds: Parameters<typeof configuration>[1], routes: Route[], at: DeliverItem, isOut = false) => {
  const snapshot = configuration(accounts, binds, routes)
  const table = compile(snapshot)
  const core = { table: () => table, configuration: () => snapshot, binds: { get: () => undefined } } as unknown as Core
  const why = withdrawn(core, at.message, at.decision, at.lane)
  assert.ok(why !== undefined, 'it may stay')
  return afterWithdrawal(core, at, why, isOut, atMs)
}

test('what was withdrawn is decided again by the routes as they are now, in its place, and the trace has both decisions', () => {
  const binds = [bind('A/x', { grant: [] }), bind('A/y', { grant: ['C'] }), bind('C/z'), bind('A/new')]
  const routes = [route('A', 'r', '', ['A/x', 'A/y', 'C/z', 'A/new'])]
  const before = item(['A/x', 'A/y', 'A/gone'], 0)
  const step = after(binds, routes, before)
  assert.deepEqual(step.requeue, { lane: 'A/new', due: 0, attempt: 0, candidate: 0 })
  assert.deepEqual(step.entries, [{ at: atMs, what: 'decided', why: 'the account may not use the bind any more', before: before.decision }])
  assert.deepEqual(
    step.decision?.candidates.map((candidate) => candidate.bind),
    ['A/new'],
  )
  assert.equal(step.life.state, 'queued')
  assert.equal(step.life.attempts, 2, 'it was not tried')
})

test('where no route is left it fails with a reason, with its CDR and its report', () => {
  const step = after([bind('A/x', { grant: [] }), bind('C/z')], [route('A', 'r', '', ['A/x', 'C/z'])], item(['A/x'], 0))
  assert.equal(step.requeue, undefined)
  assert.equal(step.life.state, 'failed')
  assert.deepEqual(step.life.failure, {
    kind: 'permanent',
    code: 'no-route',
    peer: 'the account may not use the bind any more, and nothing else takes the message now',
  })
  assert.equal(step.cdr?.state, 'failed')
  assert.equal(step.report?.state, 'failed')
  assert.deepEqual(step.decision?.candidates, [])
})

test('what a carrier may have takes what is left of the decision that it was sent by, and nothing decided since', () => {
  const binds = [bind('A/x', { grant: [] }), bind('A/y'), bind('A/new')]
  const routes = [route('A', 'r', '', ['A/new'])]
  const step = after(binds, routes, item(['A/x', 'A/gone', 'A/y'], 0), true)
  assert.equal(step.requeue?.lane, 'A/y')
  assert.equal(step.decision, undefined)
  const last = after(binds, routes, { ...item(['A/x'], 0), interrupted: true }, true)
  assert.deepEqual([last.life.state, last.life.failure?.code], ['failed', 'outcome-unknown'])
  const datagram = item(['A/x', 'A/y'], 0)
  datagram.message = { ...datagram.message, mode: 'datagram' }
  assert.equal(after(binds, routes, datagram, true).life.failure?.code, 'outcome-unknown', 'which is tried once')
})

test('a message may stay while its bind is lent and its route is there, switched on and lent, whatever else changed', () => {
  const at = item(['A/x'], 0)
  at.decision.route = 'r'
  at.decision.tried = [{ route: 'r', account: 'A', matched: true, why: '' }]
  const why = (routes: Route[], revision = 1, more: Account[] = accounts): string | undefined => {
    const snapshot = configuration(more, [bind('A/x')], routes)
    const table = compile(snapshot)
    return withdrawn({ table: () => table, configuration: () => snapshot }, at.message, { ...at.decision, revision }, 'A/x')
  }
  const rule = (more: Partial<Route> = {}) => [route('A', 'r', '+1', ['A/other'], more)]
  assert.equal(why(rule()), undefined, 'its conditions and targets are for what comes')
  assert.equal(why(rule({ grant: ['B'] })), undefined)
  const gone = 'the route is gone, or the account may not use it any more'
  for (const routes of [[], rule({ enabled: false }), rule({ grant: ['C'] })]) assert.equal(why(routes), gone)
  assert.equal(why([], 7), undefined, 'decided on this configuration')
})

/** Messages on lanes of a store, and a configuration that changes; no bind sends. */
async function bed(context: TestContext, first: Configuration) {
  const { clock, store } = await freshStore(context)
  let snapshot = first
  let looked = 0
  const counted = { ...store, depths: () => (looked++, store.depths()) }
  const core = {
    store: counted,
    clock,
    configuration: () => snapshot,
    table: () => compile(snapshot),
    binds: { get: () => undefined },
  } as unknown as Core
  const withdrawals = createWithdrawals(core)
  const ids = idSource(clock.now)
  return {
    store,
    clock,
    async send(who: string, candidates: string[], deliverAfter?: number, by?: string): Promise<string> {
      const { message, decision, life } = item(candidates, 0)
      if (by !== undefined) Object.assign(decision, { route: by, tried: [{ route: by, account: 'A', matched: true, why: '' }] })
      const id = ids.next()
      const now = clock.now()
      await store.accept({
        message: {
          ...message,
          id,
          account: who,
          arrival: `${who}/api`,
          acceptedAt: now,
          validUntil: now + 3_600_000,
          ...(deliverAfter === undefined ? {} : { deliverAfter }),
        },
        decision,
        life: { ...life, state: deliverAfter === undefined ? 'queued' : 'scheduled', attempts: 0, updatedAt: now },
        entries: [{ at: now, what: 'accepted', via: 'B/api' }],
        queue: { lane: candidates[0]!, due: deliverAfter ?? now, candidate: 0 },
      })
      return id
    },
    /** How often lanes were looked at for it. */
    async change(to: Configuration): Promise<number> {
      const before = looked
      snapshot = to
      await withdrawals()
      return looked - before
    },
    async stateOf(id: string): Promise<string> {
      for (const { lane } of await store.depths()) if ((await store.waiting({ lane }, 100)).ids.includes(id)) return lane
      return (await store.get(id))!.life.state
    },
  }
}

test('what waits for a bind that sends nothing now leaves it when its grant is taken back; whoever may still use it waits on', async (context) => {
  const granted = (grant: string[] | undefined, more: Partial<Configuration> = {}): Configuration => ({
    ...configuration(accounts, [grant ? bind('A/x', { grant }) : bind('A/x'), bind('A/y')], [route('A', 'r', '', ['A/x', 'A/y'])]),
    ...more,
  })
  const { change, send, stateOf, store, clock } = await bed(context, granted(undefined))
  const later = clock.now() + 60_000
  const [next, own, other, scheduled] = [
    await send('B', ['A/x']),
    await send('A', ['A/x']),
    await send('C', ['A/x']),
    await send('B', ['A/x', 'A/y'], later),
  ]
  const states = (): Promise<string[]> => Promise.all([next, own, other, scheduled].map(stateOf))
  assert.equal(await change(granted(undefined, { revision: 8 })), 0, 'nobody may do less')
  assert.equal(await change(granted(['C'])), 1)
  assert.deepEqual(await states(), ['A/y', 'A/x', 'A/x', 'A/y'])
  assert.equal((await store.get(scheduled))!.life.state, 'scheduled')
  // An account that inherits no longer is granted nothing, whatever the bind says.
  const alone = configuration(
    [account('A'), account('B', 'A'), account('C', 'A', { inheritRoutes: false })],
    [bind('A/x'), bind('A/y')],
    [],
  )
  assert.equal(await change({ ...alone, revision: 9 }), 1)
  assert.deepEqual(await states(), ['failed', 'A/x', 'failed', 'failed'])
  assert.equal((await store.get(next))!.life.failure?.code, 'no-route')
  const told = (await store.trace(next))!
  assert.deepEqual(
    told.entries.map(({ what }) => what),
    ['accepted', 'decided', 'decided', 'final'],
  )
  assert.deepEqual(told.decision, { revision: 9, candidates: [], failoverOnReceipt: false, tried: [] })
})

test('what waits by a route goes elsewhere when the route is removed, unless a carrier may have it', async (context) => {
  const by = (routes: Route[], revision: number): Configuration => ({
    ...configuration(accounts, [bind('A/x'), bind('A/y')], routes),
    revision,
  })
  const before = by([route('A', 'old', '', ['A/x'])], 8)
  const { change, send, stateOf, store, clock } = await bed(context, before)
  const [fresh, unsure] = [await send('B', ['A/x'], undefined, 'old'), await send('B', ['A/x'], undefined, 'old')]
  await store.move(unsure, ({ message, life }) => ({
    message: message.id,
    life: { ...life, attempts: 1, bind: 'A/x' },
    entries: [
      {
        at: clock.now(),
        what: 'attempt',
        n: 1,
        bind: 'A/x',
        outcome: 'failed',
        failure: { kind: 'unknown', code: 'outcome-unknown' },
      },
    ],
    requeue: { lane: 'A/x', due: clock.now(), attempt: 1, candidate: 0 },
    counts: [],
  }))
  assert.equal(await change(by([route('A', 'old', '', ['A/x']), route('A', 'new', '+44', ['A/y'])], 9)), 0, 'nobody may do less')
  assert.equal(await change(by([route('A', 'new', '+44', ['A/y'])], 10)), 1)
  assert.deepEqual([await stateOf(fresh), await stateOf(unsure)], ['A/y', 'failed'])
  assert.equal((await store.get(fresh))!.decision.route, 'new')
  assert.equal((await store.get(unsure))!.life.failure?.code, 'outcome-unknown')
})
