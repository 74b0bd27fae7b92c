// What every step of the flow is given. Nothing here does anything.
import type { Clock } from '../clock.ts'
import type { IdSource } from '../ids.ts'
import { occasional } from '../log.ts'
import { statusAsItStands, type Configuration } from '../model/configuration.ts'
import type { AccountId } from '../model/message.ts'
import type { Outbound } from '../outbound.ts'
import type { Logger } from '../plugin.ts'
import type { RoutingTable } from '../routing/table.ts'
import type { Store } from '../store/store.ts'
import type { Supervisor } from '../binds/supervisor.ts'
import type { Traces } from '../binds/trace.ts'
import type { AccountLimits } from './limits.ts'
import type { Load } from './load.ts'
import type { Truth } from './truth.ts'

export interface Core {
  store: Store
  clock: Clock
  log: Logger
  ids: IdSource
  outbound: Outbound
  /** The address under which the world reaches our HTTP. */
  publicUrl: string
  /** The snapshot now, with the table compiled from it. */
  configuration(): Configuration
  table(): RoutingTable
  /** The service for which a number of this account sends; senders of one service share what handsets asked of it. */
  serviceOf(account: AccountId, number: string): string | undefined
  binds: Supervisor
  traces: Traces
  truth: Truth
  load: Load
  limits: AccountLimits
  random(): number
}

export function isSuspended(core: Core, account: AccountId): boolean {
  return statusAsItStands(core.configuration(), account) !== 'active'
}

/** A step that fails for an hour, four times a second, is told of sixty times. */
const toldAgainMs = 60_000

/** Runs `step` again and again, `everyMs` after it ended, until stopped; errors are logged, never thrown. */
export function repeat(
  core: Pick<Core, 'clock' | 'log'>,
  name: string,
  everyMs: number,
  step: () => Promise<void>,
): { stop(): Promise<void> } {
  let cancel: () => void = () => {}
  let running: Promise<void> = Promise.resolve()
  let stopped = false
  const tell = occasional(core.clock, (fields, message) => core.log.error(fields, message), toldAgainMs)
  function plan(): void {
    if (stopped) return
    cancel = core.clock.after(everyMs, () => {
      running = step()
        .catch((error: unknown) => tell(name, 'a periodic step failed; it is tried again', () => ({ step: name, err: error })))
        .finally(plan)
    })
  }
  plan()
  return {
    async stop() {
      stopped = true
      cancel()
      await running
    },
  }
}
