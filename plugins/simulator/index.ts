// Carriers for people and tests, speaking real SMPP over real sockets: started with the gateway in demo
// mode, watched and talked to over HTTP by the root account.
import type { Connector, Host } from '../../src/plugin.ts'
import type { CarrierOptions } from './carrier.ts'
import { startCarriers, type Carriers } from './carriers.ts'
import { simulatorRoutes } from './http.ts'

export { startCarriers } from './carriers.ts'

export interface SimulatorOptions {
  host: string
  port: number
  /** None: nothing listens. */
  carriers: readonly CarrierOptions[]
  seed: number
  /** Path of a file to append every submit taken to. */
  ledger?: string
}

export function simulator(options: SimulatorOptions): Connector<object> {
  let running: Carriers | undefined
  return {
    name: 'simulator',
    // Nobody binds to it here: the smpp connector dials its carriers like any others.
    config: {},
    can: { text: 'segments', mms: false, receipts: true },
    async listen({ log, clock }: Host, signal: AbortSignal) {
      if (options.carriers.length === 0 || signal.aborted) return
      const carriers = await startCarriers({ ...options, clock, log })
      running = carriers
      const stop = () => {
        running = undefined
        void carriers.close()
      }
      if (signal.aborted) stop()
      else signal.addEventListener('abort', stop, { once: true })
    },
    http: (host) => ({ router: simulatorRoutes(host, () => running) }),
  }
}
