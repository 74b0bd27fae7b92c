// The one HTTP listener: the few hot requests before anything else (front.ts), then whatever the
// connectors mount, /health, /metrics and the admin API. Nobody holds it up: headers, their time and the whole
// request's time are capped, and closing waits only so long for answers under way.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import express, { type Express, type Request } from 'express'
import type { Admin } from '../admin/admin.ts'
import type { Configuration } from '../model/configuration.ts'
import { mayDo } from '../model/credential.ts'
import type { Hot, HotRequest, HttpSide, Identity, Logger } from '../plugin.ts'
import { createApi } from './api/api.ts'
import type { Identify } from './auth.ts'
import { createBroken } from './broken.ts'
import type { Enter } from './concurrency.ts'
import { ApiError, errorAnswers, sendError } from './errors.ts'
import { createFront } from './front.ts'
import type { Metrics } from './metrics.ts'
import type { Proxies } from './proxies.ts'
import { createUpgrades } from './upgrade.ts'

export interface HttpParts {
  sides: readonly HttpSide[]
  admin: Admin
  configuration(): Configuration
  identify: Identify
  /** Who asks through them is who they say. */
  proxies: Proxies
  enter: Enter
  metrics: Metrics
  /** `ok` once traffic is taken. */
  health(): { ok: boolean; status: string }
  log: Logger
  /** Instead of the usual ones. */
  limits?: Partial<HttpLimits>
}

export interface HttpServer {
  /** Rejects with the system's error (EADDRINUSE …). */
  listen(host: string, port: number): Promise<{ host: string; port: number }>
  /** Takes no new connection; waits so long for the answers under way, then cuts them. */
  close(drainMs: number): Promise<void>
}

const defaultLimits = {
  maxHeaderSize: 16 * 1024,
  /** From the first byte to the end of the headers: a slow sender is cut. */
  headersTimeout: 10_000,
  /** To the end of the body. */
  requestTimeout: 30_000,
  /** Above the idle time of common load balancers (60 s), so that they close first. */
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 2_000,
}
export type HttpLimits = typeof defaultLimits
/** Octets; a longer one is for the router, which has the words for it. */
const longestHotBody = 65_536

export function createHttpServer(parts: HttpParts): HttpServer {
  const app = createApp(parts)
  const hot = parts.sides.flatMap((side) => side.hot ?? [])
  let closing = false
  const limits = { ...defaultLimits, ...parts.limits }
  const broken = createBroken()
  const server = createServer(limits, (request: IncomingMessage, response: ServerResponse) => {
    if (closing) response.shouldKeepAlive = false
    broken.asked(request, response)
    if (!isReadable(request)) return refuseCoding(request, response)
    if (request.url?.startsWith('/') === false) request.url = originOf(request.url)
    const taker = hot.find((one) => one.takes(request.method ?? '', request.url ?? ''))
    if (taker) serveHot(taker, clientOf(parts.proxies, request), request, response, () => app(request, response))
    else app(request, response)
  })
  server.maxHeadersCount = 100
  server.on('clientError', broken.heard)
  const [listener] = server.listeners('connection')
  const hand = (socket: Socket): void => void listener?.call(server, socket)
  const front = createFront({ hot, proxies: parts.proxies, limits, hand })
  if (hot.length > 0) server.removeAllListeners('connection').on('connection', front.take)
  const upgrades = createUpgrades(parts.sides, hand)
  // Without a listener node:http hears no such wish at all.
  if (parts.sides.some((side) => side.upgrade)) server.on('upgrade', upgrades.take)

  return {
    listen(host, port) {
      return new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen({ host, port, backlog: 4096 }, () => {
          server.removeListener('error', reject)
          const address = server.address() as AddressInfo
          resolve({ host: address.address, port: address.port })
        })
      })
    },
    async close(drainMs) {
      closing = true
      if (!server.listening) return
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      front.close()
      // A connection whose answer was under way is idle once it is written; asked for again rather
      // than noticed on each answer, which would cost every request.
      const idle = setInterval(() => server.closeIdleConnections(), 20)
      const cut = setTimeout(() => {
        front.cut()
        upgrades.cut()
        server.closeAllConnections()
      }, drainMs)
      await closed
      clearInterval(idle)
      clearTimeout(cut)
    },
  }
}

