// A front to try: an account with users, flows that open and close at will, an engine that records
// what it is given, and requests as they are on the wire.
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { type Account, type Bind, defaultClientPolicy, type Gateway, type Host, type Session } from '../../../src/plugin.ts'
import { testClock, type TestClock } from '../../../src/clock.ts'
import { type HeaderLines, headersOf, readMessage } from '../codec/index.ts'
import type { Flow, Incoming, OutRequest, Reply, Sent, Transport } from '../engine/engine.ts'
import type { Profile } from '../profile/types.ts'
import { createDigestClient } from './digest-client.ts'
import { createGuard } from './guard.ts'
import { createFront } from './index.ts'
import type { TrunkAt } from './identify.ts'
import type { Access, Contact, OpenSession, Peer, Registrar } from './peer.ts'
import type { UserSettings } from './users.ts'

export const fixtures = join(process.cwd(), 'test/fixtures/sip')

export function profileOf(more: { [K in keyof Profile]?: Partial<Profile[K]> } = {}): Profile {
  return {
    name: 'internal',
    engine: 'embedded',
    listen: { httpPath: false, origins: [] },
    domains: { 'acme.example': 'AC1', 'other.example': 'AC2', ...more.domains },
    auth: { register: 'digest', message: 'digest', nonceSeconds: 300, algorithms: ['MD5', 'SHA-256'], ...more.auth },
    registrar: {
      minExpiresSeconds: 60,
      maxExpiresSeconds: 3600,
      defaultExpiresSeconds: 1800,
      contactsPerAor: 3,
      pingSeconds: 0,
      contacts: 'all',
      ...more.registrar,
    },
    safety: {
      allow: [],
      deny: [],
      requestsPerSecondPerAddress: 0,
      messagesPerSecondPerAor: 0,
      ban: { failures: 5, withinSeconds: 60, forSeconds: 600 },
      connections: 100,
      connectionsPerAddress: 10,
      headerBytes: 16_384,
      headerCount: 100,
      bodyBytes: 65_536,
      idleSeconds: 120,
      transactions: 1000,
      ...more.safety,
    },
    timers: { t1: 500, t2: 4000, t4: 5000 },
    messages: {
      dialect: 'standard',
      defaultCoding: 0,
      accept: ['text/plain'],
      answer: 202,
      receipts: 'imdn',
      repeatsWithinSeconds: 0,
      ...more.messages,
    },
  } satisfies Profile
}

export interface FakeFlow extends Flow {
  open: boolean
  close(): void
  /** How many wait for its end. */
  waiting(): number
}

export function flowOf(address = '192.0.2.1', port = 5060, transport: Transport = 'udp', n = 0): FakeFlow {
  const ends = new EventEmitter()
  ends.setMaxListeners(0)
  return {
    id: transport === 'udp' ? `udp ${address}:${port} 127.0.0.1:5060` : `${transport} ${n}`,
    transport,
    remote: { address, port },
    local: { address: '127.0.0.1', port: 5060 },
    open: true,
    onClose(call) {
      ends.on('close', call)
      return () => void ends.off('close', call)
    },
    close() {
      this.open = false
      ends.emit('close')
    },
    waiting: () => ends.listenerCount('close'),
  }
}

/** As it would come from the engine. */
function incoming(octets: Buffer, flow: Flow = flowOf()): Incoming {
  const read = readMessage(octets)
  assert.ok(read.kind === 'request', `no request: ${octets.toString('latin1', 0, 60)}`)
  return Object.assign(read, { profile: 'internal', flow, callId: read.headers.get('call-id') ?? '' })
}

export interface Asking {
  method?: string
  uri?: string
  from?: string
  to?: string
  callId?: string
  cseq?: number
  headers?: HeaderLines
  flow?: Flow
  body?: string
}

let branch = 0

