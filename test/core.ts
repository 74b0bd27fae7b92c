// What every step of the flow is given, over a store, binds and a configuration of a test's or a benchmark's own;
// all else is as quiet as it can be.
import type { Supervisor } from '../src/binds/supervisor.ts'
import { createTraces } from '../src/binds/trace.ts'
import { systemClock } from '../src/clock.ts'
import type { Core } from '../src/flow/core.ts'
import { createAccountLimits } from '../src/flow/limits.ts'
import { createLoad } from '../src/flow/load.ts'
import { createTruth } from '../src/flow/truth.ts'
import { idSource } from '../src/ids.ts'
import type { Configuration } from '../src/model/configuration.ts'
import { createOutbound } from '../src/outbound.ts'
import type { Logger } from '../src/plugin.ts'
import { compile } from '../src/routing/table.ts'
import type { Store } from '../src/store/store.ts'

export function coreOf(given: { store: Store; binds: Supervisor; configuration: Configuration; log: Logger }): Core {
  const { store, binds, configuration, log } = given
  const table = compile(configuration, () => undefined)
  return {
    store,
    clock: systemClock,
    log,
    ids: idSource(systemClock.now, store.newest),
    outbound: createOutbound({}),
    publicUrl: 'http://127.0.0.1',
    configuration: () => configuration,
    table: () => table,
    serviceOf: () => undefined,
    binds,
    traces: createTraces({ clock: systemClock, log }),
    truth: createTruth(),
    load: createLoad({ store, binds }),
    limits: createAccountLimits({ configuration: () => configuration, submitted: store.submitted, clock: systemClock }),
    random: Math.random,
  }
}
