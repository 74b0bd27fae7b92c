// Receipts as SMSCs write them into a text (SMPP 3.4 appendix B), as RestComm sends them by SIP too:
// `id:… sub:001 dlvrd:001 submit date:yyMMddHHmm done date:… stat:DELIVRD err:000 text:…`
import type { FailureCode, Message, MessageState, ReceiptState, Report } from '../../../src/plugin.ts'
import { receiptStates } from '../../../src/plugin.ts'

const words: Readonly<Record<ReceiptState, string>> = {
  scheduled: 'SCHEDLD',
  enroute: 'ENROUTE',
  delivered: 'DELIVRD',
  expired: 'EXPIRED',
  deleted: 'DELETED',
  undeliverable: 'UNDELIV',
  accepted: 'ACCEPTD',
  unknown: 'UNKNOWN',
  rejected: 'REJECTD',
  skipped: 'SKIPPED',
}
const byWord: ReadonlyMap<string, ReceiptState> = new Map(receiptStates.map((state) => [words[state], state]))
/** The text quotes so many characters. */
const quotedCharacters = 20
const form = /^id:(\S{1,64}) sub:\d+ dlvrd:\d+ submit date:\d+ done date:\d+ stat:([A-Z]+) err:(\S{1,40})/i

export function isReceiptState(state: string): state is ReceiptState {
  return (receiptStates as readonly string[]).includes(state)
}

/** Undefined: it is no receipt. */
export function readReceiptText(text: string): { id: string; state: ReceiptState; error?: string } | undefined {
  const found = form.exec(text)
  const state = found && byWord.get(found[2]!.toUpperCase())
  return found && state ? { id: found[1]!, state, error: found[3]! } : undefined
}

/** How a report stands in the words of receipts. */
export function receiptStateOf({ state, failure }: Pick<Report, 'state' | 'failure'>): ReceiptState {
  const ended = failure && (state === 'undelivered' || state === 'failed') ? byFailure[failure.code] : undefined
  return ended ?? byState[state]
}

const byState: Readonly<Record<MessageState, ReceiptState>> = {
  scheduled: 'enroute',
  queued: 'enroute',
  sent: 'enroute',
  held: 'enroute',
  delivered: 'delivered',
  undelivered: 'undeliverable',
  failed: 'undeliverable',
  expired: 'expired',
  canceled: 'deleted',
  unconfirmed: 'unknown',
}
/** Refused before any handset was tried, or of an unknown fate. */
const byFailure: Readonly<Partial<Record<FailureCode, ReceiptState>>> = {
  expired: 'expired',
  canceled: 'deleted',
  purged: 'deleted',
  'outcome-unknown': 'unknown',
  'no-receipt': 'unknown',
  'no-route': 'rejected',
  'account-suspended': 'rejected',
  'invalid-source': 'rejected',
  'invalid-destination': 'rejected',
  'invalid-body': 'rejected',
  'too-long': 'rejected',
  blocked: 'rejected',
  'opted-out': 'rejected',
  filtered: 'rejected',
  rejected: 'rejected',
  'not-permitted': 'rejected',
}

export function writeReceiptText(message: Message, report: Report): string {
  const sub = String(Math.min(message.segments, 999)).padStart(3, '0')
  const done = report.state === 'delivered' ? sub : '000'
  const dates = `submit date:${date(message.acceptedAt)} done date:${date(report.doneAt ?? report.at)}`
  const quoted = message.body.kind === 'text' ? quote(message.body.text) : ''
  return `id:${message.id} sub:${sub} dlvrd:${done} ${dates} stat:${words[receiptStateOf(report)]} err:${errorOf(report)} text:${quoted}`
}

/** The carrier's own, where it gave one. */
export function errorOf({ error, failure }: Report): string {
  if (error !== undefined && /^[\x21-\x39\x3b-\x7e]{1,16}$/.test(error)) return error
  return failure === undefined ? '000' : '999'
}

/** yyMMddHHmm in UTC. */
function date(at: number): string {
  const iso = new Date(at).toISOString()
  return iso.slice(2, 4) + iso.slice(5, 7) + iso.slice(8, 10) + iso.slice(11, 13) + iso.slice(14, 16)
}

/** No character in halves; a character has two units at most. */
function quote(text: string): string {
  if (text.length <= quotedCharacters) return text
  const start = text.slice(0, 2 * quotedCharacters)
  return [...start].slice(0, quotedCharacters).join('')
}
