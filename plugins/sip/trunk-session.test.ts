import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { testClock, type TestClock } from '../../src/clock.ts'
import { defaultPolicy, type Failure, type Gateway, international, type Message, type Outcome, type Session } from '../../src/plugin.ts'
import { profileOf } from './access/access.fixture.ts'
import { createDigestClient, type Peer, termsOf } from './access/index.ts'
import { headersOf } from './codec/index.ts'
import type { OutRequest, Sent, Target } from './engine/engine.ts'
import { createHops } from './hops.ts'
import { inlineTrunk } from './profile/trunk-schema.ts'
import { createTrunkAnswers } from './trunk-answers.ts'
import { openTrunkSession } from './trunk-session.ts'

type Says = number | 'unsent' | 'timeout' | readonly [status: number, ...headers: string[]]

const message = {
  id: 'f'.repeat(32),
  account: 'AC1',
  from: international('+15550001111'),
  to: international('+447700900123'),
  body: { kind: 'text', text: 'Hello' },
  priority: 1,
  receipt: 'none',
  arrival: 'AC1/api',
  acceptedAt: 0,
  validUntil: 1e12,
} as unknown as Message

/** Three hops, each of which says what `says` has for its address; what was asked is kept. */
function world(settings: object = {}, address?: string) {
  const clock = testClock()
  const says = new Map<string, Says>([
    ['10.0.0.1', 200],
    ['10.0.0.2', 200],
    ['10.0.0.3', 200],
  ])
  const asked: OutRequest[] = []
  const trunk = inlineTrunk('external', { nextHops: [...says.keys()].map((each) => `sip:${each}`), pingSeconds: 0, ...settings })
  const profile = profileOf()
  const bind = { id: 'AC1/pbx', account: 'AC1', side: 'supplier', policy: defaultPolicy, config: {} }
  const gateway = { bind, clock, log: pino({ level: 'silent' }) } as unknown as Gateway
  const peer: Peer = { kind: 'trunk', name: 'pbx', gateway, terms: termsOf(profile.messages, trunk), profile }
  const engine = {
    async send(request: OutRequest): Promise<Sent> {
      asked.push(request)
      const said = says.get((request.via as Target).address)!
      if (typeof said === 'string') return { kind: said, why: said }
      const [status, ...headers] = typeof said === 'number' ? [said] : said
      return { kind: 'answered', status, reason: '', headers: headersOf(headers), body: Buffer.alloc(0), wire: [`→ ${status}`] }
    },
  }
  const hops = createHops({
    trunk,
    clock,
    resolve: async (hop) => [{ transport: 'udp', address: address ?? hop.slice(4), port: 5060, name: address ?? hop.slice(4) }],
  })
  const answers = createTrunkAnswers()
  const digest =
    trunk.username === undefined ? {} : { digest: createDigestClient({ username: trunk.username, password: trunk.password ?? '' }) }
  const abort = new AbortController()
  const open = () => openTrunkSession({ peer, trunk, hops, engine, clock, log: gateway.log, answers, ...digest }, abort.signal)
  const hosts = (): string[] => asked.splice(0).map(({ via }) => (via as Target).address)
  return { clock, says, asked, hosts, open, answers, hops }
}

async function send(session: Session, clock?: TestClock): Promise<Outcome> {
  const sent = session.send!({ message, segments: [], attempt: 0 }, new AbortController().signal)
  // What never left is told after a while.
  for (let i = 0; clock && i < 5; i++) {
    await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(100)
  }
  return await sent
}

test('the next hop is asked on 503, without an answer and without a connection, under the same Call-ID and CSeq', async () => {
  const w = world()
  const session = await w.open()
  w.says.set('10.0.0.1', 503).set('10.0.0.2', 'timeout')
  const outcome = await send(session)
  assert.equal(outcome.ok, true)
  assert.deepEqual(outcome.wire, ['→ 503', '→ 200'])
  assert.equal(new Set(w.asked.map(({ callId, cseq }) => `${callId} ${cseq}`)).size, 1)
  assert.deepEqual(w.hosts(), ['10.0.0.1', '10.0.0.2', '10.0.0.3'])
  assert.deepEqual(Object.fromEntries(w.answers.counts()), { '5xx': 1, timeout: 1, '2xx': 1 })
})

test('any other answer is the answer: no other hop is asked', async () => {
  const w = world()
  const session = await w.open()
  for (const status of [202, 404, 480, 500, 603]) {
    w.says.set('10.0.0.1', status)
    await send(session)
    assert.deepEqual(w.hosts(), ['10.0.0.1'], String(status))
  }
})

