// The connections of one origin under one guard, and who waits for one. The newest idle connection is
// taken first, so that those not needed grow old and are closed.
import type { LookupFunction } from 'node:net'
import { Connection } from './connection.ts'
import type { OutboundError } from './contract.ts'
import type { Exchange } from './exchange.ts'
import type { HeadMemo } from './response.ts'
import type { Target } from './target.ts'

/** What all pools share. */
export interface Limits {
  connectionsPerOrigin: number
  /** Of all pools together. */
  connections: number
  /** Open or being opened. */
  open: number
  /** Pools with something waiting that found no place for a connection. */
  starved: Set<Pool>
  /** Closes one idle connection of any pool; false when there is none. */
  makeRoom(): boolean
}

export class Pool {
  readonly key: string
  readonly target: Target
  readonly allowPrivate: boolean
  readonly connectTimeoutMs: number
  readonly lookup: LookupFunction
  /** Certificate authorities in place of the system's. */
  readonly ca: string | undefined
  readonly memo: HeadMemo = { text: '', head: undefined }
  /** The newest TLS session, to be resumed. */
  session: Buffer | undefined
  closed = false
  private readonly limits: Limits
  private readonly connections: Connection[] = []
  private readonly idle: Connection[] = []
  private queue: Exchange[] = []

  constructor(
    key: string,
    target: Target,
    allowPrivate: boolean,
    connectTimeoutMs: number,
    lookup: LookupFunction,
    ca: string | undefined,
    limits: Limits,
  ) {
    this.key = key
    this.target = target
    this.allowPrivate = allowPrivate
    this.connectTimeoutMs = connectTimeoutMs
    this.lookup = lookup
    this.ca = ca
    this.limits = limits
  }

  /** `afresh`: only on a new connection. */
  enter(exchange: Exchange, afresh = false): void {
    const idle = afresh ? undefined : this.idle.pop()
    if (idle) idle.send(exchange)
    else if (this.mayOpen()) this.open(exchange)
    else this.queue.push(exchange)
  }

  private mayOpen(): boolean {
    const { limits } = this
    if (this.connections.length >= limits.connectionsPerOrigin) return false
    if (limits.open < limits.connections || limits.makeRoom()) return true
    limits.starved.add(this)
    return false
  }

  private open(exchange: Exchange): void {
    const connection = new Connection(this, exchange, performance.now())
    connection.at = this.connections.push(connection) - 1
    this.limits.open++
  }

  private next(): Exchange | undefined {
    for (;;) {
      const exchange = this.queue.shift()
      if (!exchange?.settled) return exchange
    }
  }

  /** Opens connections for those who wait, as far as may be. */
  pump(): void {
    while (this.queue.length > 0 && this.mayOpen()) {
      const exchange = this.next()
      if (exchange) this.open(exchange)
    }
  }

  /** A connection has become free. */
  released(connection: Connection): void {
    const exchange = this.next()
    if (exchange) connection.send(exchange)
    else if (this.closed || this.limits.starved.size > 0) connection.destroy()
    else this.idle.push(connection)
  }

  /** A connection has ended, for whatever reason. */
  gone(connection: Connection): void {
    const last = this.connections.pop()
    if (last && last !== connection) {
      this.connections[connection.at] = last
      last.at = connection.at
    }
    const idle = this.idle.indexOf(connection)
    if (idle !== -1) this.idle.splice(idle, 1)
    this.limits.open--
    if (this.closed) return
    this.pump()
    const { starved } = this.limits
    for (const pool of starved) {
      if (this.limits.open >= this.limits.connections) break
      starved.delete(pool)
      pool.pump()
    }
  }

  /** The one idle longest. */
  get oldestIdle(): Connection | undefined {
    return this.idle[0]
  }

  /** True while anything is here. */
  look(now: number): boolean {
    for (let i = this.connections.length - 1; i >= 0; i--) this.connections[i]?.look(now)
    if (this.queue.length > 0) {
      for (const exchange of this.queue) {
        const late = exchange.overdue(now)
        if (late) exchange.fail(late)
      }
      this.queue = this.queue.filter((exchange) => !exchange.settled)
    }
    return this.connections.length > 0 || this.queue.length > 0
  }

  close(error: OutboundError): void {
    this.closed = true
    const waiting = this.queue
    this.queue = []
    // Backwards, as each takes itself out.
    for (let i = this.connections.length - 1; i >= 0; i--) this.connections[i]?.fail(error)
    for (const exchange of waiting) exchange.fail(error)
  }
}
