// What is written to the journal: one operation a line, each a whole fact that can be done again
// from the journal alone. Fields are parted by control characters that JSON never has bare, so
// JSON that was made once (message, life, trace, CDR) goes through to the tables as text.
import type { CountName, MessageState } from '../../model/life.ts'
import type { Report } from '../../model/receipt.ts'
import type { RefForm } from '../../model/ref.ts'
import type { Joined } from '../store.ts'
import { quoted } from './json.ts'
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
  /** What it adds to its account's usage: kind, segments, day (since 1970, UTC). */
  usage: string
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
  | { kind: 'optOut'; account: number; sender: string; handset: string; at: number; word: string; message: string | null }
  | { kind: 'optIn'; account: number; sender: string; handset: string }
  | { kind: 'sticky'; account: number; service: string; handset: string; sender: string }
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
  put(slab, op.kind === 'message' ? fields(op) : `${JSON.stringify(op)}\n`)
}

/** A message's operation, as one text: each piece written to the slab by itself costs as much as all of it. */
function fields(op: MessageOp): string {
  const { insert, life, giveUpAt, wait, refs, puts, deletes, cdr } = op
  let text = `${op.order}\x1f${life ?? ''}\x1f${op.state}\x1f${giveUpAt ?? ''}\x1f${wait === null ? '' : `[${keyText(wait)}]`}\x1f${op.entries}\x1f`
  if (refs) for (let i = 0; i < refs.length; i++) text += i === 0 ? refText(refs[i]!) : entry + refText(refs[i]!)
  text += unit
  if (puts) for (let i = 0; i < puts.length; i++) text += i === 0 ? rowText(puts[i]!) : entry + rowText(puts[i]!)
  text += unit
  if (deletes) for (let i = 0; i < deletes.length; i++) text += i === 0 ? keyText(deletes[i]!) : entry + keyText(deletes[i]!)
  text += cdr ? `\x1f${cdr[0]}\x1f${cdr[1]}\x1f` : '\x1f\x1f\x1f'
  if (op.early || op.idempotency || op.joins !== null || op.replace || op.hidden) {
    const { early, idempotency, joins, replace, hidden } = op
    text += JSON.stringify({ early, idempotency, joins, replace, hidden } satisfies Rare)
  }
  if (insert)
    text += `\x1f${insert.tail}\x1f${insert.tenant}\x1f${quoted(insert.receiver)}\x1f${quoted(insert.sender)}\x1f${insert.message}\x1f${insert.decision}\x1f${insert.usage}`
  return text + '\n'
}

function keyText(key: QueueKey | Wait): string {
  return `${key[0]},${key[1]},${key[2]},${key[3]},${key[4]}`
}

function rowText(row: QueueRow): string {
  const grain = row[6]
  return `${row[0]},${row[1]},${row[2]},${row[3]},${row[4]}\x1d${row[5]}\x1d${grain === null ? '' : quoted(grain)}\x1d${row[7] ?? ''}`
}

function refText(row: RefRow): string {
  const raw = row[4]
  return `${row[0]},${quoted(row[1])}\x1d${row[3]}\x1d${raw === null ? '' : quoted(raw)}`
}

/** A message's operation as it stands in the journal, cut into fields. */
export type MessageFields = [
  order: string, life: string, state: string, giveUpAt: string, wait: string, entries: string, refs: string, puts: string, deletes: string,
  sequence: string, cdr: string, rare: string,
  tail?: string, tenant?: string, receiver?: string, sender?: string, message?: string, decision?: string, usage?: string,
] // prettier-ignore

export function decode(line: string): MessageFields | OtherOp {
  if (line.startsWith('{')) return JSON.parse(line) as OtherOp
  return line.split(unit) as MessageFields
}
