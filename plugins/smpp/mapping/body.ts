// What a message says ⇄ the fields that say it: esm_class, data_coding, short_message and TLVs. Both
// directions of both sides: submit_sm, deliver_sm and data_sm carry a body alike. A peer that says
// which part it is in two forms means its header, then sar_*; message_payload is whole without either.
import {
  type Body,
  buildUdh,
  type Concatenation,
  concatenationElement,
  decodeCharset,
  Failure,
  joinUserData,
  type MessageClass,
  packSeptets,
  parseUdh,
  portsElement,
  portsOf,
  type Segment,
  septetLength,
  splitUserData,
  takeConcatenation,
  type WaitingIndication,
  waitingKinds,
} from '../../../src/plugin.ts'
import { integer16, integer8, noTlvs, statuses, tags, type Tlv, tlv, tlvInteger } from '../codec/index.ts'
import { type Coding, codingOf, decodeOctets, encodeSegment } from './coding.ts'
import type { Encoding } from './encoding-settings.ts'

/** What readBody looks at of a submit_sm, submit_multi, deliver_sm or data_sm: any of those PDUs is one. */
export interface BodyFields {
  esm_class: number
  data_coding: number
  /** Absent in data_sm. */
  short_message?: Uint8Array
  tlvs: readonly Tlv[]
}

export type TextOrBinary = Exclude<Body, { kind: 'mms' }>

/** `body` of a part holds this part only; reference, total and index (from 1) are an InboundPart's. */
export type ReadBody =
  | { kind: 'whole'; body: TextOrBinary; waiting?: WaitingIndication }
  | { kind: 'part'; reference: number; total: number; index: number; body: TextOrBinary; waiting?: WaitingIndication }
  /** `status`: what to answer. */
  | { kind: 'refused'; status: number; why: string }

export interface WrittenBody {
  esm_class: number
  data_coding: number
  short_message: Uint8Array
  tlvs: readonly Tlv[]
}

/** esm_class: the octets begin with a user data header (SMPP 5.0 §4.7.12). */
const udhIndicator = 0x40
/** One SMS: 160 septets, or 140 octets with the header (TS 23.040 §9.2.3.16). */
const [smsSeptets, smsOctets] = [160, 140]
/** sm_length of 3.4 and 5.0. */
const mostShortMessage = 254
const noOctets = new Uint8Array(0)

const refusedCompression: ReadBody = { kind: 'refused', status: statuses.ESME_RINVDCS, why: 'compressed text (TS 23.042) is not read' }
const refusedTwice: ReadBody = {
  kind: 'refused',
  status: statuses.ESME_RTLVNOTALLWD,
  why: 'short_message and message_payload are both filled: expected one of them',
}

/**
 * `strict`, as for a client's submits: refused where two fields contradict each other or an announced
 * header is none. Otherwise, as for what carriers deliver, nothing is lost: short_message goes before
 * message_payload, and octets behind a broken header are binary.
 */
export function readBody(fields: BodyFields, encoding: Encoding, strict = false): ReadBody {
  const { tlvs } = fields
  let coding = codingOf(fields.data_coding)
  if (coding.compressed) return refusedCompression
  const payload = tlvs.length > 0 ? tlv(tlvs, tags.message_payload) : undefined
  let octets = fields.short_message ?? noOctets
  if (payload && payload.length > 0) {
    if (octets.length === 0) octets = payload
    else if (strict) return refusedTwice
  }
  let udh: Uint8Array | undefined
  if ((fields.esm_class & udhIndicator) !== 0) {
    const split = splitUserData(octets)
    if (split.ok) {
      udh = split.udh
      octets = split.data
    } else {
      if (strict) return { kind: 'refused', status: statuses.ESME_RINVESMCLASS, why: `user data header: ${split.why}` }
      coding = binary
    }
  }
  const header = udh && takeConcatenation(udh)
  const place = header?.concatenation ?? (tlvs.length > 0 ? sarPlace(tlvs) : undefined)
  const index = place && place.total > 1 ? place.index : 0
  const body = bodyOf(coding, octets, encoding, tlvs, udh, header?.rest, index)
  const read: ReadBody =
    place && index > 0 ? { kind: 'part', reference: place.reference, total: place.total, index, body } : { kind: 'whole', body }
  const waiting = coding.waiting ?? (tlvs.length > 0 ? waitingOfTlv(tlvs) : undefined)
  if (waiting) read.waiting = waiting
  return read
}

