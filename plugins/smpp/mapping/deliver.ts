// deliver_sm and data_sm from a carrier → a receipt, a message from a handset, or one part of one.
import {
  type Address,
  type Body,
  type InboundPart,
  portsOf,
  type Receipt,
  splitUserData,
  type Submission,
  takeConcatenation,
} from '../../../src/plugin.ts'
import { type PduOf, tags, type Tlv, tlv, tlvInteger } from '../codec/index.ts'
import type { SmppConfig } from '../config.ts'
import { fromWire } from './address.ts'
import { type Coding, codingOf, decodeOctets } from './coding.ts'
import { readReceipt } from './receipt.ts'

export type Delivery =
  | { kind: 'receipt'; receipt: Receipt }
  | { kind: 'part'; part: InboundPart }
  | { kind: 'message'; submission: Submission }
  /** Needs no action but the answer. */
  | { kind: 'nothing'; why: string }

export interface DeliverOptions {
  config: SmppConfig
  /** Whether a number is the account's own. */
  owned(value: string): boolean
}

/** Bits 5–2 of esm_class are the message type (SMPP 5.0 §4.7.12). */
const messageType = 0x3c
const receiptType = 0x04
const intermediateType = 0x20
const userAcks: ReadonlySet<number> = new Set([0x08, 0x10, 0x18])
const udhIndicator = 0x40
const noOctets = new Uint8Array(0)

export function readDelivery(pdu: PduOf<'deliver_sm' | 'data_sm'>, { config, owned }: DeliverOptions): Delivery {
  const octets = userData(pdu)
  const type = pdu.esm_class & messageType
  if (isReceipt(pdu, type)) {
    const receipt = readReceipt(pdu, octets, (type & intermediateType) !== 0)
    return receipt ? { kind: 'receipt', receipt } : { kind: 'nothing', why: 'a receipt without a message id' }
  }
  if (userAcks.has(type)) return { kind: 'nothing', why: "an acknowledgement by the handset's user" }
  const from = fromWire(pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr)
  const to = fromWire(pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr, owned)
  return message(pdu, octets, config, from, to)
}

/** Some carriers leave the type bits out; the TLVs cannot be forged from a handset, so they are enough. */
function isReceipt(pdu: PduOf<'deliver_sm' | 'data_sm'>, type: number): boolean {
  if ((type & receiptType) !== 0 && !userAcks.has(type)) return true
  if (type === intermediateType) return true
  return type === 0 && tlv(pdu.tlvs, tags.receipted_message_id) !== undefined && tlv(pdu.tlvs, tags.message_state) !== undefined
}

/** short_message, or where it is empty message_payload; they exclude each other (SMPP 5.0 §4.8.4.36). */
function userData(pdu: PduOf<'deliver_sm' | 'data_sm'>): Uint8Array {
  if (pdu.command === 'deliver_sm' && pdu.short_message.length > 0) return pdu.short_message
  return tlv(pdu.tlvs, tags.message_payload) ?? noOctets
}

function message(pdu: PduOf<'deliver_sm' | 'data_sm'>, userOctets: Uint8Array, config: SmppConfig, from: Address, to: Address): Delivery {
  const announced = (pdu.esm_class & udhIndicator) !== 0
  const split = announced ? splitUserData(userOctets) : undefined
  // A header that is not one: the octets are kept as they came, so nothing is lost.
  const broken = split !== undefined && !split.ok
  const udh = split?.ok ? split.udh : undefined
  const octets = split?.ok ? split.data : userOctets
  const header = udh && takeConcatenation(udh)
  const place = header?.concatenation ?? sarPlace(pdu.tlvs)
  const isPart = place !== undefined && place.total > 1
  const coding: Coding = broken ? { charset: 'binary' } : codingOf(pdu.data_coding)
  const body = bodyOf(coding, octets, config, udh, header?.rest, isPart)
  const extras = extrasOf(pdu)
  const submission: Submission = { from, to, body, priority: 1, receipt: 'none' }
  if (extras) submission.extras = extras
  if (!isPart) return { kind: 'message', submission }
  return { kind: 'part', part: { reference: place.reference, total: place.total, index: place.index, submission } }
}

/** `udh`: the whole header, for the fill bits and tables; `rest`: without the concatenation. */
function bodyOf(
  coding: Coding,
  octets: Uint8Array,
  config: SmppConfig,
  udh: Uint8Array | undefined,
  rest: Uint8Array | undefined,
  isPart: boolean,
): Body {
  // With application ports the octets are an application's, not a person's.
  const text = rest && portsOf(rest) ? undefined : decodeOctets(coding, octets, config.defaultAlphabet, udh, isPart)
  const body: Exclude<Body, { kind: 'mms' }> =
    text !== undefined ? { kind: 'text', text } : { kind: 'binary', data: Uint8Array.from(octets) }
  if (body.kind === 'binary' && rest) body.udh = Uint8Array.from(rest)
  if (coding.messageClass !== undefined) body.messageClass = coding.messageClass
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

/** A carrier's own TLVs lie here (SMPP 5.0 §4.8.1). */
const vendorTags = { from: 0x1400, to: 0x3fff }
const mostExtras = 16
const mostExtraOctets = 255

function extrasOf(pdu: PduOf<'deliver_sm' | 'data_sm'>): Record<string, string> | undefined {
  if (pdu.tlvs.length === 0 && pdu.service_type === '') return undefined
  const vendor = pdu.tlvs.filter(([tag, value]) => tag >= vendorTags.from && tag <= vendorTags.to && value.length <= mostExtraOctets)
  if (vendor.length === 0 && pdu.service_type === '') return undefined
  const extras: Record<string, string> = {}
  if (pdu.service_type !== '') extras['service_type'] = pdu.service_type
  for (const [tag, value] of vendor.slice(0, mostExtras))
    extras[`tlv.0x${tag.toString(16).padStart(4, '0')}`] = Buffer.from(value).toString('hex')
  return extras
}
