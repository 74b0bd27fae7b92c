// What is written to the journal: one operation a line, each a whole fact that can be done again
// from the journal alone. Fields are parted by control characters that JSON never has bare, so
// JSON that was made once (message, life, trace, CDR) goes through to the tables as text.
import type { CountName, Life, MessageState } from '../../model/life.ts'
import type { Report } from '../../model/receipt.ts'
import type { RefForm } from '../../model/ref.ts'
import type { Joined } from '../store.ts'
import { put, type Slab } from './slab.ts'

/** The order is the number in the table: append only. */
export const states: readonly MessageState[] = [
  'scheduled', 'queued', 'sent', 'held', 'delivered', 'undelivered', 'failed', 'expired', 'canceled', 'unconfirmed',
] // prettier-ignore
const stateNumbers = new Map(states.map((state, number) => [state, number]))
export function stateNumber(state: MessageState): number {
  return stateNumbers.get(state) ?? 0
}

/** Lane, account, 4 · kind + priority, due, item. */
export type QueueKey = [lane: number, account: number, kp: number, due: number, item: number]
/** `grain` and `data` (attempt and report) as the kind needs them. */
export type QueueRow = [...QueueKey, message: number, grain: string | null, data: string | null]
export type Wait = [item: number, lane: number, due: number, attempt: number, candidate: number]
/** `raw` is null where it is the same as the folded key. */
export type RefRow = [bind: number, key: string, message: number, segment: number, raw: string | null]

export interface Insert {
  tail: string
  tenant: number
  receiver: string
  sender: string
  message: string
  decision: string
}

/** Everything that one step changes about one message. */
export interface MessageOp {
  kind: 'message'
  order: number
  /** Null: as it was; then state, giveUpAt and wait are as they were too. */
  life: string | null
  state: number
  giveUpAt: number | null
  wait: Wait | null
  /** JSON, joined by commas. */
  entries: string
  refs: RefRow[] | null
  puts: QueueRow[] | null
  deletes: QueueKey[] | null
  cdr: [sequence: number, cdr: string] | null
  /** Parked receipts that found their message here. */
  early: number[] | null
  insert: Insert | null
  idempotency: [account: number, key: string] | null
  joins: Joined | null
  replace: [message: string, redactedAt: number | null] | null
  hidden: boolean
  /** The one that `puts` has, where it has just one: spares parsing it. Not written. */
  report: Report | null
}

export type OtherOp =
  | { kind: 'name'; id: number; value: string }
  | { kind: 'early'; id: number; bind: number; receipt: string; at: number }
  | { kind: 'written'; upTo: number; hooked: [account: number, sequence: number, cdr: string][] }
  | { kind: 'hookDone'; account: number; upTo: number }
  | { kind: 'part'; key: string; place: number; total: number; at: number; data: string }
  | { kind: 'dropParts'; key: string }
  | {
      kind: 'counts'
      minute: number
      counts: [bind: number, name: CountName, count: number][]
      forms: [bind: number, form: RefForm, count: number][]
    }

export type Op = MessageOp | OtherOp

/** Parts fields, list entries, and fields within those (ASCII unit, record and group separator). */
export const unit = '\x1f'
export const entry = '\x1e'
export const group = '\x1d'

/** What does not happen to every message. */
export interface Rare {
  early: number[] | null
  idempotency: [number, string] | null
  joins: Joined | null
  replace: [string, number | null] | null
  hidden: boolean
}

/** Appends the operation as a line. */
export function encode(slab: Slab, op: Op): void {
  if (op.kind === 'message') fields(slab, op)
  else put(slab, JSON.stringify(op))
  put(slab, '\n')
}

/** What needs no escape in JSON. */
const plain = /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/

function quoted(text: string): string {
  return plain.test(text) ? `"${text}"` : JSON.stringify(text)
}