const binary: Coding = { charset: 'binary' }

/** `udh`: the whole header, for the fill bits and tables; `rest`: without the concatenation. `index`: from 1; 0 of a whole body. */
function bodyOf(
  coding: Coding,
  octets: Uint8Array,
  encoding: Encoding,
  tlvs: readonly Tlv[],
  udh: Uint8Array | undefined,
  rest: Uint8Array | undefined,
  index: number,
): TextOrBinary {
  // With application ports the octets are an application's, not a person's.
  const inHeader = rest !== undefined && portsOf(rest) !== undefined
  const ports = inHeader || tlvs.length === 0 ? undefined : portsOfTlvs(tlvs)
  const text = inHeader || ports ? undefined : decodeOctets(coding, octets, encoding, udh, index > 0, index <= 1)
  const body: TextOrBinary = text !== undefined ? { kind: 'text', text } : { kind: 'binary', data: Uint8Array.from(octets) }
  if (body.kind === 'binary') {
    if (ports) body.udh = rest ? Uint8Array.from([...ports, ...rest]) : ports
    else if (rest) body.udh = Uint8Array.from(rest)
  }
  const messageClass = coding.messageClass ?? (tlvs.length > 0 ? classOfTlv(tlvs) : undefined)
  if (messageClass !== undefined) body.messageClass = messageClass
  return body
}

/** SMPP 5.0 §4.8.4.48: only together do they mean anything. */
function sarPlace(tlvs: readonly Tlv[]): { reference: number; total: number; index: number } | undefined {
  const reference = tlvInteger(tlvs, tags.sar_msg_ref_num)
  const total = tlvInteger(tlvs, tags.sar_total_segments)
  const index = tlvInteger(tlvs, tags.sar_segment_seqnum)
  if (reference === undefined || !total || !index || index > total) return undefined
  return { reference, total, index }
}

/** The header that says the same (SMPP 3.4 §5.3.2.20, .21). */
function portsOfTlvs(tlvs: readonly Tlv[]): Uint8Array | undefined {
  const destination = tlvInteger(tlvs, tags.destination_port)
  const origin = tlvInteger(tlvs, tags.source_port)
  if (destination === undefined && origin === undefined) return undefined
  return buildUdh([portsElement({ destination: (destination ?? 0) & 0xffff, origin: (origin ?? 0) & 0xffff, width: 16 })])
}

/** dest_addr_subunit 1 display, 2 mobile equipment, 3 smart card, 4 external unit (SMPP 3.4 §5.3.2.1). */
function classOfTlv(tlvs: readonly Tlv[]): MessageClass | undefined {
  const subunit = tlvInteger(tlvs, tags.dest_addr_subunit)
  return subunit !== undefined && subunit >= 1 && subunit <= 4 ? ((subunit - 1) as MessageClass) : undefined
}

/** ms_msg_wait_facilities: bit 7 on or off, bits 1 and 0 of what (SMPP 3.4 §5.3.2.13). */
function waitingOfTlv(tlvs: readonly Tlv[]): WaitingIndication | undefined {
  const said = tlvInteger(tlvs, tags.ms_msg_wait_facilities)
  return said === undefined ? undefined : { active: (said & 0x80) !== 0, of: waitingKinds[said & 0x03]!, store: true }
}

