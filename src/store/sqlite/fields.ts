// A message's line of the journal, read where it stands: what is only carried to the tables stays octets of the file, told by
// where they begin and end, and becomes no text on its way. The lines are our own, and whole: their checksum was looked at.
import type { Changes, MessageRow, Put } from './fold.ts'
import { entryCode, groupCode, unitCode, type Rare } from './ops.ts'

/** Where reading stands. */
export interface Place {
  octets: Buffer
  at: number
}

const comma = 44
const backslash = 92

/** Folds one line; the place is then at its end. */
export function foldMessage(changes: Changes, place: Place): void {
  const { octets } = place
  const row = rowOf(changes, readNumber(place))
  const life = ++place.at
  const lifeTo = fieldEnd(octets, life)
  place.at = lifeTo + 1
  const state = readNumber(place)
  place.at++
  const giveUpAt = octets[place.at] === unitCode ? null : readNumber(place)
  const wait = place.at + 1
  const waitTo = shortEnd(octets, wait)
  if (lifeTo > life) {
    row.life = life
    row.lifeTo = lifeTo
    row.state = state
    row.giveUpAt = giveUpAt
    row.wait = wait
    row.waitTo = waitTo
  }
  const entries = waitTo + 1
  place.at = fieldEnd(octets, entries)
  if (place.at > entries) row.entries.push(entries, place.at)
  if (octets[++place.at] !== unitCode) readRefs(row, place)
  if (octets[++place.at] !== unitCode) readPuts(changes, place)
  if (octets[++place.at] !== unitCode) readDeletes(changes, place)
  if (octets[++place.at] === unitCode) place.at += 2
  else readCdr(changes, place)
  const rare = place.at
  place.at = shortEnd(octets, rare)
  const rareTo = place.at
  if (octets[rareTo] === unitCode) readInsert(changes, row, place)
  if (rareTo > rare) foldRare(changes, row, JSON.parse(octets.toString('utf8', rare, rareTo)) as Rare)
}

function rowOf({ rows, messages }: Changes, order: number): MessageRow {
  let row = rows.get(order)
  if (!row) {
    row = {
      order, life: 0, lifeTo: 0, state: 0, giveUpAt: null, wait: 0, waitTo: 0, entries: [], refs: null, insert: null, replace: null, decision: null, hidden: false,
    } // prettier-ignore
    rows.set(order, row)
    messages.push(row)
  }
  return row
}

/** A decimal number, up to what is none of its digits. */
export function readNumber(place: Place): number {
  const { octets } = place
  const from = place.at
  let at = from
  let value = 0
  let code = octets[at]!
  for (; code >= 48 && code <= 57; code = octets[++at]!) value = value * 10 + (code - 48)
  place.at = at
  if (code < 32 || code === comma) return value
  // Below zero, or no whole number.
  while (octets[at]! >= 32 && octets[at] !== comma) at++
  place.at = at
  return Number(octets.toString('latin1', from, at))
}

/** Of a field that others follow, and that may be long. */
function fieldEnd(octets: Buffer, from: number): number {
  if (octets[from] === unitCode) return from
  const to = octets.indexOf(unitCode, from)
  return to < 0 ? octets.length : to
}

/** Of what is mostly short, up to whichever separator. */
export function shortEnd(octets: Buffer, from: number): number {
  let at = from
  while (octets[at]! >= 32) at++
  return at
}

/** What a JSON text says; most have nothing that is written otherwise. */
export function unquoted(octets: Buffer, from: number, to: number): Buffer | string {
  for (let at = from; at < to; at++) if (octets[at] === backslash) return JSON.parse(octets.toString('utf8', from, to)) as string
  return octets.subarray(from + 1, to - 1)
}

function readRefs(row: MessageRow, place: Place): void {
  const { octets } = place
  const refs = (row.refs ??= [])
  for (;;) {
    const name = place.at
    const bind = readNumber(place)
    const key = place.at + 1
    const keyTo = shortEnd(octets, key)
    place.at = keyTo + 1
    const segment = readNumber(place)
    const raw = place.at + 1
    const rawTo = shortEnd(octets, raw)
    refs.push({ name, bind, key, keyTo, segment, raw, rawTo })
    place.at = rawTo
    if (octets[rawTo] !== entryCode) return
    place.at++
  }
}

