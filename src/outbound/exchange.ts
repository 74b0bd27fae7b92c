// One request and its answer: settles exactly once. Connections and pools carry it; `settled` tells
// them when it is no longer theirs.
import { OutboundError, type Asker, type OutboundRequest, type OutboundResponse } from './contract.ts'
import { isRedirect } from './redirect.ts'
import type { Target } from './target.ts'

/** Goes where a redirect leads, for the same asker. */
export type Follow = (exchange: Exchange, response: OutboundResponse) => void

export class Exchange {
  /** Whom the answer is for; his request may have been another, before redirects. */
  readonly asker: Asker
  readonly request: OutboundRequest
  readonly target: Target
  /** What is asked for, query included. */
  readonly path: string
  /** What is written; a string stands for Latin-1. */
  readonly bytes: string | Buffer
  readonly endsAt: number
  /** Redirects followed before. */
  readonly hops: number
  settled = false
  /** Was put on a kept-alive connection that turned out to be dead. */
  repeated = false
  /** Was put on a connection. */
  written = false
  private readonly follow: Follow

  constructor(
    asker: Asker,
    request: OutboundRequest,
    target: Target,
    path: string,
    bytes: string | Buffer,
    endsAt: number,
    hops: number,
    follow: Follow,
  ) {
    this.asker = asker
    this.request = request
    this.target = target
    this.path = path
    this.bytes = bytes
    this.endsAt = endsAt
    this.hops = hops
    this.follow = follow
  }

  /** The same request has the same effect when it is sent twice. */
  get repeatable(): boolean {
    return this.request.method === 'GET' || this.request.repeatable === true
  }

  answer(response: OutboundResponse): void {
    if (this.settled) return
    this.settled = true
    if (this.request.redirects > 0 && isRedirect(response)) this.follow(this, response)
    else this.asker.answered(response)
  }

  fail(error: OutboundError): void {
    if (this.settled) return
    this.settled = true
    this.asker.failed(this.written && !error.written ? new OutboundError(error.kind, error.message, error.cause, true) : error)
  }

  /** Why it must end now, wherever it is; undefined while it may go on. */
  overdue(now: number): OutboundError | undefined {
    const { signal, totalTimeoutMs } = this.request
    if (signal?.aborted) return new OutboundError('aborted', 'aborted')
    if (now >= this.endsAt) return new OutboundError('total-timeout', `no whole answer within ${totalTimeoutMs} ms`)
    return undefined
  }
}
