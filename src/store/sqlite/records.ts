// Messages that are being worked on, parsed, in memory: bounded by bytes. What is not yet in the
// tables, or is in a run, always stays; the rest goes oldest first and is loaded again when asked for.
// What has ended, and only waits for the tables, rests (rest.ts): those are the most.
import type { Life, MessageState } from '../../model/life.ts'
import type { AccountId, Direction, Message, MessageId } from '../../model/message.ts'
import type { Decision } from '../../model/route.ts'
import { Numbered } from '../../numbered.ts'
import type { MessageRecord } from '../store.ts'
import type { Decisions } from './decisions.ts'
import type { Wait } from './ops.ts'
import type { MessageRow } from './reads.ts'
import { createResting, restingLife, restingMessage, type Resting } from './rest.ts'

export interface Hot {
  order: number
  message: Message
  decision: Decision
  life: Life
  redactedAt: number | undefined
  hidden: boolean
  giveUpAt: number | null
  wait: Wait | null
  bytes: number
  /** Steps not yet written, runs it is in. */
  open: number
  /** Journal file of its newest step. */
  file: number
  /** Where receipts find it: keys of the refs in memory. */
  refs: string[] | undefined
  /** Reports on it that wait to be sent. */
  reports: number
}

/** What lists look for, without the rest of the record. */
export interface Brief {
  order: number
  account: AccountId
  direction: Direction
  to: string
  from: string
  state: MessageState
  hidden: boolean
}

/** An ended message whose row is not up to date yet. */
export interface Rested extends Brief {
  resting: Resting
  decision: Decision
  redactedAt: number | undefined
  file: number
  bytes: number
  refs: string[] | undefined
}

export interface Records {
  get(order: number): Hot | undefined
  /** From memory or the tables. */
  load(order: number): Promise<Hot | undefined>
  add(hot: Hot): void
  /** The same as it is kept: not woken. */
  kept(order: number): Hot | Rested | undefined
  /** One step less is open: what has ended, and has nothing left to be done, is put to rest. */
  release(hot: Hot): void
  /** What was loaded a moment ago, if it was let go since: the one copy that all work on. */
  keep(hot: Hot): Hot
  /** Lets go of what may go, when there is too much. */
  evict(): void
  /** Lets go of ended messages below this order. */
  evictBelow(order: number): void
  readonly bytes: number
}

export function createRecords(given: {
  maxBytes: number
  flushed(): number
  rows(orders: number[]): Promise<MessageRow[]>
  decisions: Decisions
  evicted(gone: { order: number; refs: string[] | undefined }): void
}): Records {
  const known = new Numbered<Hot>()
  const rested = new Numbered<Rested>()
  const resting = createResting()
  const loading = new Map<number, Promise<Hot | undefined>>()
  let next: { orders: number[]; rows: Promise<Map<number, MessageRow>> } | undefined
  let bytes = 0
  /** Not tried again below this: all that is left has to stay. */
  let retryAt = 0

  function add(hot: Hot): void {
    if (bytes > given.maxBytes && bytes > retryAt) evict()
    known.set(hot.order, hot)
    bytes += hot.bytes
  }

  function may(hot: Hot): boolean {
    return hot.open === 0 && hot.file <= given.flushed()
  }

  function drop(hot: Hot): void {
    known.delete(hot.order)
    bytes -= hot.bytes
    given.evicted(hot)
  }

  function get(order: number): Hot | undefined {
    const hot = known.get(order)
    if (hot !== undefined || rested.size === 0) return hot
    const one = rested.get(order)
    if (!one) return undefined
    rested.delete(order)
    bytes -= one.bytes
    const woken = wake(one)
    add(woken)
    return woken
  }

  function rest(hot: Hot): void {
    known.delete(hot.order)
    bytes -= hot.bytes
    const { order, message, decision, life, hidden, redactedAt, file, refs } = hot
    const one: Rested = {
      order,
      account: message.account,
      direction: message.direction,
      to: message.to.value,
      from: message.from.value,
      state: life.state,
      hidden,
      resting: resting(message, life),
      decision,
      redactedAt,
      file,
      bytes: restedBytes,
      refs,
    }
    one.bytes += one.resting.end - one.resting.at
    rested.set(order, one)
    bytes += one.bytes
  }

  /** What has ended goes at once: it is seldom asked for, and the shorter it lives the less it costs. */
  function evict(): void {
    const flushed = given.flushed()
    for (const one of rested.values()) {
      if (one.file > flushed) continue
      rested.delete(one.order)
      bytes -= one.bytes
      given.evicted(one)
    }
    for (const hot of known.values()) if (hot.life.finalAt !== undefined && may(hot)) drop(hot)
    const enough = given.maxBytes * 0.9
    if (bytes > enough) for (const hot of known.values().sort((a, b) => a.order - b.order)) if (bytes > enough && may(hot)) drop(hot)
    retryAt = bytes + given.maxBytes * 0.05
  }

  /** Those asked for in one tick are read together. */
  function rows(order: number): Promise<Map<number, MessageRow>> {
    if (!next) {
      const orders: number[] = []
      const read = Promise.resolve()
        .then(() => {
          next = undefined
          return given.rows(orders)
        })
        .then((found) => new Map(found.map((row) => [row[0], row])))
      next = { orders, rows: read }
    }
    next.orders.push(order)
    return next.rows
  }

  return {
    get,
    kept: (order) => known.get(order) ?? rested.get(order),
    release(hot) {
      hot.open--
      if (hot.open === 0 && hot.reports === 0 && hot.life.finalAt !== undefined && known.get(hot.order) === hot) rest(hot)
    },
    load(order) {
      const hot = get(order)
      if (hot) return Promise.resolve(hot)
      let under = loading.get(order)
      if (!under) {
        under = rows(order)
          .then((found) => {
            const row = found.get(order)
            const here = get(order)
            if (here || !row) return here
            const made = fromRow(row, given.decisions)
            add(made)
            return made
          })
          .finally(() => loading.delete(order))
        loading.set(order, under)
      }
      return under
    },
    add,
    keep(hot) {
      const here = get(hot.order)
      if (!here) add(hot)
      return here ?? hot
    },
    evict,
    evictBelow(order) {
      for (const hot of known.values()) if (hot.order < order && hot.life.finalAt !== undefined && may(hot)) drop(hot)
    },
    get bytes() {
      return bytes
    },
  }
}

