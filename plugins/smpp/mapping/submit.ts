// One segment of a message → submit_sm.
import type { Concatenation, Message, Segment } from '../../../src/plugin.ts'
import type { PduOf } from '../codec/index.ts'
import type { SmppConfig } from '../config.ts'
import { destinationToWire, sourceToWire, type WireAddress } from './address.ts'
import { writeBody, type WrittenBody } from './body.ts'
import { joinTlvs, serviceTypeOf, waitingOf } from './extras.ts'
import { absoluteTime, relativeTime } from './time.ts'
import type { TlvRules } from './tlvs.ts'

/** SMPP 5.0 §4.7.21. */
const registered = { none: 0x00, final: 0x01, failure: 0x02, intermediate: 0x11 } as const

/** By priority. 0 is a GSM network's "non-priority" and IS-95's "normal", all others ask for more (SMPP 5.0 §4.7.14). */
export const priorityFlags = [0, 0, 2, 3] as const

export interface SubmitOptions {
  config: SmppConfig
  concatenation: Concatenation
  /** Epoch ms. */
  now: number
  /** What of the extras goes along, and what is always said. */
  tlvs: Pick<TlvRules, 'ofMessage'>
}

/** The PDU, its sequence number still 0. Throws a permanent Failure when the segment cannot be said to this carrier. */
export function submitSm(message: Message, segment: Segment, { config, concatenation, now, tlvs }: SubmitOptions): PduOf<'submit_sm'> {
  const { extras } = message
  const body = writeBody(segment, config, concatenation, waitingOf(extras))
  const source = sourceToWire(message.from, config)
  const pdu = submitBetween(source, destinationToWire(message.to, config), body)
  pdu.service_type = (extras && serviceTypeOf(extras)) ?? config.serviceType
  pdu.priority_flag = priorityFlags[message.priority]
  pdu.validity_period = validityPeriod(message.validUntil, config.validity, now)
  pdu.registered_delivery = registered[config.registeredDelivery]
  pdu.tlvs = joinTlvs(body.tlvs, tlvs.ofMessage(message))
  return pdu
}

/** Says this and asks for nothing; its sequence number is still 0. */
export function submitBetween(source: WireAddress, destination: WireAddress, body: WrittenBody): PduOf<'submit_sm'> {
  return {
    command: 'submit_sm',
    command_status: 0,
    sequence_number: 0,
    service_type: '',
    source_addr_ton: source.ton,
    source_addr_npi: source.npi,
    source_addr: source.addr,
    dest_addr_ton: destination.ton,
    dest_addr_npi: destination.npi,
    destination_addr: destination.addr,
    esm_class: body.esm_class,
    protocol_id: 0,
    priority_flag: 0,
    schedule_delivery_time: '',
    validity_period: '',
    registered_delivery: 0,
    replace_if_present_flag: 0,
    data_coding: body.data_coding,
    sm_default_msg_id: 0,
    short_message: body.short_message,
    tlvs: body.tlvs,
  }
}

function validityPeriod(validUntil: number, form: SmppConfig['validity'], now: number): string {
  if (form === 'none') return ''
  return form === 'absolute' ? absoluteTime(validUntil) : relativeTime(validUntil - now)
}
