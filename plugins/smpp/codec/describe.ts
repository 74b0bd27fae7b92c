// A PDU in one line for people: who, whom, how, how long. Never a body, never a password. Of few
// pieces each, since every message leaves three of these lines in its trace.
import { commandIds, statusOf, tags, tagText } from './constants.ts'
import { printable } from './latin1.ts'
import type { Pdu, PduOf, Tlv } from './pdu.ts'
import { integerOf, stringOf } from './tlv.ts'

const hex: readonly string[] = Array.from({ length: 256 }, (_, n) => `0x${n.toString(16).padStart(2, '0')}`)
const codings = hex.map((text) => ` dcs=${text}`)
const classes = hex.map((text) => ` esm=${text}`)
const registrations = hex.map((_, n) => ` reg=${n}`)
const lengths = hex.map((_, n) => ` len=${n}`)
const tonLimit = 8
const npiLimit = 32
/** By TON and NPI, those that have a meaning. */
const sources = parties('src')
const destinations = parties('dst')
const responseBit = 0x8000_0000

function parties(name: string): readonly string[] {
  return Array.from({ length: tonLimit * npiLimit }, (_, n) => ` ${name}=${Math.floor(n / npiLimit)}/${n % npiLimit}/`)
}

/** `submit_sm seq=12 src=5/0/ACME dst=1/1/447700900123 dcs=0x00 esm=0x40 reg=1 len=81` */
export function describe(pdu: Pdu): string {
  if (pdu.command === 'submit_sm' || pdu.command === 'deliver_sm') return message(pdu)
  if (pdu.command === 'submit_sm_resp') return submitted(pdu)
  let line = `${pdu.command} seq=${pdu.sequence_number}`
  if (pdu.command_status !== 0 || commandIds[pdu.command] >= responseBit) line += ` status=${status(pdu.command_status)}`
  if ('system_id' in pdu) line += ` system_id=${printable(pdu.system_id)}`
  if ('interface_version' in pdu) line += ` version=${hex[pdu.interface_version]}`
  if ('message_id' in pdu && pdu.message_id) line += ` id=${printable(pdu.message_id)}`
  if ('source_addr' in pdu) line += party('src', sources, pdu.source_addr_ton, pdu.source_addr_npi) + printable(pdu.source_addr)
  if ('destination_addr' in pdu) line += party('dst', destinations, pdu.dest_addr_ton, pdu.dest_addr_npi) + printable(pdu.destination_addr)
  if ('dest_address' in pdu) line += ` dsts=${pdu.dest_address.length}`
  if ('service_type' in pdu && pdu.service_type) line += ` svc=${printable(pdu.service_type)}`
  if ('data_coding' in pdu) line += codings[pdu.data_coding]
  if ('esm_class' in pdu) line += classes[pdu.esm_class]
  if ('registered_delivery' in pdu) line += registrations[pdu.registered_delivery]
  if ('message_state' in pdu) line += ` state=${pdu.message_state}`
  if ('short_message' in pdu) line += ` len=${pdu.short_message.length}`
  return pdu.tlvs.length === 0 ? line : line + tlvTexts(pdu.tlvs)
}

function message(pdu: PduOf<'submit_sm' | 'deliver_sm'>): string {
  let line = (pdu.command === 'submit_sm' ? 'submit_sm seq=' : 'deliver_sm seq=') + pdu.sequence_number
  if (pdu.command_status !== 0) line += ` status=${status(pdu.command_status)}`
  line +=
    party('src', sources, pdu.source_addr_ton, pdu.source_addr_npi) +
    printable(pdu.source_addr) +
    party('dst', destinations, pdu.dest_addr_ton, pdu.dest_addr_npi) +
    printable(pdu.destination_addr)
  if (pdu.service_type !== '') line += ` svc=${printable(pdu.service_type)}`
  line += codings[pdu.data_coding]! + classes[pdu.esm_class]! + registrations[pdu.registered_delivery]!
  line += lengths[pdu.short_message.length] ?? ` len=${pdu.short_message.length}`
  return pdu.tlvs.length === 0 ? line : line + tlvTexts(pdu.tlvs)
}

function submitted(pdu: PduOf<'submit_sm_resp'>): string {
  let line = 'submit_sm_resp seq=' + pdu.sequence_number
  line += pdu.command_status === 0 ? ' status=ESME_ROK' : ` status=${status(pdu.command_status)}`
  if (pdu.message_id) line += ' id=' + printable(pdu.message_id)
  return pdu.tlvs.length === 0 ? line : line + tlvTexts(pdu.tlvs)
}

function party(name: string, known: readonly string[], ton: number, npi: number): string {
  return ton < tonLimit && npi < npiLimit ? known[ton * npiLimit + npi]! : ` ${name}=${ton}/${npi}/`
}

function tlvTexts(tlvs: readonly Tlv[]): string {
  let text = ''
  for (let i = 0; i < tlvs.length; i++) text += ' ' + tlvText(tlvs[i]![0], tlvs[i]![1])
  return text
}

/** What a receipt or a part of a long message is about is shown; of everything else its length. */
function tlvText(tag: number, value: Uint8Array): string {
  switch (tag) {
    case tags.receipted_message_id:
      return `receipted_message_id=${printable(stringOf(value))}`
    case tags.network_error_code:
      return `network_error_code=${hexOf(value)}`
    case tags.message_state:
    case tags.sar_msg_ref_num:
    case tags.sar_total_segments:
    case tags.sar_segment_seqnum:
    case tags.sc_interface_version:
    case tags.congestion_state:
    case tags.user_message_reference:
    case tags.delivery_failure_reason:
      return `${tagText(tag)}=${integerOf(value) ?? `[${value.length}]`}`
    default:
      return `${tagText(tag)}[${value.length}]`
  }
}

function hexOf(value: Uint8Array): string {
  let text = ''
  for (let i = 0; i < value.length; i++) text += hex[value[i]!]!.slice(2)
  return text
}

function status(command_status: number): string {
  return statusOf(command_status) ?? `0x${command_status.toString(16).padStart(8, '0')}`
}