/**
 * Of a segment that was split with the bind's charset and concatenation. Throws a permanent Failure
 * when it cannot be said to this peer. The TLVs are message_payload, sar_*, ports, class, waiting.
 */
export function writeBody(segment: Segment, encoding: Encoding, concatenation: Concatenation, waiting?: WaitingIndication): WrittenBody {
  const { total, messageClass } = segment
  let { udh } = segment
  let tlvs: Tlv[] | undefined
  if (total > 1 && concatenation === 'sar') {
    const ports = udh && portsOnly(udh)
    if (!udh || ports) {
      tlvs = sarTlvs(segment)
      if (ports) tlvs.push(...ports)
      udh = undefined
    } else {
      // A header excludes sar_* (SMPP 5.0 §4.8.4.48); its parts have room for this element.
      const place = concatenationElement({ reference: segment.reference, total, index: segment.index + 1, width: 8 })
      udh = Buffer.concat([buildUdh([place]), udh])
    }
  }
  const coded = encodeSegment(segment, encoding, udh, waiting)
  if (!coded) {
    const why = `the text has characters that ${encoding.defaultAlphabet} lacks, and one SMS in UCS-2 cannot hold it`
    throw new Failure('permanent', 'invalid-body', why)
  }
  let octets = joinUserData(udh, coded.octets)
  const inPayload = octets.length > mostShortMessage || (concatenation === 'payload' && !isOneSms(segment, octets))
  if (inPayload) {
    // Whoever cuts the payload writes the headers.
    const ports = udh && portsOnly(udh)
    if (ports) {
      udh = undefined
      octets = coded.octets
    }
    if (octets.length > 0xffff) throw new Failure('permanent', 'too-long', `message_payload: at most 65535 octets, got ${octets.length}`)
    tlvs ??= []
    tlvs.unshift([tags.message_payload, octets])
    if (ports) tlvs.push(...ports)
  }
  if (messageClass !== undefined && encoding.messageClassBy === 'subunit')
    (tlvs ??= []).push(integer8(tags.dest_addr_subunit, messageClass + 1))
  if (waiting && !codingOf(coded.data_coding).waiting)
    (tlvs ??= []).push(integer8(tags.ms_msg_wait_facilities, (waiting.active ? 0x80 : 0) | waitingKinds.indexOf(waiting.of)))
  return {
    esm_class: udh ? udhIndicator : 0,
    data_coding: coded.data_coding,
    short_message: inPayload ? noOctets : octets,
    tlvs: tlvs ?? noTlvs,
  }
}

function isOneSms({ alphabet, data, udh }: Segment, octets: Uint8Array): boolean {
  switch (alphabet) {
    case 'gsm7':
      return udh ? 1 + udh.length + packSeptets(data).length <= smsOctets : data.length <= smsSeptets
    case 'binary':
    case 'ucs2':
      return octets.length <= smsOctets
    case 'ascii':
    case 'latin1':
    case 'cyrillic':
    case 'hebrew': {
      const septets = septetLength(decodeCharset(alphabet, data))
      return septets >= 0 ? septets <= smsSeptets : data.length <= smsOctets
    }
  }
  return alphabet satisfies never
}

/** SMPP 5.0 §4.8.4.48. */
function sarTlvs({ reference, total, index }: Segment): Tlv[] {
  return [
    integer16(tags.sar_msg_ref_num, reference),
    integer8(tags.sar_total_segments, total),
    integer8(tags.sar_segment_seqnum, index + 1),
  ]
}

/** The TLVs that say what a header does which has 16-bit application ports and nothing else. */
function portsOnly(udh: Uint8Array): Tlv[] | undefined {
  const ports = portsOf(udh)
  const parsed = ports && parseUdh(udh)
  if (ports?.width !== 16 || !parsed?.ok || parsed.elements.length !== 1) return undefined
  return [integer16(tags.source_port, ports.origin), integer16(tags.destination_port, ports.destination)]
}
