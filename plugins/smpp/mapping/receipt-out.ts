// A report as the receipt that an SMPP client is sent: text (SMPP 3.4 appendix B), TLVs, or both. Says
// everything of the deliver_sm but its addresses, which are the submission's, swapped, as the client
// wrote them. Pure. Two notes on a message are the client side's to leave in `message.report`:
// `message_id`, where the client was given another id than the message's own (submit_multi), and
// `tlv.0x0204` and the like, in hex: TLVs of the submit_sm that go back with its receipts
// (user_message_reference, SMPP 5.0 §4.8.4.64).
import type { FailureCode, Message, Report } from '../../../src/plugin.ts'
import { cString, integer8, noTlvs, tags, type Tlv } from '../codec/index.ts'
import type { IdForm, ReceiptForm } from './receipt-settings.ts'
import { errorNumber, smppState, stateNumbers } from './receipt-states.ts'

export interface ReceiptPdu {
  esm_class: number
  data_coding: 0
  short_message: Uint8Array
  tlvs: readonly Tlv[]
}

/** esm_class of a receipt and of an intermediate notification (SMPP 5.0 §4.7.12). */
const esmReceipt = 0x04
const esmIntermediate = 0x20
const version34 = 0x34
const version50 = 0x50
/** The text quotes so many characters of the message (SMPP 3.4 appendix B). */
const quotedCharacters = 20
const noText = new Uint8Array(0)
const stateTlvs: readonly Tlv[] = stateNumbers.map((_, number) => integer8(tags.message_state, number))

/** `part`: the id that the client was given for one part of a long message; each of them has its receipt, of one segment. */
export function receiptPdu(message: Message, report: Report, form: ReceiptForm, part?: string): ReceiptPdu {
  const withTlvs = form.version >= version34
  const failure = report.failure?.code
  const { number, word } = smppState(report.state, failure)
  const intermediate = isIntermediate(report)
  const id = part ?? message.report?.['message_id'] ?? message.id
  const segments = part !== undefined || form.counts === 'one' ? 1 : message.segments
  return {
    // 3.3 knows no notifications: there the text's ENROUTE says it.
    esm_class: intermediate && withTlvs ? esmIntermediate : esmReceipt,
    data_coding: 0,
    short_message: withTlvs && form.form === 'tlv' ? noText : Buffer.from(receiptText(message, report, form, id, word, segments), 'latin1'),
    tlvs: withTlvs ? receiptTlvs(message, report, form, id, number) : noTlvs,
  }
}

function isIntermediate(report: Report): boolean {
  return report.state === 'sent' || report.state === 'queued' || report.state === 'scheduled' || report.state === 'held'
}

/** A message's id as the client is given it; an id that is not the gateway's own (32 hex digits) stays as it is. */
export function writeMessageId(id: string, form: IdForm): string {
  if (form === 'hex' || !ownId.test(id)) return id
  switch (form) {
    case 'HEX':
      return id.toUpperCase()
    case 'decimal':
      return BigInt(`0x${id}`).toString()
    case 'uuid':
      return `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20)}`
  }
}

/** What a client calls a message (query_sm, cancel_sm, replace_sm) as its id, in any of the forms; undefined when it is none. */
export function readMessageId(text: string, form: IdForm): string | undefined {
  if (form === 'decimal') {
    if (!/^\d{1,39}$/.test(text)) return undefined
    const hex = BigInt(text).toString(16).padStart(32, '0')
    return ownId.test(hex) ? hex : undefined
  }
  const hex = text.replaceAll('-', '').toLowerCase()
  return ownId.test(hex) ? hex : undefined
}

const ownId = /^[0-9a-f]{32}$/

