// A message centre on a real socket with recording gateways behind it, and a client of our own on a
// link of our own: what the centre's tests stand on.
import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { pino } from 'pino'
import {
  type Absentee,
  type Account,
  type BindPolicy,
  type Clock,
  defaultClientPolicy,
  type Gateway,
  type Host,
  type InboundPart,
  international,
  type Message,
  type MessageOutcome,
  type MessageView,
  newSid,
  type Report,
  type Session,
  type Submission,
  systemClock,
} from '../../../src/plugin.ts'
import { quietGateway } from '../../../test/quiet-gateway.ts'
import type { Draft, Pdu, PduOf } from '../codec/index.ts'
import type { Answer } from '../answer.ts'
import { createLink, type Link } from '../link.ts'
import { clientConfig, type ClientConfig } from './config.ts'
import { type CentreOptions, startCentre } from './listener.ts'

export interface Client {
  gateway: Gateway<ClientConfig>
  accepted: Submission[]
  parts: InboundPart[]
  /** What Gateway.awaitReachable was told. */
  awaited: Absentee[]
  sessions: Set<Session>
  /** What accept and part wait for; rejects to refuse. */
  durable: () => Promise<void>
  /** On its lane. */
  waiting: number
  /** What Gateway.congested says. */
  congested: number
  /** What Gateway.outcome says. */
  outcome: () => Promise<MessageOutcome | undefined>
}

export interface House {
  port: number
  clients: Client[]
  /** By id; what is accepted is put here as queued. */
  views: Map<string, MessageView>
  accounts: Map<string, Account>
  /** As the gateway says it to whoever listens. */
  suspend(account: string): void
  log: string[]
  stop(): void
}

export interface ClientGiven {
  account?: string
  config?: Partial<ClientConfig>
  policy?: Partial<BindPolicy>
}

export async function house(
  t: TestContext,
  given: readonly ClientGiven[] = [{}],
  clock: Clock = systemClock,
  options: Partial<CentreOptions> = {},
): Promise<House> {
  const log: string[] = []
  const logger = pino({ level: 'debug' }, { write: (line: string) => void log.push(line) })
  const abort = new AbortController()
  const changed: (() => void)[] = []
  const views = new Map<string, MessageView>()
  const accounts = new Map<string, Account>()
  const clients = given.map((each, n) => clientOf(each, n))
  const host = {
    log: logger,
    clock,
    account: (id: string) => accounts.get(id),
    claimed: (_connector: string, name: string) => clients.map((one) => one.gateway).filter((one) => one.bind.config.systemId === name),
    onChange: (tell: () => void) => void changed.push(tell),
    claimants: () => clients.map((one) => one.gateway),
    messages: {
      get: (account: string, id: string) => Promise.resolve(viewOf(account, id)),
      list: ({ account, to }: { account: string; to?: string }) =>
        Promise.resolve({
          messages: [...views.values()]
            .filter(({ message }) => message.account === account && (to === undefined || message.to.value === to))
            .toReversed(),
        }),
      cancel(account: string, id: string) {
        const view = viewOf(account, id)
        if (!view) return Promise.resolve('absent')
        if (view.state !== 'queued' && view.state !== 'scheduled') return Promise.resolve('too-late')
        view.state = 'canceled'
        return Promise.resolve('canceled')
      },
      replace(account: string, id: string, change: object) {
        const view = viewOf(account, id)
        if (view?.state !== 'queued') return Promise.resolve(view ? 'too-late' : 'absent')
        view.message = { ...view.message, ...change }
        return Promise.resolve('replaced')
      },
    },
  } as unknown as Host

  function viewOf(account: string, id: string): MessageView | undefined {
    const view = views.get(id)
    return view?.message.account === account ? view : undefined
  }

  function clientOf({ account = 'AC1', config, policy }: ClientGiven, n: number): Client {
    accounts.set(account, { id: account, status: 'active' } as Account)
    const bind = {
      id: `${account}/client${n}`,
      account,
      name: 'client',
      connector: 'smpp',
      side: 'client' as const,
      enabled: true,
      paused: false,
      policy: { ...defaultClientPolicy, ...policy },
      config: clientConfig.parse({ systemId: 'shop', password: 'secret', ...config }),
      createdAt: 0,
      updatedAt: 0,
    }
    const it: Client = {
      accepted: [],
      parts: [],
      awaited: [],
      sessions: new Set(),
      durable: () => Promise.resolve(),
      waiting: 0,
      congested: 0,
      outcome: () => Promise.resolve({ state: 'delivered' }),
      gateway: {
        ...quietGateway,
        bind,
        log: logger,
        clock,
        async accept(submission) {
          await it.durable()
          it.accepted.push(submission)
          const id = submission.id ?? newSid('')
          const message = messageOf({ ...submission, id, account, arrival: bind.id })
          const decision = { revision: 1, candidates: [], failoverOnReceipt: false, tried: [] }
          views.set(id, { message, decision, state: 'queued', updatedAt: 0, redacted: false })
          return id
        },
        waiting: () => it.waiting,
        congested: () => it.congested,
        async part(part) {
          await it.durable()
          it.parts.push(part)
        },
        receipt: () => Promise.reject(new Error('not here')),
        outcome: () => it.outcome(),
        reachable: () => assert.fail('not here'),
        awaitReachable: (of) => void it.awaited.push(of),
        attach(session) {
          if (it.sessions.size >= bind.policy.sessions) return false
          it.sessions.add(session)
          void session.closed.then(() => it.sessions.delete(session))
          return true
        },
        account: () => accounts.get(account)!,
        outbound: { ask: () => {}, request: () => Promise.reject(new Error('not here')), close: () => Promise.resolve() },
      },
    }
    return it
  }

  const [port] = await startCentre(host, { listen: [{ host: '127.0.0.1', port: 0 }], ...options }, abort.signal)
  t.after(async () => {
    abort.abort()
    await Promise.all(clients.flatMap((one) => [...one.sessions].map((session) => session.close())))
  })
  function suspend(account: string): void {
    accounts.set(account, { ...accounts.get(account)!, status: 'suspended' })
    for (const tell of changed) tell()
  }
  return { port: port!, clients, views, accounts, suspend, log, stop: () => abort.abort() }
}

