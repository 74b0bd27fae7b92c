// Every number of SMPP 3.3, 3.4 and 5.0 that has a name: commands, statuses and TLV tags.

/** SMPP 5.0 §4.7.5 command_id. */
export const commandIds = {
  bind_receiver: 0x0000_0001,
  bind_transmitter: 0x0000_0002,
  query_sm: 0x0000_0003,
  submit_sm: 0x0000_0004,
  deliver_sm: 0x0000_0005,
  unbind: 0x0000_0006,
  replace_sm: 0x0000_0007,
  cancel_sm: 0x0000_0008,
  bind_transceiver: 0x0000_0009,
  outbind: 0x0000_000b,
  enquire_link: 0x0000_0015,
  submit_multi: 0x0000_0021,
  alert_notification: 0x0000_0102,
  data_sm: 0x0000_0103,
  broadcast_sm: 0x0000_0111,
  query_broadcast_sm: 0x0000_0112,
  cancel_broadcast_sm: 0x0000_0113,
  generic_nack: 0x8000_0000,
  bind_receiver_resp: 0x8000_0001,
  bind_transmitter_resp: 0x8000_0002,
  query_sm_resp: 0x8000_0003,
  submit_sm_resp: 0x8000_0004,
  deliver_sm_resp: 0x8000_0005,
  unbind_resp: 0x8000_0006,
  replace_sm_resp: 0x8000_0007,
  cancel_sm_resp: 0x8000_0008,
  bind_transceiver_resp: 0x8000_0009,
  enquire_link_resp: 0x8000_0015,
  submit_multi_resp: 0x8000_0021,
  data_sm_resp: 0x8000_0103,
  broadcast_sm_resp: 0x8000_0111,
  query_broadcast_sm_resp: 0x8000_0112,
  cancel_broadcast_sm_resp: 0x8000_0113,
} as const

export type Command = keyof typeof commandIds

const commandsById = new Map<number, Command>(Object.entries(commandIds).map(([name, id]) => [id, name as Command]))

export function commandOf(id: number): Command | undefined {
  return commandsById.get(id)
}

/** SMPP 5.0 §4.7.6 command_status. */
export const statuses = {
  ESME_ROK: 0x00,
  ESME_RINVMSGLEN: 0x01,
  ESME_RINVCMDLEN: 0x02,
  ESME_RINVCMDID: 0x03,
  ESME_RINVBNDSTS: 0x04,
  ESME_RALYBND: 0x05,
  ESME_RINVPRTFLG: 0x06,
  ESME_RINVREGDLVFLG: 0x07,
  ESME_RSYSERR: 0x08,
  ESME_RINVSRCADR: 0x0a,
  ESME_RINVDSTADR: 0x0b,
  ESME_RINVMSGID: 0x0c,
  ESME_RBINDFAIL: 0x0d,
  ESME_RINVPASWD: 0x0e,
  ESME_RINVSYSID: 0x0f,
  ESME_RCANCELFAIL: 0x11,
  ESME_RREPLACEFAIL: 0x13,
  ESME_RMSGQFUL: 0x14,
  ESME_RINVSERTYP: 0x15,
  ESME_RINVNUMDESTS: 0x33,
  ESME_RINVDLNAME: 0x34,
  ESME_RINVDESTFLAG: 0x40,
  ESME_RINVSUBREP: 0x42,
  ESME_RINVESMCLASS: 0x43,
  ESME_RCNTSUBDL: 0x44,
  ESME_RSUBMITFAIL: 0x45,
  ESME_RINVSRCTON: 0x48,
  ESME_RINVSRCNPI: 0x49,
  ESME_RINVDSTTON: 0x50,
  ESME_RINVDSTNPI: 0x51,
  ESME_RINVSYSTYP: 0x53,
  ESME_RINVREPFLAG: 0x54,
  ESME_RINVNUMMSGS: 0x55,
  ESME_RTHROTTLED: 0x58,
  ESME_RINVSCHED: 0x61,
  ESME_RINVEXPIRY: 0x62,
  ESME_RINVDFTMSGID: 0x63,
  ESME_RX_T_APPN: 0x64,
  ESME_RX_P_APPN: 0x65,
  ESME_RX_R_APPN: 0x66,
  ESME_RQUERYFAIL: 0x67,
  ESME_RINVTLVSTREAM: 0xc0,
  ESME_RTLVNOTALLWD: 0xc1,
  ESME_RINVTLVLEN: 0xc2,
  ESME_RMISSINGTLV: 0xc3,
  ESME_RINVTLVVAL: 0xc4,
  ESME_RDELIVERYFAILURE: 0xfe,
  ESME_RUNKNOWNERR: 0xff,
  ESME_RSERTYPUNAUTH: 0x100,
  ESME_RPROHIBITED: 0x101,
  ESME_RSERTYPUNAVAIL: 0x102,
  ESME_RSERTYPDENIED: 0x103,
  ESME_RINVDCS: 0x104,
  ESME_RINVSRCADDRSUBUNIT: 0x105,
  ESME_RINVDSTADDRSUBUNIT: 0x106,
  ESME_RINVBCASTFREQINT: 0x107,
  ESME_RINVBCASTALIAS_NAME: 0x108,
  ESME_RINVBCASTAREAFMT: 0x109,
  ESME_RINVNUMBCAST_AREAS: 0x10a,
  ESME_RINVBCASTCNTTYPE: 0x10b,
  ESME_RINVBCASTMSGCLASS: 0x10c,
  ESME_RBCASTFAIL: 0x10d,
  ESME_RBCASTQUERYFAIL: 0x10e,
  ESME_RBCASTCANCELFAIL: 0x10f,
  ESME_RINVBCAST_REP: 0x110,
  ESME_RINVBCASTSRVGRP: 0x111,
  ESME_RINVBCASTCHANIND: 0x112,
} as const

