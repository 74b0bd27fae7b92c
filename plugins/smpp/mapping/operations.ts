// The other requests about a segment: data_sm in place of submit_sm or deliver_sm, and query_sm,
// cancel_sm and replace_sm for one that the carrier has already. Pure.
import { Failure, type FailureFacts, type Message, type Receipt, type ReceiptState } from '../../../src/plugin.ts'
import { integer32, type PduOf, tags, type Tlv } from '../codec/index.ts'
import type { SmppConfig } from '../config.ts'
import { destinationToWire, sourceToWire } from './address.ts'
import { stateNumbers } from './receipt-states.ts'
import { receiptDate } from './time.ts'

/** What data_sm has no field for goes along as TLVs, or not at all: priority, protocol_id. */
export function dataSm(pdu: PduOf<'submit_sm' | 'deliver_sm'>, lifetimeSeconds: number | undefined): PduOf<'data_sm'> {
  const tlvs: Tlv[] = []
  if (pdu.short_message.length > 0) tlvs.push([tags.message_payload, pdu.short_message])
  // SMPP 5.0 §4.8.4.46: in seconds from now.
  if (lifetimeSeconds !== undefined) tlvs.push(integer32(tags.qos_time_to_live, Math.max(1, Math.min(0xffff_ffff, lifetimeSeconds))))
  for (let i = 0; i < pdu.tlvs.length; i++) tlvs.push(pdu.tlvs[i]!)
  return {
    command: 'data_sm',
    command_status: 0,
    sequence_number: 0,
    service_type: pdu.service_type,
    source_addr_ton: pdu.source_addr_ton,
    source_addr_npi: pdu.source_addr_npi,
    source_addr: pdu.source_addr,
    dest_addr_ton: pdu.dest_addr_ton,
    dest_addr_npi: pdu.dest_addr_npi,
    destination_addr: pdu.destination_addr,
    esm_class: pdu.esm_class,
    registered_delivery: pdu.registered_delivery,
    data_coding: pdu.data_coding,
    tlvs,
  }
}

/** The source must be that of the submit (SMPP 5.0 §4.5.1). */
export function querySm(message: Message, ref: string, config: SmppConfig): PduOf<'query_sm'> {
  const source = sourceToWire(message.from, config)
  return {
    command: 'query_sm',
    command_status: 0,
    sequence_number: 0,
    tlvs: [],
    message_id: ref,
    source_addr_ton: source.ton,
    source_addr_npi: source.npi,
    source_addr: source.addr,
  }
}

export function cancelSm(message: Message, ref: string, config: SmppConfig): PduOf<'cancel_sm'> {
  const source = sourceToWire(message.from, config)
  const destination = destinationToWire(message.to, config)
  return {
    command: 'cancel_sm',
    command_status: 0,
    sequence_number: 0,
    tlvs: [],
    // With a message_id it may be empty (SMPP 5.0 §4.4.1).
    service_type: '',
    message_id: ref,
    source_addr_ton: source.ton,
    source_addr_npi: source.npi,
    source_addr: source.addr,
    dest_addr_ton: destination.ton,
    dest_addr_npi: destination.npi,
    destination_addr: destination.addr,
  }
}

/**
 * `submit` is the new text as it would be sent. replace_sm has no data_coding and no esm_class
 * (SMPP 5.0 §4.5.3), so the text must be of the carrier's default alphabet and without a header.
 */
export function replaceSm(submit: PduOf<'submit_sm'>, ref: string): PduOf<'replace_sm'> {
  if (submit.esm_class !== 0 || submit.data_coding !== 0 || submit.short_message.length === 0)
    throw new Failure('permanent', 'invalid-body', 'replace_sm holds one short text of the default alphabet, without a header')
  return {
    command: 'replace_sm',
    command_status: 0,
    sequence_number: 0,
    tlvs: [],
    message_id: ref,
    source_addr_ton: submit.source_addr_ton,
    source_addr_npi: submit.source_addr_npi,
    source_addr: submit.source_addr,
    schedule_delivery_time: '',
    validity_period: submit.validity_period,
    registered_delivery: submit.registered_delivery,
    sm_default_msg_id: 0,
    short_message: submit.short_message,
  }
}

const final: ReadonlySet<ReceiptState> = new Set(['delivered', 'expired', 'deleted', 'undeliverable', 'rejected', 'skipped'])
const failures: Partial<Record<ReceiptState, FailureFacts['code']>> = {
  expired: 'expired',
  deleted: 'canceled',
  undeliverable: 'undeliverable',
  rejected: 'rejected',
  skipped: 'rejected',
}

/** Of an answer without a fault; undefined where it names no state. `ref`: what was asked for. */
export function queried(ref: string, pdu: PduOf<'query_sm_resp'>, wire: string): Receipt | undefined {
  const state = stateNumbers[pdu.message_state]
  if (state === undefined) return undefined
  const receipt: Receipt = { ref, state, final: final.has(state), wire }
  const doneAt = pdu.final_date === '' ? undefined : receiptDate(pdu.final_date)
  if (doneAt !== undefined) receipt.doneAt = doneAt
  if (pdu.error_code !== 0) receipt.error = String(pdu.error_code)
  const code = failures[state]
  if (code !== undefined)
    receipt.failure = { kind: 'permanent', code, peer: `query_sm: ${state}${pdu.error_code === 0 ? '' : ` err:${pdu.error_code}`}` }
  return receipt
}
