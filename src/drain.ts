// How a session without a connection ends: it takes nothing new, waits for what is open for a while,
// and aborts the rest.
import type { Clock } from './clock.ts'
import type { FailureFacts } from './model/failure.ts'

/** Twilio's own limit for one webhook. */
const drainMs = 15_000

/** What a session that is closing says to what it is still given. */
export const sessionCloses: FailureFacts = { kind: 'offline', code: 'connection-lost', peer: 'the session is closing' }

export interface Drain {
  /** False: it is closing, take nothing new. */
  enter(): boolean
  /** Once for each `enter` that was true. */
  left(): void
  /** Resolves with why when all that was open has left. */
  ended: Promise<string>
  close(why?: string): Promise<void>
  /** Aborted for what is still open after the wait. */
  signal: AbortSignal
}

/** Begins to close when `signal` is aborted. */
export function createDrain(clock: Clock, signal: AbortSignal): Drain {
  let open = 0
  let closed = false
  let idle: (() => void) | undefined
  let end: (why: string) => void
  const ended = new Promise<string>((resolve) => (end = resolve))
  const abort = new AbortController()

  async function close(why = 'closed'): Promise<void> {
    if (closed) return void (await ended)
    closed = true
    if (open > 0) {
      const cancel = clock.after(drainMs, () => abort.abort())
      await new Promise<void>((resolve) => (idle = resolve))
      cancel()
    }
    end(why)
  }

  if (signal.aborted) void close()
  else signal.addEventListener('abort', () => void close(), { once: true })

  return {
    enter() {
      if (!closed) open++
      return !closed
    },
    left() {
      if (--open === 0) idle?.()
    },
    ended,
    close,
    signal: abort.signal,
  }
}
