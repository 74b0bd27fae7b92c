// For this plugin's tests: a small gateway in memory that records what it is handed, with the same
// scoping as the real one, behind a real HTTP server.
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import pino from 'pino'
import {
  type AcceptRefused,
  countSegments,
  createOutbound,
  defaultPolicy,
  newSid,
  systemClock,
  TenancyRefused,
  type Account,
  type Bind,
  type Gateway,
  type Host,
  type Message,
  type MessageView,
  type Outbound,
  type OwnNumber,
  noResources,
  type Author,
  type Resources,
  type Submission,
  type Tenancy,
} from '../../src/plugin.ts'
import { twilio } from './index.ts'
import type { TwilioConfig } from './settings.ts'

export const policy: Bind['policy'] = {
  ...defaultPolicy,
  attempts: 3,
  retryFirstMs: 1000,
  retryCapMs: 60_000,
  downLimitMs: 0,
  validitySeconds: 3600,
  maxValiditySeconds: 86_400,
  receiptTimeoutSeconds: 3600,
  partsTimeoutSeconds: 60,
}

export const ownNumber = '+15005550006'
export const handset = '+15005550111'

export interface World {
  host: Host
  outbound: Outbound
  root: Account
  child: Account
  stranger: Account
  gateway: Gateway<TwilioConfig>
  submissions: Submission[]
  views: Map<string, MessageView>
  /** The next accept is refused so. */
  refuse?: AcceptRefused | Error
  /** Places for concurrent requests; endless when undefined. */
  places?: number
  store(account: Account, over: Partial<Message>, view?: Partial<MessageView>): MessageView
  number: OwnNumber
  /** Of root, that one first. */
  numbers: OwnNumber[]
  /** The sender, by account, service and handset. */
  stickies: Map<string, string>
  /** Who changed what is configured, change by change. */
  authors: Author[]
}

function account(name: string, over: Partial<Account> = {}): Account {
  const id = newSid('AC')
  return {
    id,
    name,
    status: 'active',
    createdAt: 0,
    updatedAt: 0,
    token: newSid('AC').slice(2),
    inheritRoutes: true,
    weight: 1,
    concurrency: 0,
    privateWebhooks: true,
    ...over,
  }
}

/** Nobody's accounts and numbers: those that are somebody's are tried over the real admin room. */
const absent = (): Promise<never> => Promise.reject(new TenancyRefused('absent', 'There is no such thing.'))
const none = (): never => {
  throw new TenancyRefused('absent', 'There is no such thing.')
}
export const nobodys: Tenancy = {
  accounts: () => [],
  createAccount: absent,
  changeAccount: absent,
  offered: () => [],
  claim: absent,
  changeNumber: absent,
  release: absent,
  credentials: {
    keys: none,
    createKey: absent,
    changeKey: absent,
    revokeKey: absent,
    addToken: absent,
    promoteToken: absent,
    dropToken: absent,
    tokens: none,
    limitTokens: absent,
    renewTest: absent,
  },
}

let lastId = 0
/** As src/ids.ts makes them: 14 digits that rise with time, 18 of any kind. */
function nextId(): string {
  lastId = Math.max(lastId + 1, Date.now() * 4096)
  return lastId.toString(16).padStart(14, '0') + newSid('').slice(0, 18)
}

