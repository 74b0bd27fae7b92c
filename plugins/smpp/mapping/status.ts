// command_status of a carrier's response → our failure, for every status of SMPP 3.3, 3.4 and 5.0. What
// is not in the table, a vendor's own among them, is temporary until a bind's `actions` say otherwise.
import type { FailureCode, FailureFacts, FailureKind } from '../../../src/plugin.ts'
import { type StatusName, statusOf, statusText } from '../codec/index.ts'

type Meaning = readonly [FailureKind, FailureCode]

/** permanent: the same message will meet the same answer here; another carrier may take it. */
const meanings: Record<Exclude<StatusName, 'ESME_ROK'>, Meaning> = {
  ESME_RINVMSGLEN: ['permanent', 'too-long'],
  ESME_RINVCMDLEN: ['permanent', 'invalid-body'],
  ESME_RINVCMDID: ['permanent', 'rejected'],
  // The session is not what we think it is; a new one will be.
  ESME_RINVBNDSTS: ['temporary', 'bind-down'],
  ESME_RALYBND: ['temporary', 'peer-error'],
  ESME_RINVPRTFLG: ['permanent', 'rejected'],
  ESME_RINVREGDLVFLG: ['permanent', 'rejected'],
  ESME_RSYSERR: ['temporary', 'peer-error'],
  ESME_RINVSRCADR: ['permanent', 'invalid-source'],
  ESME_RINVDSTADR: ['permanent', 'invalid-destination'],
  ESME_RINVMSGID: ['permanent', 'rejected'],
  ESME_RBINDFAIL: ['temporary', 'bind-down'],
  ESME_RINVPASWD: ['permanent', 'not-permitted'],
  ESME_RINVSYSID: ['permanent', 'not-permitted'],
  ESME_RCANCELFAIL: ['permanent', 'rejected'],
  ESME_RREPLACEFAIL: ['permanent', 'rejected'],
  ESME_RMSGQFUL: ['throttled', 'queue-full'],
  ESME_RINVSERTYP: ['permanent', 'rejected'],
  ESME_RINVNUMDESTS: ['permanent', 'rejected'],
  ESME_RINVDLNAME: ['permanent', 'invalid-destination'],
  ESME_RINVDESTFLAG: ['permanent', 'rejected'],
  ESME_RINVSUBREP: ['permanent', 'rejected'],
  ESME_RINVESMCLASS: ['permanent', 'rejected'],
  ESME_RCNTSUBDL: ['permanent', 'rejected'],
  ESME_RSUBMITFAIL: ['temporary', 'peer-error'],
  ESME_RINVSRCTON: ['permanent', 'invalid-source'],
  ESME_RINVSRCNPI: ['permanent', 'invalid-source'],
  ESME_RINVDSTTON: ['permanent', 'invalid-destination'],
  ESME_RINVDSTNPI: ['permanent', 'invalid-destination'],
  ESME_RINVSYSTYP: ['permanent', 'not-permitted'],
  ESME_RINVREPFLAG: ['permanent', 'rejected'],
  ESME_RINVNUMMSGS: ['permanent', 'rejected'],
  ESME_RTHROTTLED: ['throttled', 'throttled'],
  ESME_RINVSCHED: ['permanent', 'rejected'],
  ESME_RINVEXPIRY: ['permanent', 'rejected'],
  ESME_RINVDFTMSGID: ['permanent', 'rejected'],
  ESME_RX_T_APPN: ['temporary', 'peer-error'],
  ESME_RX_P_APPN: ['permanent', 'rejected'],
  ESME_RX_R_APPN: ['permanent', 'rejected'],
  ESME_RQUERYFAIL: ['temporary', 'peer-error'],
  ESME_RINVTLVSTREAM: ['permanent', 'rejected'],
  ESME_RTLVNOTALLWD: ['permanent', 'rejected'],
  ESME_RINVTLVLEN: ['permanent', 'rejected'],
  ESME_RMISSINGTLV: ['permanent', 'rejected'],
  ESME_RINVTLVVAL: ['permanent', 'rejected'],
  // Transaction mode: the carrier tried, and the handset did not take it (SMPP 5.0 §4.7.6).
  ESME_RDELIVERYFAILURE: ['permanent', 'undeliverable'],
  ESME_RUNKNOWNERR: ['temporary', 'peer-error'],
  ESME_RSERTYPUNAUTH: ['permanent', 'not-permitted'],
  ESME_RPROHIBITED: ['permanent', 'not-permitted'],
  ESME_RSERTYPUNAVAIL: ['temporary', 'peer-error'],
  ESME_RSERTYPDENIED: ['permanent', 'not-permitted'],
  ESME_RINVDCS: ['permanent', 'invalid-body'],
  ESME_RINVSRCADDRSUBUNIT: ['permanent', 'invalid-source'],
  ESME_RINVDSTADDRSUBUNIT: ['permanent', 'invalid-destination'],
  ESME_RINVBCASTFREQINT: ['permanent', 'rejected'],
  ESME_RINVBCASTALIAS_NAME: ['permanent', 'rejected'],
  ESME_RINVBCASTAREAFMT: ['permanent', 'rejected'],
  ESME_RINVNUMBCAST_AREAS: ['permanent', 'rejected'],
  ESME_RINVBCASTCNTTYPE: ['permanent', 'rejected'],
  ESME_RINVBCASTMSGCLASS: ['permanent', 'rejected'],
  ESME_RBCASTFAIL: ['temporary', 'peer-error'],
  ESME_RBCASTQUERYFAIL: ['temporary', 'peer-error'],
  ESME_RBCASTCANCELFAIL: ['permanent', 'rejected'],
  ESME_RINVBCAST_REP: ['permanent', 'rejected'],
  ESME_RINVBCASTSRVGRP: ['permanent', 'rejected'],
  ESME_RINVBCASTCHANIND: ['permanent', 'rejected'],
}

