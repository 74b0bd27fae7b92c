// A receipt out of TLVs and text. The text's state goes before the TLV's where they contradict each
// other: some carriers send the same message_state with every receipt. The TLV's id goes before the
// text's, since it is by definition the one of the response.
import type { FailureCode, FailureFacts, Receipt, ReceiptState } from '../../../src/plugin.ts'
import { describe, type PduOf, tags, type Tlv, tlv, tlvInteger, tlvString } from '../codec/index.ts'
import { parseReceiptText, type ReceiptFields, scanReceiptText } from './receipt-text.ts'
import { stateNumbers } from './receipt-states.ts'
import { receiptDate } from './time.ts'

/** SMPP 3.4 appendix B, and what else carriers were seen to write. */
const stateWords: ReadonlyMap<string, ReceiptState> = new Map(
  Object.entries<ReceiptState>({
    SCHEDULED: 'scheduled',
    SCHEDLD: 'scheduled',
    ENROUTE: 'enroute',
    BUFFERED: 'enroute',
    ACKED: 'enroute',
    ACCEPTD: 'accepted',
    ACCEPTED: 'accepted',
    DELIVRD: 'delivered',
    DELIVERED: 'delivered',
    EXPIRED: 'expired',
    DELETED: 'deleted',
    UNDELIV: 'undeliverable',
    UNDELIVERABLE: 'undeliverable',
    UNDELIVERED: 'undeliverable',
    FAILED: 'undeliverable',
    REJECTD: 'rejected',
    REJECTED: 'rejected',
    DND_REJECTED: 'rejected',
    SKIPPED: 'skipped',
    UNKNOWN: 'unknown',
  }),
)

const final: ReadonlySet<ReceiptState> = new Set(['delivered', 'expired', 'deleted', 'undeliverable', 'rejected', 'skipped', 'unknown'])

const stateCodes: Partial<Record<ReceiptState, FailureCode>> = {
  expired: 'expired',
  deleted: 'canceled',
  undeliverable: 'undeliverable',
  rejected: 'rejected',
  skipped: 'rejected',
  unknown: 'outcome-unknown',
}

/** network_error_code of a GSM network (SMPP 5.0 §4.8.4.42): MAP user errors, TS 29.002 §17.6. */
const gsmNetwork = 3
const mapErrors: Record<number, FailureCode> = {
  1: 'unknown-subscriber',
  5: 'unknown-subscriber',
  6: 'absent-subscriber',
  9: 'not-permitted',
  11: 'not-permitted',
  13: 'blocked',
  27: 'absent-subscriber',
}

/** What a carrier's own codes mean, by the code as its receipts have it. */
export type ReceiptErrors = Readonly<Record<string, FailureCode>>

const noErrors: ReceiptErrors = {}
/** No response has a longer id (codec/read.ts); a receipt of nothing that we sent would be kept for days. */
const longestRef = 255

/**
 * Undefined when it names no message. `intermediate`: by esm_class; then it is never final, whatever
 * else it says. `errors`: goes before what the networks' own codes mean.
 */
export function readReceipt(
  pdu: PduOf<'deliver_sm' | 'data_sm'>,
  octets: Uint8Array,
  intermediate: boolean,
  errors: ReceiptErrors = noErrors,
): Receipt | undefined {
  const { tlvs } = pdu
  const text: ReceiptFields = scanReceiptText(octets) ?? parseReceiptText(textOf(octets))
  const ref = (tlvs.length > 0 && tlvString(tlvs, tags.receipted_message_id)?.trim()) || text.id
  if (!ref || ref.length > longestRef) return undefined
  const said = stateOf(text.stat) ?? stateOfTlv(tlvs)
  const state = said ?? 'unknown'
  // A word that nobody knows ends nothing: a clearer receipt may follow.
  const isFinal = !intermediate && said !== undefined && final.has(state)
  const network = networkError(tlvs)
  const error = errorOf(text.err, network, state, errors)
  const submittedAt = text.submitDate === undefined ? undefined : receiptDate(text.submitDate)
  const doneAt = text.doneDate === undefined ? undefined : receiptDate(text.doneDate)
  const receipt: Receipt = { ref, state, final: isFinal, wire: describe(pdu) }
  if (submittedAt !== undefined) receipt.submittedAt = submittedAt
  if (doneAt !== undefined) receipt.doneAt = doneAt
  if (error !== undefined) receipt.error = error
  if (isFinal && state !== 'delivered') receipt.failure = failureOf(state, text.stat, error, network, errors)
  return receipt
}

/** Of a failure some say 000 in the text, and why in network_error_code. */
function errorOf(
  err: string | undefined,
  network: NetworkError | undefined,
  state: ReceiptState,
  errors: ReceiptErrors,
): string | undefined {
  if (!network) return err
  if (err === undefined) return String(network.code)
  const isSilent = network.code > 0 && state !== 'delivered' && /^0+$/.test(err) && !Object.hasOwn(errors, err)
  return isSilent ? String(network.code) : err
}

function stateOf(word: string | undefined): ReceiptState | undefined {
  return word === undefined ? undefined : (stateWords.get(word) ?? stateWords.get(word.toUpperCase()))
}

function stateOfTlv(tlvs: readonly Tlv[]): ReceiptState | undefined {
  const number = tlvInteger(tlvs, tags.message_state)
  return number === undefined ? undefined : stateNumbers[number]
}

function failureOf(
  state: ReceiptState,
  stat: string | undefined,
  error: string | undefined,
  network: NetworkError | undefined,
  errors: ReceiptErrors,
): FailureFacts {
  const byTable = error !== undefined && Object.hasOwn(errors, error) ? errors[error] : undefined
  const byNetwork = state === 'undeliverable' && network?.type === gsmNetwork ? mapErrors[network.code] : undefined
  const peer = [`stat:${stat ?? state}`, ...(error === undefined ? [] : [`err:${error}`])].join(' ').slice(0, 100)
  return { kind: 'permanent', code: byTable ?? byNetwork ?? stateCodes[state] ?? 'undeliverable', peer }
}

interface NetworkError {
  type: number
  code: number
}

function networkError(tlvs: readonly Tlv[]): NetworkError | undefined {
  const value = tlv(tlvs, tags.network_error_code)
  if (value?.length !== 3) return undefined
  return { type: value[0]!, code: (value[1]! << 8) | value[2]! }
}

/** ASCII in practice, whatever data_coding says of the quoted message; a few send it in UCS-2. */
function textOf(octets: Uint8Array): string {
  const buffer = Buffer.from(octets)
  if (buffer.length >= 2 && buffer[0] === 0 && buffer[1] !== 0)
    return buffer
      .subarray(0, buffer.length & ~1)
      .swap16()
      .toString('utf16le')
  return buffer.toString('latin1')
}
