// Withdrawn: a message waits for a bind that its account may use no longer, since a grant was taken back
// or an account was moved. The decision stands, but the bind is not used: the message goes to the next
// candidate that the account may use now, and fails where there is none. The deliverer looks before each
// attempt; what waits for a bind that sends nothing now is looked through after each such change.
import type { Configuration } from '../model/configuration.ts'
import { copyLife, type Transition } from '../model/life.ts'
import type { BindId } from '../model/message.ts'
import { differing } from '../model/versions.ts'
import type { MessageRecord } from '../store/store.ts'
import type { Core } from './core.ts'
import { nextCandidate } from './outcome.ts'

const batch = 500

export type Waiting = Pick<MessageRecord, 'message' | 'decision' | 'life'> & { lane: BindId; candidate: number }

export function afterWithdrawal({ table }: Pick<Core, 'table'>, waiting: Waiting, now: number): Transition {
  const { message, decision, lane } = waiting
  const may = table().maySendBy
  const { candidates } = decision
  let before = waiting.candidate
  while (before + 1 < candidates.length && !may(message.account, candidates[before + 1]!.bind)) before++
  const life = copyLife(waiting.life)
  life.updatedAt = now
  return nextCandidate({ item: { message, decision, candidate: before }, bind: { id: lane }, now }, life, [], {
    kind: 'permanent',
    code: 'no-route',
    peer: 'the account may not use the bind any more',
  })
}

/** One look at a time. */
export function createWithdrawals(core: Core): () => Promise<void> {
  let seen = core.configuration()
  return async () => {
    const now = core.configuration()
    if (now === seen) return
    const everyBind = isTreeChanged(seen, now)
    const binds = new Set([...differing(seen.binds, now.binds)].filter((id) => seen.binds.get(id)?.grant !== now.binds.get(id)?.grant))
    if (everyBind || binds.size > 0) {
      for (const { lane, deliver } of await core.store.depths()) {
        const isLent = now.binds.get(lane)?.side === 'supplier'
        if (deliver > 0 && isLent && (everyBind || binds.has(lane))) await lookThrough(core, lane)
      }
    }
    seen = now
  }
}

/** Whether some account inherits from others than before. */
function isTreeChanged(before: Configuration, now: Configuration): boolean {
  for (const id of differing(before.accounts, now.accounts)) {
    const [was, is] = [before.accounts.get(id), now.accounts.get(id)]
    if (was && (was.parent !== is?.parent || was.inheritRoutes !== is?.inheritRoutes)) return true
  }
  return false
}

async function lookThrough(core: Core, lane: BindId): Promise<void> {
  const { store, clock } = core
  const next = ({ message, decision, life }: MessageRecord): Transition => {
    const candidate = decision.candidates.findIndex(({ bind }) => bind === lane)
    return afterWithdrawal(core, { message, decision, life, lane, candidate }, clock.now())
  }
  let cursor: string | undefined
  do {
    const page = await store.waiting({ lane }, batch, cursor)
    await Promise.all(
      page.ids.map(async (id) => {
        const record = await store.get(id)
        if (!record || core.table().maySendBy(record.message.account, lane)) return
        await store[next(record).requeue ? 'move' : 'end'](id, next)
      }),
    )
    cursor = page.next
  } while (cursor !== undefined)
}
