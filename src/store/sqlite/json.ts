// JSON of what every message leaves behind, written by hand straight into bytes: JSON.stringify takes
// three to five times as long, a text put together from pieces is garbage many times its length, and a
// message's life is written four times. Each reads back as JSON.stringify's would.
import type { Cdr } from '../../model/cdr.ts'
import type { FailureFacts } from '../../model/failure.ts'
import type { Life, LifeEntry } from '../../model/life.ts'
import type { Address } from '../../model/address.ts'
import type { Message } from '../../model/message.ts'
import type { Report } from '../../model/receipt.ts'
import { ascii, clear, createSlab, digits, octet, type Piece, pieceOf, put, putPiece, room, type Slab } from './slab.ts'

/** What needs no escape in JSON: no quote, backslash, control character or half of a pair. */
const plain = /^[ !#-[\]-~\u00a0-\u2027\u202a-\ud7ff\ue000-\uffff]*$/

/** Longer ones are looked over and written by C++. */
const fewCharacters = 24

/** Appends a text as a JSON string. */
export function quoted(out: Slab, text: string): void {
  const { length } = text
  if (length > fewCharacters) {
    if (!plain.test(text)) return put(out, JSON.stringify(text))
    octet(out, 34)
    put(out, text)
    return octet(out, 34)
  }
  room(out, length + 2)
  const { buffer, end } = out
  buffer[end] = 34
  for (let i = 0; i < length; i++) {
    const character = text.charCodeAt(i)
    if (character > 126 || character < 32 || character === 34 || character === 92) return put(out, JSON.stringify(text))
    buffer[end + 1 + i] = character
  }
  buffer[end + 1 + length] = 34
  out.end = end + length + 2
}

/** Names of fields as they stand within an object, and at its beginning. */
const name = pieces((key) => `,"${key}":`, [
  'acceptedAt', 'account', 'arrival', 'at', 'attempts', 'bind', 'carrierRefs', 'deliverAfter', 'destinationBind', 'direction', 'doneAt',
  'error', 'extras', 'failure', 'final', 'finalAt', 'form', 'from', 'hops', 'keyword', 'kind', 'messageClass', 'mode', 'n', 'npi', 'origin',
  'outcome', 'peer', 'priority', 'progress', 'receipt', 'ref', 'refs', 'report', 'route', 'segment', 'segments', 'sentAt', 'service',
  'sourceBind', 'state', 'to', 'ton', 'tookMs', 'udh', 'updatedAt', 'validUntil', 'via', 'wire',
]) // prettier-ignore
const first = pieces((key) => `{"${key}":`, ['at', 'id', 'value', 'state', 'message'])
const what = pieces((key) => `,"what":"${key}"`, ['accepted', 'attempt', 'receipt', 'report', 'final'])
const textBody = pieceOf(',"body":{"kind":"text","text":')
const binaryBody = pieceOf(',"body":{"kind":"binary","data":')

function pieces<const K extends string>(write: (key: K) => string, keys: readonly K[]): Readonly<Record<K, Piece>> {
  return Object.fromEntries(keys.map((key) => [key, pieceOf(write(key))])) as Record<K, Piece>
}

/** Binds, accounts and routes as JSON: of more, those in use are written anew. */
const knownWords = new Map<string, Piece>()
const mostKnown = 20_000

const scratch = createSlab()

/** As a text in one piece. */
export function textOf<T>(write: (out: Slab, value: T) => void, value: T): string {
  scratch.end = 0
  write(scratch, value)
  const text = scratch.buffer.toString('utf8', 0, scratch.end)
  clear(scratch)
  return text
}

export function writeLife(out: Slab, life: Life): void {
  code(out, first.state, life.state)
  putPiece(out, name.segments)
  octet(out, 91)
  const { segments } = life
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i]!
    if (i > 0) octet(out, 44)
    code(out, first.state, segment.state)
    if (segment.ref !== undefined) word(out, name.ref, segment.ref)
    if (segment.bind !== undefined) known(out, name.bind, segment.bind)
    if (segment.final !== undefined) flag(out, name.final, segment.final)
    if (segment.at !== undefined) number(out, name.at, segment.at)
    if (segment.error !== undefined) word(out, name.error, segment.error)
    octet(out, 125)
  }
  octet(out, 93)
  number(out, name.attempts, life.attempts)
  number(out, name.updatedAt, life.updatedAt)
  if (life.bind !== undefined) known(out, name.bind, life.bind)
  if (life.sentAt !== undefined) number(out, name.sentAt, life.sentAt)
  if (life.finalAt !== undefined) number(out, name.finalAt, life.finalAt)
  failure(out, life.failure)
  octet(out, 125)
}

