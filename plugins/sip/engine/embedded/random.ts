// Names that nobody can guess: branches, tags and Call-IDs of ours, from the system's random numbers,
// fetched for many at once. A branch also tells our own later what it was for, so that a request
// which comes back to us as it left is seen as a loop (RFC 3261 §16.3).
import { randomBytes, randomFillSync } from 'node:crypto'

export interface Random {
  /** RFC 3261 §8.1.1.7: starts with the cookie; with 96 bits of chance. */
  branch(uri: string): string
  /** §19.3: wants 32 bits of chance at least; has 48. */
  tag(): string
  callId(): string
  /** Whether a Via of ours with this Request-URI is in the text of a Via field. */
  sentBefore(via: string, uri: string): boolean
}

const cookie = 'z9hG4bK'
const pooled = 6 * 1024
/** Of 6 octets. */
const tagLength = 8

export function createRandom(): Random {
  const pool = Buffer.alloc(pooled)
  let at = pooled

  /** Of 6 octets 8 characters. */
  function chance(octets: number): string {
    if (at + octets > pooled) {
      randomFillSync(pool)
      at = 0
    }
    const text = pool.toString('base64url', at, at + octets)
    at += octets
    return text
  }

  /** Many tags' chance as one text: cutting eight characters out is a copy of them. */
  let tags = ''
  let tagsAt = 0

  function tag(): string {
    if (tagsAt === tags.length) {
      tags = randomBytes(pooled).toString('base64url')
      tagsAt = 0
    }
    tagsAt += tagLength
    return tags.slice(tagsAt - tagLength, tagsAt)
  }

  const ours = `${cookie}${chance(6)}`
  return {
    branch: (uri) => `${ours}${hash(uri)}${chance(12)}`,
    tag,
    callId: () => chance(18),
    sentBefore: (via, uri) => via.includes(ours) && via.includes(`${ours}${hash(uri)}`),
  }
}

/** FNV-1a in 30 bits, always of 6 characters. */
function hash(text: string): string {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return (((value >>> 2) | 0x4000_0000) >>> 0).toString(36)
}
