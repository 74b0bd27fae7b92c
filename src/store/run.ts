// What is claimed and what came of it: items, runs of them, settlements. The words are the store's (store.ts).
import type { Life, LifeEntry } from '../model/life.ts'
import type { CountName, Transition } from '../model/transition.ts'
import type { AccountId, BindId, Message, MessageId, Priority } from '../model/message.ts'
import type { Report } from '../model/receipt.ts'
import type { Decision } from '../model/route.ts'

export type ItemId = number

interface ItemBase {
  id: ItemId
  lane: BindId
  account: AccountId
  priority: Priority
  /** 0 on the first try. */
  attempt: number
  message: Message
}
export interface DeliverItem extends ItemBase {
  kind: 'deliver'
  candidate: number
  decision: Decision
  life: Life
  /** A try of this item was under way when an earlier process died: the peer may have it. */
  interrupted: boolean
}
export interface ReportItem extends ItemBase {
  kind: 'report'
  report: Report
}
export type Item = DeliverItem | ReportItem

export interface Run {
  token: number
  /** A destination; of reports the number of their message. */
  grain: string | number
  items: Item[]
}

/** What one item of a run came to. The run's grain is free once every item is settled. */
export type Settlement = { token: number; item: ItemId } & (
  | { kind: 'deliver'; transition: Transition }
  /** `retryAt` keeps the report in the queue. */
  | { kind: 'report'; message: MessageId; entry: LifeEntry; counts: { bind: BindId; name: CountName }[]; retryAt?: number; attempt: number }
  /** Never tried (the session went away, a pause): back to where it was, nothing recorded. */
  | { kind: 'release'; due?: number }
)
