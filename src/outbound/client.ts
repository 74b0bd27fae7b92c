// Pools of kept-alive connections, one per origin, and the requests on them. The number of pools is
// bounded: the one unused longest is closed, gently, for a new one. Pools of requests that may reach
// private addresses are apart from those that may not, so no connection is ever shared across the guard.
import { lookup } from 'node:dns/promises'
import type { Logger } from 'pino'
import { Pool } from 'undici'
import { OutboundError, type Outbound, type OutboundRequest, type OutboundResponse } from './contract.ts'
import { exchange } from './exchange.ts'
import { guardedLookup, isPrivateAddress, literalAddress, type Resolve } from './guard.ts'

export interface OutboundOptions {
  log?: Logger
  /** In place of the system's DNS. */
  resolve?: Resolve
  /** Pools kept at most. */
  maxPools?: number
  /** Connections to one origin at most. */
  connectionsPerOrigin?: number
}

interface Kept {
  key: string
  pool: Pool
  usedAt: number
}

/** A URL taken apart once. */
interface Target {
  origin: string
  path: string
  /** Without user and fragment: what answers call `url`. */
  url: string
  authorization?: string
  /** The host is a literal address that is not public. */
  privateLiteral: boolean
  kept?: Kept
}

const maxTargets = 4096
const maxUrlLength = 8192

function targetOf(url: string): Target {
  if (url.length > maxUrlLength) throw new OutboundError('bad-url', `URL longer than ${maxUrlLength} characters`)
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    throw new OutboundError('bad-url', 'not a URL')
  }
  const { protocol, username, password, origin, hostname } = parsed
  if (protocol !== 'http:' && protocol !== 'https:') throw new OutboundError('bad-url', `only http and https, not ${protocol}`)
  const literal = literalAddress(hostname)
  const path = parsed.pathname + parsed.search
  let authorization: string | undefined
  try {
    if (username || password)
      authorization = `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`
  } catch {
    throw new OutboundError('bad-url', 'user or password has malformed percent-encoding')
  }
  return {
    origin,
    path,
    url: origin + path,
    privateLiteral: literal !== undefined && isPrivateAddress(literal),
    ...(authorization ? { authorization } : {}),
  }
}

const systemResolve: Resolve = (hostname) => lookup(hostname, { all: true })

export function createOutbound(options: OutboundOptions = {}): Outbound {
  const { log, resolve = systemResolve, maxPools = 256, connectionsPerOrigin = 64 } = options
  const pools = new Map<string, Kept>()
  const targets = new Map<string, Target>()
  let closed = false

  function makeRoom(): void {
    if (pools.size < maxPools) return
    let oldest: Kept | undefined
    for (const kept of pools.values()) if (!oldest || kept.usedAt < oldest.usedAt) oldest = kept
    if (!oldest) return
    pools.delete(oldest.key)
    log?.debug({ pools: pools.size }, 'the least used webhook pool is closed')
    oldest.pool.close().catch(() => {})
  }

  function poolFor(target: Target, request: OutboundRequest): Pool {
    const { allowPrivate, connectTimeoutMs } = request
    const key = `${allowPrivate ? 'any' : 'public'} ${connectTimeoutMs} ${target.origin}`
    let kept = target.kept?.key === key && !target.kept.pool.closed ? target.kept : pools.get(key)
    if (!kept) {
      makeRoom()
      const pool = new Pool(target.origin, {
        connections: connectionsPerOrigin,
        pipelining: 1,
        // Ours is the one timer (exchange.ts).
        headersTimeout: 0,
        bodyTimeout: 0,
        connect: {
          lookup: guardedLookup(resolve, allowPrivate),
          timeout: connectTimeoutMs,
          autoSelectFamily: true,
          autoSelectFamilyAttemptTimeout: Math.max(10, Math.min(1000, Math.ceil(connectTimeoutMs / 2))),
        },
      })
      kept = { key, pool, usedAt: 0 }
      pools.set(key, kept)
    }
    kept.usedAt = performance.now()
    target.kept = kept
    return kept.pool
  }

  function cachedTarget(url: string): Target {
    let target = targets.get(url)
    if (!target) {
      target = targetOf(url)
      if (targets.size >= maxTargets) targets.clear()
      targets.set(url, target)
    }
    return target
  }

  /** `hops` redirects were followed to come here. */
  function send(request: OutboundRequest, hops: number, startedAt: number): Promise<OutboundResponse> {
    if (closed) throw new OutboundError('aborted', 'closed')
    const target = cachedTarget(request.url)
    if (target.privateLiteral && !request.allowPrivate) throw new OutboundError('refused', 'the address is not public')
    const totalTimeoutMs = hops === 0 ? request.totalTimeoutMs : request.totalTimeoutMs - (performance.now() - startedAt)
    if (totalTimeoutMs <= 0) throw new OutboundError('total-timeout', `no whole answer within ${request.totalTimeoutMs} ms`)
    const { authorization } = target
    const headers = authorization ? { authorization, ...request.headers } : request.headers
    const limits = hops === 0 ? request : { ...request, totalTimeoutMs }
    const call = { path: target.path, method: request.method, headers: headers ?? null, body: request.body ?? null }
    return exchange(poolFor(target, request), target.url, call, limits)
  }

  return {
    async request(request) {
      const startedAt = request.redirects > 0 ? performance.now() : 0
      let response = await send(request, 0, startedAt)
      if (request.redirects === 0) return response
      let current = request
      for (let hops = 1; isRedirect(response.status) && response.headers['location'] !== undefined; hops++) {
        if (hops > request.redirects) throw new OutboundError('too-many-redirects', `more than ${request.redirects} redirects`)
        current = redirected(current, response)
        response = await send(current, hops, startedAt)
      }
      return response
    },
    async close() {
      closed = true
      const open = [...pools.values()]
      pools.clear()
      targets.clear()
      await Promise.all(open.map(({ pool }) => pool.destroy()))
    },
  }
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308
}

/** RFC 9110 §15.4: 303 always becomes a GET, 301 and 302 do for a POST; credentials stay with their origin. */
function redirected(request: OutboundRequest, response: OutboundResponse): OutboundRequest {
  const location = response.headers['location']
  let url: URL
  try {
    url = new URL(typeof location === 'string' ? location : '', response.url)
  } catch {
    throw new OutboundError('bad-url', 'the redirect leads to no URL')
  }
  const toGet = response.status === 303 || (request.method === 'POST' && (response.status === 301 || response.status === 302))
  const crosses = url.origin !== new URL(response.url).origin
  const headers = Object.fromEntries(
    Object.entries(request.headers ?? {}).filter(([name]) => {
      const lower = name.toLowerCase()
      if (crosses && (lower === 'authorization' || lower === 'cookie')) return false
      return !(toGet && lower === 'content-type')
    }),
  )
  const { body, ...rest } = request
  return { ...rest, url: url.href, headers, ...(toGet ? { method: 'GET' } : body === undefined ? {} : { body }) }
}
