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

let isoOf = 0
let isoText = ''

/** Most of a moment's times are the same millisecond. */
function iso(ms: number): string {
  if (ms !== isoOf) {
    isoOf = ms
    isoText = new Date(ms).toISOString()
  }
  return isoText
}

export function cdrOf(message: Message, decision: Decision, life: Life): Cdr {
  const carrierRefs: string[] = []
  for (const segment of life.segments) if (segment.ref !== undefined) carrierRefs.push(segment.ref)
  const cdr: Cdr = {
    message: message.id,
    account: message.account,
    direction: message.direction,
    kind: message.body.kind,
    from: message.from.value,
    to: message.to.value,
    sourceBind: message.arrival,
    carrierRefs,
    segments: message.segments,
    priority: message.priority,
    attempts: life.attempts,
    state: life.state,
    acceptedAt: iso(message.acceptedAt),
    finalAt: iso(life.finalAt ?? life.updatedAt),
  }
  if (life.sentAt !== undefined) cdr.sentAt = iso(life.sentAt)
  if (life.bind !== undefined) cdr.destinationBind = life.bind
  if (decision.route !== undefined) cdr.route = decision.route
  if (message.ref !== undefined) cdr.ref = message.ref
  if (life.failure !== undefined) {
    cdr.failure = life.failure.code
    if (life.failure.peer !== undefined) cdr.peer = life.failure.peer
  }
  return cdr
}
