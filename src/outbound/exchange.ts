// One request and its answer: settles exactly once. Connections and pools carry it; `settled` tells
// them when it is no longer theirs.
import { OutboundError, type OutboundRequest, type OutboundResponse } from './contract.ts'
import type { Target } from './target.ts'

export class Exchange {
  readonly request: OutboundRequest
  readonly target: Target
  /** What is asked for, query included. */
  readonly path: string
  /** What is written; a string stands for Latin-1. */
  readonly bytes: string | Buffer
  readonly endsAt: number
  settled = false
  /** Was put on a kept-alive connection that turned out to be dead. */
  repeated = false
  /** Was put on a connection. */
  written = false
  private readonly answered: (response: OutboundResponse) => void
  private readonly failed: (error: OutboundError) => void

  constructor(
    request: OutboundRequest,
    target: Target,
    path: string,
    bytes: string | Buffer,
    endsAt: number,
    answered: (response: OutboundResponse) => void,
    failed: (error: OutboundError) => void,
  ) {
    this.request = request
    this.target = target
    this.path = path
    this.bytes = bytes
    this.endsAt = endsAt
    this.answered = answered
    this.failed = failed
  }

  /** The same request has the same effect when it is sent twice. */
  get repeatable(): boolean {
    return this.request.method === 'GET' || this.request.repeatable === true
  }

  answer(response: OutboundResponse): void {
    if (this.settled) return
    this.settled = true
    this.answered(response)
  }

  fail(error: OutboundError): void {
    if (this.settled) return
    this.settled = true
    this.failed(this.written && !error.written ? new OutboundError(error.kind, error.message, error.cause, true) : error)
  }

  /** Why it must end now, wherever it is; undefined while it may go on. */
  overdue(now: number): OutboundError | undefined {
    const { signal, totalTimeoutMs } = this.request
    if (signal?.aborted) return new OutboundError('aborted', 'aborted')
    if (now >= this.endsAt) return new OutboundError('total-timeout', `no whole answer within ${totalTimeoutMs} ms`)
    return undefined
  }
}
