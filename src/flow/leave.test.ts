import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { bed } from './leave.fixture.ts'
import type { Receipt } from '../model/receipt.ts'
import type { Candidate } from '../model/route.ts'
import type { DeliverItem } from '../store/store.ts'
import { mayBeOut } from './anew.ts'
import { createEnds } from './ends.ts'
import { expireOverdue } from './expire.ts'
import { leaveLostBinds, type Rests } from './leave.ts'
import { afterAttempt, nextCandidate } from './outcome.ts'
import { route } from '../../test/routing.ts'

const inTrunk = (bind: string): Candidate => ({ bind, trunk: 'A/acme', why: '' })

test('a member of a trunk without a session hands what waits to a ready one at once, one without a trunk does not', async (context) => {
  const { core, sessions, send, laneOf } = await bed(context, { 'A/n': { trunk: 'acme' }, 'A/e': { trunk: 'acme' }, 'A/alone': {} })
  sessions('A/e', [{}])
  const [shared, alone] = [await send([inTrunk('A/n'), inTrunk('A/e')]), await send(['A/alone', 'A/e'])]
  await leaveLostBinds(core)
  assert.equal(await laneOf(shared), 'A/e')
  assert.equal(await laneOf(alone), 'A/alone')
  const { entries, life } = (await core.store.trace(shared))!
  assert.match(JSON.stringify(entries.at(-1)), /another member of its trunk/)
  assert.equal(life.attempts, 0)
})

test('a member that is not granted to the account takes nothing of it', async (context) => {
  const trunk = { trunk: 'acme', downLimitMs: 0 }
  const { core, sessions, send, laneOf } = await bed(context, { 'A/n': trunk, 'A/e': trunk }, { 'A/e': [] })
  sessions('A/e', [{}])
  const [own, below] = [await send([inTrunk('A/n'), inTrunk('A/e')]), await send([inTrunk('A/n'), inTrunk('A/e')], { account: 'B' })]
  await leaveLostBinds(core)
  assert.equal(await laneOf(own), 'A/e')
  assert.equal(await laneOf(below), 'A/n')
})

test('what was not tried yet may go to any member; what was tried, only to those after it', async (context) => {
  const { core, sessions, send, laneOf } = await bed(context, { 'A/n': { trunk: 'acme' }, 'A/e': { trunk: 'acme' } })
  const candidates = [inTrunk('A/n'), inTrunk('A/e')]
  sessions('A/e', [{}])
  const id = await send(candidates)
  await leaveLostBinds(core)
  assert.equal(await laneOf(id), 'A/e')
  sessions('A/e', [])
  sessions('A/n', [{}])
  await leaveLostBinds(core)
  assert.equal(await laneOf(id), 'A/n')
})

test('without a ready member it waits, and is handed over when one is ready', async (context) => {
  const { core, sessions, send, laneOf, clock } = await bed(context, { 'A/n': { trunk: 'acme', downLimitMs: 0 }, 'A/e': { trunk: 'acme' } })
  const id = await send([inTrunk('A/n'), inTrunk('A/e')])
  await clock.advance(120_000)
  await leaveLostBinds(core)
  assert.equal(await laneOf(id), 'A/n')
  sessions('A/e', [{}])
  await leaveLostBinds(core)
  assert.equal(await laneOf(id), 'A/e')
})

test('what has waited for a link longer than the bind allows fails, with its report; what came later may wait on', async (context) => {
  const { core, store, send, clock, laneOf } = await bed(context, { 'A/n': { relayLimitMs: 60_000, downLimitMs: 0 } })
  const early = await send(['A/n'])
  await clock.advance(30_000)
  const late = await send(['A/n'])
  await leaveLostBinds(core)
  assert.equal(await laneOf(early), 'A/n')
  await clock.advance(30_000)
  await leaveLostBinds(core)
  const { life } = (await store.get(early))!
  assert.deepEqual([life.state, life.failure?.code], ['failed', 'bind-down'])
  assert.equal((await store.depths()).find(({ lane }) => lane === 'A/api')?.report, 1)
  assert.equal(await laneOf(late), 'A/n')
})

test('what is scheduled goes to the next bind, and not a moment earlier than it was to be sent', async (context) => {
  const { core, store, send, clock, laneOf } = await bed(context, { 'A/n': { downLimitMs: 1000 }, 'A/e': {} })
  const id = await send(['A/n', 'A/e'], { deliverAfter: clock.now() + 60_000 })
  await clock.advance(2000)
  await leaveLostBinds(core)
  assert.equal(await laneOf(id), 'A/e')
  assert.equal((await store.get(id))!.life.state, 'scheduled')
  assert.deepEqual(await store.claim('A/e', 1), [])
  await clock.advance(60_000)
  assert.equal((await store.claim('A/e', 1))[0]!.items[0]!.message.id, id)
})

