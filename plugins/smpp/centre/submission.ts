// What a client submits → a submission of ours. Pure. Every field that cannot be meant is refused by
// the status that the specification has for it.
import {
  type Address,
  international,
  type MessagingMode,
  type Priority,
  type ReceiptWish,
  rewriteDestination,
  type Submission,
} from '../../../src/plugin.ts'
import { type PduOf, statuses, tags, type Tlv, tlv, tlvInteger } from '../codec/index.ts'
import { dpfNote } from '../mapping/alert.ts'
import { fromWire, plainToWire } from '../mapping/address.ts'
import { readBody } from '../mapping/body.ts'
import { extrasOf } from '../mapping/extras.ts'
import { extraName } from '../mapping/tlvs.ts'
import { codingNote, fromNote, toNote } from './notes.ts'
import type { Terms } from './terms.ts'
import { readTimes } from './times.ts'

export type Submitted = PduOf<'submit_sm' | 'data_sm' | 'submit_multi'>

export interface Place {
  reference: number
  total: number
  /** From 1. */
  index: number
}

export interface Refusal {
  status: number
  why: string
}
export type Read = { submission: Submission; place: Place | undefined } | Refusal

export interface Destination {
  dest_addr_ton: number
  dest_addr_npi: number
  destination_addr: string
}

/** esm_class bits 1–0 (SMPP 5.0 §4.7.12): default, datagram, forward (transaction), store and forward. */
const modes: readonly (MessagingMode | undefined)[] = [undefined, 'datagram', 'transaction', 'store']
/**
 * esm_class bits 5–2 (SMPP 3.4 §5.2.12): what an ESME says of a message that asked for it. None of ours does, and
 * nobody shall get one as a text. Other types mean nothing of an ESME; in 3.3 none does.
 */
const messageType = 0x3c
const deliveryAcknowledgement = 0x08
const userAcknowledgement = 0x10
const version34 = 0x34
/** priority_flag (SMPP 5.0 §4.7.14): 0 is what nearly everybody sends. */
const priorities: readonly Priority[] = [1, 1, 2, 3, 3]
/** registered_delivery bits 1–0 (SMPP 5.0 §4.7.21). */
const wishes: readonly ReceiptWish[] = ['none', 'both', 'failure', 'success']
const intermediateBit = 0x10
const mostTon = 6
const alphanumericTon = 5
const internetNpi = 14

export function readSubmission(pdu: Submitted, destination: Destination, terms: Terms, now: number): Read {
  const { tlvs } = pdu
  const from = sourceOf(pdu, terms)
  if (from === undefined) return refused(statuses.ESME_RINVSRCADR, 'source_addr')
  if (pdu.source_addr_ton > mostTon) return refused(statuses.ESME_RINVSRCTON, 'source_addr_ton')
  if (destination.dest_addr_ton > mostTon) return refused(statuses.ESME_RINVDSTTON, 'dest_addr_ton')
  const to = destinationOf(destination, terms)
  if (to === undefined) return refused(statuses.ESME_RINVDSTADR, 'destination_addr')
  const type = pdu.esm_class & messageType
  if ((type === deliveryAcknowledgement || type === userAcknowledgement) && terms.version >= version34)
    return refused(statuses.ESME_RINVESMCLASS, 'esm_class')
  const read = readBody(pdu, terms.config, true)
  if (read.kind === 'refused') return read
  const registered = pdu.registered_delivery
  const receipt = wishes[registered & 0x03]!
  const submission: Submission = { from, to, body: read.body, priority: 1, receipt }
  if ((registered & intermediateBit) !== 0 && receipt !== 'none') submission.progress = true
  const mode = modes[pdu.esm_class & 0x03]
  if (mode !== undefined) submission.mode = mode
  const fault = pdu.command === 'data_sm' ? lifetime(tlvs, submission, now) : timesAndPriority(pdu, submission, now)
  if (fault) return fault
  if (tlvs.length > 0 || pdu.service_type !== '' || read.waiting) {
    const extras = terms.tlvs.in(tlvs, extrasOf(pdu.service_type, read.waiting))
    if (extras) submission.extras = extras
    const hops = terms.tlvs.hops(tlvs)
    if (hops !== undefined) submission.hops = hops
  }
  const notes = notesOf(pdu, destination, submission)
  if (notes) submission.report = notes
  return { submission, place: read.kind === 'part' ? read : undefined }
}

function refused(status: number, field: string): Refusal {
  return { status, why: field }
}

