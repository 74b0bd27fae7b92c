// What every connector keeps, whatever it speaks: the peer is acknowledged only when the gateway is
// done, every kind of failure that the protocol can show is seen on the wire, every send settles
// whatever becomes of the peer, and neither a secret nor a body reaches a log or a trace.
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { pino } from 'pino'
import {
  AcceptRefused,
  createOutbound,
  Failure,
  systemClock,
  type Account,
  type Bind,
  type Connector,
  type FailureKind,
  type Gateway,
  type InboundPart,
  type Outcome,
  type OwnNumber,
  type Receipt,
  type Session,
  type Submission,
} from '../../src/plugin.ts'
import { defaultPolicy } from '../../src/model/policy.ts'
import { quietGateway } from '../quiet-gateway.ts'

/** How a peer meets what we send: slow answers after 150 ms; vanish cuts the connection instead of answering; `says` is in its own words. */
export type How = 'take' | 'slow' | 'silence' | 'vanish' | 'garbage' | { says: string }

/** The other end of a bind, a real one on a real socket. */
export interface Peer {
  /** What the bind is configured with to reach it. */
  config: unknown
  meet(how: How): void
  /** How many sends have reached it. */
  got(): number
  /** It hands a message in; resolves when it has heard what became of it. */
  submit(text: string): Promise<'acknowledged' | 'refused'>
  /** It says a receipt. */
  receipt?(ref: string): Promise<'acknowledged' | 'refused'>
}

/** One way in which a session says something to its peer. */
export interface Way {
  name: string
  go(session: Session, text: string, signal: AbortSignal): Promise<Outcome>
}

export type Showing = How | 'closed' | { skip: string }

export interface ConnectorContract<C> {
  connector: Connector<C>
  side: Bind['side']
  /** Started for one test and closed by `t.after`. The gateway is there already, for peers that reach us. */
  peer(t: TestContext, gateway: Recorded<C>): Promise<Peer>
  ways: readonly Way[]
  /** What brings about each kind; `closed` is a session that has been closed. */
  failures: Record<FailureKind, Showing>
  /** Words that must be in no log and no trace: the passwords and tokens of the bind. */
  secrets: readonly string[]
  /** Tests that make no sense for this connector, each with why. */
  skip?: Partial<Record<TestName, string>>
}

type TestName = keyof typeof names
const names = {
  accept: 'acknowledges a submission only when it is durable',
  refuse: 'refuses to the peer what the gateway refuses, and what fails unforeseen',
  receipt: 'acknowledges a receipt only when it is durable',
  receipts: 'hands over receipts that come early, late and twice, and acknowledges each',
  vanish: 'settles every open send when the peer vanishes',
  garbage: 'survives garbage, and sends again afterwards',
  drain: 'waits for open answers when it is closed, and takes nothing new',
  stop: 'drains when its bind is stopped',
  aborted: 'is not dialled for a bind that was stopped',
} as const

export interface Recorded<C> {
  gateway: Gateway<C>
  accepted: Submission[]
  parts: InboundPart[]
  receipts: Receipt[]
  log: string[]
  /** What accept, part and receipt wait for; rejects to refuse. */
  durable: () => Promise<void>
  /** How long the bind is to wait for an answer: longer than any stall, but where none comes. */
  answerMs: number
  /** Of the account of the bind. */
  numbers: Map<string, OwnNumber>
  account: Account
}

