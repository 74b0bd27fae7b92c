// alert_notification, both ways: a handset that could not be reached may be reached again. Pure.
// `set_dpf` is the client side's note on a message (Submission.report): it asked to be told that.
import type { Absentee, Address, Availability } from '../../../src/plugin.ts'
import { integer8, noTlvs, type PduOf, tags, tlvInteger } from '../codec/index.ts'
import type { SmppConfig } from '../config.ts'
import { fromWire, plainToWire, type WireAddress } from './address.ts'

/** On a message whose submitter asked for a delivery pending flag (SMPP 5.0 §4.8.4.56 set_dpf). */
export const dpfNote = 'set_dpf'

/** ms_availability_status by number (SMPP 5.0 §4.8.4.39). */
const availabilities: readonly Availability[] = ['available', 'denied', 'unavailable']

export function readAlert(
  { source_addr_ton, source_addr_npi, source_addr, tlvs }: PduOf<'alert_notification'>,
  config: SmppConfig,
): { handset: Address; said: Availability | undefined } {
  const number = tlvs.length > 0 ? tlvInteger(tlvs, tags.ms_availability_status) : undefined
  return {
    handset: fromWire(source_addr_ton, source_addr_npi, source_addr, undefined, config),
    said: number === undefined ? undefined : availabilities[number],
  }
}

/** Between the ends as the client wrote them: source_addr is the handset, esme_addr the client's own. */
export function alertPdu(handset: WireAddress, own: WireAddress, said: Availability | undefined): PduOf<'alert_notification'> {
  return {
    command: 'alert_notification',
    command_status: 0,
    sequence_number: 0,
    source_addr_ton: handset.ton,
    source_addr_npi: handset.npi,
    source_addr: handset.addr,
    esme_addr_ton: own.ton,
    esme_addr_npi: own.npi,
    esme_addr: own.addr,
    tlvs: said === undefined ? noTlvs : [integer8(tags.ms_availability_status, availabilities.indexOf(said))],
  }
}

/** The ends of a message as its client wrote them; `1/1/447700900123` in the notes where that is not how we would. */
export function endsAsWritten(
  { from, to, report }: Absentee,
  fromNote: string,
  toNote: string,
): { own: WireAddress; handset: WireAddress } {
  return { own: wireOf(report?.[fromNote]) ?? plainToWire(from), handset: wireOf(report?.[toNote]) ?? plainToWire(to) }
}

function wireOf(note: string | undefined): WireAddress | undefined {
  if (note === undefined) return undefined
  const [ton = '', npi = ''] = note.split('/', 2)
  return { ton: Number(ton), npi: Number(npi), addr: note.slice(ton.length + npi.length + 2) }
}