export function world(): World {
  const root = account('root')
  const child = account('child', { parent: root.id })
  const stranger = account('stranger')
  const accounts = [root, child, stranger]
  const log = pino({ level: 'silent' })
  const outbound = createOutbound()
  const views = new Map<string, MessageView>()
  const byKey = new Map<string, string>()
  const submissions: Submission[] = []
  const number: OwnNumber = {
    value: ownNumber,
    account: root.id,
    id: newSid('PN'),
    name: '',
    bind: `${root.id}/api`,
    settings: {},
    createdAt: 0,
    updatedAt: 0,
  }

  function store(owner: Account, over: Partial<Message>, view: Partial<MessageView> = {}): MessageView {
    const acceptedAt = over.acceptedAt ?? Date.now()
    const message: Message = {
      id: nextId(),
      account: owner.id,
      direction: 'mt',
      arrival: `${owner.id}/api`,
      acceptedAt,
      validUntil: acceptedAt + 36e6,
      segments: 1,
      from: { value: ownNumber, ton: 'international', npi: 'e164' },
      to: { value: handset, ton: 'international', npi: 'e164' },
      body: { kind: 'text', text: 'hi' },
      priority: 1,
      receipt: 'both',
      ...over,
    }
    const made: MessageView = {
      message,
      decision: { revision: 1, candidates: [], failoverOnReceipt: false, tried: [] },
      state: 'queued',
      updatedAt: acceptedAt,
      redacted: false,
      ...view,
    }
    views.set(message.id, made)
    return made
  }

  const resources = new Map<string, Resources>()
  const resourcesOf = (owner: string): Resources => resources.get(owner) ?? noResources

  function gatewayOf(owner: Account): Gateway<TwilioConfig> {
    return {
      bind: {
        id: `${owner.id}/api`,
        account: owner.id,
        name: 'api',
        connector: 'twilio',
        side: 'client',
        enabled: true,
        paused: false,
        policy,
        config: {},
        createdAt: 0,
        updatedAt: 0,
      },
      log,
      clock: systemClock,
      async accept(submission) {
        if (made.refuse) throw made.refuse
        submissions.push(submission)
        const key = submission.idempotencyKey && `${owner.id} ${submission.idempotencyKey}`
        const known = key && byKey.get(key)
        if (known) return known
        const { idempotencyKey: _key, sticky, validUntil = Date.now(), ...rest } = submission
        if (sticky && rest.service !== undefined) made.stickies.set(`${owner.id} ${rest.service} ${rest.to.value}`, rest.from.value)
        const { message } = store(
          owner,
          { ...rest, validUntil, segments: countSegments(submission.body) },
          { state: submission.deliverAfter ? 'scheduled' : 'queued' },
        )
        if (key) byKey.set(key, message.id)
        return message.id
      },
      part: async () => {},
      begunAs: () => undefined,
      unfinished: () => undefined,
      cancelUnfinished: () => Promise.resolve(false),
      receipt: async () => 'matched',
      outcome: async () => undefined,
      congestion() {},
      reachable() {},
      awaitReachable() {},
      tryAgain() {},
      newId: () => newSid(''),
      waiting: () => 0,
      congested: () => 0,
      sticky: (service, to) => made.stickies.get(`${owner.id} ${service} ${to}`),
      attach: () => false,
      resources: () => resourcesOf(owner.id),
      number: (value) => (owner === root ? made.numbers.find((one) => one.value === value) : undefined),
      account: () => owner,
      outbound,
      publicUrl: 'http://127.0.0.1',
    }
  }

  const gateways = new Map([root, child].map((a) => [a.id, gatewayOf(a)]))
  const own = (owner: string, id: string): MessageView | undefined => {
    const view = views.get(id)
    return view?.message.account === owner ? view : undefined
  }
  const ended = (view: MessageView): boolean =>
    ['delivered', 'undelivered', 'failed', 'expired', 'canceled', 'unconfirmed'].includes(view.state)

  const made: World = {
    root,
    child,
    stranger,
    outbound,
    submissions,
    views,
    store,
    number,
    numbers: [number],
    stickies: new Map(),
    authors: [],
    gateway: gatewayOf(root),
    host: {
      log,
      clock: systemClock,
      publicUrl: 'http://127.0.0.1',
      accountCalled: () => undefined,
      onChange: () => {},
      onTracing: () => () => {},
      identify(authorization) {
        const [sid, token] = Buffer.from(authorization?.replace(/^Basic /, '') ?? '', 'base64')
          .toString()
          .split(':')
        const found = accounts.find((a) => a.id === sid && a.token === token)
        return found && { account: found, may: (id) => id === found.id || accounts.some((a) => a.id === id && a.parent === found.id) }
      },
      account: (id) => accounts.find((a) => a.id === id),
      gateway: (_connector, id) => gateways.get(id),
      claimed: () => [],
      calling: () => [],
      claimants: () => [],
      numbers: (id) => (id === root.id ? made.numbers : []),
      resources: resourcesOf,
      async changeResource(by, owner, id, step) {
        made.authors.push(by)
        const known = resourcesOf(owner).get(id)
        const next = step(known)
        const left = new Map(resourcesOf(owner))
        left.delete(id)
        const now = Date.now()
        if (next) left.set(id, { id, account: owner, ...next, createdAt: known?.createdAt ?? now, updatedAt: now })
        resources.set(owner, left)
        return left.get(id)
      },
      usage: async () => [],
      enter() {
        if (made.places === undefined) return () => {}
        if (made.places === 0) return undefined
        made.places--
        return () => void (made.places = (made.places ?? 0) + 1)
      },
      messages: {
        get: async (owner, id) => own(owner, id),
        async list(query) {
          const all = [...views.values()]
            .filter(
              ({ message: m }) =>
                m.account === query.account && (!query.to || m.to.value === query.to) && (!query.from || m.from.value === query.from),
            )
            .filter(({ message: m }) => m.acceptedAt >= (query.after ?? 0) && m.acceptedAt <= (query.before ?? Infinity))
            .sort((a, b) => (a.message.id < b.message.id ? 1 : -1))
          const start = query.cursor ? Number(query.cursor.split('/')[1]) : 0
          const end = start + query.limit
          return { messages: all.slice(start, end), ...(end < all.length ? { next: `at/${end}` } : {}) }
        },
        async cancel(owner, id) {
          const view = own(owner, id)
          if (!view) return 'absent'
          if (view.state !== 'scheduled' && view.state !== 'queued') return 'too-late'
          view.state = 'canceled'
          return 'canceled'
        },
        async redact(owner, id) {
          const view = own(owner, id)
          if (!view) return 'absent'
          if (!ended(view)) return 'not-ended'
          view.redacted = true
          return 'redacted'
        },
        feedback: async (owner, id) => own(owner, id) !== undefined,
        async remove(owner, id) {
          const view = own(owner, id)
          if (!view) return 'absent'
          if (!ended(view)) return 'not-ended'
          views.delete(id)
          return 'removed'
        },
        replace: async () => 'too-late',
      },
      tenancy: nobodys,
      outbound,
    },
  }
  return made
}

