// A journal file, folded: a message that was accepted, sent and receipted within it is one row to
// insert, and its queue items never reach a table. What is only carried stays where it is in the
// file's octets: `life` and the like are places in them, and end at `lifeTo` or before the next separator.
import type { CountName } from '../../model/transition.ts'
import type { RefForm } from '../../model/ref.ts'
import { foldMessage, readNumber, type Place } from './fields.ts'
import { records } from './journal.ts'
import type { OtherOp } from './ops.ts'

export interface MessageRow {
  order: number
  /** The last one within the file; empty where the file changes nothing of it, nor of the three after it. */
  life: number
  lifeTo: number
  state: number
  giveUpAt: number | null
  /** Empty: none. */
  wait: number
  waitTo: number
  /** From and to, for each line that added some. */
  entries: number[]
  refs: MessageRef[] | null
  insert: MessageInsert | null
  replace: [message: string, redactedAt: number | null] | null
  decision: string | null
  hidden: boolean
}

/** `name` is the bind and the key as they stand, up to `keyTo`; `key` and `raw` are JSON, `raw` maybe empty. */
export interface MessageRef {
  name: number
  bind: number
  key: number
  keyTo: number
  segment: number
  raw: number
  rawTo: number
}

/** One after another: each ends an octet before the next; `tenant` is the number, which stands between `tail` and `receiver`. */
export interface MessageInsert {
  tail: number
  tenant: number
  receiver: number
  sender: number
  message: number
  decision: number
  decisionTo: number
}

/** A queue row: its key, and behind it message, grain as JSON and data. */
export interface Put {
  key: number
  keyTo: number
  gone: boolean
}

export interface Changes {
  /** Journal file that these changes are. */
  file: number
  /** What is in it. */
  octets: Buffer
  operations: number
  names: [id: number, value: string][]
  /** In the order in which they come first. */
  messages: MessageRow[]
  rows: Map<number, MessageRow>
  /** In order, those that are gone again among them. */
  puts: Put[]
  items: Map<number, Put>
  /** Keys of items that earlier files put. */
  deletes: number[]
  early: Map<number, [bind: number, receipt: string, at: number]>
  earlyDeletes: number[]
  /** Those up to `cdrWritten` among them. */
  cdrs: { sequence: number; cdr: number; to: number }[]
  cdrLast: number
  cdrWritten: number
  hooks: [account: number, sequence: number, cdr: string][]
  hookDone: [account: number, upTo: number][]
  parts: { key: string; place: number; total: number; at: number; data: string; called?: string }[]
  droppedParts: string[]
  joinedParts: [key: string, place: number, at: number][]
  idempotency: [row: MessageRow, account: number, key: string][]
  counts: Map<string, [minute: number, bind: number, name: CountName, count: number]>
  forms: Map<string, [bind: number, form: RefForm, count: number]>
  /** By tenant. */
  usage: Map<number, { day: number; kind: string; messages: number; segments: number }[]>
  /** By lane and account: how much deeper, by what the file leaves. */
  depths: Map<number, Map<number, [deliver: number, report: number]>>
  /** By account, sender and handset, as JSON. Null: lifted. */
  optOuts: Map<string, [at: number, word: string, message: string | null] | null>
  /** By account, service and handset, as JSON: the sender. */
  stickies: Map<string, string>
  lastItem: number
  lastEarly: number
}

const newline = 10
const brace = 123

/** `octets`: what is in the file, which has to stay as it is until the changes are in the tables. `verified`: this process wrote it itself. */
export function foldFile(file: number, octets: Buffer, verified: boolean): Changes {
  const changes: Changes = {
    file, octets, operations: 0, names: [], messages: [], rows: new Map(), puts: [], items: new Map(), deletes: [], early: new Map(),
    earlyDeletes: [], cdrs: [], cdrLast: 0, cdrWritten: 0, hooks: [], hookDone: [], parts: [], droppedParts: [], joinedParts: [], idempotency: [],
    counts: new Map(), forms: new Map(), usage: new Map(), depths: new Map(), optOuts: new Map(), stickies: new Map(), lastItem: 0, lastEarly: 0,
  } // prettier-ignore
  const place: Place = { octets, at: 0 }
  for (const [from, to] of records(octets, file, verified)) {
    place.at = from
    while (place.at < to) {
      changes.operations++
      if (octets[place.at] === brace) foldOther(changes, place)
      else foldMessage(changes, place)
      place.at++
    }
  }
  deepen(changes, place)
  return changes
}

function foldOther(changes: Changes, place: Place): void {
  const from = place.at
  place.at = place.octets.indexOf(newline, from)
  foldOp(changes, JSON.parse(place.octets.toString('utf8', from, place.at)) as OtherOp)
}

function foldOp(changes: Changes, op: OtherOp): void {
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
      changes.parts = changes.parts.filter((part) => part.key !== op.key)
      changes.droppedParts.push(op.key)
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
function deepen(changes: Changes, place: Place): void {
  const { depths } = changes
  for (const put of changes.puts) if (!put.gone) deepenBy(depths, place, put.key, 1)
  for (const key of changes.deletes) deepenBy(depths, place, key, -1)
}

function deepenBy(depths: Changes['depths'], place: Place, key: number, by: number): void {
  place.at = key
  const lane = readNumber(place)
  place.at++
  const account = readNumber(place)
  place.at++
  let accounts = depths.get(lane)
  if (!accounts) depths.set(lane, (accounts = new Map()))
  let depth = accounts.get(account)
  if (!depth) accounts.set(account, (depth = [0, 0]))
  // Four priorities of each kind.
  depth[readNumber(place) < 4 ? 0 : 1] += by
}
