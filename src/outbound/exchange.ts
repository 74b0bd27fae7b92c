// One request on a pool and its one answer: settles exactly once, within its times and its size.
// A single timer watches both the reading and the whole; nothing here costs what a stream would.
import type { IncomingHttpHeaders } from 'node:http'
import { errors, type Dispatcher, type Pool } from 'undici'
import { OutboundError, type OutboundErrorKind, type OutboundResponse } from './contract.ts'
import { AddressRefused } from './guard.ts'

export interface ExchangeLimits {
  /** Silence from the peer, once the request is on a connection. */
  readTimeoutMs: number
  /** From now, waiting for a connection included. */
  totalTimeoutMs: number
  maxBytes: number
  /** Aborting an exchange settles it with `aborted`. */
  signal?: AbortSignal
}

const empty = Buffer.alloc(0)

/** Exchanges open under one signal: one listener a signal, however many requests share it. */
const underSignal = new WeakMap<AbortSignal, Set<Exchange>>()

function watch(signal: AbortSignal, one: Exchange): void {
  let open = underSignal.get(signal)
  if (!open) {
    const set = new Set<Exchange>()
    open = set
    underSignal.set(signal, set)
    signal.addEventListener('abort', () => {
      for (const each of set) each.fail('aborted', 'aborted')
    })
  }
  open.add(one)
}

class Exchange implements Dispatcher.DispatchHandler {
  private readonly url: string
  private readonly limits: ExchangeLimits
  private readonly resolve: (response: OutboundResponse) => void
  private readonly reject: (error: OutboundError) => void
  private readonly endsAt: number
  private progressAt = 0
  private timer: NodeJS.Timeout | undefined
  private controller: Dispatcher.DispatchController | undefined
  private settled = false
  private status = 0
  private headers: IncomingHttpHeaders = {}
  private size = 0
  private chunks: Buffer[] | undefined

  constructor(url: string, limits: ExchangeLimits, resolve: (response: OutboundResponse) => void, reject: (error: OutboundError) => void) {
    this.url = url
    this.limits = limits
    this.resolve = resolve
    this.reject = reject
    this.endsAt = performance.now() + limits.totalTimeoutMs
    this.timer = setTimeout(check, Math.min(limits.readTimeoutMs, limits.totalTimeoutMs), this)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.settled) return controller.abort(new Error('settled before it was sent'))
    this.controller = controller
    this.progressAt = performance.now()
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.status = status
    this.headers = headers
    this.progressAt = performance.now()
    if (Number(headers['content-length'] ?? 0) > this.limits.maxBytes) this.tooLarge()
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.size += chunk.length
    if (this.size > this.limits.maxBytes) return this.tooLarge()
    this.progressAt = performance.now()
    if (this.chunks) this.chunks.push(chunk)
    else this.chunks = [chunk]
  }

  onResponseEnd(): void {
    if (!this.settle()) return
    const { chunks } = this
    const body = !chunks ? empty : chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
    this.resolve({ status: this.status, headers: this.headers, body, url: this.url })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.settle()) this.reject(outboundError(error))
  }

  /** Looks whether a limit has passed; if not, comes again when the next one may. */
  look(): void {
    const now = performance.now()
    const { readTimeoutMs } = this.limits
    const readBy = this.controller ? this.progressAt + readTimeoutMs : Infinity
    if (now >= this.endsAt) this.fail('total-timeout', `no whole answer within ${this.limits.totalTimeoutMs} ms`)
    else if (now >= readBy) this.fail('read-timeout', `nothing read for ${readTimeoutMs} ms`)
    else this.timer = setTimeout(check, Math.max(1, Math.min(readBy, this.endsAt, now + readTimeoutMs) - now), this)
  }

  fail(kind: OutboundErrorKind, message: string): void {
    if (!this.settle()) return
    const error = new OutboundError(kind, message)
    this.reject(error)
    this.controller?.abort(error)
  }

  private tooLarge(): void {
    this.fail('too-large', `the answer is longer than ${this.limits.maxBytes} bytes`)
  }

  private settle(): boolean {
    if (this.settled) return false
    this.settled = true
    clearTimeout(this.timer)
    if (this.limits.signal) underSignal.get(this.limits.signal)?.delete(this)
    return true
  }
}

const check = (one: Exchange): void => one.look()

export function exchange(pool: Pool, url: string, options: Dispatcher.DispatchOptions, limits: ExchangeLimits): Promise<OutboundResponse> {
  return new Promise((resolve, reject) => {
    const one = new Exchange(url, limits, resolve, reject)
    if (limits.signal) {
      if (limits.signal.aborted) return one.fail('aborted', 'aborted')
      watch(limits.signal, one)
    }
    try {
      pool.dispatch(options, one)
    } catch (error) {
      one.onResponseError(undefined as never, error instanceof Error ? error : new Error(String(error)))
    }
  })
}

const connectCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'EADDRNOTAVAIL',
  'UND_ERR_SOCKET',
])

/** A library's or the system's error in our closed list. */
function outboundError(error: Error): OutboundError {
  if (error instanceof OutboundError) return error
  const code = 'code' in error ? String(error.code) : ''
  const say = (kind: OutboundErrorKind): OutboundError => new OutboundError(kind, error.message || code || kind, error)
  if (error instanceof AddressRefused) return say('refused')
  if (error instanceof errors.ConnectTimeoutError || code === 'ETIMEDOUT') return say('connect-timeout')
  if (/^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|EPROTO)/.test(code)) return say('tls')
  if (error instanceof errors.HTTPParserError || error instanceof errors.HeadersOverflowError || code.startsWith('HPE_'))
    return say('protocol')
  if (error instanceof errors.InvalidArgumentError) return say('bad-url')
  if (error instanceof errors.ResponseContentLengthMismatchError) return say('protocol')
  if (connectCodes.has(code)) return say('connect')
  if (error instanceof errors.ClientDestroyedError || error instanceof errors.ClientClosedError) return say('aborted')
  return say('connect')
}
