// One segment of a message → submit_sm.
import { type Concatenation, Failure, joinUserData, type Message, packSeptets, type Segment } from '../../../src/plugin.ts'
import { integer16, integer8, noTlvs, type PduOf, tags, type Tlv } from '../codec/index.ts'
import type { SmppConfig } from '../config.ts'
import { destinationToWire, sourceToWire } from './address.ts'
import { encodeSegment } from './coding.ts'
import { absoluteTime, relativeTime } from './time.ts'

/** esm_class: the octets begin with a user data header (SMPP 5.0 §4.7.12). */
const udhIndicator = 0x40
/** One SMS: 160 septets, or 140 octets with the header (TS 23.040 §9.2.3.16). */
const [smsSeptets, smsOctets] = [160, 140]
/** sm_length of 3.4 and 5.0. */
const mostShortMessage = 254
const noOctets = new Uint8Array(0)

/** SMPP 5.0 §4.7.21. */
const registered = { none: 0x00, final: 0x01, failure: 0x02, intermediate: 0x11 } as const

export interface SubmitOptions {
  config: SmppConfig
  concatenation: Concatenation
  /** Epoch ms. */
  now: number
}

/** The PDU, its sequence number still 0. Throws a permanent Failure when the segment cannot be said to this carrier. */
export function submitSm(message: Message, segment: Segment, { config, concatenation, now }: SubmitOptions): PduOf<'submit_sm'> {
  const coded = encodeSegment(segment, config.defaultAlphabet)
  if (!coded) {
    const why = `the text has characters that ${config.defaultAlphabet} lacks, and one SMS in UCS-2 cannot hold it`
    throw new Failure('permanent', 'invalid-body', why)
  }
  const source = sourceToWire(message.from, config)
  const destination = destinationToWire(message.to, config)
  fits(source.addr, 'invalid-source', 'source_addr')
  fits(destination.addr, 'invalid-destination', 'destination_addr')
  const { udh } = segment
  const octets = joinUserData(udh, coded.octets)
  const inPayload = octets.length > mostShortMessage || (concatenation === 'payload' && !isOneSms(segment, octets))
  if (inPayload && octets.length > 0xffff)
    throw new Failure('permanent', 'too-long', `message_payload: at most 65535 octets, got ${octets.length}`)
  const extras = message.extras
  let tlvs = extras ? extraTlvs(extras) : noTlvs
  if (segment.total > 1 && concatenation === 'sar') tlvs = [...sarTlvs(segment), ...tlvs]
  if (inPayload) tlvs = [[tags.message_payload, octets], ...tlvs]
  return {
    command: 'submit_sm',
    command_status: 0,
    sequence_number: 0,
    service_type: (extras && serviceType(extras['service_type'])) ?? config.serviceType,
    source_addr_ton: source.ton,
    source_addr_npi: source.npi,
    source_addr: source.addr,
    dest_addr_ton: destination.ton,
    dest_addr_npi: destination.npi,
    destination_addr: destination.addr,
    esm_class: udh ? udhIndicator : 0,
    protocol_id: 0,
    priority_flag: message.priority,
    schedule_delivery_time: '',
    validity_period: validityPeriod(message.validUntil, config.validity, now),
    registered_delivery: registered[config.registeredDelivery],
    replace_if_present_flag: 0,
    data_coding: coded.data_coding,
    sm_default_msg_id: 0,
    short_message: inPayload ? noOctets : octets,
    tlvs,
  }
}

/** What of an extra can be a service_type (SMPP 5.0 §4.7.25). */
function serviceType(extra: string | undefined): string | undefined {
  return extra !== undefined && /^[\x20-\x7e]{0,5}$/.test(extra) ? extra : undefined
}

/** A C-octet string of 21 with its NUL (SMPP 5.0 §4.7.29), one octet a character. */
function fits(addr: string, failure: 'invalid-source' | 'invalid-destination', field: string): void {
  if (addr.length > 20) throw new Failure('permanent', failure, `${field}: at most 20 characters, got ${addr.length}`)
  for (let i = 0; i < addr.length; i++) {
    const code = addr.charCodeAt(i)
    if (code === 0 || code > 0xff) throw new Failure('permanent', failure, `${field}: has a character without a single octet`)
  }
}

function isOneSms({ alphabet, data, udh }: Segment, octets: Uint8Array): boolean {
  if (alphabet !== 'gsm7') return octets.length <= smsOctets
  if (!udh) return data.length <= smsSeptets
  return 1 + udh.length + packSeptets(data).length <= smsOctets
}

function validityPeriod(validUntil: number, form: SmppConfig['validity'], now: number): string {
  if (form === 'none') return ''
  return form === 'absolute' ? absoluteTime(validUntil) : relativeTime(validUntil - now)
}

/** SMPP 5.0 §4.8.4.48. */
function sarTlvs({ reference, total, index }: Segment): Tlv[] {
  return [
    integer16(tags.sar_msg_ref_num, reference),
    integer8(tags.sar_total_segments, total),
    integer8(tags.sar_segment_seqnum, index + 1),
  ]
}

const tagKey = /^tlv\.0x([0-9a-f]{1,4})$/i

/** Those of the extras that are TLVs: `tlv.0x1400` and hexadecimal octets. What is neither is not ours. */
function extraTlvs(extras: Record<string, string>): readonly Tlv[] {
  const tlvs: Tlv[] = []
  for (const [name, value] of Object.entries(extras)) {
    const tag = tagKey.exec(name)?.[1]
    if (tag && /^(?:[0-9a-f]{2}){0,512}$/i.test(value)) tlvs.push([Number.parseInt(tag, 16), Buffer.from(value, 'hex')])
  }
  return tlvs
}
