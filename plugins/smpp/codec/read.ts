// The body of each command, read in the order of the specification (SMPP 5.0 §4.1–4.5).
import { type Command, statuses } from './constants.ts'
import { type Cursor, cstring, FieldError, shortMessage, tlvList, u32, u8 } from './fields.ts'
import { type DestAddress, limits, type Pdu, type UnsuccessSme } from './pdu.ts'

const { ESME_RINVSRCADR, ESME_RINVDSTADR, ESME_RINVMSGID, ESME_RINVSERTYP, ESME_RINVSCHED, ESME_RINVEXPIRY } = statuses
/** A response's id is taken even where it breaks the bound: the peer has the message. */
const respIdMax = 256

const serviceType = (c: Cursor) => cstring(c, limits.service_type, 'service_type', ESME_RINVSERTYP)
const messageId = (c: Cursor) => cstring(c, c.lenient ? respIdMax : limits.message_id, 'message_id', ESME_RINVMSGID)
const sourceAddr = (c: Cursor, max: number = limits.address) => cstring(c, max, 'source_addr', ESME_RINVSRCADR)
const destinationAddr = (c: Cursor, max: number = limits.address) => cstring(c, max, 'destination_addr', ESME_RINVDSTADR)
const schedule = (c: Cursor) => cstring(c, limits.time, 'schedule_delivery_time', ESME_RINVSCHED)
const validity = (c: Cursor) => cstring(c, limits.time, 'validity_period', ESME_RINVEXPIRY)

