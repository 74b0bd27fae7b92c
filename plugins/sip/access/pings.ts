// OPTIONS to registered phones: keeps the way through their NAT open, and finds out who is gone. Any
// answer says that somebody is there. Spread over time, and never more than a number of them at once.
import type { Clock } from '../../../src/plugin.ts'
import type { SipEngine } from '../engine/engine.ts'
import type { RegistrarSettings } from '../profile/types.ts'
import type { Binding } from './bindings.ts'

export interface Pings {
  /** When a binding that is new or was answered is asked next; 0: never. */
  next(): number
  /** Asks it now, or puts it off. Sets its pingAt. */
  ping(binding: Binding): void
  stop(): void
}

const mostAtOnce = 500
const putOffMs = 1000
/** Of the time between two pings, to either side: they must not come in step. */
const jitter = 0.2
const nothing = Buffer.alloc(0)

export function createPings(parts: {
  engine: Pick<SipEngine, 'send'>
  settings: RegistrarSettings
  clock: Clock
  random?: () => number
  dead(binding: Binding, why: string): void
}): Pings {
  const { engine, clock, dead } = parts
  const everyMs = parts.settings.pingSeconds * 1000
  const random = parts.random ?? Math.random
  const abort = new AbortController()
  let underWay = 0

  const next = (): number => (everyMs === 0 ? 0 : clock.now() + everyMs * (1 - jitter + 2 * jitter * random()))

  async function ask(binding: Binding): Promise<void> {
    const { uri, flow, path, registeredAt, aor } = binding
    const headers = path.flatMap((each) => ['Route', each])
    const from = `<sip:${aor.slice(aor.lastIndexOf('@') + 1)}>`
    const to = `<sip:${aor}>`
    const sent = await engine.send({ method: 'OPTIONS', uri, via: flow, from, to, headers, body: nothing }, abort.signal)
    if (abort.signal.aborted || sent.kind === 'answered') return
    // One that registered meanwhile is there, whatever became of the question.
    if (binding.registeredAt === registeredAt) dead(binding, `OPTIONS: ${sent.why}`)
  }

  return {
    next,
    ping(binding) {
      if (underWay >= mostAtOnce) {
        binding.pingAt = clock.now() + putOffMs * (1 + random())
        return
      }
      underWay++
      binding.pingAt = next()
      void ask(binding).finally(() => underWay--)
    },
    stop: () => abort.abort(),
  }
}