/** Name (with its comma and colon) and value. */
function word(out: Slab, key: Piece, value: string): void {
  putPiece(out, key)
  quoted(out, value)
}

/** Of a bind, an account, a route: the same few come again and again. */
function known(out: Slab, key: Piece, value: string): void {
  putPiece(out, key)
  let piece = knownWords.get(value)
  if (piece === undefined) {
    if (knownWords.size >= mostKnown) knownWords.clear()
    knownWords.set(value, (piece = pieceOf(JSON.stringify(value))))
  }
  putPiece(out, piece)
}

function number(out: Slab, key: Piece, value: number): void {
  putPiece(out, key)
  digits(out, value)
}

function flag(out: Slab, key: Piece, value: boolean): void {
  putPiece(out, key)
  ascii(out, value ? 'true' : 'false')
}

/** A value of a closed list, or digits and letters: ASCII without escapes. */
function code(out: Slab, key: Piece, value: string): void {
  putPiece(out, key)
  octet(out, 34)
  ascii(out, value)
  octet(out, 34)
}

function failure(out: Slab, facts: FailureFacts | undefined): void {
  if (facts !== undefined) put(out, `,"failure":${JSON.stringify(facts)}`)
}

/** Entries of the kinds that every message has; of the others as JSON.stringify does. */
function writeEntry(out: Slab, entry: LifeEntry): void {
  switch (entry.what) {
    case 'accepted':
      number(out, first.at, entry.at)
      putPiece(out, what.accepted)
      known(out, name.via, entry.via)
      break
    case 'attempt':
      number(out, first.at, entry.at)
      putPiece(out, what.attempt)
      number(out, name.n, entry.n)
      known(out, name.bind, entry.bind)
      code(out, name.outcome, entry.outcome)
      if (entry.tookMs !== undefined) number(out, name.tookMs, entry.tookMs)
      list(out, name.refs, entry.refs)
      failure(out, entry.failure)
      list(out, name.wire, entry.wire)
      break
    case 'receipt':
      number(out, first.at, entry.at)
      putPiece(out, what.receipt)
      known(out, name.bind, entry.bind)
      word(out, name.ref, entry.ref)
      number(out, name.segment, entry.segment)
      code(out, name.state, entry.state)
      flag(out, name.final, entry.final)
      if (entry.error !== undefined) word(out, name.error, entry.error)
      if (entry.form !== undefined) word(out, name.form, entry.form)
      if (entry.wire !== undefined) put(out, `,"wire":${JSON.stringify(entry.wire)}`)
      break
    case 'report':
      number(out, first.at, entry.at)
      putPiece(out, what.report)
      code(out, name.state, entry.state)
      number(out, name.n, entry.n)
      code(out, name.outcome, entry.outcome)
      failure(out, entry.failure)
      list(out, name.wire, entry.wire)
      break
    case 'final':
      number(out, first.at, entry.at)
      putPiece(out, what.final)
      code(out, name.state, entry.state)
      failure(out, entry.failure)
      break
    default:
      put(out, JSON.stringify(entry))
      return
  }
  octet(out, 125)
}

function list(out: Slab, key: Piece, texts: readonly string[] | undefined): void {
  if (texts === undefined) return
  putPiece(out, key)
  octet(out, 91)
  for (let i = 0; i < texts.length; i++) {
    if (i > 0) octet(out, 44)
    quoted(out, texts[i]!)
  }
  octet(out, 93)
}

/** Parted by commas. */
export function writeEntries(out: Slab, entries: readonly LifeEntry[]): void {
  for (let i = 0; i < entries.length; i++) {
    if (i > 0) octet(out, 44)
    writeEntry(out, entries[i]!)
  }
}

