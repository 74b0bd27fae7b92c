// What a supplier says became of a segment (receipt), and what we tell the sender (report).
import type { FailureFacts } from './failure.ts'
import type { MessageState } from './life.ts'

/** SMPP 5.0 §4.7.15 message_state, in words. */
export const receiptStates = [
  'enroute',
  'accepted',
  'scheduled',
  'delivered',
  'expired',
  'deleted',
  'undeliverable',
  'rejected',
  'skipped',
  'unknown',
] as const
export type ReceiptState = (typeof receiptStates)[number]

export interface Receipt {
  /** The peer's id of the segment, raw, as the receipt has it. */
  ref: string
  state: ReceiptState
  /** Intermediate states are never final. */
  final: boolean
  /** Epoch ms by the peer's clock, where it says: when it took the segment, and when that had its state. */
  submittedAt?: number
  doneAt?: number
  /** The peer's error code as sent, e.g. `001`. */
  error?: string
  /** Our reading of it, for a final state that is no delivery. */
  failure?: FailureFacts
  /** What else it carried, by the names that a submission's extras have (`tlv.0x1403`). */
  extras?: Record<string, string>
  /** The decoded PDU, one line, without the body. */
  wire?: string
}

/** A receipt on its way to whoever sent the message. */
export interface Report {
  state: MessageState
  at: number
  failure?: FailureFacts
  /** The peer's done date and error, when a receipt caused the report. */
  doneAt?: number
  error?: string
  /** The receipt's. */
  extras?: Record<string, string>
}
