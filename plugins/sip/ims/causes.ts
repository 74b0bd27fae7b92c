// Why a short message was not taken, in the words of each side: RP-Cause (TS 24.011 §8.2.5.4) and TP-FCS
// (TS 23.040 §9.2.3.22) → our failure, for all that a phone or a core may answer; and why a submission was
// refused → the cause and TP-FCS that its phone is told.
import { AcceptRefused, type FailureCode, type FailureFacts, type FailureKind, type RefusalWhy } from '../../../src/plugin.ts'

type Meaning = readonly [FailureKind, FailureCode, words: string]

export const causes = {
  unassigned: 1,
  operatorBarring: 8,
  barred: 10,
  rejected: 21,
  memoryExceeded: 22,
  unidentified: 28,
  temporary: 41,
  congestion: 42,
  notSubscribed: 50,
  notImplemented: 69,
  semantic: 95,
  invalidInformation: 96,
  noSuchType: 97,
  wrongState: 98,
  protocol: 111,
} as const

const meanings: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [1, ['permanent', 'unknown-subscriber', 'unassigned number']],
  [8, ['permanent', 'blocked', 'operator determined barring']],
  [10, ['permanent', 'blocked', 'call barred']],
  [11, ['permanent', 'rejected', 'reserved']],
  [21, ['permanent', 'rejected', 'short message transfer rejected']],
  [22, ['temporary', 'queue-full', 'memory capacity exceeded']],
  [27, ['temporary', 'absent-subscriber', 'destination out of order']],
  [28, ['permanent', 'unknown-subscriber', 'unidentified subscriber']],
  [29, ['permanent', 'not-permitted', 'facility rejected']],
  [30, ['permanent', 'unknown-subscriber', 'unknown subscriber']],
  [38, ['temporary', 'peer-error', 'network out of order']],
  [41, ['temporary', 'peer-error', 'temporary failure']],
  [42, ['temporary', 'peer-busy', 'congestion']],
  [47, ['temporary', 'peer-busy', 'resources unavailable']],
  [50, ['permanent', 'not-permitted', 'requested facility not subscribed']],
  [69, ['permanent', 'rejected', 'requested facility not implemented']],
  [81, ['temporary', 'peer-error', 'invalid short message transfer reference']],
  [95, ['permanent', 'invalid-body', 'semantically incorrect message']],
  [96, ['permanent', 'invalid-body', 'invalid mandatory information']],
  [97, ['permanent', 'rejected', 'message type not implemented']],
  [98, ['temporary', 'peer-error', 'message not compatible with the protocol state']],
  [99, ['permanent', 'rejected', 'information element not implemented']],
  [111, ['temporary', 'peer-error', 'protocol error']],
  [127, ['temporary', 'peer-error', 'interworking']],
])
/** Any other cause is read as 41, or as 111 (TS 24.011 §8.2.5.4): either way it may pass. */
const unknownCause: Meaning = ['temporary', 'peer-error', 'an unknown cause']

export const failureCauses = {
  telematic: 0x80,
  type0: 0x81,
  codingNotSupported: 0x90,
  commandNotSupported: 0xa1,
  tpduNotSupported: 0xb0,
  busy: 0xc0,
  noSubscription: 0xc1,
  invalidAddress: 0xc3,
  destinationBarred: 0xc4,
  duplicate: 0xc5,
  validity: 0xc7,
  memoryExceeded: 0xd3,
  unspecified: 0xff,
} as const

/** Where a TP-FCS is more exact than its RP-Cause, which is 111 or 22 for most. 0xFF says nothing. */
const exact: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [0x80, ['permanent', 'rejected', 'telematic interworking not supported']],
  [0x81, ['permanent', 'rejected', 'short message type 0 not supported']],
  [0x82, ['permanent', 'rejected', 'cannot replace short message']],
  [0x8f, ['permanent', 'rejected', 'TP-PID error']],
  [0x90, ['permanent', 'invalid-body', 'data coding scheme not supported']],
  [0x91, ['permanent', 'invalid-body', 'message class not supported']],
  [0x9f, ['permanent', 'invalid-body', 'TP-DCS error']],
  [0xa0, ['permanent', 'rejected', 'command cannot be actioned']],
  [0xa1, ['permanent', 'rejected', 'command not supported']],
  [0xaf, ['permanent', 'rejected', 'TP-Command error']],
  [0xb0, ['permanent', 'rejected', 'TPDU not supported']],
  [0xc0, ['temporary', 'peer-busy', 'service centre busy']],
  [0xc1, ['permanent', 'not-permitted', 'no service centre subscription']],
  [0xc2, ['temporary', 'peer-error', 'service centre system failure']],
  [0xc3, ['permanent', 'invalid-destination', 'invalid SME address']],
  [0xc4, ['permanent', 'blocked', 'destination SME barred']],
  [0xc5, ['permanent', 'rejected', 'duplicate short message']],
  [0xc6, ['permanent', 'rejected', 'TP-VPF not supported']],
  [0xc7, ['permanent', 'rejected', 'TP-VP not supported']],
  [0xd0, ['temporary', 'queue-full', 'SIM SMS storage full']],
  [0xd1, ['permanent', 'rejected', 'no SMS storage capability in SIM']],
  [0xd2, ['temporary', 'peer-error', 'error in the phone']],
  [0xd3, ['temporary', 'queue-full', 'memory capacity exceeded']],
  [0xd4, ['temporary', 'peer-busy', 'SIM application toolkit busy']],
  [0xd5, ['permanent', 'rejected', 'SIM data download error']],
])

/** `fcs`: of the report that the RP-ERROR carried. */
export function failureOfError(cause: number, fcs?: number): FailureFacts {
  const more = fcs === undefined ? undefined : exact.get(fcs)
  const [kind, code, words] = more ?? meanings.get(cause) ?? unknownCause
  const named = fcs === undefined ? '' : ` TP-FCS 0x${fcs.toString(16)}`
  return { kind, code, peer: `RP-ERROR ${cause}${named}: ${words}`, peerCode: more ? `FCS-0x${fcs!.toString(16)}` : `RP-${cause}` }
}

/** What an RP-ERROR to a phone says. */
export interface Refused {
  cause: number
  fcs: number
  why: string
}

const refusals: Record<RefusalWhy, readonly [cause: number, fcs: number]> = {
  'no-route': [causes.unassigned, failureCauses.invalidAddress],
  suspended: [causes.operatorBarring, failureCauses.noSubscription],
  busy: [causes.congestion, failureCauses.busy],
  invalid: [causes.invalidInformation, failureCauses.unspecified],
  'source-not-allowed': [causes.notSubscribed, failureCauses.noSubscription],
  'destination-not-allowed': [causes.barred, failureCauses.destinationBarred],
  'opted-out': [causes.barred, failureCauses.destinationBarred],
  'too-short': [causes.rejected, failureCauses.unspecified],
  'too-long': [causes.rejected, failureCauses.unspecified],
  validity: [causes.rejected, failureCauses.validity],
  throttled: [causes.congestion, failureCauses.busy],
  'queue-full': [causes.congestion, failureCauses.busy],
  quota: [causes.congestion, failureCauses.busy],
  loop: [causes.unassigned, failureCauses.invalidAddress],
}

/** Of what Gateway.accept or part rejected with. What is no refusal is our own fault, and may pass. */
export function refusedBy(error: unknown): Refused {
  if (!(error instanceof AcceptRefused)) return { cause: causes.temporary, fcs: failureCauses.unspecified, why: 'an error of ours' }
  const [cause, fcs] = refusals[error.why]
  return { cause, fcs, why: error.message }
}
