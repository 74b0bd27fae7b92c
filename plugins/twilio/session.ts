// The client side of a bind: webhooks need no connection, so a session is there at once.
import { createDrain, sessionCloses, type Gateway, type Outcome, type Session } from '../../src/plugin.ts'
import { postCallback } from './callback.ts'
import { deliverInbound } from './inbound.ts'

const closing: Outcome = { ok: false, failure: sessionCloses }

export function webhookSession(gateway: Gateway, signal: AbortSignal): Session {
  const drain = createDrain(gateway.clock, signal)
  const settled = (outcome: Outcome): Outcome => {
    drain.left()
    return outcome
  }
  const unforeseen = (error: unknown): Outcome => {
    drain.left()
    gateway.log.error({ bind: gateway.bind.id, err: error }, 'a webhook failed in an unforeseen way')
    return { ok: false, failure: { kind: 'temporary', code: 'peer-error', peer: 'internal error' } }
  }

  return {
    send({ message }) {
      if (!drain.enter()) return Promise.resolve(closing)
      return deliverInbound(gateway, message, drain.signal).then(settled, unforeseen)
    },
    report(message, report) {
      if (!drain.enter()) return Promise.resolve(closing)
      return new Promise((resolve) => {
        try {
          postCallback(gateway, message, report, drain.signal, (outcome) => resolve(settled(outcome)))
        } catch (error) {
          resolve(unforeseen(error))
        }
      })
    },
    closed: drain.ended,
    close: () => drain.close(),
  }
}
