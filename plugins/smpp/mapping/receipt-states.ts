// The states of a message as SMPP has them: a number in TLVs and query_sm_resp, a word in receipts.
import type { FailureCode, MessageState, ReceiptState } from '../../../src/plugin.ts'

/** SMPP 5.0 §4.7.15, by number. */
export const stateNumbers: readonly ReceiptState[] = [
  'scheduled',
  'enroute',
  'delivered',
  'expired',
  'deleted',
  'undeliverable',
  'accepted',
  'unknown',
  'rejected',
  'skipped',
]

/** What a client is told of a message: message_state, and the word of SMPP 3.4 appendix B. */
export interface SmppState {
  number: number
  word: string
}

/** Seven letters at most: what clients cut the word to. */
const stateWords: readonly string[] = [
  'SCHEDLD',
  'ENROUTE',
  'DELIVRD',
  'EXPIRED',
  'DELETED',
  'UNDELIV',
  'ACCEPTD',
  'UNKNOWN',
  'REJECTD',
  'SKIPPED',
]

const smppStates = Object.fromEntries(stateNumbers.map((state, number) => [state, { number, word: stateWords[number]! }])) as Record<
  ReceiptState,
  SmppState
>

/** On its way everything is ENROUTE; how it ended, unless the failure says it better. */
const byState: Record<MessageState, SmppState> = {
  scheduled: smppStates.scheduled,
  queued: smppStates.enroute,
  sent: smppStates.enroute,
  held: smppStates.enroute,
  delivered: smppStates.delivered,
  undelivered: smppStates.undeliverable,
  failed: smppStates.undeliverable,
  expired: smppStates.expired,
  canceled: smppStates.deleted,
  // Taken by the carrier, and nothing more is known.
  unconfirmed: smppStates.unknown,
}

/** Refused before any handset was tried: REJECTD; the others of `undelivered` and `failed` stay UNDELIV. */
const byFailure: Partial<Record<FailureCode, SmppState>> = {
  expired: smppStates.expired,
  canceled: smppStates.deleted,
  purged: smppStates.deleted,
  'outcome-unknown': smppStates.unknown,
  'no-receipt': smppStates.unknown,
  'no-route': smppStates.rejected,
  'account-suspended': smppStates.rejected,
  'invalid-source': smppStates.rejected,
  'invalid-destination': smppStates.rejected,
  'invalid-body': smppStates.rejected,
  'too-long': smppStates.rejected,
  blocked: smppStates.rejected,
  'opted-out': smppStates.rejected,
  filtered: smppStates.rejected,
  rejected: smppStates.rejected,
  'not-permitted': smppStates.rejected,
}

/** For receipts and query_sm_resp to a client. */
export function smppState(state: MessageState, failure?: FailureCode): SmppState {
  if (failure !== undefined && (state === 'undelivered' || state === 'failed')) return byFailure[failure] ?? byState[state]
  return byState[state]
}

/** MAP user errors of a GSM network (TS 29.002 §17.6.6), and from 901 on our own: what a receipt's err says where the carrier gave none. */
export const errorNumbers: Readonly<Record<FailureCode, number>> = {
  'unknown-subscriber': 1,
  'not-permitted': 11,
  blocked: 13,
  'absent-subscriber': 27,
  'no-route': 901,
  'account-suspended': 902,
  'bind-down': 903,
  'peer-error': 904,
  'peer-busy': 905,
  'peer-timeout': 906,
  'connection-lost': 907,
  throttled: 908,
  'queue-full': 909,
  'invalid-source': 910,
  'invalid-destination': 911,
  'invalid-body': 912,
  'too-long': 913,
  landline: 914,
  filtered: 915,
  rejected: 916,
  expired: 917,
  canceled: 918,
  purged: 919,
  'attempts-exhausted': 920,
  undeliverable: 921,
  'outcome-unknown': 922,
  'no-receipt': 923,
  'opted-out': 924,
}

/** 0 where nothing failed. */
export function errorNumber(failure: FailureCode | undefined): number {
  return failure === undefined ? 0 : errorNumbers[failure]
}

/** What a code of a receipt may mean for the message. */
export const receiptFailures = [
  'unknown-subscriber',
  'absent-subscriber',
  'landline',
  'not-permitted',
  'blocked',
  'filtered',
  'rejected',
  'queue-full',
  'invalid-source',
  'invalid-destination',
  'invalid-body',
  'too-long',
  'expired',
  'undeliverable',
  'outcome-unknown',
] as const satisfies readonly FailureCode[]