/** The item, which ends a queue key. */
function readItem(place: Place): number {
  for (;;) {
    const number = readNumber(place)
    if (place.octets[place.at] !== comma) return number
    place.at++
  }
}

function readPuts(changes: Changes, place: Place): void {
  const { octets } = place
  for (;;) {
    const key = place.at
    const item = readItem(place)
    const put: Put = { key, keyTo: place.at, gone: false }
    const before = changes.items.get(item)
    if (before) before.gone = true
    changes.items.set(item, put)
    changes.puts.push(put)
    if (item > changes.lastItem) changes.lastItem = item
    while (octets[place.at] === groupCode) place.at = shortEnd(octets, place.at + 1)
    if (octets[place.at] !== entryCode) return
    place.at++
  }
}

/** An item has one key for as long as it lives: by its number it is found, and by its key it is the one. */
function readDeletes(changes: Changes, place: Place): void {
  const { octets } = place
  for (;;) {
    const key = place.at
    const put = changes.items.get(readItem(place))
    if (put && !put.gone && same(octets, put.key, put.keyTo, key, place.at)) put.gone = true
    else changes.deletes.push(key)
    if (octets[place.at] !== entryCode) return
    place.at++
  }
}

function same(octets: Buffer, from: number, to: number, other: number, otherTo: number): boolean {
  if (to - from !== otherTo - other) return false
  for (let i = to - from - 1; i >= 0; i--) if (octets[from + i] !== octets[other + i]) return false
  return true
}

function readCdr(changes: Changes, place: Place): void {
  const sequence = readNumber(place)
  const cdr = place.at + 1
  const to = fieldEnd(place.octets, cdr)
  changes.cdrs.push({ sequence, cdr, to })
  if (sequence > changes.cdrLast) changes.cdrLast = sequence
  place.at = to + 1
}

function readInsert(changes: Changes, row: MessageRow, place: Place): void {
  const { octets } = place
  const tail = place.at + 1
  place.at = shortEnd(octets, tail) + 1
  const tenant = readNumber(place)
  const receiver = place.at + 1
  const sender = shortEnd(octets, receiver) + 1
  const message = shortEnd(octets, sender) + 1
  const decision = fieldEnd(octets, message) + 1
  place.at = shortEnd(octets, decision)
  row.insert = { tail, tenant, receiver, sender, message, decision, decisionTo: place.at }
  // A journal that an older program left says nothing of usage.
  if (octets[place.at] === unitCode) use(changes, tenant, place)
}

function use({ usage }: Changes, tenant: number, place: Place): void {
  const { octets } = place
  const from = ++place.at
  while (octets[place.at] !== comma) place.at++
  const to = place.at++
  const segments = readNumber(place)
  place.at++
  const day = readNumber(place)
  let rows = usage.get(tenant)
  if (!rows) usage.set(tenant, (rows = []))
  for (const row of rows) {
    // Kinds differ in their first letter.
    if (row.day !== day || row.kind.charCodeAt(0) !== octets[from]) continue
    row.messages++
    row.segments += segments
    return
  }
  rows.push({ day, kind: octets.toString('latin1', from, to), messages: 1, segments })
}

function foldRare(changes: Changes, row: MessageRow, { early, idempotency, joins, replace, decision, hidden }: Rare): void {
  for (const id of early ?? []) if (!changes.early.delete(id)) changes.earlyDeletes.push(id)
  if (idempotency && row.insert) changes.idempotency.push([row, ...idempotency])
  if (joins !== null) {
    const { key, parts } = joins
    // Only those that the message has: the same part may have come again while it was accepted.
    changes.parts = changes.parts.filter((part) => part.key !== key || !parts.some(([place, at]) => part.place === place && part.at === at))
    for (const [place, at] of parts) changes.joinedParts.push([key, place, at])
  }
  if (replace) row.replace = replace
  if (decision) row.decision = decision
  if (hidden) row.hidden = true
}
