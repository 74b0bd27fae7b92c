// What a bind does when nobody said otherwise.
import type { BindPolicy } from './bind.ts'

export const defaultPolicy: BindPolicy = {
  sessions: 1,
  window: 10,
  segmentsPerSecond: 0,
  attempts: 10,
  retryFirstMs: 5000,
  retryMultiplier: 2,
  retryCapMs: 3_600_000,
  downLimitMs: 300_000,
  unknown: 'resend',
  validitySeconds: 172_800,
  maxValiditySeconds: 864_000,
  receiptTimeoutSeconds: 86_400,
  concatenation: 'udh8',
  destinationRewrites: {},
  nationalTables: [],
  partsTimeoutSeconds: 600,
  partsIncomplete: 'deliver',
}

/** Of a client bind: its window is how many reports wait for an answer at a time. */
export const defaultClientPolicy: BindPolicy = { ...defaultPolicy, window: 256 }