/** Of a response to submit_sm or data_sm that is no success: also a generic_nack that says ESME_ROK. */
export function submitFailure(command_status: number): FailureFacts {
  const name = statusOf(command_status)
  if (name === undefined || name === 'ESME_ROK') return unnamed(command_status)
  const [kind, code] = meanings[name]
  return { kind, code, peer: statusText(command_status), peerCode: name }
}

/** SMPP 5.0 §4.7.6: a vendor's own lie in 0x400–0x4FF; many use others, too. */
function unnamed(command_status: number): FailureFacts {
  const text = statusText(command_status)
  const isVendors = command_status >= 0x400 && command_status <= 0x4ff
  const peer = `${text}, ${isVendors ? "a status of the vendor's own" : 'a status that no version of SMPP names'}`
  return { kind: 'temporary', code: 'peer-error', peer, peerCode: statusOf(command_status) ?? text }
}

const bindWords: Partial<Record<StatusName, string>> = {
  ESME_RINVPASWD: 'the carrier does not accept this password for this system_id',
  ESME_RINVSYSID: 'the carrier does not know this system_id, or not from this address',
  ESME_RINVSYSTYP: 'the carrier does not accept this system_type',
  ESME_RBINDFAIL: 'the carrier refuses the bind: wrong credentials, an address that is not allowed, or too many sessions',
  ESME_RALYBND: 'the carrier says we are bound already: an old session lives on, or there are too many',
  ESME_RINVBNDSTS: 'the carrier does not allow this kind of bind',
}
const forGood: ReadonlySet<string> = new Set([
  'ESME_RINVPASWD',
  'ESME_RINVSYSID',
  'ESME_RINVSYSTYP',
  'ESME_RPROHIBITED',
  'ESME_RSERTYPUNAUTH',
  'ESME_RSERTYPDENIED',
])

/** Of a response to bind_*. Permanent is what an operator must put right: it is tried again all the same, but seldom. */
export function bindFailure(command_status: number): FailureFacts {
  const name = statusOf(command_status)
  const words = name && bindWords[name]
  const peer = words ? `${statusText(command_status)}: ${words}` : statusText(command_status)
  const peerCode = name ?? statusText(command_status)
  if (name && forGood.has(name)) return { kind: 'permanent', code: 'not-permitted', peer, peerCode }
  if (name === 'ESME_RTHROTTLED') return { kind: 'throttled', code: 'throttled', peer, peerCode }
  return { kind: 'temporary', code: 'bind-down', peer, peerCode }
}