/** Stands in every body that the contract sends or hands in. */
const bodyMark = 'confidential-body'
const never = new AbortController().signal
/** How long an answer is waited for that does not come. */
const briefMs = 2500
/** … and one that does: longer than any stall of the machine. */
const patientMs = 30_000
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export async function until(holds: () => boolean, what: string, ms = 60_000): Promise<void> {
  const end = Date.now() + ms
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not in ${ms} ms: ${what}`)
    await wait(5)
  }
}

export function connectorContract<C>(contract: ConnectorContract<C>): void {
  const { connector, ways, skip = {} } = contract
  const test = (name: TestName, body: (t: TestContext, world: World<C>) => Promise<void>): void => {
    const why = skip[name]
    it(names[name], why === undefined ? {} : { skip: why }, async (t) => {
      // By datagrams, who vanishes or talks garbage is silent.
      const world = await startWorld(t, contract, name === 'vanish' || name === 'garbage' ? briefMs : undefined)
      await body(t, world)
      world.nothingTold()
    })
  }

  describe(`the connector ${connector.name}`, () => {
    test('accept', async (_t, { peer, recorded, dial }) => {
      await dial()
      const heard = await whileNotDurable(recorded, () => peer.submit(`${bodyMark} in`))
      assert.equal(heard, 'acknowledged')
      assert.equal(recorded.accepted.length, 1)
    })

    test('refuse', async (_t, { peer, recorded, dial }) => {
      await dial()
      for (const error of [new AcceptRefused('busy', 'no room'), new AcceptRefused('invalid', 'no'), new Error('unforeseen')]) {
        recorded.durable = () => Promise.reject(error)
        assert.equal(await peer.submit(`${bodyMark} refused`), 'refused', error.message)
      }
      recorded.durable = () => Promise.resolve()
      assert.equal(await peer.submit(`${bodyMark} again`), 'acknowledged', 'it goes on afterwards')
    })

    test('receipt', async (_t, { peer, recorded, dial }) => {
      await dial()
      assert.equal(await whileNotDurable(recorded, () => peer.receipt!('7')), 'acknowledged')
      assert.deepEqual(
        recorded.receipts.map(({ ref, state, final }) => ({ ref, state, final })),
        [{ ref: '7', state: 'delivered', final: true }],
      )
    })

    test('receipts', async (_t, { peer, recorded, dial, say }) => {
      const session = await dial()
      peer.meet('slow')
      const open = say(ways[0]!, session)
      await until(() => peer.got() === 1, 'the send arrived')
      assert.equal(await peer.receipt!('early'), 'acknowledged')
      const outcome = await open
      assert.ok(outcome.ok)
      const ref = outcome.refs[0]!
      for (const each of [ref, ref, 'another-day']) assert.equal(await peer.receipt!(each), 'acknowledged')
      assert.deepEqual(
        recorded.receipts.map((receipt) => receipt.ref),
        ['early', ref, ref, 'another-day'],
      )
    })

    for (const way of ways) {
      for (const [kind, showing] of Object.entries(contract.failures) as [FailureKind, Showing][]) {
        const skipped = typeof showing === 'object' && 'skip' in showing ? showing.skip : undefined
        it(`${way.name}: what is ${kind} is told as ${kind}`, skipped === undefined ? {} : { skip: skipped }, async (t) => {
          const world = await startWorld(t, contract, showing === 'silence' ? briefMs : undefined)
          const session = await world.dial()
          if (showing === 'closed') await session.close()
          else world.peer.meet(showing as How)
          const outcome = await world.say(way, session)
          assert.ok(!outcome.ok, 'it was not taken')
          assert.equal(outcome.failure.kind, kind, JSON.stringify(outcome.failure))
          world.nothingTold()
        })
      }
    }

    test('vanish', async (_t, { peer, dial, say }) => {
      const session = await dial()
      peer.meet('vanish')
      const outcomes = await Promise.all(ways.flatMap((way) => Array.from({ length: 20 }, () => say(way, session))))
      for (const outcome of outcomes) assert.ok(!outcome.ok && ['unknown', 'offline', 'temporary'].includes(outcome.failure.kind))
    })

    test('garbage', async (_t, { peer, dial, say, whole }) => {
      let session = await dial()
      for (const way of ways) {
        peer.meet('garbage')
        const outcome = await say(way, session)
        assert.ok(outcome.ok || ['unknown', 'offline', 'temporary'].includes(outcome.failure.kind), JSON.stringify(outcome))
      }
      peer.meet('take')
      for (const way of ways) {
        for (let tries = 1; ; tries++) {
          const outcome = await say(way, session)
          if (outcome.ok) break
          // The session may be late to know that it did not survive.
          assert.ok(tries < 3, JSON.stringify(outcome))
          session = await whole(session)
        }
      }
    })

    test('drain', async (_t, { peer, dial, say }) => {
      const session = await dial()
      peer.meet('slow')
      const open = ways.map((way) => say(way, session))
      await until(() => peer.got() === ways.length, 'the sends arrived')
      const closing = session.close()
      for (const way of ways) {
        const late = await say(way, session)
        assert.ok(!late.ok && late.failure.kind === 'offline')
      }
      for (const outcome of await Promise.all(open)) assert.ok(outcome.ok, 'what was open was waited for')
      await closing
      await session.closed
      assert.equal(peer.got(), ways.length, 'nothing more was sent')
    })

    test('stop', async (_t, { peer, dial, say }) => {
      const stop = new AbortController()
      const session = await dial(stop.signal)
      peer.meet('slow')
      const open = ways.map((way) => say(way, session, stop.signal))
      await until(() => peer.got() === ways.length, 'the sends arrived')
      stop.abort()
      await session.close()
      await session.closed
      for (const outcome of await Promise.all(open)) assert.ok(outcome.ok, 'what was open was waited for')
    })

    test('aborted', async (_t, { recorded }) => {
      const stopped = AbortSignal.abort()
      const dialled = Promise.resolve(connector.dial!(recorded.gateway, stopped))
      const session = await dialled.catch((error: unknown) => {
        assert.ok(error instanceof Failure && error.facts.kind === 'offline', String(error))
        return undefined
      })
      await session?.closed
    })
  })
}

interface World<C> {
  peer: Peer
  recorded: Recorded<C>
  dial(signal?: AbortSignal): Promise<Session>
  say(way: Way, session: Session, signal?: AbortSignal): Promise<Outcome>
  /** This session while it lives, or a new one. */
  whole(session: Session): Promise<Session>
  nothingTold(): void
}

async function startWorld<C>(t: TestContext, contract: ConnectorContract<C>, answerMs = patientMs): Promise<World<C>> {
  const { connector } = contract
  const recorded = recorder(contract)
  recorded.answerMs = answerMs
  t.after(() => recorded.gateway.outbound.close())
  const peer = await contract.peer(t, recorded)
  recorded.gateway.bind.config = connector.config[contract.side]!.parse(peer.config) as C
  const told: string[] = []
  const sessions: Session[] = []
  t.after(() => Promise.all(sessions.map((session) => session.close())))
  const dial = async (signal = new AbortController().signal): Promise<Session> => {
    const session = await connector.dial!(recorded.gateway, signal)
    sessions.push(session)
    return session
  }
  return {
    peer,
    recorded,
    dial,
    async say(way, session, signal = never) {
      const outcome = await way.go(session, `${bodyMark} out`, signal)
      told.push(JSON.stringify(outcome))
      return outcome
    },
    async whole(session) {
      const gone = await Promise.race([session.closed.then(() => true), wait(50).then(() => false)])
      return gone ? dial() : session
    },
    nothingTold() {
      const said = [...recorded.log, ...told].join('\n')
      for (const secret of [bodyMark, ...contract.secrets]) assert.ok(!said.includes(secret), `${secret} is in a log or a trace:\n${said}`)
    },
  }
}

/** Fails when the peer hears anything before the gateway is done. */
async function whileNotDurable<C>(
  recorded: Recorded<C>,
  say: () => Promise<'acknowledged' | 'refused'>,
): Promise<'acknowledged' | 'refused'> {
  let commit = (): void => {}
  let asked = false
  recorded.durable = () => {
    asked = true
    return new Promise<void>((resolve) => (commit = resolve))
  }
  let heard: string | undefined
  const saying = say().then((what) => (heard = what))
  await until(() => asked, 'the gateway was asked')
  await wait(60)
  assert.equal(heard, undefined, 'the peer heard before it was durable')
  commit()
  await saying
  return heard as unknown as 'acknowledged' | 'refused'
}

function recorder<C>({ connector, side, secrets }: ConnectorContract<C>): Recorded<C> {
  const account: Account = {
    id: `AC${'7'.repeat(32)}`,
    name: 'contract',
    status: 'active',
    token: secrets[0] ?? '',
    inheritRoutes: true,
    weight: 1,
    concurrency: 0,
    privateWebhooks: true,
    createdAt: 0,
    updatedAt: 0,
  }
  const log: string[] = []
  const logger = pino({ level: 'trace' }, { write: (line: string) => void log.push(line) })
  const recorded: Recorded<C> = {
    accepted: [],
    parts: [],
    receipts: [],
    log,
    durable: () => Promise.resolve(),
    answerMs: patientMs,
    numbers: new Map(),
    account,
    gateway: {
      ...quietGateway,
      bind: {
        id: `${account.id}/contract`,
        account: account.id,
        name: 'contract',
        connector: connector.name,
        side,
        enabled: true,
        paused: false,
        policy: defaultPolicy,
        config: undefined as C,
        createdAt: 0,
        updatedAt: 0,
      },
      log: logger,
      clock: systemClock,
      async accept(submission) {
        await recorded.durable()
        recorded.accepted.push(submission)
        return recorded.accepted.length.toString(16).padStart(32, '0')
      },
      async part(part) {
        await recorded.durable()
        recorded.parts.push(part)
      },
      async receipt(receipt) {
        await recorded.durable()
        recorded.receipts.push(receipt)
        return 'matched'
      },
      number: (value) => recorded.numbers.get(value),
      account: () => account,
      outbound: createOutbound({ log: logger }),
    },
  }
  return recorded
}
