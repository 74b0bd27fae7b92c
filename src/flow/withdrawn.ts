// Withdrawn: a message waits with a decision that its account may use no longer: a grant was taken back,
// an account was moved, or the route or the bind is gone for good. It is decided anew, and fails where
// nothing takes it any more. The deliverer looks before each attempt; what waits for a bind that sends
// nothing now is looked through after each such change.
import { statusAsItStands, type Configuration } from '../model/configuration.ts'
import type { Transition } from '../model/transition.ts'
import type { AccountId, BindId, Message } from '../model/message.ts'
import type { Decision, Route } from '../model/route.ts'
import { targetMeans } from '../model/route.ts'
import { differing } from '../model/versions.ts'
import type { WaitingRecord } from '../store/store.ts'
import { afterBegun, decidedAnew, decidedBefore, decisionNow, mayBeOut, type Waiting } from './anew.ts'
import type { Core } from './core.ts'
import { eachWaiting } from './waiting.ts'

/** Why a message may not be sent as it was decided; undefined: it may. */
export function withdrawn(
  core: Pick<Core, 'table' | 'configuration'>,
  { account }: Pick<Message, 'account'>,
  decision: Decision,
  lane: BindId,
): string | undefined {
  const table = core.table()
  const configuration = core.configuration()
  const bind = configuration.binds.get(lane)
  if (!bind) return 'the bind is gone'
  if (decision.revision === table.revision) return undefined
  if (!table.maySendBy(account, lane)) return 'the account may not use the bind any more'
  if (bind.account !== account && statusAsItStands(configuration, bind.account) === 'closed') return 'the account of the bind is closed'
  if (decision.route === undefined) return undefined
  const rule = decision.tried.at(-1)
  if (rule && !table.mayGoBy(account, rule.account, decision.route)) return 'the route is gone, or the account may not use it any more'
  return undefined
}

/** What becomes of it then. `isOut`: a carrier may have it. */
export function afterWithdrawal(core: Core, waiting: Waiting, why: string, isOut: boolean, now: number): Transition {
  const begun = afterBegun(core, waiting, now)
  if (begun) return begun
  if (!isOut) return decidedAnew(core, waiting, decisionNow(core, waiting, now), why, now)
  const { message, decision } = waiting
  return decidedBefore(waiting, why, now, ({ bind }) => withdrawn(core, message, decision, bind) === undefined)
}

/** One look at a time. */
export function createWithdrawals(core: Core): () => Promise<void> {
  let seen = core.configuration()
  return async () => {
    const now = core.configuration()
    if (now === seen) return
    const everyBind = isTreeChanged(seen, now)
    const binds = everyBind ? new Set<BindId>() : touched(seen, now)
    if (everyBind || binds.size > 0) {
      for (const { lane, deliver } of await core.store.depths()) {
        if (deliver > 0 && (everyBind || binds.has(lane))) await eachWaiting(core, lane, (record) => leaveWithdrawn(core, record, lane))
      }
    }
    seen = now
  }
}

/** Whether some account inherits from others than before, or is closed. */
function isTreeChanged(before: Configuration, now: Configuration): boolean {
  for (const id of differing(before.accounts, now.accounts)) {
    const [was, is] = [before.accounts.get(id), now.accounts.get(id)]
    if (!was) continue
    if (was.parent !== is?.parent || was.inheritRoutes !== is?.inheritRoutes) return true
    if (was.status !== is.status && is.status === 'closed') return true
  }
  return false
}

/** Binds for which something may wait that may not wait any more. */
function touched(before: Configuration, now: Configuration): Set<BindId> {
  const binds = new Set<BindId>()
  for (const id of differing(before.binds, now.binds)) if (before.binds.get(id)?.grant !== now.binds.get(id)?.grant) binds.add(id)
  for (const owner of differing(before.routes, now.routes)) {
    for (const route of lost(before, now, owner)) {
      for (const target of route.to) {
        if (!target.trunk) binds.add(target.bind)
        else for (const bind of now.binds.values()) if (targetMeans(target, bind)) binds.add(bind.id)
      }
    }
  }
  return binds
}

/** Routes of an account that are gone, switched off, or lent to others than before. */
function lost(before: Configuration, now: Configuration, owner: AccountId): Route[] {
  const left = new Map(now.routes.get(owner)?.map((route) => [route.id, route]))
  return (before.routes.get(owner) ?? []).filter((was) => {
    const is = left.get(was.id)
    return !is?.enabled || is.grant !== was.grant
  })
}

/** What waits on the lane goes where it may, if it may not stay; one in a run is looked at by the deliverer. */
export async function leaveWithdrawn(core: Core, record: WaitingRecord, lane: BindId): Promise<void> {
  const { message } = record
  if (withdrawn(core, message, record.decision, lane) === undefined) return
  const wasTried = await mayBeOut(core, record)
  await moveUnchanged(core, record, (fresh) => {
    const why = withdrawn(core, message, fresh.decision, lane)
    if (why === undefined) return undefined
    const candidate = fresh.decision.candidates.findIndex(({ bind }) => bind === lane)
    return afterWithdrawal(core, { ...fresh, lane, candidate }, why, wasTried || fresh.interrupted === true, core.clock.now())
  })
}

/** Nothing is to be done with it any more, or not this. */
class Otherwise extends Error {}

/** Where nothing was done about the message since the record was read, and there is something to do. Else it is looked at again. */
export async function moveUnchanged(
  { store }: Pick<Core, 'store'>,
  { message, life }: WaitingRecord,
  step: (fresh: WaitingRecord) => Transition | undefined,
): Promise<void> {
  try {
    await store.move(message.id, (fresh) => {
      const next = fresh.life.updatedAt === life.updatedAt ? step(fresh) : undefined
      if (next === undefined) throw new Otherwise()
      return next
    })
  } catch (error) {
    if (!(error instanceof Otherwise)) throw error
  }
}
