// Who asks for something to be seen or changed, on whose behalf.
import type { AccountId } from './message.ts'

/** Who does it. `author` and `source` are written with the revision. */
export interface Caller {
  /** It may act on this account and all below. */
  account: AccountId
  author: string
  /** An address, or `cli`. */
  source: string
}
