// What the termination logic is asked.
import type { Address } from '../model/address.ts'
import type { BodyKind } from '../model/body.ts'
import type { AccountId, BindId } from '../model/message.ts'

export interface Question {
  account: AccountId
  arrival: BindId
  from: Address
  to: Address
  /** The supplier bind that the sender names: that one, or none. */
  via?: string
  kind: BodyKind
  /** Epoch ms, for time windows. */
  at: number
  /** 0 ≤ dice < 1, fixed per message: picks among weighted targets. */
  dice: number
  /** What trunks share their load by; absent: every member is ready, and the first one's turn. */
  load?: TrunkLoad
}

export interface TrunkLoad {
  /** Counts up, for each trunk by itself. */
  turn(trunk: string): number
  fitness(bind: BindId): Fitness
}
/** ready: bound, with room. resting: bound, but with too much waiting. down: no session, or paused. */
export type Fitness = 'ready' | 'resting' | 'down'
