// What is written to the journal: one operation a line, each a whole fact that can be done again
// from the journal alone. Fields are parted by control characters that JSON never has bare, so
// JSON that was made once (message, life, trace, CDR) goes through to the tables as text.
import type { Life, LifeEntry, MessageState } from '../../model/life.ts'
import type { CountName } from '../../model/transition.ts'
import type { Message } from '../../model/message.ts'
import type { Report } from '../../model/receipt.ts'
import type { RefForm } from '../../model/ref.ts'
import type { Cdr } from '../../model/cdr.ts'
import type { CdrRow, Joined } from '../store.ts'
import { quoted, writeCdr, writeEntries, writeLife, writeMessage, writeReport } from './json.ts'
import { ascii, digits, octet, octetsFrom, put, type Slab } from './slab.ts'
import { dayOf } from '../../model/caps.ts'

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
/** A report that waits, and how often it was tried. */
export interface Reporting {
  attempt: number
  report: Report
}
/** `grain` for deliveries, `data` for reports: JSON of a Reporting where it comes from the table. */
export type QueueRow = [...QueueKey, message: number, grain: string | null, data: Reporting | string | null]
export type Wait = [item: number, lane: number, due: number, attempt: number, candidate: number]
/** `raw` is null where it is the same as the folded key. */
export type RefRow = [bind: number, key: string, message: number, segment: number, raw: string | null]

/** Written once: `row` has its JSON from then on. */
export interface CdrOp {
  cdr: Cdr
  row: CdrRow
}

export function cdrOp(sequence: number, cdr: Cdr): CdrOp {
  return { cdr, row: { sequence, message: cdr.message, account: cdr.account, json: noOctets } }
}
const noOctets = Buffer.alloc(0)

export interface Insert {
  tenant: number
  message: Message
  decision: string
}

/** Everything that one step changes about one message. */
export interface MessageOp {
  kind: 'message'
  order: number
  /** Null: as it was; then state, giveUpAt and wait are as they were too. */
  life: Life | null
  state: number
  giveUpAt: number | null
  wait: Wait | null
  entries: readonly LifeEntry[]
  refs: RefRow[] | null
  puts: QueueRow[] | null
  deletes: QueueKey[] | null
  cdr: CdrOp | null
  /** Parked receipts that found their message here. */
  early: number[] | null
  insert: Insert | null
  idempotency: [account: number, key: string] | null
  joins: Joined | null
  replace: [message: string, redactedAt: number | null] | null
  /** Another than before. */
  decision: string | null
  hidden: boolean
}

export type OtherOp =
  | { kind: 'name'; id: number; value: string }
  | { kind: 'early'; id: number; bind: number; receipt: string; at: number }
  | { kind: 'written'; upTo: number; hooked: [account: number, sequence: number, cdr: string][] }
  | { kind: 'hookDone'; account: number; upTo: number }
  | { kind: 'part'; key: string; place: number; total: number; at: number; data: string; called?: string }
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
export const unitCode = 0x1f
export const entryCode = 0x1e
export const groupCode = 0x1d

/** What does not happen to every message. */
export interface Rare {
  early: number[] | null
  idempotency: [number, string] | null
  joins: Joined | null
  replace: [string, number | null] | null
  /** Absent in what older programs wrote. */
  decision?: string | null
  hidden: boolean
}

/** Appends the operation as a line. */
export function encode(slab: Slab, op: Op): void {
  if (op.kind === 'message') fields(slab, op)
  else put(slab, JSON.stringify(op))
  octet(slab, 10)
}

function fields(out: Slab, op: MessageOp): void {
  const { insert, life, giveUpAt, wait, refs, puts, deletes, cdr } = op
  digits(out, op.order)
  octet(out, unitCode)
  if (life) writeLife(out, life)
  octet(out, unitCode)
  digits(out, op.state)
  octet(out, unitCode)
  if (giveUpAt !== null) digits(out, giveUpAt)
  octet(out, unitCode)
  if (wait) {
    octet(out, 91)
    writeKey(out, wait)
    octet(out, 93)
  }
  octet(out, unitCode)
  writeEntries(out, op.entries)
  octet(out, unitCode)
  if (refs) {
    for (let i = 0; i < refs.length; i++) {
      if (i > 0) octet(out, entryCode)
      writeRef(out, refs[i]!)
    }
  }
  octet(out, unitCode)
  if (puts) {
    for (let i = 0; i < puts.length; i++) {
      if (i > 0) octet(out, entryCode)
      writeRow(out, puts[i]!)
    }
  }
  octet(out, unitCode)
  if (deletes) {
    for (let i = 0; i < deletes.length; i++) {
      if (i > 0) octet(out, entryCode)
      writeKey(out, deletes[i]!)
    }
  }
  octet(out, unitCode)
  if (cdr) digits(out, cdr.row.sequence)
  octet(out, unitCode)
  if (cdr) {
    const from = out.end
    writeCdr(out, cdr.cdr)
    cdr.row.json = octetsFrom(out, from)
  }
  octet(out, unitCode)
  if (op.early || op.idempotency || op.joins !== null || op.replace || op.decision !== null || op.hidden) {
    const { early, idempotency, joins, replace, decision, hidden } = op
    put(out, JSON.stringify({ early, idempotency, joins, replace, decision, hidden } satisfies Rare))
  }
  if (insert) writeInsert(out, insert)
}

function writeInsert(out: Slab, { tenant, message, decision }: Insert): void {
  octet(out, unitCode)
  ascii(out, message.id.slice(14))
  octet(out, unitCode)
  digits(out, tenant)
  octet(out, unitCode)
  quoted(out, message.to.value)
  octet(out, unitCode)
  quoted(out, message.from.value)
  octet(out, unitCode)
  writeMessage(out, message)
  octet(out, unitCode)
  put(out, decision)
  // What it adds to its account's usage: kind, segments, day (since 1970, UTC).
  octet(out, unitCode)
  ascii(out, message.body.kind === 'mms' ? 'mms,' : 'sms,')
  digits(out, message.segments)
  octet(out, 44)
  digits(out, dayOf(message.acceptedAt))
}

function writeKey(out: Slab, key: QueueKey | QueueRow | Wait): void {
  digits(out, key[0])
  for (let i = 1; i < 5; i++) {
    octet(out, 44)
    digits(out, key[i] as number)
  }
}

function writeRow(out: Slab, row: QueueRow): void {
  const [, , , , , message, grain, data] = row
  writeKey(out, row)
  octet(out, groupCode)
  digits(out, message)
  octet(out, groupCode)
  if (grain !== null) quoted(out, grain)
  octet(out, groupCode)
  if (typeof data === 'string') put(out, data)
  else if (data) {
    ascii(out, '{"attempt":')
    digits(out, data.attempt)
    ascii(out, ',"report":')
    writeReport(out, data.report)
    octet(out, 125)
  }
}

function writeRef(out: Slab, [bind, key, , segment, raw]: RefRow): void {
  digits(out, bind)
  octet(out, 44)
  quoted(out, key)
  octet(out, groupCode)
  digits(out, segment)
  octet(out, groupCode)
  if (raw !== null) quoted(out, raw)
}