/** As JSON.stringify, which takes three times as long: each message's life is written four times. */
export function lifeJson(life: Life): string {
  let text = `{"state":"${life.state}","segments":[`
  for (let i = 0; i < life.segments.length; i++) {
    const segment = life.segments[i]!
    text += i === 0 ? `{"state":"${segment.state}"` : `,{"state":"${segment.state}"`
    if (segment.ref !== undefined) text += `,"ref":${quoted(segment.ref)}`
    if (segment.bind !== undefined) text += `,"bind":${quoted(segment.bind)}`
    if (segment.final !== undefined) text += segment.final ? ',"final":true' : ',"final":false'
    if (segment.at !== undefined) text += `,"at":${segment.at}`
    if (segment.error !== undefined) text += `,"error":${quoted(segment.error)}`
    text += '}'
  }
  text += `],"attempts":${life.attempts},"updatedAt":${life.updatedAt}`
  if (life.bind !== undefined) text += `,"bind":${quoted(life.bind)}`
  if (life.sentAt !== undefined) text += `,"sentAt":${life.sentAt}`
  if (life.finalAt !== undefined) text += `,"finalAt":${life.finalAt}`
  if (life.failure !== undefined) text += `,"failure":${JSON.stringify(life.failure)}`
  return `${text}}`
}

function fields(slab: Slab, op: MessageOp): void {
  const { insert, life, giveUpAt, wait, refs, puts, deletes, cdr } = op
  const rare = op.early || op.idempotency || op.joins !== null || op.replace || op.hidden
  put(slab, `${op.order}\x1f`)
  if (life !== null) put(slab, life)
  put(slab, `\x1f${op.state}\x1f${giveUpAt ?? ''}\x1f${wait === null ? '' : `[${keyText(wait)}]`}\x1f`)
  if (op.entries !== '') put(slab, op.entries)
  let text: string = unit
  if (refs) for (let i = 0; i < refs.length; i++) text += i === 0 ? refText(refs[i]!) : entry + refText(refs[i]!)
  text += unit
  if (puts) for (let i = 0; i < puts.length; i++) text += i === 0 ? rowText(puts[i]!) : entry + rowText(puts[i]!)
  text += unit
  if (deletes) for (let i = 0; i < deletes.length; i++) text += i === 0 ? keyText(deletes[i]!) : entry + keyText(deletes[i]!)
  put(slab, cdr ? `${text}\x1f${cdr[0]}\x1f` : `${text}\x1f\x1f`)
  if (cdr) put(slab, cdr[1])
  put(slab, unit)
  if (rare) {
    const { early, idempotency, joins, replace, hidden } = op
    put(slab, JSON.stringify({ early, idempotency, joins, replace, hidden } satisfies Rare))
  }
  if (!insert) return
  put(slab, `\x1f${insert.tail}\x1f${insert.tenant}\x1f${JSON.stringify(insert.receiver)}\x1f${JSON.stringify(insert.sender)}\x1f`)
  put(slab, insert.message)
  put(slab, unit)
  put(slab, insert.decision)
}

function keyText(key: QueueKey | Wait): string {
  return `${key[0]},${key[1]},${key[2]},${key[3]},${key[4]}`
}

function rowText(row: QueueRow): string {
  const grain = row[6]
  return `${row[0]},${row[1]},${row[2]},${row[3]},${row[4]}\x1d${row[5]}\x1d${grain === null ? '' : JSON.stringify(grain)}\x1d${row[7] ?? ''}`
}

function refText(row: RefRow): string {
  const raw = row[4]
  return `${row[0]},${JSON.stringify(row[1])}\x1d${row[3]}\x1d${raw === null ? '' : JSON.stringify(raw)}`
}

/** A message's operation as it stands in the journal, cut into fields. */
export type MessageFields = [
  order: string, life: string, state: string, giveUpAt: string, wait: string, entries: string, refs: string, puts: string, deletes: string,
  sequence: string, cdr: string, rare: string,
  tail?: string, tenant?: string, receiver?: string, sender?: string, message?: string, decision?: string,
] // prettier-ignore

export function decode(line: string): MessageFields | OtherOp {
  if (line.startsWith('{')) return JSON.parse(line) as OtherOp
  return line.split(unit) as MessageFields
}
