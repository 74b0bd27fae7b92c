import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { z } from 'zod'
import { testClock, type TestClock } from '../clock.ts'
import type { Bind, BindPolicy } from '../model/bind.ts'
import type { Configuration } from '../model/configuration.ts'
import { Failure } from '../model/failure.ts'
import type { Connector, Gateway, Session } from '../plugin.ts'
import { bindState, createSupervisor } from './supervisor.ts'

const log = pino({ level: 'silent' })

function bind(changes: Partial<Bind> = {}, policy: Partial<BindPolicy> = {}): Bind {
  const whole = { sessions: 1, window: 10, segmentsPerSecond: 0, downLimitMs: 1000, ...policy } as BindPolicy
  return {
    id: 'AC1/a',
    account: 'AC1',
    name: 'a',
    connector: 'wire',
    side: 'supplier',
    enabled: true,
    paused: false,
    policy: whole,
    config: {},
    createdAt: 0,
    updatedAt: 0,
    ...changes,
  }
}

function configuration(...binds: Bind[]): Configuration {
  return {
    revision: 1,
    accounts: new Map(),
    binds: new Map(binds.map((b) => [b.id, b])),
    routes: new Map(),
    numbers: new Map(),
    resources: new Map(),
  }
}

interface Wire {
  connector: Connector
  dials: number
  refuse: boolean
  open: { session: Session; drop(why: string): void; closed: boolean }[]
}

function wire(): Wire {
  const it: Wire = {
    dials: 0,
    refuse: false,
    open: [],
    connector: {
      name: 'wire',
      config: { supplier: z.object({}) },
      can: { text: 'whole', mms: false, receipts: false },
      async dial() {
        it.dials++
        if (it.refuse) throw new Failure('temporary', 'connection-lost', 'refused')
        let drop: (why: string) => void = () => {}
        const closed = new Promise<string>((resolve) => (drop = resolve))
        const entry = { session: undefined as unknown as Session, drop, closed: false }
        entry.session = {
          closed,
          async close() {
            entry.closed = true
            drop('closed by us')
          },
        }
        it.open.push(entry)
        return entry.session
      },
    },
  }
  return it
}

function supervisor(clock: TestClock, w: Wire, changes: string[] = []) {
  return createSupervisor({
    connectors: new Map([['wire', w.connector]]),
    gateway: () => ({}) as Gateway,
    clock,
    log,
    random: () => 0.5,
    onChange: (id) => changes.push(id),
  })
}

test('dials as many sessions as the policy says and tells when they come', async () => {
  const [clock, w, changes] = [testClock(), wire(), [] as string[]]
  const s = supervisor(clock, w, changes)
  s.apply(configuration(bind({}, { sessions: 3 })))
  await clock.advance(0)
  assert.equal(s.get('AC1/a')?.sessions.size, 3)
  assert.equal(bindState(s.get('AC1/a')!), 'bound')
  assert.equal(changes.length, 3)
})

test('a session that goes is dialled again, and a peer that refuses is asked ever more rarely', async () => {
  const [clock, w] = [testClock(), wire()]
  const s = supervisor(clock, w)
  s.apply(configuration(bind()))
  await clock.advance(20_000)
  w.refuse = true
  w.open[0]!.drop('reset')
  await clock.advance(0)
  assert.equal(bindState(s.get('AC1/a')!), 'down')
  await clock.advance(60_000)
  assert.ok(w.dials >= 6 && w.dials <= 9, `${w.dials} dials in a minute`)
  assert.equal(s.get('AC1/a')?.lastError, 'refused')
  w.refuse = false
  await clock.advance(40_000)
  assert.equal(bindState(s.get('AC1/a')!), 'bound')
})

test('being down counts from the moment the last session went', async () => {
  const [clock, w] = [testClock(), wire()]
  const s = supervisor(clock, w)
  s.apply(configuration(bind()))
  await clock.advance(5000)
  w.refuse = true
  w.open[0]!.drop('reset')
  await clock.advance(0)
  const since = s.get('AC1/a')!.since
  await clock.advance(30_000)
  assert.equal(s.get('AC1/a')!.since, since)
  assert.equal(since, clock.now() - 30_000)
})