/** What an object costs beyond its JSON, roughly. */
const overheadBytes = 1500
const restedBytes = 1000

/** Of a message whose JSON has so many octets. */
export function bytesOf(octets: number): number {
  return overheadBytes + 2 * octets
}

export function fromRow(row: MessageRow, decisions: Decisions): Hot {
  const [order, , tenant, redactedAt, giveUpAt, wait, life, message, decision] = row
  return {
    order,
    message: thaw(message),
    decision: decisions.read(decision),
    life: JSON.parse(life) as Life,
    redactedAt: redactedAt ?? undefined,
    hidden: tenant < 0,
    giveUpAt,
    wait: wait === null ? null : (JSON.parse(wait) as Wait),
    bytes: bytesOf(message.length + life.length),
    open: 0,
    file: 0,
    refs: undefined,
    reports: 0,
  }
}

function wake(one: Rested): Hot {
  const { order, hidden, redactedAt, file, refs, decision, resting } = one
  return {
    order,
    message: thaw(restingMessage(resting)),
    decision,
    life: JSON.parse(restingLife(resting)) as Life,
    redactedAt,
    hidden,
    giveUpAt: null,
    wait: null,
    bytes: bytesOf(resting.end - resting.at),
    open: 0,
    file,
    refs,
    reports: 0,
  }
}

function isRested(kept: Hot | Rested): kept is Rested {
  return 'resting' in kept
}

export function briefOf(kept: Hot | Rested): Brief {
  if (isRested(kept)) return kept
  const { order, message, life, hidden } = kept
  const { account, direction, to, from } = message
  return { order, account, direction, to: to.value, from: from.value, state: life.state, hidden }
}

export function recordOf(kept: Hot | Rested): MessageRecord {
  const { message, decision, life, redactedAt } = isRested(kept) ? wake(kept) : kept
  return { message, decision, life, ...(redactedAt === undefined ? {} : { redactedAt }) }
}

/** The hot record of exactly this id. */
export function isOf(hot: Hot | undefined, id: MessageId): hot is Hot {
  return hot !== undefined && hot.message.id === id && !hot.hidden
}

/** What writeMessage wrote. */
export function thaw(json: string): Message {
  const message = JSON.parse(json) as Message
  const { body } = message
  if (body.kind !== 'binary') return message
  const bytes = (base64: unknown): Uint8Array => new Uint8Array(Buffer.from(String(base64), 'base64'))
  return { ...message, body: { ...body, data: bytes(body.data), ...(body.udh !== undefined ? { udh: bytes(body.udh) } : {}) } }
}

/** The message without what it said. */
export function emptied(message: Message): Message {
  const { body } = message
  switch (body.kind) {
    case 'text':
      return { ...message, body: { ...body, text: '' } }
    case 'binary':
      return { ...message, body: { kind: 'binary', data: new Uint8Array() } }
    case 'mms':
      return { ...message, body: { kind: 'mms', parts: [] } }
  }
}