export type StatusName = keyof typeof statuses

const statusesByNumber = new Map<number, StatusName>(Object.entries(statuses).map(([name, n]) => [n, name as StatusName]))

/** `ESME_RINVDSTADR`; undefined for a status that the specification does not name (0x400–0x4FF are a vendor's own). */
export function statusOf(command_status: number): StatusName | undefined {
  return statusesByNumber.get(command_status)
}

/** For people: `ESME_RINVDSTADR 0x0000000b`, or the bare number. */
export function statusText(command_status: number): string {
  const hex = `0x${command_status.toString(16).padStart(8, '0')}`
  const name = statusOf(command_status)
  return name ? `${name} ${hex}` : hex
}

/** SMPP 5.0 §4.8.1 TLV tags. */
export const tags = {
  dest_addr_subunit: 0x0005,
  dest_network_type: 0x0006,
  dest_bearer_type: 0x0007,
  dest_telematics_id: 0x0008,
  source_addr_subunit: 0x000d,
  source_network_type: 0x000e,
  source_bearer_type: 0x000f,
  source_telematics_id: 0x0010,
  qos_time_to_live: 0x0017,
  payload_type: 0x0019,
  additional_status_info_text: 0x001d,
  receipted_message_id: 0x001e,
  ms_msg_wait_facilities: 0x0030,
  privacy_indicator: 0x0201,
  source_subaddress: 0x0202,
  dest_subaddress: 0x0203,
  user_message_reference: 0x0204,
  user_response_code: 0x0205,
  source_port: 0x020a,
  destination_port: 0x020b,
  sar_msg_ref_num: 0x020c,
  language_indicator: 0x020d,
  sar_total_segments: 0x020e,
  sar_segment_seqnum: 0x020f,
  sc_interface_version: 0x0210,
  callback_num_pres_ind: 0x0302,
  callback_num_atag: 0x0303,
  number_of_messages: 0x0304,
  callback_num: 0x0381,
  dpf_result: 0x0420,
  set_dpf: 0x0421,
  ms_availability_status: 0x0422,
  network_error_code: 0x0423,
  message_payload: 0x0424,
  delivery_failure_reason: 0x0425,
  more_messages_to_send: 0x0426,
  message_state: 0x0427,
  congestion_state: 0x0428,
  ussd_service_op: 0x0501,
  broadcast_channel_indicator: 0x0600,
  broadcast_content_type: 0x0601,
  broadcast_content_type_info: 0x0602,
  broadcast_message_class: 0x0603,
  broadcast_rep_num: 0x0604,
  broadcast_frequency_interval: 0x0605,
  broadcast_area_identifier: 0x0606,
  broadcast_error_status: 0x0607,
  broadcast_area_success: 0x0608,
  broadcast_end_time: 0x0609,
  broadcast_service_group: 0x060a,
  billing_identification: 0x060b,
  source_network_id: 0x060d,
  dest_network_id: 0x060e,
  source_node_id: 0x060f,
  dest_node_id: 0x0610,
  dest_addr_np_resolution: 0x0611,
  dest_addr_np_information: 0x0612,
  dest_addr_np_country: 0x0613,
  display_time: 0x1201,
  sms_signal: 0x1203,
  ms_validity: 0x1204,
  alert_on_message_delivery: 0x130c,
  its_reply_type: 0x1380,
  its_session_info: 0x1383,
} as const

export type TagName = keyof typeof tags

const tagsByNumber = new Map<number, TagName>(Object.entries(tags).map(([name, tag]) => [tag, name as TagName]))

/** `message_payload`, or `tlv.0x1400` for a tag without a name. */
export function tagText(tag: number): string {
  return tagsByNumber.get(tag) ?? `tlv.0x${tag.toString(16).padStart(4, '0')}`
}
