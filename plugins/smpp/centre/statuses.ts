// What a client is answered. Why a submission was refused → command_status; what it says of a
// deliver_sm → our failure; and the response that belongs to a request.
import { AcceptRefused, type FailureCode, type FailureFacts, type RefusalWhy } from '../../../src/plugin.ts'
import { type Command, commandIds, type Draft, type Pdu, statuses } from '../codec/index.ts'
import { submitFailure } from '../mapping/status.ts'

/** SMPP 5.0 §4.7.6: prohibited from using the operation. */
export const suspendedStatus = statuses.ESME_RPROHIBITED

const refusals: Record<RefusalWhy, number> = {
  'no-route': statuses.ESME_RINVDSTADR,
  suspended: suspendedStatus,
  busy: statuses.ESME_RSYSERR,
  invalid: statuses.ESME_RSUBMITFAIL,
  'source-not-allowed': statuses.ESME_RINVSRCADR,
  'destination-not-allowed': statuses.ESME_RINVDSTADR,
  'opted-out': statuses.ESME_RINVDSTADR,
  'too-short': statuses.ESME_RINVMSGLEN,
  'too-long': statuses.ESME_RINVMSGLEN,
  validity: statuses.ESME_RINVEXPIRY,
  throttled: statuses.ESME_RTHROTTLED,
  'queue-full': statuses.ESME_RMSGQFUL,
  quota: statuses.ESME_RMSGQFUL,
  loop: statuses.ESME_RINVDSTADR,
}

/** SMPP 5.0 §4.7.6: those that a client knows to try again are RSYSERR, RTHROTTLED and RMSGQFUL. */
export function refusalStatus(error: unknown): number {
  return error instanceof AcceptRefused ? refusals[error.why] : statuses.ESME_RSYSERR
}

/** Of a deliver_sm_resp or data_sm_resp with a status, or of a generic_nack. */
export function deliverFailure(command_status: number): FailureFacts {
  const facts = submitFailure(command_status)
  // A client's full queue is its own affair: later, without a pause for what others are sent.
  if (command_status === statuses.ESME_RMSGQFUL) return { ...facts, kind: 'temporary', code: 'queue-full' }
  return facts
}

/** delivery_failure_reason, SMPP 5.0 §4.8.4.22. */
const [unavailable, invalidAddress, permanentError, temporaryError] = [0, 1, 2, 3]
const reasons: Partial<Record<FailureCode, number>> = {
  'absent-subscriber': unavailable,
  'unknown-subscriber': invalidAddress,
  'invalid-destination': invalidAddress,
  landline: invalidAddress,
  'no-route': invalidAddress,
  expired: temporaryError,
  'peer-busy': temporaryError,
  'peer-timeout': temporaryError,
  'peer-error': temporaryError,
  'bind-down': temporaryError,
  'connection-lost': temporaryError,
  throttled: temporaryError,
  'queue-full': temporaryError,
  'attempts-exhausted': temporaryError,
  'outcome-unknown': temporaryError,
}

export function failureReason(code: FailureCode | undefined): number {
  return (code && reasons[code]) ?? permanentError
}

/** The response that says no; generic_nack where the request has none of its own. */
export function refusal(pdu: Pick<Pdu, 'command' | 'sequence_number'>, command_status: number): Draft {
  const { command, sequence_number } = pdu
  const response = `${command}_resp`
  if (response in commandIds) return { command: response as Extract<Command, `${string}_resp`>, sequence_number, command_status }
  return { command: 'generic_nack', sequence_number, command_status }
}