/** Octets as Base64: reads back by thaw. */
export function writeMessage(out: Slab, message: Message): void {
  code(out, first.id, message.id)
  known(out, name.account, message.account)
  code(out, name.direction, message.direction)
  known(out, name.arrival, message.arrival)
  number(out, name.acceptedAt, message.acceptedAt)
  number(out, name.validUntil, message.validUntil)
  number(out, name.segments, message.segments)
  address(out, name.from, message.from)
  address(out, name.to, message.to)
  writeBody(out, message)
  number(out, name.priority, message.priority)
  code(out, name.receipt, message.receipt)
  if (message.mode !== undefined) code(out, name.mode, message.mode)
  if (message.deliverAfter !== undefined) number(out, name.deliverAfter, message.deliverAfter)
  if (message.ref !== undefined) word(out, name.ref, message.ref)
  if (message.progress !== undefined) flag(out, name.progress, message.progress)
  if (message.report !== undefined) words(out, name.report, message.report)
  if (message.extras !== undefined) words(out, name.extras, message.extras)
  if (message.origin !== undefined) known(out, name.origin, message.origin)
  if (message.service !== undefined) known(out, name.service, message.service)
  if (message.keyword !== undefined) code(out, name.keyword, message.keyword)
  if (message.hops !== undefined) number(out, name.hops, message.hops)
  octet(out, 125)
}

function address(out: Slab, key: Piece, { value, ton, npi }: Address): void {
  putPiece(out, key)
  word(out, first.value, value)
  code(out, name.ton, ton)
  code(out, name.npi, npi)
  octet(out, 125)
}

function writeBody(out: Slab, { body }: Message): void {
  switch (body.kind) {
    case 'text':
      word(out, textBody, body.text)
      messageClass(out, body.messageClass)
      ascii(out, body.ucs2 ? ',"ucs2":true}' : '}')
      return
    case 'binary':
      code(out, binaryBody, base64(body.data))
      if (body.udh) code(out, name.udh, base64(body.udh))
      messageClass(out, body.messageClass)
      octet(out, 125)
      return
    case 'mms':
      put(out, `,"body":${JSON.stringify(body)}`)
      return
  }
  body satisfies never
}

function messageClass(out: Slab, value: number | undefined): void {
  if (value !== undefined) number(out, name.messageClass, value)
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

function words(out: Slab, key: Piece, values: Readonly<Record<string, string>>): void {
  putPiece(out, key)
  octet(out, 123)
  let count = 0
  for (const each in values) {
    if (count++ > 0) octet(out, 44)
    quoted(out, each)
    octet(out, 58)
    quoted(out, values[each]!)
  }
  octet(out, 125)
}

export function writeReport(out: Slab, report: Report): void {
  code(out, first.state, report.state)
  number(out, name.at, report.at)
  failure(out, report.failure)
  if (report.doneAt !== undefined) number(out, name.doneAt, report.doneAt)
  if (report.error !== undefined) word(out, name.error, report.error)
  if (report.extras !== undefined) words(out, name.extras, report.extras)
  octet(out, 125)
}

export function writeCdr(out: Slab, cdr: Cdr): void {
  code(out, first.message, cdr.message)
  known(out, name.account, cdr.account)
  code(out, name.direction, cdr.direction)
  code(out, name.kind, cdr.kind)
  word(out, name.from, cdr.from)
  word(out, name.to, cdr.to)
  known(out, name.sourceBind, cdr.sourceBind)
  list(out, name.carrierRefs, cdr.carrierRefs)
  number(out, name.segments, cdr.segments)
  number(out, name.priority, cdr.priority)
  number(out, name.attempts, cdr.attempts)
  code(out, name.state, cdr.state)
  code(out, name.acceptedAt, cdr.acceptedAt)
  code(out, name.finalAt, cdr.finalAt)
  if (cdr.sentAt !== undefined) code(out, name.sentAt, cdr.sentAt)
  if (cdr.destinationBind !== undefined) known(out, name.destinationBind, cdr.destinationBind)
  if (cdr.route !== undefined) known(out, name.route, cdr.route)
  if (cdr.ref !== undefined) word(out, name.ref, cdr.ref)
  if (cdr.failure !== undefined) word(out, name.failure, cdr.failure)
  if (cdr.peer !== undefined) word(out, name.peer, cdr.peer)
  octet(out, 125)
}
