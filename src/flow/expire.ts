// Expire: what nobody ends otherwise ends here. Validity that ran out, receipts that never came,
// binds that are gone or granted no more, accounts that were closed, parts that never completed, and rows past their retention.
import { createTrust } from '../clock.ts'
import { finish } from '../model/transition.ts'
import { createClosing } from './closed.ts'
import { repeat, type Core } from './core.ts'
import { leaveLostBinds, type Rests } from './leave.ts'
import { endUnconfirmed } from './query.ts'
import { tidyParts } from './reassemble.ts'
import { createWithdrawals } from './withdrawn.ts'

export interface Retention {
  messageDays: number
}

const dayMs = 86_400_000
const batch = 500
/** Parked receipts and statistics are kept so long. */
const earlyDays = 3
const statisticsDays = 400
const idempotencyDays = 2

export function startExpiry(core: Core, retention: Retention): { stop(): Promise<void> } {
  const closing = createClosing(core)
  const withdrawals = createWithdrawals(core)
  const isTrusted = createTrust(core.clock)
  const rests: Rests = new Map()
  const steps = [
    repeat(core, 'expire', 1000, () => expireOverdue(core)),
    repeat(core, 'closed accounts', 1000, closing),
    repeat(core, 'withdrawn grants', 1000, withdrawals),
    repeat(core, 'lost binds', 2000, () => leaveLostBinds(core, rests)),
    repeat(core, 'parts', 2000, () => tidyParts(core)),
    repeat(core, 'retention', 60_000, async () => (isTrusted() ? sweep(core, retention) : undefined)),
  ]
  return {
    async stop() {
      await Promise.all(steps.map((step) => step.stop()))
    },
  }
}

export async function expireOverdue(core: Core): Promise<void> {
  for (;;) {
    const now = core.clock.now()
    const { expired, unconfirmed } = await core.store.overdue(now, batch)
    await Promise.all(
      expired.map((id) =>
        core.store.end(id, ({ message, decision, life }) =>
          finish(message, decision, life, 'expired', now, {
            failure: { kind: 'permanent', code: 'expired', ...(life.failure?.peer ? { peer: life.failure.peer } : {}) },
          }),
        ),
      ),
    )
    await endUnconfirmed(core, unconfirmed, now)
    if (expired.length < batch && unconfirmed.length < batch) return
  }
}

async function sweep(core: Core, retention: Retention): Promise<void> {
  const now = core.clock.now()
  const limits = {
    messagesBefore: now - retention.messageDays * dayMs,
    earlyBefore: now - earlyDays * dayMs,
    statisticsBefore: now - statisticsDays * dayMs,
    idempotencyBefore: now - idempotencyDays * dayMs,
  }
  while (await core.store.sweep(limits)) await new Promise((resolve) => setImmediate(resolve))
}
