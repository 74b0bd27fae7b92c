// SMS-SUBMIT → a submission of ours, and the notes by which its status reports find their way. Pure. What
// cannot be meant is refused by the cause and TP-FCS that the specifications have for it.
import {
  type Body,
  decodeText,
  parseDcs,
  portsOf,
  rewriteDestination,
  septetLength,
  type Submission,
  takeConcatenation,
  type WaitingIndication,
} from '../../../src/plugin.ts'
import { destinationOf, noteOf } from './addresses.ts'
import { causes, failureCauses, type Refused } from './causes.ts'
import { lifetimeOf, type Submit, type TpUserData } from './tpdu/index.ts'

export interface Place {
  reference: number
  total: number
  /** From 1. */
  index: number
}

/** Who it is from is not the TPDU's to say. */
export type ReadSubmission = { submission: Omit<Submission, 'from'>; place?: Place } | { refused: Refused }

export interface SubmissionTerms {
  destinationRewrites: Readonly<Record<string, string>>
  /** Whose national numbers a phone dials. */
  country: string | undefined
  now: number
}

/** Notes on a message: `sip.ims` the URI of its phone; `tp-da` as the phone dialled it; `tp-mr.<part>` of each that wants a status report: its TP-MR and TP-SCTS. */
export const [phoneNote, destinationNote, referenceNote] = ['sip.ims', 'tp-da', 'tp-mr.']
/** A PID other than 0 goes with the message to wherever it can be said again. */
export const pidExtra = 'tp-pid'

export function readSubmission(submit: Submit, terms: SubmissionTerms): ReadSubmission {
  const { now } = terms
  const to = destinationOf(submit.destination, (dialled) => rewriteDestination(dialled, terms.destinationRewrites), terms.country)
  if (!to) return refused(causes.unidentified, failureCauses.invalidAddress, 'TP-DA: expected a number')
  const fault = pidFault(submit.pid)
  if (fault) return fault
  const coding = parseDcs(submit.dcs)
  if (coding.compressed)
    return refused(causes.protocol, failureCauses.codingNotSupported, 'TP-DCS: compressed text (TS 23.042) is not read')
  const lifetime = lifetimeOf(submit.validity, now)
  if (!lifetime || (lifetime.until !== undefined && lifetime.until <= now))
    return refused(causes.rejected, failureCauses.validity, 'TP-VP: expected a time to come')
  const { body, place } = bodyOf(submit.dcs, submit.userData)
  const submission: Omit<Submission, 'from'> = {
    to,
    body,
    priority: 1,
    receipt: submit.statusReportRequest ? 'both' : 'none',
    report: notesOf(submit, place, now),
  }
  if (lifetime.until !== undefined) submission.validUntil = lifetime.until
  if (lifetime.once) submission.mode = 'datagram'
  const extras = extrasOf(submit.pid, coding.waiting)
  if (extras) submission.extras = extras
  return place ? { submission, place } : { submission }
}

function refused(cause: number, fcs: number, why: string): { refused: Refused } {
  return { refused: { cause, fcs, why } }
}

/** TS 23.040 §9.2.3.9. A message of type 0 is shown to nobody: it only tells who sends it that the phone is on. */
function pidFault(pid: number): { refused: Refused } | undefined {
  if (pid === 0x40) return refused(causes.protocol, failureCauses.type0, 'TP-PID: type 0 is not sent')
  if ((pid & 0xe0) === 0x20) return refused(causes.protocol, failureCauses.telematic, 'TP-PID: there is no telematic interworking')
  return undefined
}

type TextOrBinary = Exclude<Body, { kind: 'mms' }>

function bodyOf(dcs: number, { udh, data }: TpUserData): { body: TextOrBinary; place?: Place } {
  const { alphabet, messageClass } = parseDcs(dcs)
  const header = udh && takeConcatenation(udh)
  const rest = header?.rest
  const said = header?.concatenation
  const place = said && said.total > 1 ? { reference: said.reference, total: said.total, index: said.index } : undefined
  // With application ports the octets are an application's, not a person's.
  const isText = alphabet !== 'binary' && !(rest && portsOf(rest))
  const body: TextOrBinary = isText
    ? { kind: 'text', text: decodeText(alphabet, data, udh, place !== undefined) }
    : { kind: 'binary', data: Uint8Array.from(data) }
  if (body.kind === 'binary' && rest) body.udh = Uint8Array.from(rest)
  if (body.kind === 'text' && alphabet === 'ucs2' && septetLength(body.text) >= 0) body.ucs2 = true
  if (messageClass !== undefined) body.messageClass = messageClass
  return place ? { body, place } : { body }
}

function notesOf({ mr, destination, statusReportRequest }: Submit, place: Place | undefined, now: number): Record<string, string> {
  const notes: Record<string, string> = { [destinationNote]: noteOf(destination) }
  if (statusReportRequest) notes[`${referenceNote}${place?.index ?? 0}`] = `${mr} ${now}`
  return notes
}

/** `waiting` as all connectors write it: `voicemail:on:store`. */
function extrasOf(pid: number, waiting: WaitingIndication | undefined): Record<string, string> | undefined {
  if (pid === 0 && waiting === undefined) return undefined
  const extras: Record<string, string> = {}
  if (pid !== 0) extras[pidExtra] = String(pid)
  if (waiting) extras['waiting'] = `${waiting.of}:${waiting.active ? 'on' : 'off'}:${waiting.store ? 'store' : 'discard'}`
  return extras
}
