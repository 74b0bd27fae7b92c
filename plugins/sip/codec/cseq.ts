// CSeq: a number and a method (RFC 3261 §20.16).
import { digits, isBlank, isToken } from './chars.ts'

export interface CSeq {
  number: number
  method: string
}

/** §8.1.1.5: a 32-bit number; that it should be below 2³¹ is asked of the sender only. */
const maxCSeq = 2 ** 32 - 1

/** Undefined when malformed or above 32 bits. */
export function readCSeq(value: string): CSeq | undefined {
  let at = 0
  while (at < value.length && !isBlank(value.charCodeAt(at))) at++
  const number = digits(value, 0, at, maxCSeq)
  if (Number.isNaN(number)) return undefined
  while (isBlank(value.charCodeAt(at))) at++
  return isToken(value, at) ? { number, method: value.slice(at) } : undefined
}
