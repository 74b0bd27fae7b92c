import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRate } from '../binds/rate.ts'
import type { Supervisor } from '../binds/supervisor.ts'
import { testClock } from '../clock.ts'
import type { Bind, BindPolicy } from '../model/bind.ts'
import { defaultClientPolicy } from '../model/policy.ts'
import { AcceptRefused } from '../plugin.ts'
import { reportWish } from './accept.ts'
import { createIntake } from './intake.ts'
import { createLoad, type Load } from './load.ts'

const bind = (policy: Partial<BindPolicy>, id = 'AC1/esme') =>
  ({ id, side: 'client', policy: { ...defaultClientPolicy, ...policy } }) as Bind
const limits = defaultClientPolicy.messages
const text = (length: number) => ({ kind: 'text', text: 'x'.repeat(length) }) as const

function load(depths: Record<string, number> = {}, live: Record<string, object> = {}): Load {
  return createLoad({
    store: { depths: async () => Object.entries(depths).map(([lane, deliver]) => ({ lane, deliver, report: 0 })) },
    binds: { get: (id) => live[id] as ReturnType<Supervisor['get']> },
  })
}
const refusal = (step: () => void): string | undefined => {
  try {
    step()
    return undefined
  } catch (error) {
    assert.ok(error instanceof AcceptRefused)
    return `${error.why}: ${error.message}`
  }
}

test('messages above the rate of their bind are refused, each bind by itself', () => {
  const intake = createIntake(load())
  const two = bind({ messages: { ...limits, perSecond: 2 } })
  const submit = (of: Bind, now: number) => refusal(() => intake.admit(of, text(5), true, now))
  assert.deepEqual([submit(two, 1000), submit(two, 1001)], [undefined, undefined])
  assert.equal(submit(two, 1002), 'throttled: More than 2 messages a second.')
  assert.equal(submit(bind(two.policy, 'AC1/other'), 1002), undefined)
  assert.equal(submit(two, 3000), undefined)
})

test('segments are counted as they will be sent, and what is refused costs nothing', () => {
  const intake = createIntake(load())
  const four = bind({ segments: { ...limits, perMinute: 4 } })
  const submit = (length: number) => refusal(() => intake.admit(four, text(length), true, 60_000))
  assert.equal(submit(306), undefined)
  assert.equal(submit(459), 'throttled: More than 4 segments a minute.')
  assert.equal(submit(306), undefined)
  assert.equal(submit(1), 'throttled: More than 4 segments a minute.')
})

test('the parts of a long message are one message and a segment each', () => {
  const intake = createIntake(load())
  const of = bind({ messages: { ...limits, perMinute: 1 }, segments: { ...limits, perMinute: 3 } })
  const part = (first: boolean) => refusal(() => intake.admit(of, text(100), first, 60_000))
  assert.deepEqual([part(true), part(false), part(false)], [undefined, undefined, undefined])
  assert.match(part(true)!, /1 messages a minute/)
  assert.match(part(false)!, /3 segments a minute/)
})

test('a client for whom too much waits hands in nothing more until it has fetched some', async () => {
  const depths: Record<string, number> = { 'AC1/esme': 99 }
  const waits = load(depths)
  await waits.refresh()
  const intake = createIntake(waits)
  const of = bind({ mostQueued: 100 })
  const submit = () => refusal(() => intake.admit(of, text(5), true, 0))
  assert.equal(submit(), undefined)
  waits.added('AC1/esme')
  assert.equal(submit(), 'queue-full: 100 messages and reports wait for this client already.')
  waits.left('AC1/esme')
  assert.equal(submit(), undefined)
  depths['AC1/esme'] = 500
  await waits.refresh()
  assert.match(submit()!, /queue-full/)
})

