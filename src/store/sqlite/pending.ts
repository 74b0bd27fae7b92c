// What is in the journal and not yet in the tables, folded: a message that was accepted, sent and
// receipted since the last flush is one row to insert, and its queue items never reach a table.
import type { CountName } from '../../model/life.ts'
import type { RefForm } from '../../model/ref.ts'
import type { Insert, Op, QueueKey, QueueRow, RefRow, Wait } from './ops.ts'

export interface RowChange {
  order: number
  insert: Insert | null
  life: string | null
  state: number
  giveUpAt: number | null
  wait: Wait | null
  entries: string
  replace: [message: string, redactedAt: number] | null
  hidden: boolean
  /** `[bind,"key"]` pairs, each followed by a comma: what a sweep deletes with the message. */
  refs: string
}

/** Structured-clone data: sent to the writer as it is. */
export interface Changes {
  /** Journal file that these changes end. */
  file: number
  names: [id: number, value: string][]
  messages: Map<number, RowChange>
  puts: Map<number, QueueRow>
  deletes: QueueKey[]
  refs: RefRow[]
  early: Map<number, [bind: number, receipt: string, at: number]>
  earlyDeletes: number[]
  cdrs: Map<number, string>
  cdrLast: number
  cdrWritten: number
  hooks: [account: number, sequence: number, cdr: string][]
  hookDone: [account: number, upTo: number][]
  parts: { key: string; place: number; total: number; at: number; data: string }[]
  droppedParts: string[]
  idempotency: [message: number, account: number, key: string, tail: string][]
  counts: Map<string, [minute: number, bind: number, name: CountName, count: number]>
  forms: Map<string, [bind: number, form: RefForm, count: number]>
  depths: Map<number, [deliver: number, report: number]>
  lastItem: number
  lastEarly: number
}

export function noChanges(file: number): Changes {
  return {
    file,
    names: [],
    messages: new Map(),
    puts: new Map(),
    deletes: [],
    refs: [],
    early: new Map(),
    earlyDeletes: [],
    cdrs: new Map(),
    cdrLast: 0,
    cdrWritten: 0,
    hooks: [],
    hookDone: [],
    parts: [],
    droppedParts: [],
    idempotency: [],
    counts: new Map(),
    forms: new Map(),
    depths: new Map(),
    lastItem: 0,
    lastEarly: 0,
  }
}

export function fold(changes: Changes, op: Op): void {
  switch (op.kind) {
    case 'message': {
      foldMessage(changes, op)
      break
    }
    case 'name':
      changes.names.push([op.id, op.value])
      break
    case 'early':
      changes.early.set(op.id, [op.bind, op.receipt, op.at])
      changes.lastEarly = Math.max(changes.lastEarly, op.id)
      break
    case 'written': {
      changes.cdrWritten = Math.max(changes.cdrWritten, op.upTo)
      for (const sequence of changes.cdrs.keys()) {
        if (sequence <= op.upTo) changes.cdrs.delete(sequence)
        else break
      }
      for (const hook of op.hooked) changes.hooks.push(hook)
      break
    }
    case 'hookDone':
      changes.hookDone.push([op.account, op.upTo])
      changes.hooks = changes.hooks.filter(([account, sequence]) => account !== op.account || sequence > op.upTo)
      break
    case 'part': {
      const { kind: _, ...part } = op
      changes.parts.push(part)
      break
    }
    case 'dropParts':
      dropParts(changes, op.key)
      break
    case 'counts':
      for (const [bind, name, count] of op.counts) {
        const key = `${op.minute} ${bind} ${name}`
        const known = changes.counts.get(key)
        if (known) known[3] += count
        else changes.counts.set(key, [op.minute, bind, name, count])
      }
      for (const [bind, form, count] of op.forms) {
        const known = changes.forms.get(`${bind} ${form}`)
        if (known) known[2] += count
        else changes.forms.set(`${bind} ${form}`, [bind, form, count])
      }
  }
}

function foldMessage(changes: Changes, op: Op & { kind: 'message' }): void {
  const { order } = op
  let row = changes.messages.get(order)
  if (!row) {
    const { insert, life, state, giveUpAt, wait, entries, replace, hidden } = op
    row = { order, insert, life, state, giveUpAt, wait, entries, replace, hidden, refs: '' }
    changes.messages.set(order, row)
  } else {
    if (op.life !== null) {
      row.life = op.life
      row.state = op.state
      row.giveUpAt = op.giveUpAt
      row.wait = op.wait
    }
    if (op.entries !== '') row.entries = row.entries === '' ? op.entries : `${row.entries},${op.entries}`
    if (op.replace) row.replace = op.replace
    if (op.hidden) row.hidden = true
  }
  if (op.puts) {
    for (const put of op.puts) {
      changes.puts.set(put[4], put)
      deepen(changes, put, 1)
      if (put[4] > changes.lastItem) changes.lastItem = put[4]
    }
  }
  if (op.deletes) {
    for (const key of op.deletes) {
      deepen(changes, key, -1)
      if (!changes.puts.delete(key[4])) changes.deletes.push(key)
    }
  }
  if (op.refs) {
    for (const ref of op.refs) {
      changes.refs.push(ref)
      row.refs += `[${ref[0]},${JSON.stringify(ref[1])}],`
    }
  }
  if (op.cdr) {
    changes.cdrs.set(op.cdr[0], op.cdr[1])
    changes.cdrLast = Math.max(changes.cdrLast, op.cdr[0])
  }
  if (op.early) for (const id of op.early) if (!changes.early.delete(id)) changes.earlyDeletes.push(id)
  if (op.idempotency && op.insert) changes.idempotency.push([order, op.idempotency[0], op.idempotency[1], op.insert.tail])
  if (op.joins !== null) dropParts(changes, op.joins)
}

function deepen(changes: Changes, key: readonly [number, number, number, ...unknown[]], by: number): void {
  let depth = changes.depths.get(key[0])
  if (!depth) changes.depths.set(key[0], (depth = [0, 0]))
  if (key[2] < 4) depth[0] += by
  else depth[1] += by
}

function dropParts(changes: Changes, key: string): void {
  changes.parts = changes.parts.filter((part) => part.key !== key)
  changes.droppedParts.push(key)
}
