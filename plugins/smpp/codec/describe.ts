// A PDU in one line for people: who, whom, how, how long. Never a body, never a password.
import { statusOf, tags, tagText } from './constants.ts'
import type { Pdu, Tlv } from './pdu.ts'
import { tlvInteger, tlvString } from './tlv.ts'

const hex = (n: number): string => `0x${n.toString(16).padStart(2, '0')}`

/** `submit_sm seq=12 src=5/0/ACME dst=1/1/447700900123 dcs=0x00 esm=0x40 reg=1 len=81` */
export function describe(pdu: Pdu): string {
  let line = `${pdu.command} seq=${pdu.sequence_number}`
  if (pdu.command_status !== 0 || pdu.command.endsWith('_resp') || pdu.command === 'generic_nack')
    line += ` status=${status(pdu.command_status)}`
  if ('system_id' in pdu) line += ` system_id=${printable(pdu.system_id)}`
  if ('interface_version' in pdu) line += ` version=${hex(pdu.interface_version)}`
  if ('message_id' in pdu && pdu.message_id) line += ` id=${printable(pdu.message_id)}`
  if ('source_addr' in pdu) line += ` src=${pdu.source_addr_ton}/${pdu.source_addr_npi}/${printable(pdu.source_addr)}`
  if ('destination_addr' in pdu) line += ` dst=${pdu.dest_addr_ton}/${pdu.dest_addr_npi}/${printable(pdu.destination_addr)}`
  if ('dest_address' in pdu) line += ` dsts=${pdu.dest_address.length}`
  if ('service_type' in pdu && pdu.service_type) line += ` svc=${printable(pdu.service_type)}`
  if ('data_coding' in pdu) line += ` dcs=${hex(pdu.data_coding)}`
  if ('esm_class' in pdu) line += ` esm=${hex(pdu.esm_class)}`
  if ('registered_delivery' in pdu) line += ` reg=${pdu.registered_delivery}`
  if ('message_state' in pdu) line += ` state=${pdu.message_state}`
  if ('short_message' in pdu) line += ` len=${pdu.short_message.length}`
  for (const tlv of pdu.tlvs) line += ` ${tlvText(tlv)}`
  return line
}

/** What a receipt or a part of a long message is about is shown; of everything else its length. */
function tlvText(tlv: Tlv): string {
  const [tag, value] = tlv
  const name = tagText(tag)
  switch (tag) {
    case tags.receipted_message_id:
      return `${name}=${printable(tlvString([tlv], tag) ?? '')}`
    case tags.network_error_code:
      return `${name}=${Buffer.from(value).toString('hex')}`
    case tags.message_state:
    case tags.sar_msg_ref_num:
    case tags.sar_total_segments:
    case tags.sar_segment_seqnum:
    case tags.sc_interface_version:
    case tags.congestion_state:
    case tags.user_message_reference:
    case tags.delivery_failure_reason:
      return `${name}=${tlvInteger([tlv], tag) ?? `[${value.length}]`}`
    default:
      return `${name}[${value.length}]`
  }
}

function status(command_status: number): string {
  return statusOf(command_status) ?? `0x${command_status.toString(16).padStart(8, '0')}`
}

/** One line stays one line whatever the peer put into a field. */
function printable(text: string): string {
  return text.replace(/[^\x21-\x7e\xa1-\xff]/g, '?')
}
