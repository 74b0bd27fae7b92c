// What a phone is sent: segments of a message as SMS-DELIVER, a report as SMS-STATUS-REPORT. Pure. Throws
// a permanent Failure for what no TPDU can hold.
import {
  buildDcs,
  Failure,
  type FailureCode,
  type Message,
  type Report,
  type Segment,
  split,
  type BindPolicy,
  waitingKinds,
} from '../../../src/plugin.ts'
import { ofNote, toTp } from './addresses.ts'
import { destinationNote, pidExtra, referenceNote } from './submission.ts'
import { addressFault, type Deliver, type StatusReport, timeAt, type TpAddress, writeTpdu } from './tpdu/index.ts'

/** For a message that comes whole. Its reference is its own, so that a phone knows a repeated part. */
export function segmentsOf(
  message: Message,
  { concatenation, nationalTables }: Pick<BindPolicy, 'concatenation' | 'nationalTables'>,
): Segment[] {
  const width = concatenation === 'udh16' ? 'udh16' : 'udh8'
  return split(message.body, { concatenation: width, nationalTables, reference: Number.parseInt(message.id.slice(-4), 16) })
}

/** `quarters` of an hour east of UTC, in which the phone is told the time. */
export function deliverTpdu(message: Message, segment: Segment, quarters: number, moreMessages: boolean): Uint8Array {
  const { alphabet, data, udh } = segment
  if (alphabet !== 'gsm7' && alphabet !== 'ucs2' && alphabet !== 'binary')
    throw new Failure('permanent', 'invalid-body', `a phone reads no ${alphabet}: expected gsm7, ucs2 or binary`)
  const deliver: Deliver = {
    type: 'deliver',
    moreMessages,
    loopPrevention: false,
    statusReportIndication: false,
    replyPath: false,
    originator: originatorOf(message),
    pid: pidOf(message),
    dcs: waitingDcs(message, alphabet) ?? buildDcs(alphabet, segment.messageClass),
    scts: timeAt(message.acceptedAt, quarters),
    userData: udh ? { udh, data } : { data },
  }
  try {
    return writeTpdu(deliver)
  } catch (error) {
    throw new Failure('permanent', 'too-long', error instanceof Error ? error.message : undefined, { cause: error })
  }
}

function originatorOf({ from }: Message): TpAddress {
  const address = toTp(from)
  const fault = addressFault(address)
  if (fault !== undefined) throw new Failure('permanent', 'invalid-source', `TP-OA: ${fault}`)
  return address
}

/** Those of other messages' phones only: 0x41 to 0x7f say what a phone does with it (TS 23.040 §9.2.3.9). */
function pidOf({ extras }: Message): number {
  const pid = Number(extras?.[pidExtra] ?? 0)
  return Number.isInteger(pid) && pid > 0x40 && pid <= 0x7f ? pid : 0
}

/** A message waiting indication as TP-DCS (TS 23.038 §4): it has no group for binary, and none to discard in UCS-2. */
function waitingDcs({ extras }: Message, alphabet: 'gsm7' | 'ucs2' | 'binary'): number | undefined {
  const [kind, state, fate] = extras?.['waiting']?.split(':') ?? []
  const of = waitingKinds.findIndex((each) => each === kind)
  if (of < 0 || alphabet === 'binary') return undefined
  const group = alphabet === 'ucs2' ? 0xe0 : fate === 'discard' ? 0xc0 : 0xd0
  return group | (state === 'on' ? 0x08 : 0) | of
}

/** One for each part that asked; none for a message that no phone submitted. */
export function statusReports(message: Message, report: Report, quarters: number): Uint8Array[] {
  const notes = message.report
  if (!notes) return []
  const recipient = ofNote(notes[destinationNote]) ?? toTp(message.to)
  const head: Omit<StatusReport, 'mr' | 'scts' | 'moreMessages'> = {
    type: 'status-report',
    loopPrevention: false,
    qualifier: 'submit',
    recipient,
    discharge: timeAt(report.doneAt ?? report.at, quarters),
    status: statusOf(report),
  }
  const asked = Object.keys(notes).filter((name) => name.startsWith(referenceNote))
  return asked.map((name, i) => {
    const [mr, scts] = notes[name]!.split(' ').map(Number)
    return writeTpdu({ ...head, mr: mr ?? 0, scts: timeAt(scts ?? message.acceptedAt, quarters), moreMessages: i < asked.length - 1 })
  })
}

/** TP-ST (TS 23.040 §9.2.3.15): 0x4x permanent, 0x6x temporary and given up. */
const failed: Partial<Record<FailureCode, number>> = {
  'invalid-destination': 0x41,
  'unknown-subscriber': 0x43,
  'no-route': 0x45,
  landline: 0x41,
  blocked: 0x42,
  filtered: 0x42,
  rejected: 0x42,
  'not-permitted': 0x42,
  'opted-out': 0x42,
  expired: 0x46,
  canceled: 0x47,
  purged: 0x48,
  throttled: 0x60,
  'queue-full': 0x61,
  'peer-busy': 0x61,
  'absent-subscriber': 0x62,
  'peer-timeout': 0x62,
  'peer-error': 0x63,
  'bind-down': 0x63,
  'connection-lost': 0x63,
  'attempts-exhausted': 0x63,
}

export function statusOf({ state, failure }: Pick<Report, 'state' | 'failure'>): number {
  switch (state) {
    case 'delivered':
      return 0x00
    case 'unconfirmed':
      return 0x01
    case 'expired':
      return 0x46
    case 'canceled':
      return 0x47
    case 'scheduled':
    case 'queued':
    case 'sent':
    case 'held':
      // Still tried: no response from the SME yet.
      return 0x22
    case 'undelivered':
    case 'failed':
      return (failure && failed[failure.code]) ?? 0x40
  }
  return state satisfies never
}
