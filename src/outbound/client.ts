// HTTP/1.1 requests over kept-alive connections, one pool an origin. Requests that may reach private
// addresses are apart from those that may not, so no connection is ever shared across the guard.
//
// Why this is ours and not a library's: two of these requests are made for every message, and on Node
// 20.20 a request through undici's Pool costs 35–49 µs where a round trip on a bare socket costs 17–25;
// the difference was a seventh of the gateway. So: one write a request, one buffer for all that is read,
// a head seen before is not parsed again, and one timer for everything instead of two a request.
import { lookup } from 'node:dns/promises'
import type { Logger } from 'pino'
import { OutboundError, promised, type Asker, type Outbound, type OutboundRequest, type OutboundResponse } from './contract.ts'
import { Exchange } from './exchange.ts'
import { outboundError } from './faults.ts'
import { guardedLookup, type Resolve } from './guard.ts'
import { Pool, type Limits } from './pool.ts'
import { plainQueryAt } from './query.ts'
import { redirected } from './redirect.ts'
import { requestBytes } from './request.ts'
import { targets, type Target } from './target.ts'

export interface OutboundOptions {
  log?: Logger
  /** In place of the system's DNS. */
  resolve?: Resolve
  /** Connections kept or used at most. */
  connections?: number
  /** Connections to one origin at most. */
  connectionsPerOrigin?: number
  /** PEM; certificate authorities in place of the system's. */
  ca?: string
}

/** How often times and signals are looked at: by so much may an end come late. */
const tickMs = 50

const systemResolve: Resolve = (hostname) => lookup(hostname, { all: true })

export function createOutbound(options: OutboundOptions = {}): Outbound {
  const { log, resolve = systemResolve, connections = 1024, connectionsPerOrigin = 64, ca } = options
  const pools = new Map<string, Pool>()
  const findTarget = targets()
  const publicLookup = guardedLookup(resolve, false)
  const anyLookup = guardedLookup(resolve, true)
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const limits: Limits = { connections, connectionsPerOrigin, open: 0, starved: new Set(), makeRoom }

  function makeRoom(): boolean {
    let oldest: Pool['oldestIdle']
    for (const { oldestIdle } of pools.values()) {
      if (oldestIdle && (!oldest || oldestIdle.idleSince < oldest.idleSince)) oldest = oldestIdle
    }
    log?.debug({ connections: limits.open, closed: oldest !== undefined }, 'no webhook connection is left')
    oldest?.destroy()
    return oldest !== undefined
  }

  function tick(): void {
    const now = performance.now()
    for (const pool of pools.values()) {
      if (pool.look(now)) continue
      pool.closed = true
      pools.delete(pool.key)
      limits.starved.delete(pool)
    }
    if (pools.size === 0) {
      clearInterval(timer)
      timer = undefined
    }
  }

  function poolFor(target: Target, { allowPrivate, connectTimeoutMs }: OutboundRequest): Pool {
    const newest = target.pool
    if (newest && !newest.closed && newest.allowPrivate === allowPrivate && newest.connectTimeoutMs === connectTimeoutMs) return newest
    const key = `${allowPrivate ? 'any' : 'public'} ${connectTimeoutMs} ${target.origin}`
    let pool = pools.get(key)
    if (!pool) {
      pool = new Pool(key, target, allowPrivate, connectTimeoutMs, allowPrivate ? anyLookup : publicLookup, ca, limits)
      pools.set(key, pool)
      // Never keeps the process alive; an open socket does.
      timer ??= setInterval(tick, tickMs).unref()
    }
    target.pool = pool
    return pool
  }

  function send(asker: Asker, request: OutboundRequest, endsAt: number, hops: number): void {
    try {
      if (closed) throw new OutboundError('aborted', 'closed')
      if (request.signal?.aborted) throw new OutboundError('aborted', 'aborted')
      const { url } = request
      const queryAt = plainQueryAt(url)
      const target = findTarget(url, queryAt)
      if (target.linkLocalLiteral) throw new OutboundError('refused', 'the address is link-local')
      if (target.privateLiteral && !request.allowPrivate) throw new OutboundError('refused', 'the address is not public')
      const path = queryAt === -1 ? target.path : target.path + url.slice(queryAt)
      const bytes = requestBytes(request, target, path)
      poolFor(target, request).enter(new Exchange(asker, request, target, path, bytes, endsAt, hops, follow))
    } catch (error) {
      asker.failed(outboundError(error instanceof Error ? error : new Error(String(error))))
    }
  }

  function follow({ asker, request, endsAt, hops }: Exchange, response: OutboundResponse): void {
    if (hops >= request.redirects) return asker.failed(new OutboundError('too-many-redirects', `more than ${request.redirects} redirects`))
    let next: OutboundRequest
    try {
      next = redirected(request, response)
    } catch (error) {
      return asker.failed(error instanceof OutboundError ? error : new OutboundError('bad-url', 'the redirect leads to no URL', error))
    }
    send(asker, next, endsAt, hops + 1)
  }

  function ask(asker: Asker): void {
    const { request } = asker
    send(asker, request, performance.now() + request.totalTimeoutMs, 0)
  }

  return {
    ask,
    request: (request) => promised(ask, request),
    async close() {
      closed = true
      clearInterval(timer)
      timer = undefined
      const error = new OutboundError('aborted', 'closed')
      for (const pool of pools.values()) pool.close(error)
      pools.clear()
    },
  }
}