export function sourceOf(
  pdu: { source_addr_ton: number; source_addr_npi: number; source_addr: string },
  { config, owned }: Terms,
): Address | undefined {
  const { source_addr_ton, source_addr_npi, source_addr } = pdu
  if (source_addr === '' && config.source !== '') return configuredAddress(config.source)
  const from = fromWire(source_addr_ton, source_addr_npi, source_addr, owned, config)
  return from.value === '' || (from.ton !== 'international' && isUnprintable(from.value)) ? undefined : from
}

/** No name of anybody, and whatever shows it would obey it. */
function isUnprintable(value: string): boolean {
  return /\p{Cc}/u.test(value)
}

/** As an operator writes it: `+447700900123`, `12345` or a name. */
export function configuredAddress(source: string): Address {
  if (/^\+\d+$/.test(source)) return international(source)
  if (/^\d+$/.test(source)) return { value: source, ton: 'unknown', npi: 'e164' }
  return { value: source, ton: 'alphanumeric', npi: 'unknown' }
}

/** The bind's, as it would be on the wire; empty where it names none. */
export function ownSource({ config: { source } }: Terms): string {
  return source === '' ? '' : plainToWire(configuredAddress(source)).addr
}

/** Undefined: it is no recipient. */
export function destinationOf({ dest_addr_ton, dest_addr_npi, destination_addr }: Destination, terms: Terms): Address | undefined {
  const { config, gateway, owned } = terms
  const written = rewriteDestination(destination_addr, gateway.bind.policy.destinationRewrites)
  const ton = written.startsWith('+') ? 0 : dest_addr_ton
  const to = fromWire(ton, dest_addr_npi, written, owned, config)
  const isNumber = /^\+?[\d*#]+$/.test(to.value)
  const mayBeWords = dest_addr_ton === alphanumericTon || dest_addr_npi === internetNpi
  return isNumber || (mayBeWords && to.value !== '' && !isUnprintable(to.value)) ? to : undefined
}

/** Notes them on the submission, or says why not. */
export function timesAndPriority(
  pdu: PduOf<'submit_sm' | 'submit_multi' | 'broadcast_sm'>,
  submission: Submission,
  now: number,
): Refusal | undefined {
  const priority = priorities[pdu.priority_flag]
  if (priority === undefined) return refused(statuses.ESME_RINVPRTFLG, 'priority_flag')
  submission.priority = priority
  if (pdu.replace_if_present_flag > 1) return refused(statuses.ESME_RINVREPFLAG, 'replace_if_present_flag')
  // We keep no canned messages.
  if (pdu.sm_default_msg_id !== 0) return refused(statuses.ESME_RINVDFTMSGID, 'sm_default_msg_id')
  return readTimes(pdu, submission, now)
}

/** qos_time_to_live, in seconds (SMPP 5.0 §4.8.4.46). */
function lifetime(tlvs: readonly Tlv[], submission: Submission, now: number): Read | undefined {
  const seconds = tlvs.length > 0 ? tlvInteger(tlvs, tags.qos_time_to_live) : undefined
  if (seconds !== undefined) submission.validUntil = now + Math.max(1, seconds) * 1000
  return undefined
}

/** What the client's own receipts, query_sm and replace_sm need: the ends as it wrote them, where that is not how we would. */
function notesOf(pdu: Submitted, destination: Destination, submission: Submission): Record<string, string> | undefined {
  let notes: Record<string, string> | undefined
  const { source_addr_ton, source_addr_npi, source_addr } = pdu
  const { dest_addr_ton, dest_addr_npi, destination_addr } = destination
  if (!isPlain(submission.from, source_addr_ton, source_addr_npi, source_addr))
    (notes ??= {})[fromNote] = `${source_addr_ton}/${source_addr_npi}/${source_addr}`
  if (!isPlain(submission.to, dest_addr_ton, dest_addr_npi, destination_addr))
    (notes ??= {})[toNote] = `${dest_addr_ton}/${dest_addr_npi}/${destination_addr}`
  if (pdu.data_coding !== 0) (notes ??= {})[codingNote] = String(pdu.data_coding)
  if (pdu.tlvs.length > 0 && tlvInteger(pdu.tlvs, tags.set_dpf) === 1) (notes ??= {})[dpfNote] = '1'
  const reference = pdu.tlvs.length > 0 ? tlv(pdu.tlvs, tags.user_message_reference) : undefined
  if (reference !== undefined && reference.length <= 2) {
    ;(notes ??= {})[extraName(tags.user_message_reference)] = Buffer.from(reference).toString('hex')
    submission.ref = String(tlvInteger(pdu.tlvs, tags.user_message_reference) ?? '')
  }
  return notes
}

function isPlain(address: Address, ton: number, npi: number, addr: string): boolean {
  const plain = plainToWire(address)
  return plain.ton === ton && plain.npi === npi && plain.addr === addr
}
