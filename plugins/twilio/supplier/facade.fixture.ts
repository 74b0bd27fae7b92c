// The peer of a supplier bind in tests: the facade of a gateway in memory (../world.fixture.ts), behind a server that
// can also meet a request in ways of its own; and a recording gateway that the bind belongs to.
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import pino from 'pino'
import {
  createOutbound,
  newSid,
  systemClock,
  type Account,
  type Gateway,
  type Host,
  type Message,
  type Receipt,
  type Session,
  type Submission,
} from '../../../src/plugin.ts'
import { policy, world, type World } from '../world.fixture.ts'
import { mounted } from '../http.fixture.ts'
import { ownNumber } from '../messages.fixture.ts'
import { twilio } from '../index.ts'
import { supplierConfig, type SupplierConfig } from './settings.ts'

/** lost: taken, but the answer never leaves. `says`: a status, and then Twilio's code and `retry-after`, where there are. */
export type Way = 'take' | 'slow' | 'lost' | 'silence' | 'vanish' | 'garbage' | { says: string } | ((response: ServerResponse) => void)

export const secret = 'cA11backSecret0fThisBindAlone'

export interface Asked {
  method: string
  url: string
  headers: IncomingMessage['headers']
  form: Record<string, string>
}

export interface Facade {
  url: string
  /** The gateway behind it. */
  world: World
  /** Every request. */
  asked: Asked[]
  /** Creates. */
  got(): number
  /** How creates are met, and how what is asked is. */
  meet(creates: Way, others?: Way): void
  close(): Promise<void>
}

export async function facade(): Promise<Facade> {
  const behind = world()
  const inner = mounted(behind.host, 'router')
  const asked: Asked[] = []
  let ways: [Way, Way] = ['take', 'take']
  const server = createServer((request, response) => {
    const entry: Asked = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, form: {} }
    asked.push(entry)
    let body = ''
    // Beside the facade, which reads it too.
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
      entry.form = Object.fromEntries(new URLSearchParams(body))
    })
    met(ways[request.method === 'POST' ? 0 : 1], inner, request, response)
  })
  const url = await listening(server)
  return {
    url,
    world: behind,
    asked,
    got: () => asked.filter(({ method }) => method === 'POST').length,
    meet(creates, others = 'take') {
      ways = [creates, others]
    },
    async close() {
      await closed(server)
      await behind.outbound.close()
    },
  }
}

function met(way: Way, inner: RequestListener, request: IncomingMessage, response: ServerResponse): void {
  if (typeof way === 'function') {
    request.resume()
    return way(response)
  }
  if (typeof way === 'object') {
    request.resume()
    const [status = '', code, retryAfter] = way.says.split(' ')
    response.writeHead(Number(status), {
      'content-type': 'application/json',
      ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter.replaceAll('_', ' ') }),
    })
    return void response.end(code === undefined ? '' : JSON.stringify({ code: Number(code), message: 'no', status: Number(status) }))
  }
  switch (way) {
    case 'take':
      return inner(request, response)
    case 'slow': {
      const end = response.end.bind(response) as (body?: string) => ServerResponse
      response.end = ((body?: string) => setTimeout(end, 150, body)) as unknown as ServerResponse['end']
      return inner(request, response)
    }
    case 'lost':
      response.end = () => response.destroy()
      return inner(request, response)
    case 'silence':
      return void request.resume()
    case 'vanish':
      return void response.destroy()
    case 'garbage':
      request.resume()
      response.socket?.end('ESME_RSYSERR \u0000\u0001\u0002 this is no HTTP\r\n\r\n')
  }
}

export async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

export function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** The settings of a bind to the facade's root account. */
export function configOf(peer: Facade, over: Partial<SupplierConfig> = {}): SupplierConfig {
  const { root } = peer.world
  return supplierConfig.parse({
    baseUrl: peer.url,
    accountSid: root.id,
    authToken: root.token,
    callbackSecret: secret,
    timeoutMs: 2000,
    ...over,
  })
}

export interface Ours {
  url: string
  gateway: Gateway<SupplierConfig>
  account: Account
  accepted: Submission[]
  receipts: Receipt[]
  log: string[]
  /** What accept and receipt wait for. */
  durable: () => Promise<void>
  /** Those that go by the secret. */
  binds: Gateway<SupplierConfig>[]
  dial(signal?: AbortSignal): Promise<Session>
  close(): Promise<void>
}

/** A gateway that the bind is of, its HTTP side taken before express or by it. */
export async function ours(config: SupplierConfig, way: 'hot' | 'router' = 'hot'): Promise<Ours> {
  const behind = world()
  const log: string[] = []
  const logger = pino({ level: 'trace' }, { write: (line: string) => void log.push(line) })
  const outbound = createOutbound()
  let listener: RequestListener = (_request, response) => void response.writeHead(503).end()
  const server = createServer((request, response) => listener(request, response))
  const url = await listening(server)
  const account = behind.root
  const made: Ours = {
    url,
    account,
    accepted: [],
    receipts: [],
    log,
    durable: () => Promise.resolve(),
    binds: [],
    gateway: {
      ...(behind.gateway as unknown as Gateway<SupplierConfig>),
      bind: {
        id: `${account.id}/carrier`,
        account: account.id,
        name: 'carrier',
        connector: 'twilio',
        side: 'supplier',
        enabled: true,
        paused: false,
        policy,
        config,
        createdAt: 0,
        updatedAt: 0,
      },
      log: logger,
      outbound,
      publicUrl: url,
      account: () => account,
      async accept(submission) {
        await made.durable()
        made.accepted.push(submission)
        return newSid('')
      },
      async receipt(receipt) {
        await made.durable()
        made.receipts.push(receipt)
        return 'matched'
      },
    },
    dial: async (signal = new AbortController().signal) => await twilio.dial!(made.gateway, signal),
    async close() {
      await closed(server)
      await outbound.close()
      await behind.outbound.close()
    },
  }
  made.binds.push(made.gateway)
  const host: Host = {
    ...behind.host,
    log: logger,
    publicUrl: url,
    calling: (connector, name) => (connector === 'twilio' && name === secret ? made.binds : []),
  }
  listener = mounted(host, way)
  return made
}

export function message(text: string, over: Partial<Message> = {}): Message {
  const now = systemClock.now()
  return {
    id: newSid('AC').slice(2),
    account: `AC${'7'.repeat(32)}`,
    direction: 'mt',
    arrival: 'here',
    acceptedAt: now,
    validUntil: now + 3_600_000,
    segments: 1,
    from: { value: ownNumber, ton: 'international', npi: 'e164' },
    to: { value: '+447700900123', ton: 'international', npi: 'e164' },
    body: { kind: 'text', text },
    priority: 1,
    receipt: 'both',
    ...over,
  }
}