test('while the link is up nothing is refused for waiting', async (context) => {
  const { core, send, clock, laneOf, sessions } = await bed(context, { 'A/n': { relayLimitMs: 1000 } })
  sessions('A/n', [{}])
  const id = await send(['A/n'])
  await clock.advance(60_000)
  await leaveLostBinds(core)
  assert.equal(await laneOf(id), 'A/n')
})

async function sentWithout(context: TestContext, query: boolean, answer: (Receipt | undefined)[] | undefined) {
  const it = await bed(context, { 'A/n': { query } })
  const asked: string[][] = []
  it.sessions('A/n', [
    {
      async query(_message, refs) {
        asked.push([...refs])
        return answer ?? []
      },
    },
  ])
  const id = await it.send(['A/n'])
  const [run] = await it.store.claim('A/n', 1)
  const item = run!.items[0]!
  const now = it.clock.now()
  await it.store.settle({
    token: run!.token,
    item: item.id,
    kind: 'deliver',
    transition: {
      message: id,
      life: { state: 'sent', segments: [{ ref: 'r1', bind: 'A/n', state: 'sent' }], attempts: 1, bind: 'A/n', updatedAt: now, sentAt: now },
      entries: [],
      refs: [{ bind: 'A/n', ref: 'r1', segment: 0 }],
      receiptBy: now + 1000,
      counts: [],
    },
  })
  const ends = createEnds(it.core)
  it.store.onEnded(ends.ended)
  const outcome = ends.of(id, 60_000)
  await it.clock.advance(1001)
  await expireOverdue(it.core)
  return { asked, outcome: await outcome }
}

test('before a message ends unconfirmed its peer is asked, where the bind says so', async (context) => {
  const told = await sentWithout(context, true, [{ ref: 'r1', state: 'delivered', final: true }])
  assert.deepEqual([told.asked, told.outcome?.state], [[['r1']], 'delivered'])
})
test('a peer that knows nothing, or only of the way, leaves it unconfirmed', async (context) => {
  assert.equal((await sentWithout(context, true, [undefined])).outcome?.state, 'unconfirmed')
  assert.equal((await sentWithout(context, true, [{ ref: 'r1', state: 'enroute', final: false }])).outcome?.state, 'unconfirmed')
})
test('a bind that does not query asks nothing', async (context) => {
  const told = await sentWithout(context, false, [{ ref: 'r1', state: 'delivered', final: true }])
  assert.deepEqual([told.asked, told.outcome?.state], [[], 'unconfirmed'])
})

test('who waits for an end is told when it comes, at the limit how it stands, and of no message nothing', async (context) => {
  const { core, store, send, clock } = await bed(context, { 'A/n': {} })
  const ends = createEnds(core)
  store.onEnded(ends.ended)
  const id = await send(['A/n'])
  const limited = ends.of(id, 5000)
  await new Promise((resolve) => setTimeout(resolve, 20))
  await clock.advance(5000)
  assert.deepEqual(await limited, { state: 'queued' })
  const [one, two] = [ends.of(id, 3_600_000), ends.of(id, 3_600_000)]
  await clock.advance(3_600_001 - 5000)
  await expireOverdue(core)
  assert.equal((await one)?.failure?.code, 'expired')
  assert.deepEqual(await two, await one)
  assert.deepEqual(await ends.of(id, 1), await one, 'one that has ended is told at once')
  assert.equal(await ends.of('f'.repeat(32), 1), undefined)
})

test('what has no other bind in its decision leaves a bind that is gone by a route made since, unless a carrier may have it', async (context) => {
  const routes = [route('A', 'new', '', ['A/other'])]
  const { core, store, clock, sessions, send, laneOf } = await bed(context, { 'A/lost': { downLimitMs: 1000 }, 'A/other': {} }, {}, routes)
  sessions('A/lost', [])
  sessions('A/other', [{}])
  const [fresh, tried] = [await send(['A/lost']), await send(['A/lost'])]
  await store.move(tried, ({ message, life }) => ({
    message: message.id,
    life: { ...life, attempts: 1, bind: 'A/lost' },
    entries: [
      { at: clock.now(), what: 'attempt', n: 1, bind: 'A/lost', outcome: 'failed', failure: { kind: 'unknown', code: 'outcome-unknown' } },
    ],
    requeue: { lane: 'A/lost', due: clock.now(), attempt: 1, candidate: 0 },
    counts: [],
  }))
  await leaveLostBinds(core)
  assert.equal(await laneOf(fresh), 'A/lost', 'not too long')
  await clock.advance(2000)
  await leaveLostBinds(core)
  assert.deepEqual([await laneOf(fresh), await laneOf(tried)], ['A/other', 'A/lost'])
})

