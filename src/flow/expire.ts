// Expire: what nobody ends otherwise ends here. Validity that ran out, receipts that never came,
// binds that are gone, parts that never completed, and rows past their retention.
import { finish, afterReceiptTimeout, type Transition } from '../model/life.ts'
import type { BindId } from '../model/message.ts'
import type { MessageRecord } from '../store/store.ts'
import { repeat, type Core } from './core.ts'
import { isDownTooLong } from './downtime.ts'
import { nextCandidate } from './outcome.ts'
import { tidyParts } from './reassemble.ts'

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
  const steps = [
    repeat(core, 'expire', 1000, () => expireOverdue(core)),
    repeat(core, 'lost binds', 2000, () => leaveLostBinds(core)),
    repeat(core, 'parts', 2000, () => tidyParts(core)),
    repeat(core, 'retention', 60_000, () => sweep(core, retention)),
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
    await Promise.all([
      ...expired.map((id) =>
        core.store.end(id, ({ message, decision, life }) =>
          finish(message, decision, life, 'expired', now, {
            failure: { kind: 'permanent', code: 'expired', ...(life.failure?.peer ? { peer: life.failure.peer } : {}) },
          }),
        ),
      ),
      ...unconfirmed.map((id) => core.store.end(id, ({ message, decision, life }) => afterReceiptTimeout(message, decision, life, now))),
    ])
    if (expired.length < batch && unconfirmed.length < batch) return
  }
}

/** Messages on the lane of a bind that is down too long, disabled or deleted take their next candidate. */
export async function leaveLostBinds(core: Core): Promise<void> {
  const now = core.clock.now()
  for (const depth of await core.store.depths()) {
    if (depth.deliver === 0 || !isDownTooLong(core, depth.lane, now)) continue
    await leave(core, depth.lane, !core.configuration().binds.has(depth.lane), now)
  }
}

async function leave(core: Core, lane: BindId, deleted: boolean, now: number): Promise<void> {
  let cursor: string | undefined
  do {
    const page = await core.store.waiting({ lane }, batch, cursor)
    await Promise.all(
      page.ids.map(async (id) => {
        const record = await core.store.get(id)
        if (!record) return
        const candidate = record.decision.candidates.findIndex((c) => c.bind === lane)
        const hasNext = record.decision.candidates[candidate + 1] !== undefined
        if (hasNext) await core.store.move(id, (fresh) => onwards(fresh, lane, candidate, now))
        else if (deleted) await core.store.end(id, (fresh) => onwards(fresh, lane, candidate, now))
      }),
    )
    cursor = page.next
  } while (cursor !== undefined)
}

function onwards(record: MessageRecord, lane: BindId, candidate: number, now: number): Transition {
  const { message, decision, life } = record
  return nextCandidate({ item: { message, decision, candidate }, bind: { id: lane }, now }, { ...life, updatedAt: now }, [], {
    kind: 'permanent',
    code: 'bind-down',
    peer: 'the bind is down for longer than its limit',
  })
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