/** Reads the body at the cursor, up to its end. Throws FieldError only. */
export function readBody(c: Cursor, command: Command, command_status: number, sequence_number: number): Pdu {
  switch (command) {
    case 'submit_sm':
    case 'deliver_sm':
      return {
        command,
        command_status,
        sequence_number,
        service_type: serviceType(c),
        source_addr_ton: u8(c, 'source_addr_ton'),
        source_addr_npi: u8(c, 'source_addr_npi'),
        source_addr: sourceAddr(c),
        dest_addr_ton: u8(c, 'dest_addr_ton'),
        dest_addr_npi: u8(c, 'dest_addr_npi'),
        destination_addr: destinationAddr(c),
        esm_class: u8(c, 'esm_class'),
        protocol_id: u8(c, 'protocol_id'),
        priority_flag: u8(c, 'priority_flag'),
        schedule_delivery_time: schedule(c),
        validity_period: validity(c),
        registered_delivery: u8(c, 'registered_delivery'),
        replace_if_present_flag: u8(c, 'replace_if_present_flag'),
        data_coding: u8(c, 'data_coding'),
        sm_default_msg_id: u8(c, 'sm_default_msg_id'),
        short_message: shortMessage(c),
        tlvs: tlvList(c),
      }
    case 'submit_sm_resp':
    case 'deliver_sm_resp':
    case 'data_sm_resp':
    case 'broadcast_sm_resp':
    case 'query_broadcast_sm_resp':
      return { command, command_status, sequence_number, message_id: messageId(c), tlvs: tlvList(c) }
    case 'unbind':
    case 'unbind_resp':
    case 'enquire_link':
    case 'enquire_link_resp':
    case 'generic_nack':
    case 'cancel_sm_resp':
    case 'replace_sm_resp':
    case 'cancel_broadcast_sm_resp':
      return { command, command_status, sequence_number, tlvs: tlvList(c) }
    case 'bind_receiver':
    case 'bind_transmitter':
    case 'bind_transceiver':
      return {
        command,
        command_status,
        sequence_number,
        system_id: cstring(c, limits.system_id, 'system_id', statuses.ESME_RINVSYSID),
        password: cstring(c, limits.password, 'password', statuses.ESME_RINVPASWD),
        system_type: cstring(c, limits.system_type, 'system_type', statuses.ESME_RINVSYSTYP),
        interface_version: u8(c, 'interface_version'),
        addr_ton: u8(c, 'addr_ton'),
        addr_npi: u8(c, 'addr_npi'),
        address_range: cstring(c, limits.address_range, 'address_range'),
        tlvs: tlvList(c),
      }
    case 'bind_receiver_resp':
    case 'bind_transmitter_resp':
    case 'bind_transceiver_resp':
      return { command, command_status, sequence_number, system_id: cstring(c, limits.system_id, 'system_id'), tlvs: tlvList(c) }
    case 'outbind':
      return {
        command,
        command_status,
        sequence_number,
        system_id: cstring(c, limits.system_id, 'system_id', statuses.ESME_RINVSYSID),
        password: cstring(c, limits.password, 'password', statuses.ESME_RINVPASWD),
        tlvs: tlvList(c),
      }
    case 'data_sm':
      return {
        command,
        command_status,
        sequence_number,
        service_type: serviceType(c),
        source_addr_ton: u8(c, 'source_addr_ton'),
        source_addr_npi: u8(c, 'source_addr_npi'),
        source_addr: sourceAddr(c, limits.longAddress),
        dest_addr_ton: u8(c, 'dest_addr_ton'),
        dest_addr_npi: u8(c, 'dest_addr_npi'),
        destination_addr: destinationAddr(c, limits.longAddress),
        esm_class: u8(c, 'esm_class'),
        registered_delivery: u8(c, 'registered_delivery'),
        data_coding: u8(c, 'data_coding'),
        tlvs: tlvList(c),
      }
    case 'submit_multi':
      return {
        command,
        command_status,
        sequence_number,
        service_type: serviceType(c),
        source_addr_ton: u8(c, 'source_addr_ton'),
        source_addr_npi: u8(c, 'source_addr_npi'),
        source_addr: sourceAddr(c),
        dest_address: destAddresses(c),
        esm_class: u8(c, 'esm_class'),
        protocol_id: u8(c, 'protocol_id'),
        priority_flag: u8(c, 'priority_flag'),
        schedule_delivery_time: schedule(c),
        validity_period: validity(c),
        registered_delivery: u8(c, 'registered_delivery'),
        replace_if_present_flag: u8(c, 'replace_if_present_flag'),
        data_coding: u8(c, 'data_coding'),
        sm_default_msg_id: u8(c, 'sm_default_msg_id'),
        short_message: shortMessage(c),
        tlvs: tlvList(c),
      }
    case 'submit_multi_resp':
      return { command, command_status, sequence_number, message_id: messageId(c), unsuccess_sme: unsuccessSmes(c), tlvs: tlvList(c) }
    case 'query_sm':
    case 'query_broadcast_sm':
      return { command, command_status, sequence_number, message_id: messageId(c), ...source(c), tlvs: tlvList(c) }
    case 'query_sm_resp':
      return {
        command,
        command_status,
        sequence_number,
        message_id: messageId(c),
        final_date: cstring(c, limits.time, 'final_date'),
        message_state: u8(c, 'message_state'),
        error_code: u8(c, 'error_code'),
        tlvs: tlvList(c),
      }
    case 'cancel_sm':
      return {
        command,
        command_status,
        sequence_number,
        service_type: serviceType(c),
        message_id: messageId(c),
        ...source(c),
        dest_addr_ton: u8(c, 'dest_addr_ton'),
        dest_addr_npi: u8(c, 'dest_addr_npi'),
        destination_addr: destinationAddr(c),
        tlvs: tlvList(c),
      }
    case 'cancel_broadcast_sm':
      return {
        command,
        command_status,
        sequence_number,
        service_type: serviceType(c),
        message_id: messageId(c),
        ...source(c),
        tlvs: tlvList(c),
      }
    case 'replace_sm':
      return {
        command,
        command_status,
        sequence_number,
        message_id: messageId(c),
        ...source(c),
        schedule_delivery_time: schedule(c),
        validity_period: validity(c),
        registered_delivery: u8(c, 'registered_delivery'),
        sm_default_msg_id: u8(c, 'sm_default_msg_id'),
        short_message: shortMessage(c),
        tlvs: tlvList(c),
      }
    case 'alert_notification':
      return {
        command,
        command_status,
        sequence_number,
        ...source(c, limits.longAddress),
        esme_addr_ton: u8(c, 'esme_addr_ton'),
        esme_addr_npi: u8(c, 'esme_addr_npi'),
        esme_addr: cstring(c, limits.longAddress, 'esme_addr', ESME_RINVDSTADR),
        tlvs: tlvList(c),
      }
    case 'broadcast_sm':
      return {
        command,
        command_status,
        sequence_number,
        service_type: serviceType(c),
        ...source(c),
        message_id: messageId(c),
        priority_flag: u8(c, 'priority_flag'),
        schedule_delivery_time: schedule(c),
        validity_period: validity(c),
        replace_if_present_flag: u8(c, 'replace_if_present_flag'),
        data_coding: u8(c, 'data_coding'),
        sm_default_msg_id: u8(c, 'sm_default_msg_id'),
        tlvs: tlvList(c),
      }
  }
  return command satisfies never
}

function source(c: Cursor, max: number = limits.address) {
  return { source_addr_ton: u8(c, 'source_addr_ton'), source_addr_npi: u8(c, 'source_addr_npi'), source_addr: sourceAddr(c, max) }
}

function destination(c: Cursor) {
  return { dest_addr_ton: u8(c, 'dest_addr_ton'), dest_addr_npi: u8(c, 'dest_addr_npi'), destination_addr: destinationAddr(c) }
}

function destAddresses(c: Cursor): DestAddress[] {
  const list: DestAddress[] = []
  for (let left = u8(c, 'number_of_dests'); left > 0; left--) {
    const flag = u8(c, 'dest_flag')
    if (flag === 1) list.push({ dest_flag: 1, ...destination(c) })
    else if (flag === 2) list.push({ dest_flag: 2, dl_name: cstring(c, limits.dl_name, 'dl_name', statuses.ESME_RINVDLNAME) })
    else throw new FieldError('dest_flag', `1 or 2, got ${flag}`, statuses.ESME_RINVDESTFLAG)
  }
  return list
}

function unsuccessSmes(c: Cursor): UnsuccessSme[] {
  const list: UnsuccessSme[] = []
  for (let left = u8(c, 'no_unsuccess'); left > 0; left--) list.push({ ...destination(c), error_status_code: u32(c, 'error_status_code') })
  return list
}