test('what waits for a bind that is gone and may be used no longer ends, or goes elsewhere, also where nobody saw that change', async (context) => {
  const routes = [route('A', 'new', '', ['A/other'])]
  const down = { downLimitMs: 1000 }
  for (const [by, becomes] of [
    [routes, 'A/other'],
    [[], 'failed'],
  ] as const) {
    const { core, store, clock, sessions, send, laneOf } = await bed(context, { 'A/lost': down, 'A/other': down }, { 'A/lost': [] }, [
      ...by,
    ])
    sessions('A/lost', [])
    sessions('A/other', [])
    const [own, below] = [await send(['A/lost']), await send(['A/lost'], { account: 'B' })]
    await clock.advance(2000)
    await leaveLostBinds(core)
    assert.equal(await laneOf(own), 'A/lost', 'nothing better is up')
    assert.equal((await laneOf(below)) ?? (await store.get(below))!.life.state, becomes)
  }
})

test('one that an earlier process had begun to send is told so wherever it goes, and is sent again only where its bind says so', async (context) => {
  const trunk = { trunk: 'acme', downLimitMs: 0 }
  const it = await bed(context, {
    'A/n': trunk,
    'A/e': trunk,
    'A/hold': { downLimitMs: 1000, unknown: 'hold' },
    'A/fail': { downLimitMs: 1000, unknown: 'fail' },
  })
  const lost = ['A/n', 'A/hold', 'A/fail']
  const ids = [await it.send([inTrunk('A/n'), inTrunk('A/e')]), await it.send(['A/hold', 'A/e']), await it.send(['A/fail', 'A/e'])]
  for (const lane of lost) assert.equal((await it.store.claim(lane, 1)).length, 1)
  await it.restart()
  it.sessions('A/e', [{}])
  await it.clock.advance(2000)
  await leaveLostBinds(it.core)
  const seen = []
  for (const id of ids) {
    const { life, entries } = (await it.store.trace(id))!
    const attempt = entries.find((entry) => entry.what === 'attempt')
    seen.push([(await it.laneOf(id)) ?? life.state, attempt?.bind, attempt?.failure?.code, life.bind])
  }
  assert.deepEqual(seen, [
    ['A/e', 'A/n', 'outcome-unknown', 'A/n'],
    ['held', 'A/hold', 'outcome-unknown', 'A/hold'],
    ['failed', 'A/fail', 'outcome-unknown', 'A/fail'],
  ])
  const first = (await it.store.get(ids[0]!))!
  assert.equal(await mayBeOut(it.core, first), true, 'and is not decided anew after that')
})

test('a part that was taken before the link went counts as out, also once the whole message goes elsewhere', async (context) => {
  const { core, store, clock, send } = await bed(context, { 'A/n': {}, 'A/e': {} })
  const [some, none] = [await send(['A/n', 'A/e'], { segments: 2 }), await send(['A/n', 'A/e'], { segments: 2 })]
  const runs = await store.claim('A/n', 2)
  for (const run of runs) {
    const item = run.items[0] as DeliverItem
    const refs = item.message.id === some ? ['r1', undefined] : [undefined, undefined]
    const failure = { kind: 'offline', code: 'bind-down' } as const
    const now = clock.now()
    const attempt = {
      item,
      bind: core.binds.get('A/n')!.bind,
      receipts: true,
      sent: [0, 1],
      total: 2,
      startedAt: now,
      now,
      restMs: 0,
      random: 0,
    }
    const transition = afterAttempt({ ...attempt, outcome: { ok: false, failure, refs } })
    await store.settle({ token: run.token, item: item.id, kind: 'deliver', transition })
  }
  const gone = { kind: 'permanent', code: 'bind-down' } as const
  const out = new Map<string, boolean>()
  for (const id of [some, none]) {
    await store.move(id, ({ message, decision, life }) =>
      nextCandidate({ item: { message, decision, candidate: 0 }, bind: { id: 'A/n' }, now: clock.now() }, life, [], gone),
    )
    out.set(id, await mayBeOut(core, (await store.get(id))!))
  }
  assert.deepEqual([out.get(some), out.get(none)], [true, false])
})

test('a backlog that can go nowhere is not looked through again and again, until something is otherwise', async (context) => {
  const it = await bed(context, { 'A/lost': { downLimitMs: 1000 }, 'A/other': {} }, {}, [])
  it.sessions('A/lost', [])
  const ids: string[] = []
  for (let i = 0; i < 50; i++) ids.push(await it.send(['A/lost']))
  await it.clock.advance(2000)
  let looks = 0
  const { store } = it
  it.core.store = { ...store, get: (id) => (looks++, store.get(id)) }
  const rests: Rests = new Map()
  const round = async (): Promise<number> => {
    looks = 0
    await leaveLostBinds(it.core, rests)
    return looks
  }
  assert.equal(await round(), 50)
  assert.equal(await round(), 0)
  it.sessions('A/other', [{}])
  assert.equal(await round(), 50, 'a bind came')
  assert.equal(await round(), 0)
  await it.clock.advance(600_000)
  assert.equal(await round(), 50, 'after a rest')
})
