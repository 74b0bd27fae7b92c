// What clients call messages. An id is 32 hex digits, written in the form that the bind's settings
// say. The parts of a long message share all but the last two digits, which are the part's number, so
// that each part's id leads to the message. A 3.3 client has room for eight digits only: the lowest 32
// bits of the message's place in time, which come again after some 17 minutes.
import type { Clock, MessageId } from '../../../src/plugin.ts'

/** SMPP 3.3 §6.2.9: 8 hexadecimal digits. */
export function shortId(id: MessageId): string {
  return id.slice(6, 14)
}

export function isShortId(text: string): boolean {
  return /^[0-9a-f]{8}$/i.test(text)
}

/** 2^32 places of 1/4096 ms (ids.ts). */
const shortSpanMs = 2 ** 20

/** The milliseconds in which a message of this short id may have been accepted, the latest first. */
export function* shortIdTimes(short: string, now: number, reachMs: number): Generator<number> {
  const within = Math.floor(Number.parseInt(short, 16) / 4096)
  const base = Math.floor(now / shortSpanMs) * shortSpanMs
  for (let at = base + within; at > now - reachMs; at -= shortSpanMs) if (at <= now) yield at
}

/** The message's own id has part number 0. */
export function wholeId(id: MessageId): MessageId {
  return `${id.slice(0, 30)}00`
}

export function partId(whole: MessageId, index: number): MessageId {
  return whole.slice(0, 30) + index.toString(16).padStart(2, '0')
}

export interface PartIds {
  /** Whether `of` would make no new id. */
  isOpen(key: string, forgetAfterMs: number): boolean
  /** The id of the long message that a part belongs to, the same for all of them. `key` names bind, ends, reference and total. */
  of(key: string, place: { index: number; total: number }, forgetAfterMs: number, newId: () => MessageId): MessageId
}

interface Long {
  id: MessageId
  startedAt: number
  seen: Set<number>
}

const mostOpen = 10_000

export function createPartIds(clock: Clock): PartIds {
  const open = new Map<string, Long>()
  return {
    isOpen(key, forgetAfterMs) {
      const long = open.get(key)
      return long !== undefined && clock.now() - long.startedAt <= forgetAfterMs
    },
    of(key, { index, total }, forgetAfterMs, newId) {
      let long = open.get(key)
      if (!long || clock.now() - long.startedAt > forgetAfterMs) {
        open.delete(key)
        // The oldest goes: its later parts get ids of another message, and are joined nonetheless.
        if (open.size >= mostOpen) open.delete(open.keys().next().value!)
        long = { id: wholeId(newId()), startedAt: clock.now(), seen: new Set() }
        open.set(key, long)
      }
      long.seen.add(index)
      // Never used for a second message: a store has each id once.
      if (long.seen.size >= total) open.delete(key)
      return long.id
    },
  }
}
