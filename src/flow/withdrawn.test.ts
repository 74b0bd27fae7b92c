import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { account, bind, configuration } from '../../test/routing.ts'
import { testClock } from '../clock.ts'
import { idSource } from '../ids.ts'
import type { Configuration } from '../model/configuration.ts'
import type { Message } from '../model/message.ts'
import { compile } from '../routing/table.ts'
import { openSqlite } from '../store/sqlite/index.ts'
import type { DeliverItem } from '../store/store.ts'
import type { Core } from './core.ts'
import { afterWithdrawal, createWithdrawals } from './withdrawn.ts'

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

const after = (binds: Parameters<typeof configuration>[1], at: DeliverItem) => {
  const table = compile(configuration(accounts, binds, []))
  return afterWithdrawal({ table: () => table }, at, atMs)
}

test('what waits for a bind that was withdrawn goes to the next that its account may use, not to another withdrawn, deleted or beside', () => {
  const binds = [bind('A/x', { grant: [] }), bind('A/y', { grant: ['C'] }), bind('C/z'), bind('A/ok', { grant: ['B'] })]
  const step = after(binds, item(['A/x', 'A/y', 'A/gone', 'C/z', 'A/ok'], 0))
  assert.deepEqual(step.requeue, { lane: 'A/ok', due: atMs, attempt: 0, candidate: 4 })
  assert.deepEqual(step.entries, [
    { at: atMs, what: 'failover', from: 'A/x', to: 'A/ok', why: 'the account may not use the bind any more' },
  ])
  assert.equal(step.life.state, 'queued')
  assert.equal(step.life.attempts, 2, 'it was not tried')
})

test('where no bind is left it fails with a reason, with its CDR and its report', () => {
  const step = after([bind('A/x', { grant: [] }), bind('A/before')], item(['A/before', 'A/x', 'A/x'], 1))
  assert.equal(step.requeue, undefined)
  assert.equal(step.life.state, 'failed')
  assert.deepEqual(step.life.failure, { kind: 'permanent', code: 'no-route', peer: 'the account may not use the bind any more' })
  assert.equal(step.cdr?.state, 'failed')
  assert.equal(step.report?.state, 'failed')
})

/** Messages on lanes of a store, and a configuration that changes; no bind sends. */
async function bed(context: TestContext, first: Configuration) {
  const directory = mkdtempSync(join(tmpdir(), 'withdrawn-'))
  const clock = testClock()
  const store = await openSqlite({ directory, clock })
  context.after(async () => {
    await store.close()
    rmSync(directory, { recursive: true })
  })
  let snapshot = first
  let looked = 0
  const counted = { ...store, depths: () => (looked++, store.depths()) }
  const core = { store: counted, clock, configuration: () => snapshot, table: () => compile(snapshot) } as unknown as Core
  const withdrawals = createWithdrawals(core)
  const ids = idSource(clock.now)
  return {
    store,
    clock,
    async send(who: string, candidates: string[], deliverAfter?: number): Promise<string> {
      const { message, decision, life } = item(candidates, 0)
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
        entries: [],
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
    ...configuration(accounts, [grant ? bind('A/x', { grant }) : bind('A/x'), bind('A/y')], []),
    ...more,
  })
  const { change, send, stateOf, store, clock } = await bed(context, granted(undefined))
  const later = clock.now() + 60_000
  const [next, none, own, other, scheduled] = [
    await send('B', ['A/x', 'A/y']),
    await send('B', ['A/x']),
    await send('A', ['A/x']),
    await send('C', ['A/x']),
    await send('B', ['A/x', 'A/y'], later),
  ]
  const states = (): Promise<string[]> => Promise.all([next, none, own, other, scheduled].map(stateOf))
  assert.equal(await change(granted(undefined, { revision: 8 })), 0, 'nobody may do less')
  assert.equal(await change(granted(['C'])), 1)
  assert.deepEqual(await states(), ['A/y', 'failed', 'A/x', 'A/x', 'A/y'])
  assert.equal((await store.get(none))!.life.failure?.code, 'no-route')
  assert.equal((await store.get(scheduled))!.life.state, 'scheduled')
  // An account that inherits no longer is granted nothing, whatever the bind says.
  const alone = configuration(
    [account('A'), account('B', 'A'), account('C', 'A', { inheritRoutes: false })],
    [bind('A/x'), bind('A/y')],
    [],
  )
  assert.equal(await change(alone), 1)
  assert.deepEqual(await states(), ['A/y', 'failed', 'A/x', 'failed', 'A/y'])
})
