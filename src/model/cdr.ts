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

/** Beginnings of ISO times up to the second, of an even and an odd one: most of a moment's times share theirs. */
const isoSeconds = [Number.NaN, Number.NaN]
const isoHeads = ['', '']
const thousandths: readonly string[] = Array.from({ length: 1000 }, (_, n) => `${String(n).padStart(3, '0')}Z`)

/** As Date's toISOString. */
function iso(ms: number): string {
  const second = Math.floor(ms / 1000)
  const slot = second & 1
  if (isoSeconds[slot] !== second) {
    isoHeads[slot] = new Date(second * 1000).toISOString().slice(0, -4)
    isoSeconds[slot] = second
  }
  return isoHeads[slot]! + thousandths[ms - second * 1000]!
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
