// One connection and the exchange on it, at most one at a time. It is kept only after an answer that
// ended exactly where it said; a byte too many, an answer before the request was gone, or anything
// unreadable closes it.
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { OutboundError, type OutboundResponse } from './contract.ts'
import type { Exchange } from './exchange.ts'
import { outboundError } from './faults.ts'
import { mayReach } from './guard.ts'
import type { Pool } from './pool.ts'
import { ResponseReader } from './response.ts'

/** Idle connections are closed after so long, unless the peer names a time of its own. */
const idleMs = 4000
const longestIdleMs = 30_000
/** So much before the peer's own time, lest a request meets its close. */
const idleMarginMs = 1000

/** Every plain connection reads into this one: what is read is used up before the next read. */
const readBuffer = Buffer.allocUnsafe(65_536)

export class Connection {
  /** Its place among the pool's connections. */
  at = 0
  idleSince = 0
  private readonly pool: Pool
  private readonly reader: ResponseReader
  private readonly socket: Socket
  private readonly connectBy: number
  private exchange: Exchange | undefined
  private ready = false
  private ended = false
  /** An answer has come on it before. */
  private reused = false
  private progressAt = 0
  private idleUntil = 0
  /** The request is not all gone. */
  private writing = false

  /** For an exchange that is sent once the connection is there, and fails if it never is. */
  constructor(pool: Pool, first: Exchange, now: number) {
    this.pool = pool
    this.exchange = first
    this.reader = new ResponseReader(pool.memo)
    this.connectBy = now + pool.connectTimeoutMs
    this.socket = this.open()
    this.socket.on('error', (error) => this.fail(outboundError(error)))
    this.socket.on('end', () => this.closedByPeer())
    this.socket.on('close', () => this.fail(new OutboundError('connect', 'the connection was closed')))
  }

  private open(): Socket {
    const { target, allowPrivate, connectTimeoutMs, lookup } = this.pool
    const where = {
      host: target.hostname,
      port: target.port,
      lookup,
      noDelay: true,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: Math.max(10, Math.min(1000, Math.ceil(connectTimeoutMs / 2))),
    }
    if (!target.secure) {
      const onread = { buffer: readBuffer, callback: (length: number, bytes: Uint8Array) => this.read(bytes as Buffer, length) }
      const socket = connect({ ...where, onread })
      socket.on('connect', () => this.connected(isAllowed(socket, allowPrivate)))
      return socket
    }
    const { session, ca } = this.pool
    const socket = connectTls({
      ...where,
      // A literal address has no server name (RFC 6066 §3); the certificate is checked against it all the same.
      servername: /[:]|^[\d.]+$/.test(target.hostname) ? '' : target.hostname,
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: true,
      ...(session ? { session } : {}),
      ...(ca === undefined ? {} : { ca }),
    })
    socket.on('connect', () => {
      if (!isAllowed(socket, allowPrivate)) this.fail(new OutboundError('refused', 'the address is not public'))
    })
    socket.on('session', (given) => (this.pool.session = given))
    socket.on('secureConnect', () => this.connected(true))
    socket.on('data', (bytes: Buffer) => void this.read(bytes, bytes.length))
    return socket
  }

  private connected(allowed: boolean): void {
    if (this.ended) return
    if (!allowed) return this.fail(new OutboundError('refused', 'the address is not public'))
    this.ready = true
    const { exchange } = this
    if (exchange && !exchange.settled) this.send(exchange)
    else this.rest(idleMs)
  }

  /** Only on a connection that the pool found idle or was just handed. */
  send(exchange: Exchange): void {
    this.exchange = exchange
    exchange.written = true
    this.progressAt = performance.now()
    this.reader.begin(exchange.request.maxBytes, exchange.request.cut === true)
    this.writing = true
    // Past the stream's queue, which has nothing to do where one request is written at a time, and took as long as all else here.
    if (typeof exchange.bytes === 'string') this.socket._write(exchange.bytes, 'latin1', this.wrote)
    else this.socket._write(exchange.bytes, 'buffer' as BufferEncoding, this.wrote)
  }

  private readonly wrote = (error?: Error | null): void => {
    this.writing = false
    if (error) this.fail(outboundError(error))
  }

  private read(bytes: Buffer, length: number): boolean {
    if (this.ended) return true
    if (!this.exchange) this.fail(new OutboundError('protocol', 'bytes nobody asked for'))
    else {
      try {
        if (this.reader.push(bytes, length)) this.complete()
        else this.progressAt = performance.now()
      } catch (error) {
        this.fail(error instanceof Error ? outboundError(error) : new OutboundError('protocol', 'unreadable'))
      }
    }
    return true
  }

  private complete(): void {
    const { exchange, reader } = this
    const { head } = reader
    if (!exchange || !head) return
    this.exchange = undefined
    const { target, path } = exchange
    const response: OutboundResponse = {
      status: head.status,
      headers: head.headers,
      body: reader.body,
      url: target.plain ? exchange.request.url : target.origin + path,
    }
    const keptMs = head.idleMs === -1 ? idleMs : Math.min(longestIdleMs, head.idleMs - idleMarginMs)
    const keep = head.keepAlive && !reader.extra && keptMs > 0 && !this.writing
    if (keep) this.rest(keptMs)
    else this.destroy()
    exchange.answer(response)
  }

  private rest(keptMs: number): void {
    this.exchange = undefined
    this.reused = true
    this.idleSince = performance.now()
    this.idleUntil = this.idleSince + keptMs
    this.pool.released(this)
  }

  private closedByPeer(): void {
    if (this.ended) return
    if (this.exchange && this.ready && this.reader.finish()) {
      // The close was the end of the body: nothing more can come on it.
      this.reader.extra = true
      this.complete()
    } else this.fail(new OutboundError('connect', 'the peer closed the connection'))
  }

  /** Ends the connection and, where it carries one, the exchange – or hands that back to be sent once more. */
  fail(error: OutboundError): void {
    if (this.ended) return
    const { exchange } = this
    this.exchange = undefined
    this.destroy()
    if (!exchange || exchange.settled) return
    if (error.kind === 'connect' && this.reused && this.reader.untouched && exchange.repeatable && !exchange.repeated) {
      exchange.repeated = true
      this.pool.enter(exchange, true)
    } else exchange.fail(error)
  }

  destroy(): void {
    if (this.ended) return
    this.ended = true
    this.socket.destroy()
    this.pool.gone(this)
  }

  /** Ends what has waited too long. */
  look(now: number): void {
    const { exchange } = this
    if (!exchange) {
      if (this.ready && now >= this.idleUntil) this.destroy()
      return
    }
    const late = exchange.overdue(now)
    if (!this.ready) {
      if (late) exchange.fail(late)
      if (now >= this.connectBy) this.fail(new OutboundError('connect-timeout', `not connected within ${this.pool.connectTimeoutMs} ms`))
    } else if (late) this.fail(late)
    else if (now >= this.progressAt + exchange.request.readTimeoutMs)
      this.fail(new OutboundError('read-timeout', `nothing read for ${exchange.request.readTimeoutMs} ms`))
  }
}

/** The guard's second look, at what was connected to in the end. */
function isAllowed(socket: Socket, allowPrivate: boolean): boolean {
  return socket.remoteAddress !== undefined && mayReach(socket.remoteAddress, allowPrivate)
}
