// Prometheus metrics: what the process costs, what the binds did and how fast accepts are. Numbers
// that others keep are read when somebody asks; only the accept latency is counted as it happens.
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import type { Side } from '../model/bind.ts'
import type { AccountId, BindId } from '../model/message.ts'
import type { Used } from '../store/store.ts'
import { createInstruments } from './instruments.ts'
import type { Counted } from './counted.ts'
import { createSipMetrics, type SipMeasurements } from './sip-metrics.ts'

/** Read at each scrape. */
export interface Measurements {
  /** The store can make something durable. */
  writable: boolean
  /** Since the process started: only rising. */
  counts: readonly Counted[]
  depths: readonly { bind: BindId; deliver: number; report: number }[]
  /** Of every bind that is enabled. */
  sessions: readonly { bind: BindId; side: Side; connector: string; sessions: number; inFlight: number }[]
  /** Receipts for ids that nothing was sent under. */
  parked: readonly { bind: BindId; parked: number; oldestSeconds: number }[]
  /** 0–100, of binds with receipts enough. */
  truth: readonly { bind: BindId; score: number }[]
  /** Accounts with caps, each with all below it. */
  usages: readonly { account: AccountId; today: Used; thisMonth: Used; queued: number; sessions: number }[]
  sip?: SipMeasurements
}

export interface Metrics {
  contentType: string
  text(): Promise<string>
  /** A submission was made durable in so many ms. */
  accepted(tookMs: number): void
}

export function createMetrics(measure: () => Promise<Measurements> | Measurements): Metrics {
  const registry = new Registry()
  const instruments = createInstruments(registry)
  const { gauge, counter } = instruments
  collectDefaultMetrics({ register: registry })
  const counts = counter(
    'signalbox_messages_total',
    'What happened to messages, by bind: accepted, sent, delivered, failed, retried …',
    'bind',
    'event',
  )
  const depths = gauge('signalbox_lane_depth', 'Items waiting on the lane of a bind', 'bind', 'kind')
  const sessions = gauge('signalbox_sessions', 'Live sessions of a bind', 'bind')
  const bound = gauge('signalbox_bound', '1: the bind, which is enabled, has a session; 0: it has none', 'bind', 'side', 'connector')
  const writable = gauge('signalbox_store_writable', '0: nothing can be made durable (disk full), so nothing is accepted; else 1')
  const inFlight = gauge('signalbox_in_flight', 'Segments and reports of a bind awaiting an answer', 'bind')
  const parked = gauge('signalbox_parked_receipts', 'Receipts for unknown ids, kept', 'bind')
  const parkedAge = gauge('signalbox_parked_receipts_oldest_seconds', 'Age of the oldest receipt for an unknown id', 'bind')
  const truth = gauge('signalbox_truth_score', "How far a bind's receipts can be believed, 0–100", 'bind')
  const used = gauge(
    'signalbox_account_used',
    'What an account with caps, and all below it, has used of each: this UTC day and month, waiting, sessions',
    'account',
    'cap',
  )
  const sip = createSipMetrics(instruments)
  const accepts = new Histogram({
    name: 'signalbox_accept_seconds',
    help: 'From a submission handed over until it is durable',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers: [registry],
  })
  return {
    contentType: registry.contentType,
    async text() {
      const now = await measure()
      instruments.reset()
      writable.set(now.writable ? 1 : 0)
      for (const { bind, name, count } of now.counts) counts.inc({ bind, event: name }, count)
      // A lane on which nothing waits has no depth of its own, and is 0 all the same.
      for (const { bind } of now.sessions) for (const kind of ['deliver', 'report']) depths.set({ bind, kind }, 0)
      for (const { bind, deliver, report } of now.depths) {
        depths.set({ bind, kind: 'deliver' }, deliver)
        depths.set({ bind, kind: 'report' }, report)
      }
      for (const each of now.sessions) {
        sessions.set({ bind: each.bind }, each.sessions)
        inFlight.set({ bind: each.bind }, each.inFlight)
        bound.set({ bind: each.bind, side: each.side, connector: each.connector }, each.sessions > 0 ? 1 : 0)
      }
      for (const each of now.parked) {
        parked.set({ bind: each.bind }, each.parked)
        parkedAge.set({ bind: each.bind }, each.oldestSeconds)
      }
      for (const { account, today, thisMonth, queued, sessions: open } of now.usages) {
        used.set({ account, cap: 'messagesPerDay' }, today.messages)
        used.set({ account, cap: 'segmentsPerDay' }, today.segments)
        used.set({ account, cap: 'messagesPerMonth' }, thisMonth.messages)
        used.set({ account, cap: 'segmentsPerMonth' }, thisMonth.segments)
        used.set({ account, cap: 'queued' }, queued)
        used.set({ account, cap: 'sessions' }, open)
      }
      sip(now.sip)
      for (const each of now.truth) truth.set({ bind: each.bind }, each.score)
      return registry.metrics()
    },
    accepted: (tookMs) => accepts.observe(tookMs / 1000),
  }
}