export function requestOf({
  method = 'REGISTER',
  flow,
  callId = 'call-1',
  cseq = 1,
  headers = [],
  body = '',
  ...more
}: Asking = {}): Incoming {
  const { uri = method === 'REGISTER' ? 'sip:acme.example' : 'sip:+15550001111@acme.example', from = '<sip:alice@acme.example>' } = more
  const lines = [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK${branch++};rport`,
    `From: ${from};tag=a`,
    `To: ${more.to ?? (method === 'REGISTER' ? from : `<${uri}>`)}`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} ${method}`,
    'Max-Forwards: 70',
  ]
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`)
  lines.push(`Content-Length: ${Buffer.byteLength(body)}`, '', body)
  return incoming(Buffer.from(lines.join('\r\n')), flow)
}

export function capture(name: string, flow?: Flow): Incoming {
  return incoming(readFileSync(join(fixtures, 'captures', `${name}.sip`)), flow)
}

/** All values of a header of a reply. */
export function valuesOf(reply: Reply, name: string): string[] {
  const { headers = [] } = reply
  const found: string[] = []
  for (let i = 0; i < headers.length; i += 2) if (headers[i]!.toLowerCase() === name.toLowerCase()) found.push(headers[i + 1]!)
  return found
}

export interface FakeSession extends Session {
  peer: Peer
  contacts: () => readonly Contact[]
  settings: Parameters<OpenSession>[2]
  ended: string | undefined
  end(why: string): void
}

export interface Core {
  host: Host
  accounts: Map<string, Account>
  binds: Map<string, Bind<UserSettings>>
  /** Attached and not closed, by bind. */
  sessions: Map<string, Set<FakeSession>>
  log: string[]
  user(name: string, password?: string, more?: Partial<UserSettings>, account?: string): Bind<UserSettings>
  /** As an operator changes it: its sessions are closed by the core. */
  change(id: string, change: Partial<UserSettings> | 'removed'): Promise<void>
  gatewayOf(bind: Bind<UserSettings>): Gateway
}

export function coreOf(clock: TestClock = testClock()): Core {
  const log: string[] = []
  const logger = pino({ level: 'debug' }, { write: (line: string) => void log.push(line) })
  const gateways = new Map<string, Gateway>()
  const core: Core = {
    log,
    accounts: new Map(['AC1', 'AC2'].map((id) => [id, { id, status: 'active' } as Account])),
    binds: new Map(),
    sessions: new Map(),
    host: {
      log: logger,
      clock,
      account: (id: string) => core.accounts.get(id),
      claimed: (connector: string, name: string) => {
        assert.equal(connector, 'sip')
        return [...core.binds.values()]
          .filter(({ config }) => `${config.user}@${config.domain ?? ''}` === name)
          .map((bind) => core.gatewayOf(bind))
      },
    } as unknown as Host,
    user(user, password = 'secret', more = {}, account = 'AC1') {
      const bind: Bind<UserSettings> = {
        id: `${account}/${user}`,
        account,
        name: user,
        connector: 'sip',
        side: 'client',
        enabled: true,
        paused: false,
        policy: { ...defaultClientPolicy },
        config: { user, domain: account === 'AC1' ? 'acme.example' : 'other.example', password, ...more },
        createdAt: 0,
        updatedAt: 0,
      }
      core.binds.set(bind.id, bind)
      core.sessions.set(bind.id, new Set())
      return bind
    },
    async change(id, change) {
      const bind = core.binds.get(id)!
      gateways.delete(id)
      if (change === 'removed') core.binds.delete(id)
      else core.binds.set(id, { ...bind, config: { ...bind.config, ...change }, updatedAt: clock.now() })
      await Promise.all([...core.sessions.get(id)!].map((session) => session.close()))
      await new Promise((resolve) => setImmediate(resolve))
    },
    gatewayOf(bind) {
      const { id } = bind
      let gateway = gateways.get(id)
      if (gateway) return gateway
      gateway = {
        get bind() {
          return core.binds.get(id) ?? bind
        },
        log: logger,
        clock,
        number: (value: string) => (value === '+15550001111' && bind.account === 'AC1' ? { value } : undefined),
        attach(session: FakeSession) {
          const sessions = core.sessions.get(id)
          if (!core.binds.has(id) || !sessions || sessions.size >= bind.policy.sessions) return false
          sessions.add(session)
          void session.closed.then(() => sessions.delete(session))
          return true
        },
        account: () => core.accounts.get(bind.account)!,
      } as unknown as Gateway
      gateways.set(id, gateway)
      return gateway
    },
  }
  return core
}

export interface Front {
  access: Access
  registrar: Registrar
  clock: TestClock
  core: Core
  opened: FakeSession[]
  sent: OutRequest[]
  /** What becomes of what is sent. */
  answer: (request: OutRequest) => Promise<Sent>
  refuses(address: string): boolean
  /** REGISTER or MESSAGE as it is, without answering a challenge. */
  ask(asking: Asking): Promise<Reply>
  /** The same with the right credentials, challenge and all. */
  register(asking?: Asking & { password?: string; username?: string }): Promise<Reply>
}

export const ok: Sent = { kind: 'answered', status: 200, reason: 'OK', headers: requestOf().headers, body: Buffer.alloc(0) }

export async function frontOf(
  given: {
    profile?: Profile
    core?: Core
    clock?: TestClock
    file?: string
    trunks?: readonly TrunkAt[]
    trunkAddress?: string
    restore?: false
  } = {},
): Promise<Front> {
  const clock = given.clock ?? testClock()
  const core = given.core ?? coreOf(clock)
  const profile = given.profile ?? profileOf()
  const guard = createGuard({ safety: profile.safety, clock })
  const { access, registrar } = createFront({
    host: core.host,
    profile,
    guard,
    engine: {
      send: (request) => {
        front.sent.push(request)
        return front.answer(request)
      },
      revive: (id) => {
        const [, address, port] = /^udp ([\d.]+):(\d+) /.exec(id) ?? []
        return address === undefined ? undefined : flowOf(address, Number(port))
      },
    },
    openSession: (peer, contacts, settings, whenClosed) => {
      const session = sessionOf(peer, () => contacts(peer.name), settings)
      void session.closed.then(() => whenClosed?.(session))
      front.opened.push(session)
      return session
    },
    trunksAt: (address) => (address === given.trunkAddress ? (given.trunks ?? []) : []),
    file: given.file,
  })
  const ask = (asking: Asking): Promise<Reply> => replyTo(asking)
  async function replyTo(asking: Asking): Promise<Reply> {
    const request = requestOf(asking)
    if (request.method === 'REGISTER') return new Promise((resolve) => registrar.take(request, resolve))
    const known = await access.identify(request)
    return 'reply' in known ? known.reply : { status: 202, headers: ['X-Peer', known.peer.name] }
  }
  const front: Front = {
    access,
    registrar,
    clock,
    core,
    opened: [],
    sent: [],
    answer: () => Promise.resolve(ok),
    refuses: guard.refuses,
    ask,
    async register({ password = 'secret', username, ...asking } = {}) {
      const user = username ?? /sip:([^@>]+)@/.exec(asking.from ?? 'sip:alice@')![1]!
      return withCredentials(ask, user, password, asking)
    },
  }
  if (given.restore !== false) await registrar.restore()
  return front
}

/** Answers challenges as a trunk of ours would. */
export async function withCredentials(
  ask: (asking: Asking) => Promise<Reply>,
  username: string,
  password: string,
  asking: Asking,
): Promise<Reply> {
  let reply: Reply = { status: 0 }
  const { uri = asking.method === 'MESSAGE' ? 'sip:+15550001111@acme.example' : 'sip:acme.example', headers = [], cseq = 1 } = asking
  const engine = {
    async send(request: OutRequest): Promise<Sent> {
      reply = await ask({ ...asking, uri, headers: request.headers, cseq: request.cseq ?? 1 })
      return { kind: 'answered', status: reply.status, reason: '', headers: headersOf(reply.headers ?? []), body: Buffer.alloc(0) }
    },
  }
  const request: OutRequest = {
    method: (asking.method ?? 'REGISTER') as 'MESSAGE',
    uri,
    via: asking.flow ?? flowOf(),
    from: '',
    to: '',
    headers,
    cseq,
    body: Buffer.from(asking.body ?? ''),
  }
  await createDigestClient({ username, password }).send(engine, request, new AbortController().signal)
  return reply
}

function sessionOf(peer: Peer, contacts: FakeSession['contacts'], settings: FakeSession['settings']): FakeSession {
  let close: (why: string) => void = () => {}
  const closed = new Promise<string>((resolve) => (close = resolve))
  return {
    peer,
    contacts,
    settings,
    ended: undefined,
    closed,
    close() {
      close('closed by the core')
      return Promise.resolve()
    },
    end(why) {
      this.ended = why
      close(why)
    },
  }
}
