// A gateway that records what it is given, an engine that answers as it is told, and MESSAGEs as they
// are on the wire: what the tests of this room stand on.
import assert from 'node:assert/strict'
import { pino } from 'pino'
import {
  type Bind,
  type BindPolicy,
  defaultClientPolicy,
  type Gateway,
  type Host,
  type InboundPart,
  international,
  type Message,
  type OwnNumber,
  type Receipt,
  type Submission,
} from '../../../src/plugin.ts'
import { testClock, type TestClock } from '../../../src/clock.ts'
import { flowOf, profileOf } from '../access/access.fixture.ts'
import type { Contact, OpenSession, Peer } from '../access/peer.ts'
import { type HeaderLines, headersOf, readMessage } from '../codec/index.ts'
import type { Incoming, OutRequest, Reply, Sent } from '../engine/engine.ts'
import type { MessageSettings, RegistrarSettings } from '../profile/types.ts'
import { createDirectory } from './directory.ts'
import { createInbound, type InboundParts } from './inbound.ts'
import { createOpenSession } from './user-session.ts'

export const now = Date.UTC(2026, 10, 21, 14, 5, 9)

export interface World {
  clock: TestClock
  peer: Peer
  accepted: Submission[]
  parts: InboundPart[]
  receipts: Receipt[]
  /** What accept, part and receipt wait for; rejects to refuse. */
  durable: () => Promise<void>
  /** The answer to a MESSAGE with these lines and this body. */
  say(asking?: Asking): Promise<Reply>
  /** The same, and what was accepted. */
  taken(asking?: Asking): Promise<Submission>
  /** The same, and the words of its Warning. */
  refused(status: number, asking: Asking): Promise<string>
}

export interface Asking {
  uri?: string
  from?: string
  callId?: string
  type?: string | undefined
  headers?: HeaderLines
  /** Max-Forwards */
  forwards?: string
  body?: string | Buffer
}

export interface Given {
  kind?: Peer['kind']
  side?: Bind['side']
  name?: string
  policy?: Partial<BindPolicy>
  terms?: Partial<MessageSettings>
  numbers?: readonly Partial<OwnNumber>[]
  /** Of account AC1, besides alice. */
  users?: readonly string[]
  /** Of account AC2. */
  strangers?: readonly string[]
  ims?: InboundParts['ims']
}

const everything = ['text/plain', 'text/html', 'text/vnd.wap.wml', 'application/octet-stream', 'message/cpim', 'application/vnd.3gpp.sms']

export function worldOf(given: Given = {}): World {
  const { kind = 'aor', side = 'client', name = 'alice@acme.example', numbers = [], users = [], strangers = [] } = given
  const clock = testClock(now)
  const accepted: Submission[] = []
  const parts: InboundPart[] = []
  const receipts: Receipt[] = []
  const bind = {
    id: 'AC1/alice',
    account: 'AC1',
    name: 'alice',
    connector: 'sip',
    side,
    enabled: true,
    policy: { ...defaultClientPolicy, ...given.policy },
    config: {},
  } as unknown as Bind
  let ids = 0
  const byKey = new Map<string, string>()
  const owned = numbers.map((each, i): OwnNumber => {
    const own = { value: '', account: 'AC1', id: `PN${i}`, name: '', bind: 'AC1/alice', settings: {}, createdAt: i, updatedAt: 0 }
    return { ...own, ...each }
  })
  const world = {} as World
  const gateway = {
    bind,
    clock,
    log: pino({ level: 'silent' }),
    newId: () => (++ids).toString(16).padStart(32, '0'),
    async accept(submission: Submission) {
      await world.durable()
      const key = submission.idempotencyKey
      const known = key === undefined ? undefined : byKey.get(key)
      if (known !== undefined) return known
      const id = (++ids).toString(16).padStart(32, '0')
      if (key !== undefined) byKey.set(key, id)
      accepted.push(submission)
      return id
    },
    async part(part: InboundPart) {
      await world.durable()
      parts.push(part)
    },
    async receipt(receipt: Receipt) {
      await world.durable()
      receipts.push(receipt)
      return 'matched' as const
    },
    number: (value: string) => owned.find((each) => each.value === value && each.account === 'AC1'),
  } as unknown as Gateway
  const host = {
    clock,
    claimed: (_: string, aor: string) => [
      ...(['alice@acme.example', ...users].includes(aor) ? [{ bind: { account: 'AC1' } }] : []),
      ...(strangers.includes(aor) ? [{ bind: { account: 'AC2' } }] : []),
    ],
    numbers: (account: string) => owned.filter((each) => each.account === account),
  } as unknown as Host
  const profile = profileOf()
  const terms: MessageSettings = { ...profile.messages, accept: everything, ...given.terms }
  const peer: Peer = { kind, name, gateway, terms, profile }
  const inbound = createInbound({
    clock,
    directory: createDirectory(host, () => ['acme.example']),
    ...(given.ims ? { ims: given.ims } : {}),
  })
  const say = (asking: Asking = {}): Promise<Reply> => new Promise((resolve) => inbound(peer, messageRequest(asking), resolve))
  return Object.assign(world, {
    clock,
    peer,
    accepted,
    parts,
    receipts,
    durable: () => Promise.resolve(),
    say,
    async taken(asking: Asking = {}) {
      const count = accepted.length
      const reply = await say(asking)
      assert.equal(reply.status, 202, JSON.stringify(reply))
      assert.equal(accepted.length, count + 1)
      return accepted[count]!
    },
    async refused(status: number, asking: Asking) {
      const reply = await say(asking)
      assert.equal(reply.status, status, JSON.stringify(reply))
      assert.equal(accepted.length + parts.length, 0, 'nothing is taken')
      return header(reply.headers, 'Warning') ?? ''
    },
  } satisfies World)
}