test('a member with too much waiting rests until it has little, and one without a session is down', async () => {
  const policy = { ...defaultClientPolicy, restAbove: 10, restUntil: 3 }
  const rate = createRate(() => policy, testClock())
  const live = { bind: { paused: false, policy }, connector: { dial() {} }, signal: { aborted: false }, sessions: new Set([{}]), rate }
  const depths: Record<string, number> = { a: 10 }
  const waits = load(depths, { a: live })
  const after = async (depth: number) => {
    depths['a'] = depth
    await waits.refresh()
    return waits.fitness('a')
  }
  assert.deepEqual(
    [await after(10), await after(11), await after(9), await after(4), await after(3), await after(9)],
    ['ready', 'resting', 'resting', 'resting', 'ready', 'ready'],
  )
  live.sessions.clear()
  assert.equal(waits.fitness('a'), 'down')
  assert.equal(waits.fitness('absent'), 'down')
})

test('a member whose carrier throttles rests with more waiting than it takes soon, until it has little, and while it is paused', async () => {
  const clock = testClock()
  const policy = { ...defaultClientPolicy, segmentsPerSecond: 500 }
  const rate = createRate(() => policy, clock)
  const live = { bind: { paused: false, policy }, connector: { dial() {} }, signal: { aborted: false }, sessions: new Set([{}]), rate }
  const depths: Record<string, number> = {}
  const waits = load(depths, { a: live })
  const after = async (depth: number) => {
    depths['a'] = depth
    await waits.refresh()
    return waits.fitness('a')
  }
  assert.equal(await after(5000), 'ready', 'the configured rate is no throttling')
  for (let n = 0; n < 10; n++) {
    await clock.advance(100)
    rate.taken(10, clock.now() - 1, 1)
  }
  rate.refused(clock.now())
  // The short pause of a refusal is over.
  await clock.advance(100)
  const learned = rate.perSecond()
  assert.ok(learned > 50 && learned < 150, String(learned))
  assert.deepEqual(
    [await after(learned), await after(learned * 2 + 1), await after(learned), await after(learned * 0.5), await after(learned)],
    ['ready', 'resting', 'resting', 'ready', 'ready'],
  )
  rate.pause(3000)
  assert.equal(await after(0), 'resting')
  await clock.advance(2900)
  assert.equal(await after(0), 'resting')
  await clock.advance(100)
  assert.equal(await after(0), 'ready')
})

test('a lane is as full as its bind says it may be, or as what it sends in a minute', async () => {
  const policy = { ...defaultClientPolicy, segmentsPerSecond: 10, mostQueued: 1000 }
  const rate = createRate(() => policy, testClock())
  const live = { bind: { paused: false, policy }, connector: { dial() {} }, signal: { aborted: false }, sessions: new Set([{}]), rate }
  const depths: Record<string, number> = {}
  const waits = load(depths, { a: live })
  const full = async (depth: number, more: Partial<typeof policy> = {}) => {
    Object.assign(policy, { segmentsPerSecond: 10, mostQueued: 1000, ...more })
    depths['a'] = depth
    await waits.refresh()
    return waits.fullness('a')
  }
  assert.deepEqual([await full(0), await full(300), await full(600), await full(5000)], [0, 50, 100, 100])
  assert.equal(await full(300, { segmentsPerSecond: 0 }), 30)
  assert.equal(await full(300, { segmentsPerSecond: 0, mostQueued: 0 }), 0)
  assert.equal(waits.fullness('absent'), 0)
})

test("the bind's level leaves less of the wish for reports, never more", () => {
  assert.deepEqual(
    (['none', 'failure', 'success', 'all', 'intermediate'] as const).map((level) => reportWish(level, 'both')),
    ['none', 'failure', 'success', 'both', 'both'],
  )
  assert.equal(reportWish('failure', 'success'), 'none')
  assert.equal(reportWish('success', 'success'), 'success')
  assert.equal(reportWish('intermediate', 'failure'), 'failure')
  assert.equal(reportWish('all', 'none'), 'none')
})