export interface Running {
  url: string
  port: number
  close(): Promise<void>
}

export async function listening(listener: RequestListener): Promise<Running> {
  const server: Server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The plugin's HTTP side as the gateway mounts it: hot before express, or express alone. */
export function mounted(host: Host, way: 'hot' | 'router'): RequestListener {
  const side = twilio.http?.(host)
  if (!side) throw new Error('no HTTP side')
  const app = express()
  app.disable('x-powered-by')
  app.use(side.router)
  return (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '', headers } = request
    const plain = Number(headers['content-length']) <= 65_536
    if (way === 'router' || !plain || !side.hot?.takes(method, url)) return app(request, response)
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const asked = {
        method,
        url,
        header: (name: string) => headers[name] as string | undefined,
        body: Buffer.concat(chunks),
        remoteAddress: '',
      }
      side.hot?.serve(asked, (said) => {
        response.writeHead(said.status, [...said.headers])
        response.end(said.body)
      })
    })
  }
}

export interface Received {
  method: string
  url: string
  headers: IncomingMessage['headers']
  params: Record<string, string>
  body: string
}

/** A webhook receiver that keeps what it got; `answer` is given each request in turn. */
export async function receiver(
  answer: (request: Received, response: ServerResponse, n: number) => void,
): Promise<Running & { received: Received[] }> {
  const received: Received[] = []
  const running = await listening((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      const got = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body,
        params: Object.fromEntries(new URLSearchParams(body)),
      }
      received.push(got)
      answer(got, response, received.length)
    })
  })
  return { ...running, received }
}
