// The flow, composed: accept → decide → durable → deliver → receipt → report → CDR.
import type { Bind } from '../model/bind.ts'
import type { BindId } from '../model/message.ts'
import type { Gateway } from '../plugin.ts'
import { createAbsences } from './absent.ts'
import { startCdrs, type CdrSettings } from './cdr.ts'
import { repeat, type Core } from './core.ts'
import { createDeliverer } from './deliver.ts'
import { createEnds } from './ends.ts'
import { startExpiry, type Retention } from './expire.ts'
import { createIntake } from './intake.ts'
import { gatewayOf } from './inward.ts'

export interface Flow {
  gateway(bind: Bind): Gateway
  /** A session came or went, a lane was resumed, the rate was raised. */
  wake(lane: BindId): void
  /** Stops taking from the lanes, waits for what is under way, writes the last CDRs. */
  stop(drainMs: number): Promise<void>
}

const loadEveryMs = 250
const truthEveryMs = 300_000

export async function startFlow(
  core: Core,
  settings: { cdr: CdrSettings; retention: Retention; onAccepted?(tookMs: number): void; saveTruth?(): Promise<void> },
): Promise<Flow> {
  const deliverer = createDeliverer(core)
  core.store.onReady(deliverer.wake)
  const ends = createEnds(core)
  core.store.onEnded(ends.ended)
  const cdrs = await startCdrs(core, settings.cdr)
  const expiry = startExpiry(core, settings.retention)
  const intake = createIntake(core.load)
  const absences = createAbsences(core, ends)
  const looking = repeat(core, 'what waits', loadEveryMs, core.load.refresh)
  const { saveTruth } = settings
  const saving = saveTruth && repeat(core, 'truth scores', truthEveryMs, saveTruth)
  return {
    gateway: (bind) => gatewayOf(core, { ends, intake, absences }, bind, settings.onAccepted ?? (() => {})),
    wake: deliverer.wake,
    async stop(drainMs) {
      await expiry.stop()
      await looking.stop()
      await deliverer.stop(drainMs)
      await cdrs.stop()
      await saving?.stop()
      await saveTruth?.().catch((error: unknown) => core.log.warn({ err: error }, 'the sums of truth scores were not written'))
    },
  }
}
