// A journal file, folded: a message that was accepted, sent and receipted within it is one row to
// insert, and its queue items never reach a table.
import type { CountName } from '../../model/transition.ts'
import type { RefForm } from '../../model/ref.ts'
import type { Joined } from '../store.ts'
import { decode, entry, group, type MessageFields, type OtherOp, type Rare } from './ops.ts'

export interface RowChange {
  order: number
  insert: { tail: string; tenant: number; receiver: string; sender: string; message: string; decision: string } | null
  life: string | null
  state: number
  giveUpAt: number | null
  wait: string | null
  entries: string
  replace: [message: string, redactedAt: number | null] | null
  decision: string | null
  hidden: boolean
  /** `[bind,"key"],` for each: what a sweep deletes with the message. */
  refs: string
}

export interface Changes {
  /** Journal file that these changes are. */
  file: number
  operations: number
  names: [id: number, value: string][]
  messages: Map<number, RowChange>
  /** By key (`lane,account,kp,due,item`): message, grain as JSON, data. */
  puts: Map<string, string>
  deletes: string[]
  refs: [bind: number, key: string, message: number, segment: number, raw: string | null][]
  early: Map<number, [bind: number, receipt: string, at: number]>
  earlyDeletes: number[]
  cdrs: Map<number, string>
  cdrLast: number
  cdrWritten: number
  hooks: [account: number, sequence: number, cdr: string][]
  hookDone: [account: number, upTo: number][]
  parts: { key: string; place: number; total: number; at: number; data: string; called?: string }[]
  droppedParts: string[]
  joinedParts: [key: string, place: number, at: number][]
  idempotency: [message: number, account: number, key: string, tail: string][]
  counts: Map<string, [minute: number, bind: number, name: CountName, count: number]>
  forms: Map<string, [bind: number, form: RefForm, count: number]>
  usage: Map<string, [tenant: number, day: number, kind: string, messages: number, segments: number]>
  /** By `lane,account`. */
  depths: Map<string, [deliver: number, report: number]>
  /** By account, sender and handset, as JSON. Null: lifted. */
  optOuts: Map<string, [at: number, word: string, message: string | null] | null>
  /** By account, service and handset, as JSON: the sender. */
  stickies: Map<string, string>
  lastItem: number
  lastEarly: number
}

export function foldFile(file: number, lines: Iterable<string>): Changes {
  const changes: Changes = {
    file, operations: 0, names: [], messages: new Map(), puts: new Map(), deletes: [], refs: [], early: new Map(), earlyDeletes: [], cdrs: new Map(),
    cdrLast: 0, cdrWritten: 0, hooks: [], hookDone: [], parts: [], droppedParts: [], joinedParts: [], idempotency: [], counts: new Map(), forms: new Map(), usage: new Map(),
    depths: new Map(), optOuts: new Map(), stickies: new Map(), lastItem: 0, lastEarly: 0,
  } // prettier-ignore
  for (const line of lines) {
    changes.operations++
    const op = decode(line)
    if (Array.isArray(op)) foldMessage(changes, op)
    else foldOther(changes, op)
  }
  deepen(changes)
  return changes
}

function foldMessage(changes: Changes, fields: MessageFields): void {
  const [id, life, state, giveUpAt, wait, entries, refs, puts, deletes, sequence, cdr, rare, tail] = fields
  const order = Number(id)
  let row = changes.messages.get(order)
  if (!row) {
    row = {
      order,
      insert: null,
      life: null,
      state: 0,
      giveUpAt: null,
      wait: null,
      entries,
      replace: null,
      decision: null,
      hidden: false,
      refs: '',
    }
    changes.messages.set(order, row)
  } else if (entries !== '') row.entries = row.entries === '' ? entries : `${row.entries},${entries}`
  if (life !== '') {
    row.life = life
    row.state = Number(state)
    row.giveUpAt = giveUpAt === '' ? null : Number(giveUpAt)
    row.wait = wait === '' ? null : wait
  }
  if (tail !== undefined) {
    const [, , , , , , , , , , , , , tenant, receiver, sender, message, decision, usage] = fields as Required<MessageFields>
    row.insert = {
      tail,
      tenant: Number(tenant),
      receiver: unquoted(receiver),
      sender: unquoted(sender),
      message,
      decision,
    }
    use(changes, Number(tenant), usage)
  }
  if (puts !== '') for (let from = 0; from >= 0;) from = foldPut(changes, puts, from)
  if (deletes !== '') {
    for (const key of deletes.includes(entry) ? deletes.split(entry) : [deletes]) {
      if (!changes.puts.delete(key)) changes.deletes.push(key)
    }
  }
  if (refs !== '') for (const ref of refs.includes(entry) ? refs.split(entry) : [refs]) foldRef(changes, row, ref)
  if (sequence !== '') {
    changes.cdrs.set(Number(sequence), cdr)
    changes.cdrLast = Math.max(changes.cdrLast, Number(sequence))
  }
  if (rare !== '') foldRare(changes, row, JSON.parse(rare) as Rare)
}

function use({ usage }: Changes, tenant: number, counted: string | undefined): void {
  // A journal that an older program left says nothing of it.
  if (counted === undefined) return
  const [kind = '', segments, day] = counted.split(',')
  const key = `${tenant} ${day} ${kind}`
  const known = usage.get(key)
  if (!known) usage.set(key, [tenant, Number(day), kind, 1, Number(segments)])
  else {
    known[3]++
    known[4] += Number(segments)
  }
}

