// deliver_sm and data_sm from a carrier → a receipt, a message from a handset, or one part of one.
import { AcceptRefused, type InboundPart, type Receipt, splitUserData, type Submission } from '../../../src/plugin.ts'
import { type PduOf, tags, tlv } from '../codec/index.ts'
import type { SmppConfig } from '../config.ts'
import { noteAsked } from './acknowledge.ts'
import { fromWire } from './address.ts'
import { readBody } from './body.ts'
import { extrasOf } from './extras.ts'
import { readReceipt } from './receipt.ts'
import type { TlvRules } from './tlvs.ts'

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
  /** What it brings may be for another carrier: whether it wants to hear of it is noted. */
  transit?: boolean
  /** Which TLVs are kept as extras. */
  tlvs: Pick<TlvRules, 'in' | 'hops'>
}

/** Bits 5–2 of esm_class are the message type (SMPP 5.0 §4.7.12). */
const messageType = 0x3c
const receiptType = 0x04
const intermediateType = 0x20
const userAcks: ReadonlySet<number> = new Set([0x08, 0x10, 0x18])
const udhIndicator = 0x40
/** 'A' */
const leastLetter = 0x41
const noOctets = new Uint8Array(0)

/** Throws AcceptRefused for what no message can be made of. */
export function readDelivery(pdu: PduOf<'deliver_sm' | 'data_sm'>, { config, owned, transit, tlvs }: DeliverOptions): Delivery {
  const type = pdu.esm_class & messageType
  if (isReceipt(pdu, type)) {
    const receipt = readReceipt(pdu, userData(pdu), (type & intermediateType) !== 0, config.receiptErrors)
    if (receipt && pdu.tlvs.length > 0) {
      const extras = tlvs.in(pdu.tlvs)
      if (extras) receipt.extras = extras
    }
    return receipt ? { kind: 'receipt', receipt } : { kind: 'nothing', why: 'a receipt without a message id' }
  }
  if (userAcks.has(type)) return { kind: 'nothing', why: "an acknowledgement by the handset's user" }
  const read = readBody(pdu, config)
  if (read.kind === 'refused') throw new AcceptRefused('invalid', read.why)
  const from = fromWire(pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr, undefined, config)
  const to = fromWire(pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr, owned, config)
  const submission: Submission = { from, to, body: read.body, priority: 1, receipt: 'none' }
  const extras = tlvs.in(pdu.tlvs, extrasOf(pdu.service_type, read.waiting))
  if (extras) submission.extras = extras
  if (transit) noteAsked(submission, pdu)
  const hops = tlvs.hops(pdu.tlvs)
  if (hops !== undefined) submission.hops = hops
  if (read.kind === 'whole') return { kind: 'message', submission }
  return { kind: 'part', part: { reference: read.reference, total: read.total, index: read.index, submission } }
}

/** Some carriers leave the type bits out; the TLVs cannot be forged from a handset, so they are enough. */
function isReceipt(pdu: PduOf<'deliver_sm' | 'data_sm'>, type: number): boolean {
  if ((type & receiptType) !== 0 && !userAcks.has(type)) return true
  if (type === intermediateType) return true
  return type === 0 && tlv(pdu.tlvs, tags.receipted_message_id) !== undefined && tlv(pdu.tlvs, tags.message_state) !== undefined
}

/** short_message, or where it is empty message_payload; they exclude each other (SMPP 5.0 §4.8.4.36). */
function userData(pdu: PduOf<'deliver_sm' | 'data_sm'>): Uint8Array {
  const inPdu = pdu.command === 'deliver_sm' && pdu.short_message.length > 0
  const octets = inPdu ? pdu.short_message : (tlv(pdu.tlvs, tags.message_payload) ?? noOctets)
  // Some copy the bit from the submit and have no header: a text begins with a letter, longer than any header's length.
  if ((pdu.esm_class & udhIndicator) === 0 || octets.length === 0 || octets[0]! >= leastLetter) return octets
  const split = splitUserData(octets)
  return split.ok ? split.data : octets
}