test('a change of window keeps the session, a change of config dials anew, disabling closes', async () => {
  const [clock, w] = [testClock(), wire()]
  const s = supervisor(clock, w)
  s.apply(configuration(bind()))
  await clock.advance(0)
  s.apply(configuration(bind({}, { window: 50 })))
  await clock.advance(0)
  assert.equal(w.dials, 1)
  assert.equal(s.get('AC1/a')?.bind.policy.window, 50)
  s.apply(configuration(bind({ config: { host: 'other' } })))
  await clock.advance(0)
  assert.equal(w.dials, 2)
  assert.equal(w.open[0]!.closed, true)
  s.apply(configuration(bind({ enabled: false, config: { host: 'other' } })))
  await clock.advance(0)
  assert.equal(w.open[1]!.closed, true)
  assert.equal(s.get('AC1/a'), undefined)
  await clock.advance(120_000)
  assert.equal(w.dials, 2)
})

test('of one connector, client binds with a claim are waited for and those without are dialled, once', async () => {
  const [clock, w, changes] = [testClock(), wire(), [] as string[]]
  w.connector.claim = (config) => (config as { user?: string }).user
  const s = supervisor(clock, w, changes)
  s.apply(configuration(bind({ side: 'client', config: { user: 'bob' } })))
  await clock.advance(0)
  assert.equal(w.dials, 0)
  assert.equal(bindState(s.get('AC1/a')!), 'down')
  s.apply(configuration(bind({ side: 'client', config: {} }, { sessions: 8 })))
  await clock.advance(0)
  assert.equal(w.dials, 1)
  await s.close()
})

test('sessions that the peer opens are counted, refused above the limit, and closed with the bind', async () => {
  const [clock, w, changes] = [testClock(), wire(), [] as string[]]
  w.connector.claim = () => 'esme'
  w.connector.config = { client: z.object({}) }
  const s = supervisor(clock, w, changes)
  const client = bind({ side: 'client' }, { sessions: 2 })
  s.apply(configuration(client))
  await clock.advance(60_000)
  assert.equal(w.dials, 0)
  assert.equal(bindState(s.get('AC1/a')!), 'down')
  const open = () => {
    let end: (why: string) => void = () => {}
    const closed = new Promise<string>((resolve) => (end = resolve))
    return { session: { closed, close: async () => end('closed by us') }, end }
  }
  const [one, two, three] = [open(), open(), open()]
  assert.deepEqual(
    [one, two, three].map(({ session }) => s.attach('AC1/a', session)),
    [true, true, false],
  )
  assert.equal(bindState(s.get('AC1/a')!), 'bound')
  one.end('unbound')
  await clock.advance(0)
  assert.equal(s.get('AC1/a')?.lastError, 'unbound')
  assert.equal(s.attach('AC1/a', three.session), true)
  assert.equal(s.attach('AC1/nobody', three.session), false)
  s.apply(configuration({ ...client, enabled: false }))
  assert.match(await two.session.closed, /by us/)
  assert.equal(s.attach('AC1/a', one.session), false)
})

test('every address has as many sessions as the policy says, and a backoff of its own', async () => {
  const [clock, w] = [testClock(), wire()]
  const peers: (number | undefined)[] = []
  const { dial } = w.connector
  w.connector.peers = () => 2
  w.connector.dial = (gateway, signal, peer) => {
    peers.push(peer)
    return peer === 1 ? Promise.reject(new Failure('offline', 'bind-down', 'nobody there')) : dial!(gateway, signal)
  }
  const s = supervisor(clock, w)
  s.apply(configuration(bind({}, { sessions: 2 })))
  await clock.advance(0)
  assert.deepEqual(peers, [0, 0, 1, 1])
  assert.equal(s.get('AC1/a')?.sessions.size, 2)
  await clock.advance(5000)
  assert.ok(peers.length >= 8 && peers.slice(4).every((peer) => peer === 1), String(peers))
})

test('a supplier bind that dials nobody is off, or down where its peer calls us, until a session is there', async () => {
  const [clock, w] = [testClock(), wire()]
  w.connector.peers = () => 0
  const s = supervisor(clock, w)
  s.apply(configuration(bind()))
  await clock.advance(60_000)
  assert.equal(w.dials, 0)
  assert.equal(bindState(s.get('AC1/a')!), 'off')
  w.connector.caller = () => 'carrier'
  assert.equal(bindState(s.get('AC1/a')!), 'down')
  assert.equal(s.attach('AC1/a', { closed: new Promise(() => {}), close: () => Promise.resolve() }), true)
  assert.equal(bindState(s.get('AC1/a')!), 'bound')
})

