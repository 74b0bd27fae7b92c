// Octets → TPDU (TS 23.040 §9.2.2). Never throws: what cannot be read is answered with why. Octets
// behind the last field are ignored, as the specification asks of what later releases may add.
import { type Cursor, cursorOf, fail, left, takeOctet, takeOctets } from '../cursor.ts'
import { takeAddress } from './address.ts'
import { takeTime } from './time.ts'
import type { Command, Deliver, DeliverReport, Parameters, Read, StatusReport, Submit, SubmitReport, ToNetwork, ToPhone } from './types.ts'
import { takeUserData } from './user-data.ts'
import { takeValidity } from './validity.ts'

/** Which RP message carries a report: only an RP-ERROR's has a TP-FCS (TS 23.040 §9.2.2.1a, §9.2.2.2a). */
export type Carrier = 'data' | 'ack' | 'error'

/** Bits of the first octet (TS 23.040 §9.2.3). */
const bits = { noMore: 0x04, rejectDuplicates: 0x04, loop: 0x08, report: 0x20, udhi: 0x40, replyPath: 0x80 } as const

/** From a phone. The type octet means one thing in RP-DATA and the same in a report: `carrier` says whether there is a TP-FCS. */
export function readToNetwork(octets: Uint8Array, carrier: Carrier): Read<ToNetwork> {
  const cursor = cursorOf(octets)
  const first = takeOctet(cursor, 'TP-MTI')
  const type = first & 0x03
  if (type === 0) return done(cursor, deliverReport(cursor, first, carrier))
  if (type === 1) return done(cursor, submit(cursor, first))
  if (type === 2) return done(cursor, command(cursor, first))
  return { ok: false, why: 'TP-MTI 3 is reserved' }
}

/** To a phone. */
export function readToPhone(octets: Uint8Array, carrier: Carrier): Read<ToPhone> {
  const cursor = cursorOf(octets)
  const first = takeOctet(cursor, 'TP-MTI')
  const type = first & 0x03
  if (type === 0) return done(cursor, deliver(cursor, first))
  if (type === 1) return done(cursor, submitReport(cursor, first, carrier))
  if (type === 2) return done(cursor, statusReport(cursor, first))
  return { ok: false, why: 'TP-MTI 3 is reserved' }
}

function done<T>(cursor: Cursor, tpdu: T): Read<T> {
  return cursor.why === undefined ? { ok: true, tpdu } : { ok: false, why: cursor.why }
}

function deliver(cursor: Cursor, first: number): Deliver {
  const originator = takeAddress(cursor, 'TP-OA')
  const pid = takeOctet(cursor, 'TP-PID')
  const dcs = takeOctet(cursor, 'TP-DCS')
  const scts = takeTime(cursor, 'TP-SCTS')
  return {
    type: 'deliver',
    moreMessages: (first & bits.noMore) === 0,
    loopPrevention: (first & bits.loop) !== 0,
    statusReportIndication: (first & bits.report) !== 0,
    replyPath: (first & bits.replyPath) !== 0,
    originator,
    pid,
    dcs,
    scts,
    userData: takeUserData(cursor, dcs, (first & bits.udhi) !== 0),
  }
}

function submit(cursor: Cursor, first: number): Submit {
  const mr = takeOctet(cursor, 'TP-MR')
  const destination = takeAddress(cursor, 'TP-DA')
  const pid = takeOctet(cursor, 'TP-PID')
  const dcs = takeOctet(cursor, 'TP-DCS')
  const validity = takeValidity(cursor, (first >> 3) & 0x03)
  return {
    type: 'submit',
    rejectDuplicates: (first & bits.rejectDuplicates) !== 0,
    statusReportRequest: (first & bits.report) !== 0,
    replyPath: (first & bits.replyPath) !== 0,
    mr,
    destination,
    pid,
    dcs,
    validity,
    userData: takeUserData(cursor, dcs, (first & bits.udhi) !== 0),
  }
}

function deliverReport(cursor: Cursor, first: number, carrier: Carrier): DeliverReport {
  const report: DeliverReport = { type: 'deliver-report' }
  if (carrier === 'error') report.fcs = takeOctet(cursor, 'TP-FCS')
  takeParameters(cursor, takeIndicator(cursor), first, report)
  return report
}

function submitReport(cursor: Cursor, first: number, carrier: Carrier): SubmitReport {
  const fcs = carrier === 'error' ? takeOctet(cursor, 'TP-FCS') : undefined
  const indicator = takeIndicator(cursor)
  const report: SubmitReport = { type: 'submit-report', scts: takeTime(cursor, 'TP-SCTS') }
  if (fcs !== undefined) report.fcs = fcs
  takeParameters(cursor, indicator, first, report)
  return report
}

function statusReport(cursor: Cursor, first: number): StatusReport {
  const mr = takeOctet(cursor, 'TP-MR')
  const recipient = takeAddress(cursor, 'TP-RA')
  const report: StatusReport = {
    type: 'status-report',
    moreMessages: (first & bits.noMore) === 0,
    loopPrevention: (first & bits.loop) !== 0,
    qualifier: (first & bits.report) === 0 ? 'submit' : 'command',
    mr,
    recipient,
    scts: takeTime(cursor, 'TP-SCTS'),
    discharge: takeTime(cursor, 'TP-DT'),
    status: takeOctet(cursor, 'TP-ST'),
  }
  if (left(cursor) > 0) takeParameters(cursor, takeIndicator(cursor), first, report)
  return report
}

function command(cursor: Cursor, first: number): Command {
  const mr = takeOctet(cursor, 'TP-MR')
  const pid = takeOctet(cursor, 'TP-PID')
  const commandType = takeOctet(cursor, 'TP-CT')
  const messageNumber = takeOctet(cursor, 'TP-MN')
  const destination = takeAddress(cursor, 'TP-DA')
  const data = takeOctets(cursor, takeOctet(cursor, 'TP-CDL'), 'TP-CD')
  const read: Command = {
    type: 'command',
    statusReportRequest: (first & bits.report) !== 0,
    mr,
    pid,
    commandType,
    messageNumber,
    destination,
    data,
  }
  if ((first & bits.udhi) === 0) return read
  const length = data[0] ?? data.length
  if (1 + length > data.length) fail(cursor, 'TP-CD: the header is longer than the data')
  read.udh = data.subarray(1, 1 + length)
  read.data = data.subarray(1 + length)
  return read
}

/** TP-PI (TS 23.040 §9.2.3.27); 0 where there is none, which some leave out when it would be 0. Bit 7: another follows. */
function takeIndicator(cursor: Cursor): number {
  if (left(cursor) === 0) return 0
  const indicator = takeOctet(cursor, 'TP-PI')
  for (let more = indicator; (more & 0x80) !== 0 && left(cursor) > 0;) more = takeOctet(cursor, 'TP-PI')
  return indicator
}

/**
 * What the indicator announces and the octets do not hold is left out: some pad these TPDUs with
 * 0xFF, and the head, which decides what becomes of a message, is whole.
 */
function takeParameters(cursor: Cursor, indicator: number, first: number, into: Parameters): void {
  if (cursor.why !== undefined) return
  const read: Parameters = {}
  if ((indicator & 0x01) !== 0) read.pid = takeOctet(cursor, 'TP-PID')
  if ((indicator & 0x02) !== 0) read.dcs = takeOctet(cursor, 'TP-DCS')
  if ((indicator & 0x04) !== 0) read.userData = takeUserData(cursor, read.dcs ?? 0, (first & bits.udhi) !== 0)
  if (cursor.why === undefined) Object.assign(into, read)
  else cursor.why = undefined
}