export function messageOf(more: Partial<Message> = {}): Message {
  return {
    id: newSid(''),
    account: 'AC1',
    direction: 'mt',
    arrival: 'AC1/client0',
    acceptedAt: Date.UTC(2026, 0, 2, 3, 4),
    validUntil: Date.now() + 3_600_000,
    segments: 1,
    from: { value: 'Shop', ton: 'alphanumeric', npi: 'unknown' },
    to: international('+447700900123'),
    body: { kind: 'text', text: 'Hello' },
    priority: 1,
    receipt: 'both',
    ...more,
  }
}

export const delivered = (more: Partial<Report> = {}): Report => ({ state: 'delivered', at: Date.UTC(2026, 0, 2, 3, 5), ...more })

export interface Caller {
  link: Link
  socket: Socket
  /** Requests that it was sent, in order. */
  got: Pdu[]
  /** The status of the answers to deliveries; undefined: none. */
  answer: number | undefined
  /** The response, whatever its status; rejects when there is none. */
  ask(draft: Draft): Promise<Pdu>
  submit(more?: Partial<PduOf<'submit_sm'>>): Promise<PduOf<'submit_sm_resp'>>
}

/** Connected, not bound. */
export async function call(t: TestContext, port: number, localAddress = '127.0.0.1'): Promise<Caller> {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  socket.on('error', () => {})
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  const log = pino({ level: 'silent' })
  const it: Caller = {
    socket,
    got: [],
    answer: 0,
    link: createLink({ socket, clock: systemClock, log, enquireLinkMs: 60_000, responseTimeoutMs: 20_000, onRequest }),
    async ask(draft) {
      const answer: Answer = await it.link.request(draft)
      if (answer.kind !== 'pdu') throw new Error(`${draft.command}: ${answer.why}`)
      return answer.pdu
    },
    async submit(more = {}) {
      const pdu = await it.ask({ ...submitDraft, ...more })
      assert.equal(pdu.command, 'submit_sm_resp')
      return pdu
    },
  }
  function onRequest(pdu: Pdu): void {
    it.got.push(pdu)
    if (it.answer === undefined) return
    const { sequence_number } = pdu
    if (pdu.command === 'deliver_sm') it.link.post({ command: 'deliver_sm_resp', sequence_number, command_status: it.answer })
    if (pdu.command === 'data_sm') it.link.post({ command: 'data_sm_resp', sequence_number, command_status: it.answer })
  }
  t.after(() => it.link.destroy('the test is over'))
  return it
}

export const submitDraft: Extract<Draft, { command: 'submit_sm' }> = {
  command: 'submit_sm',
  sequence_number: 0,
  source_addr_ton: 5,
  source_addr: 'Shop',
  dest_addr_ton: 1,
  dest_addr_npi: 1,
  destination_addr: '447700900123',
  registered_delivery: 1,
  short_message: Buffer.from('Hello'),
}

export interface BindGiven {
  command?: 'bind_transceiver' | 'bind_transmitter' | 'bind_receiver'
  system_id?: string
  password?: string
  system_type?: string
  interface_version?: number
}

export const bindDraft = ({ command = 'bind_transceiver', ...more }: BindGiven = {}): Draft => ({
  command,
  sequence_number: 0,
  system_id: 'shop',
  password: 'secret',
  interface_version: 0x34,
  ...more,
})

/** Connected and bound; fails when it is refused. */
export async function bound(t: TestContext, port: number, given: BindGiven = {}): Promise<Caller> {
  const it = await call(t, port)
  const pdu = await it.ask(bindDraft(given))
  assert.equal(pdu.command_status, 0)
  return it
}

/** Looks until it holds; fails after a minute, which only what hangs takes. */
export async function eventually(holds: () => boolean, what: string): Promise<void> {
  const until = Date.now() + 60_000
  while (!holds()) {
    if (Date.now() > until) throw new Error(`never: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
