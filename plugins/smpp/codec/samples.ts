// One PDU of every command, every field filled in: what the codec's tests go through; and a submit_sm that asks for nothing.
import { commandIds, type Pdu, type PduOf, tags, type Tlv } from './index.ts'

const source = { source_addr_ton: 5, source_addr_npi: 0, source_addr: 'ACME' }
const destination = { dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: '447700900123' }
const tail = {
  esm_class: 0x40,
  protocol_id: 0x41,
  priority_flag: 2,
  schedule_delivery_time: '261121051600000+',
  validity_period: '000001000000000R',
  registered_delivery: 1,
  replace_if_present_flag: 1,
  data_coding: 8,
  sm_default_msg_id: 3,
  short_message: Uint8Array.of(5, 0, 3, 7, 2, 1, 0, 0x41),
}
const someTlvs: readonly Tlv[] = [
  [tags.user_message_reference, Uint8Array.of(0x12, 0x34)],
  [0x1400, Buffer.from('1101\0')],
  [0x1400, new Uint8Array(0)],
]

type Body<P> = P extends Pdu ? Omit<P, 'command' | 'sequence_number' | 'command_status' | 'tlvs'> : never

const bind = {
  system_id: 'signalbox',
  password: 'secret08',
  system_type: 'VMA',
  interface_version: 0x34,
  addr_ton: 1,
  addr_npi: 1,
  address_range: '^44',
}

const bodies: { [C in Pdu['command']]: Body<PduOf<C>> } = {
  bind_receiver: bind,
  bind_transmitter: bind,
  bind_transceiver: bind,
  bind_receiver_resp: { system_id: 'carrier' },
  bind_transmitter_resp: { system_id: 'carrier' },
  bind_transceiver_resp: { system_id: 'carrier' },
  outbind: { system_id: 'carrier', password: 'pw' },
  submit_sm: { service_type: 'WAP', ...source, ...destination, ...tail },
  deliver_sm: { service_type: 'CMT', ...source, ...destination, ...tail },
  submit_sm_resp: { message_id: '261BD3E2' },
  deliver_sm_resp: { message_id: '' },
  data_sm: { service_type: '', ...source, ...destination, esm_class: 4, registered_delivery: 1, data_coding: 0 },
  data_sm_resp: { message_id: 'a-1' },
  submit_multi: {
    service_type: '',
    ...source,
    dest_address: [
      { dest_flag: 1, ...destination },
      { dest_flag: 2, dl_name: 'friends' },
    ],
    ...tail,
  },
  submit_multi_resp: { message_id: 'm-1', unsuccess_sme: [{ ...destination, error_status_code: 0x0b }] },
  query_sm: { message_id: 'q-1', ...source },
  query_sm_resp: { message_id: 'q-1', final_date: '261121051600000+', message_state: 2, error_code: 7 },
  cancel_sm: { service_type: 'CMT', message_id: 'c-1', ...source, ...destination },
  cancel_sm_resp: {},
  replace_sm: {
    message_id: 'r-1',
    ...source,
    schedule_delivery_time: '',
    validity_period: '261121051600000+',
    registered_delivery: 1,
    sm_default_msg_id: 0,
    short_message: Buffer.from('new words'),
  },
  replace_sm_resp: {},
  unbind: {},
  unbind_resp: {},
  enquire_link: {},
  enquire_link_resp: {},
  generic_nack: {},
  alert_notification: { ...source, esme_addr_ton: 1, esme_addr_npi: 1, esme_addr: '447700900000' },
  broadcast_sm: {
    service_type: '',
    ...source,
    message_id: 'b-1',
    priority_flag: 1,
    schedule_delivery_time: '',
    validity_period: '',
    replace_if_present_flag: 0,
    data_coding: 0,
    sm_default_msg_id: 0,
  },
  broadcast_sm_resp: { message_id: 'b-1' },
  query_broadcast_sm: { message_id: 'b-1', ...source },
  query_broadcast_sm_resp: { message_id: 'b-1' },
  cancel_broadcast_sm: { service_type: '', message_id: 'b-1', ...source },
  cancel_broadcast_sm_resp: {},
}

export const samples: Pdu[] = (Object.keys(commandIds) as Pdu['command'][]).map(
  (command, i) => ({ command, command_status: 0, sequence_number: i + 1, ...bodies[command], tlvs: someTlvs }) as Pdu,
)

/** From ACME to a number, without a text. */
export const plainSubmit: PduOf<'submit_sm'> = {
  command: 'submit_sm',
  command_status: 0,
  sequence_number: 1,
  service_type: '',
  ...source,
  ...destination,
  esm_class: 0,
  protocol_id: 0,
  priority_flag: 0,
  schedule_delivery_time: '',
  validity_period: '',
  registered_delivery: 0,
  replace_if_present_flag: 0,
  data_coding: 0,
  sm_default_msg_id: 0,
  short_message: new Uint8Array(0),
  tlvs: [],
}
