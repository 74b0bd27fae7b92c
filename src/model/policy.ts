// What a bind does when nobody said otherwise.
import type { AddressFilter, BindPolicy, Limits } from './bind.ts'

const anyAddress: AddressFilter = { allow: [], deny: [], tons: [], npis: [] }
const noLimits: Limits = { perSecond: 0, perMinute: 0, perHour: 0, perDay: 0 }

export const defaultPolicy: BindPolicy = {
  sessions: 1,
  window: 10,
  segmentsPerSecond: 0,
  adaptiveRate: true,
  attempts: 10,
  retryFirstMs: 5000,
  retrySecondMs: 0,
  retryMultiplier: 2,
  retryCapMs: 3_600_000,
  busyFirstMs: 1000,
  busySecondMs: 0,
  busyMultiplier: 2,
  busyCapMs: 120_000,
  actions: {},
  downLimitMs: 300_000,
  relayLimitMs: 0,
  unknown: 'resend',
  query: false,
  mode: 'store',
  modeLimitMs: 10_000,
  validitySeconds: 172_800,
  maxValiditySeconds: 864_000,
  aboveMaxValidity: 'cap',
  shortestText: 0,
  longestText: 0,
  sources: anyAddress,
  destinations: anyAddress,
  messages: noLimits,
  segments: noLimits,
  mostQueued: 0,
  reports: 'intermediate',
  errorCodes: {},
  trunk: '',
  trunkWeight: 1,
  restAbove: 0,
  restUntil: 0,
  peer: '',
  transit: false,
  receiptTimeoutSeconds: 86_400,
  concatenation: 'udh8',
  destinationRewrites: {},
  nationalTables: [],
  partsTimeoutSeconds: 600,
  partsIncomplete: 'deliver',
}

/** Of a client bind: its window is how many requests of either side wait for an answer at a time. */
export const defaultClientPolicy: BindPolicy = { ...defaultPolicy, sessions: 8, window: 256 }
