// Withdrawn: a message waits for a bind that its account may use no longer, since a grant was taken back
// or an account was moved. The decision stands, but the bind is not used: the message goes to the next
// candidate that the account may use now, and fails where there is none.
import { copyLife, type Transition } from '../model/life.ts'
import type { DeliverItem } from '../store/store.ts'
import type { Core } from './core.ts'
import { nextCandidate } from './outcome.ts'

export function afterWithdrawal({ table }: Pick<Core, 'table'>, item: DeliverItem, now: number): Transition {
  const { message, decision, lane } = item
  const may = table().maySendBy
  const { candidates } = decision
  let before = item.candidate
  while (before + 1 < candidates.length && !may(message.account, candidates[before + 1]!.bind)) before++
  const life = copyLife(item.life)
  life.updatedAt = now
  return nextCandidate({ item: { message, decision, candidate: before }, bind: { id: lane }, now }, life, [], {
    kind: 'permanent',
    code: 'no-route',
    peer: 'the account may not use the bind any more',
  })
}
