// What an account used: messages that were accepted, and their segments, by day of acceptance.
import type { Direction } from './message.ts'

/** Text and binary are short messages. */
export type UsageKind = 'sms' | 'mms'

/** Of one account, or of several together. */
export interface UsageRow {
  /** Start of the day, UTC, epoch ms. */
  day: number
  direction: Direction
  kind: UsageKind
  messages: number
  segments: number
}

export interface UsageSpan {
  /** Days that begin then: epoch ms, both inclusive. */
  from: number
  to: number
  /** With all accounts below it, in one sum. */
  below: boolean
}
