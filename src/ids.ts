// Identifiers that rise with time and cannot be guessed: 14 hex digits of `ms · 4096 + counter`,
// 18 of randomness. Protocols put their two letters in front (SM…, AC…, PN…).
import { randomFillSync, randomBytes } from 'node:crypto'

export interface IdSource {
  /** 32 lowercase hex digits, greater than every one before. */
  next(): string
}

/** The ordered part of an id as an integer below 2^53: what a store sorts and keys by. */
export function idOrder(id: string): number {
  return Number.parseInt(id.slice(0, 14), 16)
}

/** The smallest order of an id made at this time. */
export function orderAt(ms: number): number {
  return ms * 4096
}

/** The time in an id, epoch ms. */
export function idTime(id: string): number {
  return Math.floor(idOrder(id) / 4096)
}

/** `newest`: the greatest id already in use, so that a clock set back never repeats one. */
export function idSource(now: () => number, newest?: string): IdSource {
  let last = newest ? idOrder(newest) : 0
  const pool = Buffer.alloc(9 * 256)
  let at = pool.length
  return {
    next() {
      last = Math.max(last + 1, orderAt(now()))
      if (at === pool.length) {
        randomFillSync(pool)
        at = 0
      }
      const tail = pool.toString('hex', at, at + 9)
      at += 9
      return last.toString(16).padStart(14, '0') + tail
    },
  }
}

/** Two letters and 32 random hex digits. */
export function newSid(prefix: string): string {
  return prefix + randomBytes(16).toString('hex')
}
