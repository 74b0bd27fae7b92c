// What the admin API says about messages, lanes and statistics: schemas, and how the model's words
// become them. Times are ISO 8601; the trace and its PDUs carry no body.
import { z } from 'zod'
import type { BindStatistics, SessionsView } from '../../admin/admin.ts'
import { messageStates, type LifeEntry } from '../../model/life.ts'
import type { Message } from '../../model/message.ts'
import type { MessageView } from '../../plugin.ts'
import type { MessageTrace } from '../../store/store.ts'
import { bindReceipts, bindReceiptsAnswer, segment, segmentAnswer } from './receipts.ts'
import { accountId, time, iso } from './words.ts'

const failure = z.strictObject({
  kind: z.enum(['temporary', 'throttled', 'offline', 'permanent', 'unknown']),
  code: z.string(),
  peer: z.string().optional().describe("The peer's own words"),
  retryAfterMs: z.number().optional(),
})

export const decision = z.strictObject({
  revision: z.int().describe('Configuration revision it was made on'),
  route: z.string().optional(),
  candidates: z.array(z.strictObject({ bind: z.string(), why: z.string() })).describe('None: no route'),
  failoverOnReceipt: z.boolean(),
  tried: z.array(z.strictObject({ route: z.string(), account: z.string(), matched: z.boolean(), why: z.string() })),
})

export const message = z.strictObject({
  id: z.string().describe('32 hex digits; Twilio’s SID is SM or MM and these'),
  account: accountId,
  direction: z.enum(['mt', 'mo']),
  arrival: z.string().describe('The bind it came in on'),
  from: z.string(),
  to: z.string(),
  kind: z.enum(['text', 'binary', 'mms']),
  segments: z.int(),
  priority: z.int(),
  receipt: z.enum(['none', 'failure', 'success', 'both']),
  ref: z.string().optional(),
  state: z.enum(messageStates),
  bind: z.string().optional().describe('Of the newest attempt'),
  failure: failure.optional(),
  redacted: z.boolean(),
  acceptedAt: time,
  deliverAfter: time.optional(),
  validUntil: time,
  sentAt: time.optional(),
  finalAt: time.optional(),
  updatedAt: time,
  decision,
})
export type MessageAnswer = z.input<typeof message>
export const messageWithSegments = message.extend({ segmentStates: z.array(segment).describe('Empty before the first attempt') })

const entry = z.looseObject({
  at: time,
  what: z.enum(['accepted', 'attempt', 'retry', 'failover', 'decided', 'held', 'receipt', 'report', 'final', 'redacted', 'note']),
  due: time.optional().describe('Of a retry: when it is'),
  before: decision.optional().describe('Of `decided`: what had been decided before; the message has what holds now'),
})

export const trace = z.strictObject({
  message,
  attempts: z.int(),
  bind: z.string().optional().describe('Of the newest attempt'),
  segments: z.array(segment),
  entries: z.array(entry).describe('Oldest first'),
})
export type TraceAnswer = z.input<typeof trace>

interface Facts {
  state: MessageView['state']
  bind?: string
  failure?: MessageView['failure']
  updatedAt: number
  sentAt?: number | undefined
  finalAt?: number | undefined
}

function answer(of: Message, decided: MessageView['decision'], facts: Facts, redacted: boolean): MessageAnswer {
  return {
    id: of.id,
    account: of.account,
    direction: of.direction,
    arrival: of.arrival,
    from: of.from.value,
    to: of.to.value,
    kind: of.body.kind,
    segments: of.segments,
    priority: of.priority,
    receipt: of.receipt,
    ...(of.ref === undefined ? {} : { ref: of.ref }),
    state: facts.state,
    ...(facts.bind === undefined ? {} : { bind: facts.bind }),
    ...(facts.failure ? { failure: facts.failure } : {}),
    redacted,
    acceptedAt: iso(of.acceptedAt),
    ...(of.deliverAfter === undefined ? {} : { deliverAfter: iso(of.deliverAfter) }),
    validUntil: iso(of.validUntil),
    ...(facts.sentAt === undefined ? {} : { sentAt: iso(facts.sentAt) }),
    ...(facts.finalAt === undefined ? {} : { finalAt: iso(facts.finalAt) }),
    updatedAt: iso(facts.updatedAt),
    decision: decided,
  }
}

export function messageAnswer(view: MessageView): MessageAnswer {
  return answer(view.message, view.decision, view, view.redacted)
}

export function traceAnswer({ message: of, decision: decided, life, entries, redactedAt }: MessageTrace): TraceAnswer {
  return {
    message: answer(of, decided, life, redactedAt !== undefined),
    attempts: life.attempts,
    ...(life.bind === undefined ? {} : { bind: life.bind }),
    segments: life.segments.map(segmentAnswer),
    entries: entries.map(entryAnswer),
  }
}

function entryAnswer(of: LifeEntry): z.input<typeof entry> {
  return of.what === 'retry' ? { ...of, at: iso(of.at), due: iso(of.due) } : { ...of, at: iso(of.at) }
}

export const lane = z.strictObject({ bind: z.string(), paused: z.boolean(), deliver: z.int(), report: z.int() })

const sessionFields = {
  state: z.enum(['off', 'down', 'bound']),
  sessions: z.int(),
  since: time,
  lastError: z.string().optional(),
  inFlight: z.int(),
  rate: z
    .object({
      segmentsPerSecond: z.number(),
      learned: z.object({ why: z.string(), at: time }).optional(),
    })
    .optional()
    .describe('The most that the bind sends now; learned: below its configured rate, because of what its peer said.'),
}
export const session = z.strictObject({ bind: z.string(), name: z.string(), ...sessionFields })

const counts = z.record(z.string(), z.int())
export const bindStatistics = z.strictObject({
  bind: z.string(),
  name: z.string(),
  sums: counts.describe('accepted, sent, delivered, undelivered, failed, expired, retried, throttled …'),
  series: z
    .array(z.strictObject({ minute: time, counts }))
    .optional()
    .describe('Minutes in which something happened'),
  sessions: z.strictObject(sessionFields).optional(),
  depth: z.strictObject({ deliver: z.int(), report: z.int() }),
  receipts: bindReceipts,
})

export function sessionsAnswer(of: SessionsView) {
  const { rate, since, ...rest } = of
  const shown = rate && {
    rate: {
      segmentsPerSecond: Math.round(rate.segmentsPerSecond * 10) / 10,
      ...(rate.learned ? { learned: { why: rate.learned.why, at: iso(rate.learned.at) } } : {}),
    },
  }
  return { ...rest, since: iso(since), ...shown }
}

export function statisticsAnswer(of: BindStatistics): z.input<typeof bindStatistics> {
  const { series, sessions, receipts, ...rest } = of
  return {
    ...rest,
    ...(series ? { series: series.map((each) => ({ minute: iso(each.minute), counts: each.counts })) } : {}),
    ...(sessions ? { sessions: sessionsAnswer(sessions) } : {}),
    receipts: bindReceiptsAnswer(receipts),
  }
}