/** Whoever asks through a proxy may name all of the address (RFC 9112 §3.2.2): what counts is the path, as any Host is answered. */
function originOf(url: string): string {
  return url.replace(/^https?:\/\/[^/?#]*(?=[/?#]|$)/i, '').replace(/^(?!\/|\*$)/, '/')
}

/** Node:http undoes chunks and nothing else, and hands on what is under them as if it were the body (RFC 9112 §6.1: 501). */
function isReadable({ headers }: IncomingMessage): boolean {
  const coding = headers['transfer-encoding']
  return coding === undefined || coding.toLowerCase() === 'chunked'
}

function refuseCoding({ headers }: IncomingMessage, response: ServerResponse): void {
  const said = `Of transfer codings only chunked is read here, got ${JSON.stringify(headers['transfer-encoding'])}: compress with Content-Encoding.\n`
  response.writeHead(501, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(said), Connection: 'close' })
  response.end(said)
}

/** A hot request that came by node:http; `otherwise` where its body is of unknown length, long or compressed. */
function serveHot({ serve }: Hot, remoteAddress: string, request: IncomingMessage, response: ServerResponse, otherwise: () => void): void {
  const length = Number(request.headers['content-length'] ?? Number.NaN)
  if (!(length <= longestHotBody) || request.headers['content-encoding'] !== undefined) return otherwise()
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('error', () => response.destroy())
  request.on('end', () => {
    const asked: HotRequest = {
      method: request.method ?? '',
      url: request.url ?? '',
      header: (name) => firstOf(request.headers[name]),
      body: Buffer.concat(chunks),
      remoteAddress,
    }
    serve(asked, ({ status, headers, body }) => {
      response.writeHead(status, [...headers, 'Content-Length', String(Buffer.byteLength(body))]).end(body)
    })
  })
}

function clientOf(proxies: Proxies, { socket, headers }: IncomingMessage): string {
  return proxies.client(socket.remoteAddress, (name) => {
    const found = headers[name]
    return Array.isArray(found) ? found.join(',') : found
  })
}

function firstOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.[0]
}

function createApp(parts: HttpParts): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  // What express calls so, from here on by our list of proxies.
  app.use((request, _response, next) => {
    Object.defineProperty(request, 'ip', { value: clientOf(parts.proxies, request) })
    next()
  })
  app.get('/health', (_request, response) => {
    const { ok, status } = parts.health()
    response.status(ok ? 200 : 503).json({ status })
  })
  app.get('/metrics', async (request, response) => {
    if (!(await mayReadMetrics(parts, request))) throw new ApiError('unauthorized', "Metrics need the root account's SID and token.")
    response.setHeader('Content-Type', parts.metrics.contentType)
    response.send(await parts.metrics.text())
  })
  // Before the admin API, which knows all of /api: some clients of a connector look for theirs at /api/laml.
  for (const side of parts.sides) app.use(side.router)
  app.use('/api', createApi(parts))
  app.use((_request, response) => sendError(response, new ApiError('absent', 'There is nothing here.')))
  app.use(errorAnswers(parts.log))
  return app
}

const mayReadAll = ({ key, testOf }: Identity): boolean => testOf === undefined && (!key || mayDo(key, '/signalbox/metrics/read', ''))

/** Metrics tell of every account: from this machine they are open, from elsewhere the root account's. */
async function mayReadMetrics(parts: HttpParts, request: Request): Promise<boolean> {
  const address = request.socket.remoteAddress ?? ''
  const here = /^(::ffff:)?127\.|^::1$/.test(address)
  if (here && request.headers['x-forwarded-for'] === undefined && request.headers.forwarded === undefined) return true
  const identity = await parts.identify(request.headers.authorization, request.ip ?? '')
  return identity !== undefined && identity.account.parent === undefined && mayReadAll(identity)
}
