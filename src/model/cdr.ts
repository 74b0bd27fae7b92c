// The charging record: one for every message that ended, in plain JSON with ISO times.
import type { Life, MessageState } from './life.ts'
import type { AccountId, BindId, Direction, Message, MessageId, Priority } from './message.ts'
import type { Decision } from './route.ts'

export interface Cdr {
  message: MessageId
  account: AccountId
  direction: Direction
  kind: 'text' | 'binary' | 'mms'
  from: string
  to: string
  sourceBind: BindId
  /** The bind of the newest attempt; absent when none was made. */
  destinationBind?: BindId
  route?: string
  ref?: string
  carrierRefs: string[]
  segments: number
  priority: Priority
  attempts: number
  state: MessageState
  failure?: string
  peer?: string
  acceptedAt: string
  sentAt?: string
  finalAt: string
}

const iso = (ms: number): string => new Date(ms).toISOString()

export function cdrOf(message: Message, decision: Decision, life: Life): Cdr {
  return {
    message: message.id,
    account: message.account,
    direction: message.direction,
    kind: message.body.kind,
    from: message.from.value,
    to: message.to.value,
    sourceBind: message.arrival,
    ...(life.bind ? { destinationBind: life.bind } : {}),
    ...(decision.route ? { route: decision.route } : {}),
    ...(message.ref ? { ref: message.ref } : {}),
    carrierRefs: life.segments.flatMap((s) => s.ref ?? []),
    segments: message.segments,
    priority: message.priority,
    attempts: life.attempts,
    state: life.state,
    ...(life.failure ? { failure: life.failure.code } : {}),
    ...(life.failure?.peer ? { peer: life.failure.peer } : {}),
    acceptedAt: iso(message.acceptedAt),
    ...(life.sentAt === undefined ? {} : { sentAt: iso(life.sentAt) }),
    finalAt: iso(life.finalAt ?? life.updatedAt),
  }
}
