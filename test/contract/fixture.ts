// Messages, steps and receipts for the store's suite and benchmark, made the way the flow makes them.
import { idSource, type IdSource } from '../../src/ids.ts'
import type { Life } from '../../src/model/life.ts'
import { finish, type Transition } from '../../src/model/transition.ts'
import type { BindId, Message, Priority } from '../../src/model/message.ts'
import type { Receipt } from '../../src/model/receipt.ts'
import type { Decision } from '../../src/model/route.ts'
import type { DeliverItem, NewMessage, ReportItem, Run, Settlement } from '../../src/store/store.ts'

export const account = 'AC00000000000000000000000000000001'
export const origin = `${account}/api`
export const carrier = `${account}/carrier`
export const backup = `${account}/backup`

export interface MessageOptions {
  id?: string
  account?: string
  to?: string
  from?: string
  text?: string
  lane?: BindId
  priority?: Priority
  due?: number
  receipt?: Message['receipt']
  progress?: boolean
  direction?: Message['direction']
  validUntil?: number
  failover?: boolean
  segments?: number
}

export interface MessageSource {
  ids: IdSource
  message(options?: MessageOptions): NewMessage
}

export function messageSource(now: () => number, newest?: string): MessageSource {
  const ids = idSource(now, newest)
  let count = 0
  return {
    ids,
    message(options = {}) {
      const at = now()
      const of = options.account ?? account
      const lane = options.lane ?? carrier
      const message: Message = {
        id: options.id ?? ids.next(),
        account: of,
        direction: options.direction ?? 'mt',
        arrival: origin,
        from: { value: options.from ?? '+15005550006', ton: 'international', npi: 'e164' },
        to: { value: options.to ?? `+4477009${String(count++).padStart(5, '0')}`, ton: 'international', npi: 'e164' },
        body: { kind: 'text', text: options.text ?? 'Your table for two is booked for eight o’clock.' },
        priority: options.priority ?? 1,
        receipt: options.receipt ?? 'both',
        ...(options.progress ? { progress: true } : {}),
        acceptedAt: at,
        validUntil: options.validUntil ?? at + 86_400_000,
        segments: options.segments ?? 1,
      }
      const decision: Decision = {
        revision: 1,
        route: 'default',
        candidates: [
          { bind: lane, why: 'first of the route' },
          ...(options.failover ? [{ bind: backup, why: 'second of the route' }] : []),
        ],
        failoverOnReceipt: options.failover ?? false,
        tried: [{ route: 'default', account: of, matched: true, why: 'the empty prefix matches every destination' }],
      }
      const due = options.due ?? at
      const life: Life = { state: due > at ? 'scheduled' : 'queued', segments: [], attempts: 0, updatedAt: at }
      return { message, decision, life, entries: [{ at, what: 'accepted', via: origin }], queue: { lane, due, candidate: 0 } }
    },
  }
}

/** The supplier took these segments (all by default); receipts are awaited. */
export function sent(item: DeliverItem, refs: readonly (string | undefined)[], now: number): Transition {
  const { message, life } = item
  const bind = item.lane
  const segments = refs.map(
    (ref, i) => life.segments[i] ?? (ref === undefined ? { state: 'unsent' as const } : { ref, bind, state: 'sent' as const }),
  )
  for (const [i, ref] of refs.entries()) if (ref !== undefined) segments[i] = { ref, bind, state: 'sent' }
  const all = segments.every((segment) => segment.state !== 'unsent')
  const entry = {
    at: now,
    what: 'attempt' as const,
    n: life.attempts + 1,
    bind,
    outcome: 'ok' as const,
    refs: refs.flatMap((ref) => ref ?? []),
    tookMs: 12,
  }
  const next: Life = {
    ...life,
    state: all ? 'sent' : 'queued',
    segments,
    bind,
    attempts: life.attempts + 1,
    updatedAt: now,
    ...(all ? { sentAt: now } : {}),
  }
  return {
    message: message.id,
    life: next,
    entries: [entry],
    refs: refs.flatMap((ref, segment) => (ref === undefined ? [] : [{ bind, ref, segment }])),
    counts: [{ bind, name: all ? 'sent' : 'retried' }],
    ...(all
      ? { receiptBy: message.validUntil + 3_600_000 }
      : { requeue: { lane: bind, due: now, attempt: item.attempt + 1, candidate: item.candidate } }),
    ...(all && message.progress ? { report: { state: 'sent' as const, at: now } } : {}),
  }
}

export function failed(item: DeliverItem, now: number): Transition {
  return finish(item.message, item.decision, { ...item.life, bind: item.lane, attempts: item.life.attempts + 1 }, 'failed', now, {
    failure: { kind: 'permanent', code: 'rejected' },
  })
}

export function retried(item: DeliverItem, now: number, due: number, lane = item.lane): Transition {
  return {
    message: item.message.id,
    life: { ...item.life, state: 'queued', bind: item.lane, attempts: item.life.attempts + 1, updatedAt: now },
    entries: [{ at: now, what: 'retry', bind: lane, due }],
    requeue: { lane, due, attempt: item.attempt + 1, candidate: item.candidate },
    counts: [{ bind: item.lane, name: 'retried' }],
  }
}

export function delivery(run: Run, item: DeliverItem, transition: Transition): Settlement {
  return { token: run.token, item: item.id, kind: 'deliver', transition }
}

export function reported(run: Run, item: ReportItem, now: number, retryAt?: number): Settlement {
  return {
    token: run.token,
    item: item.id,
    kind: 'report',
    message: item.message.id,
    entry: { at: now, what: 'report', state: item.report.state, n: item.attempt + 1, outcome: retryAt === undefined ? 'ok' : 'failed' },
    counts: retryAt === undefined ? [{ bind: item.lane, name: 'reported' }] : [],
    attempt: item.attempt + 1,
    ...(retryAt === undefined ? {} : { retryAt }),
  }
}

export function receipt(ref: string, state: Receipt['state'] = 'delivered', more: Partial<Receipt> = {}): Receipt {
  const final = !['enroute', 'accepted', 'scheduled', 'unknown'].includes(state)
  return {
    ref,
    state,
    final,
    ...(final && state !== 'delivered' ? { failure: { kind: 'permanent', code: 'absent-subscriber' } as const } : {}),
    ...more,
  }
}