function receiptText(message: Message, report: Report, form: ReceiptForm, id: string, word: string, segments: number): string {
  const sub = count(segments)
  const dlvrd = report.state === 'delivered' ? sub : '000'
  const submitted = form.submitDate(message.acceptedAt)
  const done = form.doneDate(report.doneAt ?? report.at)
  const err = errorText(report, form)
  const words = form.text === 'empty' ? '' : quoted(message)
  const shown = writeMessageId(id, form.textIds)
  return `id:${shown} sub:${sub} dlvrd:${dlvrd} submit date:${submitted} done date:${done} stat:${word} err:${err} text:${words}`
}

function count(n: number): string {
  return n === 1 ? '001' : String(Math.min(n, 999)).padStart(3, '0')
}

/** The carrier's code as a number, 0 x in front or not; where it gave none, or words, our own. */
function errorOf(report: Report): number {
  const { error } = report
  if (error !== undefined) {
    if (/^\d{1,5}$/.test(error)) return Number(error)
    if (/^(?:0x)?[0-9a-f]{1,4}$/i.test(error)) return Number.parseInt(error, 16)
  }
  return errorNumber(report.failure?.code)
}

function errorText(report: Report, form: ReceiptForm): string {
  const { error } = report
  if (form.err === 'raw' && error !== undefined && /^[\x21-\x39\x3b-\x7e]{1,16}$/.test(error)) return error
  const radix = form.err === 'hex' ? 16 : 10
  const n = errorOf(report)
  // Clients read three characters (appendix B): of a code that takes more the TLV tells.
  return (n < radix ** 3 ? n : errorNumber(report.failure?.code)).toString(radix).toUpperCase().padStart(3, '0')
}

/** What ASCII, GSM 03.38 and Latin-1 all write alike: data_coding 0 means one of them to a client, and we cannot know which. */
function quoted({ body }: Message): string {
  if (body.kind !== 'text') return ''
  const { text } = body
  if (startsPlainly(text)) return text.slice(0, quotedCharacters)
  let words = ''
  let characters = 0
  for (let i = 0; i < text.length && characters < quotedCharacters; i++, characters++) {
    const code = text.charCodeAt(i)
    // Both halves of a character beyond the first plane are one.
    if (code >= 0xd800 && code < 0xdc00) i++
    words += isPlain(code) ? text[i] : code <= 0x20 ? ' ' : '?'
  }
  return words
}

function startsPlainly(text: string): boolean {
  const end = Math.min(text.length, quotedCharacters)
  for (let i = 0; i < end; i++) if (!isPlain(text.charCodeAt(i))) return false
  return true
}

/** Not $ @ [ \ ] ^ _ ` { | } ~, which stand elsewhere in GSM 03.38 (TS 23.038 §6.2.1). */
function isPlain(code: number): boolean {
  return code >= 0x20 && code < 0x7b && code !== 0x24 && code !== 0x40 && (code < 0x5b || code > 0x60)
}

function receiptTlvs(message: Message, report: Report, form: ReceiptForm, id: string, state: number): readonly Tlv[] {
  const tlvs: Tlv[] = []
  if (form.form !== 'text') {
    tlvs.push(cString(tags.receipted_message_id, writeMessageId(id, form.ids)), stateTlvs[state]!)
    const error = errorOf(report)
    if (error > 0 && error <= 0xffff) tlvs.push(networkError(report.failure?.code, error, report.error !== undefined, form.version))
  }
  if (message.report) returned(message.report, tlvs)
  return tlvs
}

/** network_error_code (SMPP 5.0 §4.8.4.42): 3 GSM, the only one that fits before 5.0; 8 message centre specific. */
function networkError(failure: FailureCode | undefined, error: number, ofPeer: boolean, version: number): Tlv {
  const ofNetwork = !ofPeer && failure !== undefined && error < 901
  const type = ofNetwork || version < version50 ? 3 : 8
  return [tags.network_error_code, Uint8Array.of(type, error >> 8, error & 0xff)]
}

function returned(notes: Record<string, string>, tlvs: Tlv[]): void {
  for (const name in notes) {
    if (name.startsWith('tlv.0x')) tlvs.push([Number.parseInt(name.slice(6), 16), Buffer.from(notes[name]!, 'hex')])
  }
}