test('the hop that answered stays first while the one before it rests, and goes back when that is over', async () => {
  const w = world()
  const session = await w.open()
  w.says.set('10.0.0.1', [503, 'Retry-After', '90'])
  await send(session)
  w.hosts()
  await send(session)
  assert.deepEqual(w.hosts(), ['10.0.0.2'])
  w.says.set('10.0.0.1', 200)
  await w.clock.advance(89_000)
  await send(session)
  assert.deepEqual(w.hosts(), ['10.0.0.2'])
  // The second fails: the first, whose time is over, is asked before the third.
  w.says.set('10.0.0.2', 'unsent')
  await w.clock.advance(2000)
  await send(session)
  assert.deepEqual(w.hosts(), ['10.0.0.2', '10.0.0.1'])
})

test('when no hop takes it, what may have arrived is told before what was refused, and that before what never left', async () => {
  const w = world()
  const session = await w.open()
  const kind = async (...says: Says[]): Promise<string> => {
    for (const [i, each] of says.entries()) w.says.set(`10.0.0.${i + 1}`, each)
    const outcome = await send(session, w.clock)
    return outcome.ok ? 'ok' : `${outcome.failure.kind} ${outcome.failure.peer?.trim()}`
  }
  assert.equal(await kind('unsent', 'unsent', 'unsent'), 'temporary unsent')
  assert.equal(await kind('unsent', 503, 'unsent'), 'temporary 503')
  assert.equal(await kind(503, 'timeout', 'unsent'), 'unknown timeout')
})

test('a challenge is answered with the credentials of the trunk', async () => {
  const w = world({ username: 'us', password: 'hush' })
  const session = await w.open()
  w.says.set('10.0.0.1', [407, 'Proxy-Authenticate', 'Digest realm="them", nonce="n", algorithm=MD5, qop="auth"'])
  const outcome = await send(session)
  assert.equal(outcome.ok, false)
  const [first, second] = w.asked
  assert.equal(first!.headers.includes('Proxy-Authorization'), false)
  assert.match(second!.headers[second!.headers.indexOf('Proxy-Authorization') + 1]!, /^Digest username="us", realm="them"/)
  assert.equal(second!.cseq, 2)
})

test('hosts that are IPv6 addresses stand in brackets, however they were set', async () => {
  for (const [from, host] of [
    [{}, 'fd00::1'],
    [{ from: { domain: '[fd00::2]' }, to: { domain: '[fd00::3]' } }, '[fd00::3]'],
  ] as const) {
    const w = world({ nextHops: ['sip:[fd00::1]'], pingSeconds: 10, ...from }, 'fd00::1')
    w.says.set('fd00::1', 200)
    const session = await w.open()
    await send(session)
    const inBrackets = `[${host.replaceAll(/[[\]]/g, '')}]`
    for (const each of w.asked) {
      assert.ok(each.uri.endsWith(inBrackets), each.uri)
      assert.match(each.from, /^<sip:[^[]*\[fd00::\d\]>$/)
    }
  }
})

test('a trunk that is pinged is up while one hop answers, and down, with every why, when none does', async () => {
  const w = world({ pingSeconds: 10 })
  w.says.set('10.0.0.1', 'timeout').set('10.0.0.2', 503)
  const session = await w.open()
  assert.deepEqual(
    w.asked.splice(0).map(({ method }) => method),
    ['OPTIONS', 'OPTIONS', 'OPTIONS'],
  )
  await send(session)
  assert.deepEqual(w.hosts(), ['10.0.0.3'])
  // Whoever says anything but 503 is there.
  w.says.set('10.0.0.1', 405)
  await w.clock.advance(10_000)
  w.hosts()
  await send(session)
  assert.deepEqual(w.hosts(), ['10.0.0.1'])
  w.says.set('10.0.0.1', 'unsent').set('10.0.0.3', 'timeout')
  await w.clock.advance(10_000)
  assert.match(
    await session.closed,
    /no hop answers OPTIONS: udp 10\.0\.0\.1:5060: unsent; udp 10\.0\.0\.3:5060: timeout; udp 10\.0\.0\.2:5060: 503/,
  )
  await assert.rejects(w.open(), ({ facts }: Failure) => facts.kind === 'temporary' && facts.code === 'bind-down')
})

test('a message that nobody answered has the hops asked at once whether they are there', async () => {
  const w = world({ pingSeconds: 3600 })
  const session = await w.open()
  for (const host of w.says.keys()) w.says.set(host, 'timeout')
  const outcome = await send(session)
  assert.equal(!outcome.ok && outcome.failure.kind, 'unknown')
  assert.match(await session.closed, /no hop answers OPTIONS/)
})

test('closed, it takes nothing new and says that nothing has left', async () => {
  const w = world()
  const session = await w.open()
  await session.close()
  const outcome = await send(session, w.clock)
  assert.equal(!outcome.ok && outcome.failure.peer, 'closed')
  assert.equal(w.asked.length, 0)
})