test('a peer that refuses for good is tried seldom', async () => {
  const [clock, w] = [testClock(), wire()]
  let dials = 0
  w.connector.dial = () => {
    dials++
    return Promise.reject(new Failure('permanent', 'not-permitted', 'wrong password'))
  }
  const s = supervisor(clock, w)
  s.apply(configuration(bind()))
  await clock.advance(0)
  await clock.advance(3_600_000)
  assert.ok(dials >= 8 && dials <= 12, `${dials} dials in an hour`)
})

test('a peer that is down for an hour is told of a few times, and again once it has been there', async (context) => {
  const lines: { level: number; msg: string; why?: string; times?: number }[] = []
  const recorded = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) })
  const w = wire()
  w.refuse = true
  const clock = testClock()
  const supervised = createSupervisor({
    connectors: new Map([['wire', w.connector]]),
    gateway: () => ({}) as Gateway,
    clock,
    log: recorded,
    random: () => 0.5,
    onChange: () => {},
  })
  context.after(() => supervised.close())
  supervised.apply(configuration(bind({}, { sessions: 10 })))
  for (let minute = 0; minute < 60; minute++) await clock.advance(60_000)
  assert.ok(w.dials > 1000)
  const told = lines.filter(({ msg }) => msg === 'session gone')
  assert.ok(told.length >= 6 && told.length <= 8, `${told.length} lines`)
  assert.ok((told.at(-1)?.times ?? 0) > 100, 'with how often it was tried')
  w.refuse = false
  await clock.advance(60_000)
  w.refuse = true
  lines.length = 0
  for (const { drop } of w.open.slice()) drop('reset by peer')
  await clock.advance(1000)
  assert.ok(lines.some(({ msg, why }) => msg === 'session gone' && why === 'reset by peer'))
})

test('where its connector says so, a client bind begins its life when it is asked for, bound where that takes no wait', async () => {
  const [clock, w, changes] = [testClock(), wire(), [] as string[]]
  w.connector.dialsWhenAsked = true
  const dial = w.connector.dial!.bind(w.connector)
  const closed = new Promise<string>(() => {})
  w.connector.dial = (gateway, signal) => {
    void dial(gateway, signal)
    return { closed, close: () => Promise.resolve() }
  }
  const s = supervisor(clock, w, changes)
  s.apply(configuration(bind({ side: 'client' })))
  await clock.advance(60_000)
  assert.equal(w.dials, 0)
  assert.equal(s.all().length, 0)
  assert.equal(bindState(s.get('AC1/a')!), 'bound')
  assert.equal(w.dials, 1)
  assert.equal(s.all().length, 1)
  s.apply(configuration(bind({ side: 'client', enabled: false })))
  assert.equal(s.get('AC1/a'), undefined)
  changes.length = 0
  s.apply(configuration(bind({ side: 'client' })))
  assert.deepEqual(changes, ['AC1/a'], 'what waited while it was disabled is looked for')
  assert.equal(s.get('AC1/b'), undefined)
  await s.close()
  assert.equal(s.get('AC1/a'), undefined)
  assert.equal(w.dials, 1)
})

test('what waits for a bind that was deleted is looked for when it is made again', async () => {
  const [clock, w, changes] = [testClock(), wire(), [] as string[]]
  const s = supervisor(clock, w, changes)
  const other = bind({ id: 'AC1/b', side: 'client' })
  const both = configuration(bind({ side: 'client' }), other)
  s.apply(both)
  assert.deepEqual(changes, [], 'at the start whoever has lanes looks at them')
  s.apply(configuration(other))
  s.apply(both)
  assert.deepEqual(changes, ['AC1/a'])
  await s.close()
})

test('closing drains every session and dials no more', async () => {
  const [clock, w] = [testClock(), wire()]
  const s = supervisor(clock, w)
  s.apply(configuration(bind()))
  await clock.advance(0)
  await s.close()
  assert.equal(w.open[0]!.closed, true)
  await clock.advance(120_000)
  assert.equal(w.dials, 1)
})