let calls = 0

export function messageRequest(asking: Asking): Incoming {
  const { uri = 'sip:+15550001111@acme.example', from = '<sip:alice@acme.example>;tag=a', headers = [], forwards = '70' } = asking
  const { callId = `call-${++calls}`, body = 'Hello' } = asking
  const type = 'type' in asking ? asking.type : 'text/plain'
  const octets = typeof body === 'string' ? Buffer.from(body) : body
  const lines = [
    `MESSAGE ${uri} SIP/2.0`,
    'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx;rport',
    `From: ${from}`,
    `To: <${uri}>`,
    `Call-ID: ${callId}`,
    'CSeq: 20 MESSAGE',
    `Max-Forwards: ${forwards}`,
    ...(type === undefined ? [] : [`Content-Type: ${type}`]),
  ]
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`)
  const read = readMessage(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\nContent-Length: ${octets.length}\r\n\r\n`), octets]))
  assert.ok(read.kind === 'request', 'it is a request')
  return Object.assign(read, { profile: 'internal', flow: flowOf(), callId })
}

/** The first value of this name. */
export function header(lines: HeaderLines | undefined, name: string): string | undefined {
  return headersOf(lines ?? []).get(name)
}

export function messageOf(more: Partial<Message> = {}): Message {
  return {
    id: 'ab'.repeat(16),
    account: 'AC1',
    direction: 'mo',
    arrival: 'AC1/carrier',
    acceptedAt: now,
    validUntil: now + 3_600_000,
    segments: 1,
    from: international('+15550001111'),
    to: international('+15550002222'),
    body: { kind: 'text', text: 'Hello' },
    priority: 1,
    receipt: 'none',
    ...more,
  }
}

export interface RecordingEngine {
  sent: OutRequest[]
  /** What the next requests come to; the last one stays. */
  say(...answers: (number | Sent | [status: number, headers: HeaderLines])[]): void
  send(request: OutRequest): Promise<Sent>
}

export function recordingEngine(): RecordingEngine {
  const sent: OutRequest[] = []
  let answers: (number | Sent | [number, HeaderLines])[] = [200]
  return {
    sent,
    say(...more) {
      answers = more
    },
    send(request) {
      sent.push(request)
      const next = answers.length > 1 ? answers.shift()! : answers[0]!
      if (typeof next === 'object' && 'kind' in next) return Promise.resolve(next)
      const [status, headers] = typeof next === 'number' ? [next, []] : next
      const wire = [`MESSAGE ${request.uri}`, String(status)]
      return Promise.resolve({ kind: 'answered', status, reason: 'Reason', headers: headersOf(headers), body: Buffer.alloc(0), wire })
    },
  }
}

export function contactOf(uri: string, more: Partial<Contact> = {}): Contact {
  return { uri, flow: flowOf(), path: [], expiresAt: now + 60_000, registeredAt: now, callId: 'r', cseq: 1, q: 1, ...more }
}

export const phone = contactOf('sip:alice-0x55@192.0.2.1:5060;transport=udp')

/** A registered user: its session, and the engine that its MESSAGEs leave by. */
export function user(
  contacts: readonly Contact[] = [phone],
  how: RegistrarSettings['contacts'] = 'all',
  terms: Partial<MessageSettings> = {},
  elsewhere: readonly Contact[] = [],
): { engine: RecordingEngine; world: World; session: ReturnType<OpenSession>; register(more: readonly Contact[]): void } {
  const engine = recordingEngine()
  const world = worldOf({ terms })
  let registered = contacts
  const settings = { ...world.peer.profile.registrar, contacts: how }
  const session = createOpenSession({
    clock: world.clock,
    engineOf: () => engine,
    elsewhere: () => [{ profile: 'other', domain: 'fd00::1', contacts: elsewhere }],
  })(world.peer, () => registered, settings)
  return { engine, world, session, register: (more) => void (registered = more) }
}
