// Message ids as carriers give them: unique across restarts (the start's second is in them), rising,
// and written in another form in the receipt than in the response where the personality says so.
import type { IdForm } from './personality.ts'

export interface IdMint {
  /** The next id's number, below 2^53. */
  next(): number
}

/** A million ids a second before the numbers of a later start could be met. */
export function idMint(startedAt: number): IdMint {
  let n = Math.floor(startedAt / 1000) * 1_000_000
  return { next: () => ++n }
}

const above53 = 1n << 60n

/** `salt` fills what a UUID needs beyond the number. */
export function writeId(form: IdForm, n: number, beyond53Bits: boolean, salt: number): string {
  if (form === 'uuid') {
    const high = n.toString(16).padStart(16, '0')
    const low = salt.toString(16).padStart(8, '0')
    // RFC 9562 version 8 (vendor's own), variant 10.
    return `${high.slice(4, 12)}-${high.slice(12)}-8${low.slice(0, 3)}-a${low.slice(3, 6)}-${low.slice(6)}${high.slice(0, 4)}${low.slice(0, 6)}`
  }
  const number = beyond53Bits ? above53 + BigInt(n) : n
  switch (form) {
    case 'hex':
      return number.toString(16)
    case 'HEX':
      return number.toString(16).toUpperCase()
    case 'padded':
      return number.toString().padStart(20, '0')
    case 'decimal':
      return number.toString()
  }
}
