// What Twilio says became of a message, by a status callback or when asked, as a receipt.
import type { Receipt, ReceiptState } from '../../../src/plugin.ts'
import { laterFailure } from './codes.ts'

const ends: Readonly<Record<string, ReceiptState>> = {
  delivered: 'delivered',
  // Beyond delivered: of channels where that is told.
  read: 'delivered',
  undelivered: 'undeliverable',
  failed: 'undeliverable',
  canceled: 'deleted',
}
/** Validity Period Expired. */
const expired = 30_036

export interface Told {
  status: string
  errorCode?: number | undefined
  /** Epoch ms. */
  doneAt?: number | undefined
}

/** Undefined for what says no more than the answer to the create did. */
export function receiptOf(ref: string, { status, errorCode, doneAt }: Told): Receipt | undefined {
  const wire = `MessageStatus=${status}${errorCode === undefined ? '' : ` ErrorCode=${errorCode}`}`
  if (status === 'sent') return { ref, state: 'enroute', final: false, wire }
  const end = Object.hasOwn(ends, status) ? ends[status] : undefined
  if (end === undefined) return undefined
  const receipt: Receipt = { ref, state: end === 'undeliverable' && errorCode === expired ? 'expired' : end, final: true, wire }
  if (doneAt !== undefined) receipt.doneAt = doneAt
  if (end === 'delivered') return receipt
  if (errorCode !== undefined) receipt.error = String(errorCode)
  receipt.failure = end === 'deleted' ? { kind: 'permanent', code: 'canceled' } : laterFailure(errorCode)
  return receipt
}

/** RawDlrDoneDate, YYMMDDhhmm in GMT; undefined for what is none. */
export function doneDate(text: string | undefined): number | undefined {
  const [, year, month, day, hour, minute] = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\d\d)?$/.exec(text ?? '') ?? []
  if (year === undefined) return undefined
  const ms = Date.parse(`20${year}-${month}-${day}T${hour}:${minute}:00Z`)
  return Number.isNaN(ms) ? undefined : ms
}