/** One of those parted by `entry`. Where the next begins; -1 after the last. */
function foldPut(changes: Changes, puts: string, from: number): number {
  const end = puts.indexOf(group, from)
  const next = puts.indexOf(entry, end)
  const key = puts.slice(from, end)
  changes.puts.set(key, next < 0 ? puts.slice(end + 1) : puts.slice(end + 1, next))
  const item = Number(key.slice(key.lastIndexOf(',') + 1))
  if (item > changes.lastItem) changes.lastItem = item
  return next < 0 ? next : next + 1
}

function foldRef(changes: Changes, row: RowChange, ref: string): void {
  const segment = ref.indexOf(group)
  const raw = ref.indexOf(group, segment + 1)
  const comma = ref.indexOf(',')
  const name = ref.slice(0, segment)
  changes.refs.push([
    Number(ref.slice(0, comma)),
    unquoted(ref.slice(comma + 1, segment)),
    row.order,
    Number(ref.slice(segment + 1, raw)),
    raw + 1 === ref.length ? null : unquoted(ref.slice(raw + 1)),
  ])
  row.refs += `[${name}],`
}

/** JSON of a text; most have nothing that is written otherwise. */
function unquoted(json: string): string {
  return json.includes('\\') ? (JSON.parse(json) as string) : json.slice(1, -1)
}

function foldRare(changes: Changes, row: RowChange, { early, idempotency, joins, replace, decision, hidden }: Rare): void {
  for (const id of early ?? []) if (!changes.early.delete(id)) changes.earlyDeletes.push(id)
  if (idempotency && row.insert) changes.idempotency.push([row.order, ...idempotency, row.insert.tail])
  if (joins !== null) joinParts(changes, joins)
  if (replace) row.replace = replace
  if (decision) row.decision = decision
  if (hidden) row.hidden = true
}

function foldOther(changes: Changes, op: OtherOp): void {
  switch (op.kind) {
    case 'name':
      changes.names.push([op.id, op.value])
      break
    case 'early':
      changes.early.set(op.id, [op.bind, op.receipt, op.at])
      changes.lastEarly = Math.max(changes.lastEarly, op.id)
      break
    case 'written':
      changes.cdrWritten = Math.max(changes.cdrWritten, op.upTo)
      for (const sequence of changes.cdrs.keys()) if (sequence <= op.upTo) changes.cdrs.delete(sequence)
      changes.hooks.push(...op.hooked)
      break
    case 'hookDone':
      changes.hookDone.push([op.account, op.upTo])
      changes.hooks = changes.hooks.filter(([account, sequence]) => account !== op.account || sequence > op.upTo)
      break
    case 'part': {
      const { key, place, total, at, data, called } = op
      changes.parts.push({ key, place, total, at, data, ...(called === undefined ? {} : { called }) })
      break
    }
    case 'dropParts':
      dropParts(changes, op.key)
      break
    case 'optOut':
      changes.optOuts.set(JSON.stringify([op.account, op.sender, op.handset]), [op.at, op.word, op.message])
      break
    case 'optIn':
      changes.optOuts.set(JSON.stringify([op.account, op.sender, op.handset]), null)
      break
    case 'sticky':
      changes.stickies.set(JSON.stringify([op.account, op.service, op.handset]), op.sender)
      break
    case 'counts':
      for (const [bind, name, count] of op.counts) {
        const known = changes.counts.get(`${op.minute} ${bind} ${name}`)
        if (known) known[3] += count
        else changes.counts.set(`${op.minute} ${bind} ${name}`, [op.minute, bind, name, count])
      }
      for (const [bind, form, count] of op.forms) {
        const known = changes.forms.get(`${bind} ${form}`)
        if (known) known[2] += count
        else changes.forms.set(`${bind} ${form}`, [bind, form, count])
      }
  }
}

/** How much deeper each lane is, by what the file leaves: what it put and took away again counts for nothing. */
function deepen(changes: Changes): void {
  for (const key of changes.puts.keys()) deepenBy(changes, key, 1)
  for (const key of changes.deletes) deepenBy(changes, key, -1)
}

function deepenBy({ depths }: Changes, key: string, by: number): void {
  const account = key.indexOf(',') + 1
  const kp = key.indexOf(',', account) + 1
  const line = key.slice(0, kp - 1)
  let depth = depths.get(line)
  if (!depth) depths.set(line, (depth = [0, 0]))
  // Four priorities of each kind: one digit.
  depth[key.charCodeAt(kp) < 52 ? 0 : 1] += by
}

function dropParts(changes: Changes, key: string): void {
  changes.parts = changes.parts.filter((part) => part.key !== key)
  changes.droppedParts.push(key)
}

/** Only those that the message has: the same part may have come again while it was accepted. */
function joinParts(changes: Changes, { key, parts }: Joined): void {
  const isJoined = (part: Changes['parts'][number]): boolean =>
    part.key === key && parts.some(([place, at]) => part.place === place && part.at === at)
  changes.parts = changes.parts.filter((part) => !isJoined(part))
  for (const [place, at] of parts) changes.joinedParts.push([key, place, at])
}
