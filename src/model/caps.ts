// What an account, and all below it together, may do at most. Days and months are those of UTC.

/** Absent, or 0: no limit. */
export interface Caps {
  messagesPerSecond?: number
  messagesPerDay?: number
  messagesPerMonth?: number
  segmentsPerSecond?: number
  segmentsPerDay?: number
  segmentsPerMonth?: number
  /** Messages that wait on lanes, scheduled ones too. */
  queued?: number
  /** Sessions that peers have open on its client binds: ESMEs, users and trunks. */
  sessions?: number
}

export const capNames = [
  'messagesPerSecond',
  'messagesPerDay',
  'messagesPerMonth',
  'segmentsPerSecond',
  'segmentsPerDay',
  'segmentsPerMonth',
  'queued',
  'sessions',
] as const satisfies readonly (keyof Caps)[]

const dayMs = 86_400_000

/** Days since 1970 of an epoch time in ms. */
export function dayOf(ms: number): number {
  return Math.floor(ms / dayMs)
}

/** The first day of a day's month. */
export function monthStart(day: number): number {
  const date = new Date(day * dayMs)
  return dayOf(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1))
}
