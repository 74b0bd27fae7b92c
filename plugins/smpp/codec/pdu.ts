// What an SMPP PDU is once decoded: one type a command, fields named as in the specification.
// short_message and TLV values of a decoded PDU lie in the chunk that it came in: they stay valid,
// but whoever keeps them for long copies them, lest a few octets hold the whole chunk.

/** A TLV, raw: its tag and its octets. Accessors by type are in tlv.ts. */
export type Tlv = readonly [tag: number, value: Uint8Array]

interface Head<C extends string> {
  command: C
  /** 0 in requests. */
  command_status: number
  /** 1 to 0x7FFFFFFF; a response repeats its request's. */
  sequence_number: number
  /** In the order of the wire; unknown tags too. */
  tlvs: readonly Tlv[]
}

type HeaderOnly =
  | 'unbind'
  | 'unbind_resp'
  | 'enquire_link'
  | 'enquire_link_resp'
  | 'generic_nack'
  | 'cancel_sm_resp'
  | 'replace_sm_resp'
  | 'cancel_broadcast_sm_resp'

type Of<C extends string, Body> = C extends string ? Head<C> & Body : never

interface Source {
  source_addr_ton: number
  source_addr_npi: number
  source_addr: string
}
interface Destination {
  dest_addr_ton: number
  dest_addr_npi: number
  destination_addr: string
}

interface BindBody {
  system_id: string
  password: string
  system_type: string
  interface_version: number
  addr_ton: number
  addr_npi: number
  address_range: string
}

interface MessageTail {
  esm_class: number
  protocol_id: number
  priority_flag: number
  schedule_delivery_time: string
  validity_period: string
  registered_delivery: number
  replace_if_present_flag: number
  data_coding: number
  sm_default_msg_id: number
  /** At most 255 octets; longer bodies go in the TLV message_payload. */
  short_message: Uint8Array
}

/** submit_multi, SMPP 5.0 §4.2.3.1: an address or the name of a distribution list. */
export type DestAddress = ({ dest_flag: 1 } & Destination) | { dest_flag: 2; dl_name: string }

export interface UnsuccessSme extends Destination {
  error_status_code: number
}

export type HeaderOnlyPdu = Of<HeaderOnly, object>
export type BindPdu = Of<'bind_receiver' | 'bind_transmitter' | 'bind_transceiver', BindBody>
export type BindRespPdu = Of<'bind_receiver_resp' | 'bind_transmitter_resp' | 'bind_transceiver_resp', { system_id: string }>
export type OutbindPdu = Of<'outbind', { system_id: string; password: string }>
export type MessagePdu = Of<'submit_sm' | 'deliver_sm', { service_type: string } & Source & Destination & MessageTail>
export type MessageIdPdu = Of<
  'submit_sm_resp' | 'deliver_sm_resp' | 'data_sm_resp' | 'broadcast_sm_resp' | 'query_broadcast_sm_resp',
  { message_id: string }
>
export type SubmitMultiPdu = Of<'submit_multi', { service_type: string } & Source & { dest_address: readonly DestAddress[] } & MessageTail>
export type SubmitMultiRespPdu = Of<'submit_multi_resp', { message_id: string; unsuccess_sme: readonly UnsuccessSme[] }>
export type DataPdu = Of<
  'data_sm',
  { service_type: string } & Source & Destination & { esm_class: number; registered_delivery: number; data_coding: number }
>
export type QueryPdu = Of<'query_sm' | 'query_broadcast_sm', { message_id: string } & Source>
export type QueryRespPdu = Of<'query_sm_resp', { message_id: string; final_date: string; message_state: number; error_code: number }>
export type CancelPdu = Of<'cancel_sm', { service_type: string; message_id: string } & Source & Destination>
export type CancelBroadcastPdu = Of<'cancel_broadcast_sm', { service_type: string; message_id: string } & Source>
export type ReplacePdu = Of<
  'replace_sm',
  { message_id: string } & Source & {
      schedule_delivery_time: string
      validity_period: string
      registered_delivery: number
      sm_default_msg_id: number
      short_message: Uint8Array
    }
>
export type AlertPdu = Of<'alert_notification', Source & { esme_addr_ton: number; esme_addr_npi: number; esme_addr: string }>
export type BroadcastPdu = Of<
  'broadcast_sm',
  { service_type: string } & Source & {
      message_id: string
      priority_flag: number
      schedule_delivery_time: string
      validity_period: string
      replace_if_present_flag: number
      data_coding: number
      sm_default_msg_id: number
    }
>

export type Pdu =
  | HeaderOnlyPdu
  | BindPdu
  | BindRespPdu
  | OutbindPdu
  | MessagePdu
  | MessageIdPdu
  | SubmitMultiPdu
  | SubmitMultiRespPdu
  | DataPdu
  | QueryPdu
  | QueryRespPdu
  | CancelPdu
  | CancelBroadcastPdu
  | ReplacePdu
  | AlertPdu
  | BroadcastPdu

/** The PDU of one command: `PduOf<'submit_sm'>`. */
export type PduOf<C extends Pdu['command']> = Extract<Pdu, { command: C }>

type DraftOf<P> = P extends Pdu ? Pick<P, 'command' | 'sequence_number'> & Partial<Omit<P, 'command' | 'sequence_number'>> : never

/** A PDU to be written: what is left out is 0, empty, or no TLVs. */
export type Draft = DraftOf<Pdu>

export const noTlvs: readonly Tlv[] = Object.freeze([])

/** The spec's bound on each C-octet string, in octets with its NUL (SMPP 5.0 §4.7). */
export const limits = {
  // The specification says 16 and 9; carriers hand out longer ones.
  system_id: 65,
  password: 65,
  system_type: 13,
  address_range: 41,
  service_type: 6,
  address: 21,
  /** data_sm, alert_notification */
  longAddress: 65,
  time: 17,
  message_id: 65,
  dl_name: 21,
} as const
