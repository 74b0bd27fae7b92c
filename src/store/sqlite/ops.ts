// What is written to the journal: one JSON array a line, each a whole fact that can be done again
// from the journal alone. JSON that was made once (message, life, trace) goes through as text.
import type { CountName, MessageState } from '../../model/life.ts'
import type { RefForm } from '../../model/ref.ts'

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
  joins: string | null
  replace: [message: string, redactedAt: number] | null
  hidden: boolean
}

export type Op =
  | MessageOp
  | { kind: 'name'; id: number; value: string }
  | { kind: 'early'; id: number; bind: number; receipt: string; at: number }
  | { kind: 'written'; upTo: number; hooked: [account: number, sequence: number, cdr: string][] }
  | { kind: 'hookDone'; account: number; upTo: number }
  | { kind: 'part'; key: string; place: number; total: number; at: number; data: string }
  | { kind: 'dropParts'; key: string }
  | { kind: 'counts'; minute: number; counts: [bind: number, name: CountName, count: number][]; forms: [bind: number, form: RefForm, count: number][] }

const json = (value: unknown): string => (value === null ? '0' : JSON.stringify(value))

export function encode(op: Op): string {
  if (op.kind !== 'message') return JSON.stringify(op)
  const { insert } = op
  const head = `[${op.order},${op.life ?? '0'},${op.state},${op.giveUpAt ?? '0'},${json(op.wait)},[${op.entries}],${json(op.refs)},${json(op.puts)},${json(op.deletes)},`
  const cdr = op.cdr ? `${op.cdr[0]},${op.cdr[1]}` : '0,0'
  const rare = op.early || op.idempotency || op.joins || op.replace || op.hidden
  const added = insert
    ? `["${insert.tail}",${insert.tenant},${JSON.stringify(insert.receiver)},${JSON.stringify(insert.sender)},${insert.message},${insert.decision}]`
    : '0'
  return `${head}${cdr},${added}${rare ? `,${JSON.stringify([op.early, op.idempotency, op.joins, op.replace, op.hidden])}` : ''}]`
}

type Line = [
  number, unknown, number, number, Wait | 0, unknown[], RefRow[] | 0, QueueRow[] | 0, QueueKey[] | 0, number, unknown,
  [string, number, string, string, unknown, unknown] | 0,
  [number[] | null, [number, string] | null, string | null, [string, number] | null, boolean]?,
] // prettier-ignore

export function decode(line: string): Op {
  const parsed = JSON.parse(line) as Line | Exclude<Op, MessageOp>
  if (!Array.isArray(parsed)) return parsed
  const [order, life, state, giveUpAt, wait, entries, refs, puts, deletes, sequence, cdr, added, rare] = parsed
  return {
    kind: 'message',
    order,
    life: life === 0 ? null : JSON.stringify(life),
    state,
    giveUpAt: giveUpAt || null,
    wait: wait || null,
    entries: entries.map((entry) => JSON.stringify(entry)).join(','),
    refs: refs || null,
    puts: puts || null,
    deletes: deletes || null,
    cdr: sequence ? [sequence, JSON.stringify(cdr)] : null,
    early: rare?.[0] ?? null,
    insert: added
      ? { tail: added[0], tenant: added[1], receiver: added[2], sender: added[3], message: JSON.stringify(added[4]), decision: JSON.stringify(added[5]) }
      : null,
    idempotency: rare?.[1] ?? null,
    joins: rare?.[2] ?? null,
    replace: rare?.[3] ?? null,
    hidden: rare?.[4] ?? false,
  }
}
