// Something of an account that only one connector understands (a messaging service of the Twilio API):
// configuration like the rest, versioned and with an author, but its settings mean nothing here.
import type { AccountId } from './message.ts'
import type { OptOutSetting } from './account.ts'

export interface Resource {
  /** Unique in its account: a SID. */
  id: string
  account: AccountId
  /** The connector's own word. */
  kind: string
  /** Plain JSON. Never a secret. */
  settings: Readonly<Record<string, unknown>>
  /** What handsets may say to the numbers that send for it. Absent: as for numbers of its account. */
  optOut?: OptOutSetting
  createdAt: number
  updatedAt: number
}

/** Of one account, by id. As long as it is the same map, nothing in it has changed. */
export type Resources = ReadonlyMap<string, Resource>

export const noResources: Resources = new Map()
