// Twilio's words in RestComm's: it knows fewer states and errors, and writes some of them otherwise.
import type { Fields, TwilioFailure, TwilioStatus } from '../mapping.ts'

export const apiVersion = '2012-04-24'

const states: Partial<Record<TwilioStatus, string>> = { scheduled: 'queued', canceled: 'failed' }

export function statusOf(status: TwilioStatus): string {
  return states[status] ?? status
}

interface Error {
  code: number
  message: string
  /** As a status callback has it. */
  name: string
}

/** By what is beyond 30000. */
const errors: readonly (readonly [string, string])[] = [
  ['Queue overflow', 'QUEUE_OVERFLOW'],
  ['Account suspended', 'ACCOUNT_SUSPENDED'],
  ['Unreachable destination handset', 'UNREACHABLE_DESTINATION_HANDSET'],
  ['Message blocked', 'MESSAGE_BLOCKED'],
  ['Unknown destination handset', 'UNKNOWN_DESTINATION_HANDSET'],
  ['Landline or unreachable carrier', 'LANDLINE_OR_UNREACHABLE_CARRIER'],
  ['Carrier violation', 'CARRIER_VIOLATION'],
  ['Unknown error', 'UNKNOWN_ERROR'],
  ['Missing segment', 'MISSING_SEGMENT'],
  ['Message price exceeds max price', 'MESSAGE_PRICE_EXCEEDS_MAX_PRICE'],
]
const unknown = 30_008

export function errorOf(failure: TwilioFailure | undefined): Error | undefined {
  if (!failure) return undefined
  const known = errors[failure.code - 30_001]
  const [message, name] = known ?? errors[unknown - 30_001]!
  return { code: known ? failure.code : unknown, message, name }
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `Thu, 5 Jul 2018 07:46:45 +0000`: unlike Twilio's, the day has one digit where that will do. */
export function dateOf(ms: number): string {
  const at = new Date(ms)
  return `${days[at.getUTCDay()]}, ${at.getUTCDate()} ${months[at.getUTCMonth()]} ${at.getUTCFullYear()} ${at.toISOString().slice(11, 19)} +0000`
}

export const sortable: Readonly<Record<string, (of: Fields) => string | number>> = {
  DateCreated: ({ createdAt }) => createdAt,
  From: ({ from }) => from,
  To: ({ to }) => to,
  Direction: ({ direction }) => direction,
  Status: ({ status }) => statusOf(status),
  Body: ({ body }) => body,
  Price: () => 0,
}
