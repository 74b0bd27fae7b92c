// What accounts have submitted, as the store counts it, and what may refuse the next message for it.
import type { AccountId, Message } from '../model/message.ts'

/** What may refuse a message at the moment in which it is counted: limits of its account and of those above. */
export interface Limit {
  /** Counts it, or throws why not. Not called for a duplicate. */
  admit(message: Message): void
  /** It was not made durable after all. */
  refund(message: Message): void
  /** It is durable, and on its lane. */
  landed(): void
}

/** Of one account itself, messages MT. */
export interface Used {
  messages: number
  segments: number
}
/** What accounts have submitted, as `usage` counts it: MT. */
export interface Submitted {
  /** At once, from memory, with what is being accepted just now. */
  today(account: AccountId): Used
  thisMonth(account: AccountId): Used
  /** Messages of the account on lanes, in both directions. */
  waiting(account: AccountId): number
}
