// What may come in on a bind just now: its rates of messages and segments, and how much may wait. Asked
// once for each submission and each part of one, before it is stored.
import { createMeter, isLimited, type Meter } from '../binds/meter.ts'
import type { Bind } from '../model/bind.ts'
import type { BindId, Submission } from '../model/message.ts'
import { AcceptRefused } from '../plugin.ts'
import { countSegments } from '../text/index.ts'
import type { Load } from './load.ts'

export interface Intake {
  /** Throws AcceptRefused, or counts it. `first`: a message, or the first part of one; the other parts are segments only. */
  admit(bind: Bind, body: Submission['body'], first: boolean, now: number): void
}

export function createIntake(load: Load): Intake {
  const meters = new Map<BindId, { messages: Meter; segments: Meter }>()
  return {
    admit(bind, body, first, now) {
      const { messages, segments, mostQueued } = bind.policy
      // A client that does not fetch its reports gets no new ones to wait for.
      if (mostQueued > 0 && bind.side === 'client' && load.waiting(bind.id) >= mostQueued)
        throw new AcceptRefused('queue-full', `${mostQueued} messages and reports wait for this client already.`)
      const [byMessage, bySegment] = [isLimited(messages), isLimited(segments)]
      if (!byMessage && !bySegment) return
      let own = meters.get(bind.id)
      if (!own) meters.set(bind.id, (own = { messages: createMeter(), segments: createMeter() }))
      const [one, many] = [first ? 1 : 0, bySegment ? countSegments(body) : 0]
      const full = (byMessage && one > 0 && own.messages.full(messages, one, now)) || undefined
      if (full) throw new AcceptRefused('throttled', `More than ${full.most} messages a ${full.span}.`)
      const over = bySegment ? own.segments.full(segments, many, now) : undefined
      if (over) throw new AcceptRefused('throttled', `More than ${over.most} segments a ${over.span}.`)
      if (one > 0) own.messages.count(messages, one, now)
      own.segments.count(segments, many, now)
    },
  }
}
