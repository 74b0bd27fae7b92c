// What becomes of a message: its states, and what is told of it. How it comes from one state to the
// next is in transition.ts.
import type { FailureFacts } from './failure.ts'
import type { BindId } from './message.ts'
import type { ReceiptState } from './receipt.ts'
import type { Decision } from './route.ts'

/**
 * scheduled: waits for deliverAfter. queued: on a lane. sent: a supplier took every segment, its
 * receipts are awaited. held: an outcome is unknown and the bind's policy waits for an operator.
 * The others are terminal; unconfirmed: taken by the supplier, but no receipt will come any more.
 * Append only: a state's place is part of the token that a webhook's receiver tells repeats by.
 */
export const messageStates = [
  'scheduled',
  'queued',
  'sent',
  'held',
  'delivered',
  'undelivered',
  'failed',
  'expired',
  'canceled',
  'unconfirmed',
] as const
export type MessageState = (typeof messageStates)[number]

const terminal: ReadonlySet<MessageState> = new Set(['delivered', 'undelivered', 'failed', 'expired', 'canceled', 'unconfirmed'])

export function isTerminal(state: MessageState): boolean {
  return terminal.has(state)
}

/** One segment on its way: unsent until a supplier gave it a ref, then what its receipts say. */
export interface SegmentProgress {
  ref?: string
  bind?: BindId
  state: 'unsent' | 'sent' | ReceiptState
  final?: boolean
  /** When it came into its state, by our clock. */
  at?: number
  /** The peer's error code of the newest receipt. */
  error?: string
}

export interface Life {
  state: MessageState
  /** One per segment once an attempt was made; empty before. */
  segments: SegmentProgress[]
  failure?: FailureFacts
  /** The bind of the newest attempt. */
  bind?: BindId
  attempts: number
  updatedAt: number
  sentAt?: number
  finalAt?: number
}

/** A line of the trace. `wire` are decoded PDUs or requests, one a line, bodies left out. */
export type LifeEntry = { at: number } & (
  | { what: 'accepted'; via: BindId }
  | {
      what: 'attempt'
      n: number
      bind: BindId
      outcome: 'ok' | 'failed'
      refs?: string[]
      failure?: FailureFacts
      tookMs?: number
      wire?: string[]
    }
  | { what: 'retry'; bind: BindId; due: number }
  | { what: 'failover'; from: BindId; to: BindId; why: string }
  /** Decided again, since what was decided before holds no longer. */
  | { what: 'decided'; why: string; before: Decision }
  | { what: 'held'; why: string }
  | {
      what: 'receipt'
      bind: BindId
      ref: string
      segment: number
      state: ReceiptState
      final: boolean
      error?: string
      form?: string
      wire?: string
    }
  | { what: 'report'; state: MessageState; n: number; outcome: 'ok' | 'failed' | 'abandoned'; failure?: FailureFacts; wire?: string[] }
  | { what: 'final'; state: MessageState; failure?: FailureFacts }
  | { what: 'redacted' }
  | { what: 'note'; text: string }
)
