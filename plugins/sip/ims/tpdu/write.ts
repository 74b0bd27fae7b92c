// TPDU → octets (TS 23.040 §9.2.2). Throws RangeError for what no TPDU can hold: the mapping asks first.
import { writeAddress } from './address.ts'
import { writeTime } from './time.ts'
import type { Parameters, Tpdu } from './types.ts'
import { writeUserData } from './user-data.ts'
import { validityFormats, writeValidity } from './validity.ts'

/** TP-MTI of each, the same both ways (TS 23.040 §9.2.3.1). */
const types: Record<Tpdu['type'], number> = {
  deliver: 0,
  'deliver-report': 0,
  submit: 1,
  'submit-report': 1,
  'status-report': 2,
  command: 2,
}

export function writeTpdu(tpdu: Tpdu): Uint8Array {
  const out: number[] = []
  const type = types[tpdu.type]
  switch (tpdu.type) {
    case 'deliver':
      out.push(
        type |
          bit(!tpdu.moreMessages, 2) |
          bit(tpdu.loopPrevention, 3) |
          bit(tpdu.statusReportIndication, 5) |
          bit(tpdu.userData.udh !== undefined, 6) |
          bit(tpdu.replyPath, 7),
      )
      writeAddress(out, tpdu.originator)
      out.push(tpdu.pid, tpdu.dcs)
      writeTime(out, tpdu.scts)
      writeUserData(out, tpdu.dcs, tpdu.userData)
      break
    case 'submit':
      out.push(
        type |
          bit(tpdu.rejectDuplicates, 2) |
          (validityFormats.indexOf(tpdu.validity.form) << 3) |
          bit(tpdu.statusReportRequest, 5) |
          bit(tpdu.userData.udh !== undefined, 6) |
          bit(tpdu.replyPath, 7),
        tpdu.mr,
      )
      writeAddress(out, tpdu.destination)
      out.push(tpdu.pid, tpdu.dcs)
      writeValidity(out, tpdu.validity)
      writeUserData(out, tpdu.dcs, tpdu.userData)
      break
    case 'deliver-report':
      out.push(type | headed(tpdu))
      if (tpdu.fcs !== undefined) out.push(tpdu.fcs)
      out.push(indicatorOf(tpdu))
      writeParameters(out, tpdu)
      break
    case 'submit-report':
      out.push(type | headed(tpdu))
      if (tpdu.fcs !== undefined) out.push(tpdu.fcs)
      out.push(indicatorOf(tpdu))
      writeTime(out, tpdu.scts)
      writeParameters(out, tpdu)
      break
    case 'status-report': {
      out.push(
        type | bit(!tpdu.moreMessages, 2) | bit(tpdu.loopPrevention, 3) | bit(tpdu.qualifier === 'command', 5) | headed(tpdu),
        tpdu.mr,
      )
      writeAddress(out, tpdu.recipient)
      writeTime(out, tpdu.scts)
      writeTime(out, tpdu.discharge)
      out.push(tpdu.status)
      const indicator = indicatorOf(tpdu)
      if (indicator !== 0) out.push(indicator)
      writeParameters(out, tpdu)
      break
    }
    case 'command': {
      const { udh, data } = tpdu
      out.push(type | bit(tpdu.statusReportRequest, 5) | bit(udh !== undefined, 6), tpdu.mr, tpdu.pid, tpdu.commandType, tpdu.messageNumber)
      writeAddress(out, tpdu.destination)
      out.push((udh ? 1 + udh.length : 0) + data.length)
      if (udh) out.push(udh.length, ...udh)
      out.push(...data)
      break
    }
  }
  return Uint8Array.from(out)
}

function bit(set: boolean, place: number): number {
  return set ? 1 << place : 0
}

function headed({ userData }: Parameters): number {
  return bit(userData?.udh !== undefined, 6)
}

/** TS 23.040 §9.2.3.27. */
function indicatorOf({ pid, dcs, userData }: Parameters): number {
  return bit(pid !== undefined, 0) | bit(dcs !== undefined, 1) | bit(userData !== undefined, 2)
}

function writeParameters(out: number[], { pid, dcs, userData }: Parameters): void {
  if (pid !== undefined) out.push(pid)
  if (dcs !== undefined) out.push(dcs)
  if (userData !== undefined) writeUserData(out, dcs ?? 0, userData)
}
