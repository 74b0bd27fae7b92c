// The client side of a bind: webhooks need no connection, so a session is there at once. Closing it
// takes nothing new, waits for open webhooks a while and then aborts them.
import { type Gateway, type Outcome, type Session } from '../../src/plugin.ts'
import { postCallback } from './callback.ts'
import { deliverInbound } from './inbound.ts'

/** Twilio's own limit for one webhook. */
const drainMs = 15_000

const closing: Outcome = { ok: false, failure: { kind: 'offline', code: 'connection-lost', peer: 'the session is closing' } }

export function webhookSession(gateway: Gateway, signal: AbortSignal): Session {
  let open = 0
  let closed = false
  let idle: (() => void) | undefined
  let end: (why: string) => void
  const ended = new Promise<string>((resolve) => (end = resolve))
  const abort = new AbortController()

  function left(): void {
    if (--open === 0) idle?.()
  }
  const settled = (outcome: Outcome): Outcome => {
    left()
    return outcome
  }
  const unforeseen = (error: unknown): Outcome => {
    left()
    gateway.log.error({ bind: gateway.bind.id, err: error }, 'a webhook failed in an unforeseen way')
    return { ok: false, failure: { kind: 'temporary', code: 'peer-error', peer: 'internal error' } }
  }

  async function close(): Promise<void> {
    if (closed) return void (await ended)
    closed = true
    if (open > 0) {
      const cancel = gateway.clock.after(drainMs, () => abort.abort())
      await new Promise<void>((resolve) => (idle = resolve))
      cancel()
    }
    end('closed')
  }

  if (signal.aborted) void close()
  else signal.addEventListener('abort', () => void close(), { once: true })

  return {
    send({ message }) {
      if (closed) return Promise.resolve(closing)
      open++
      return deliverInbound(gateway, message, abort.signal).then(settled, unforeseen)
    },
    report(message, report) {
      if (closed) return Promise.resolve(closing)
      open++
      return postCallback(gateway, message, report, abort.signal).then(settled, unforeseen)
    },
    closed: ended,
    close,
  }
}
