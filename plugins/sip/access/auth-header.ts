// Digest challenges and credentials as header values: `Digest realm="acme.example", nc=00000001, …`.
// Reads them as clients really write them (more blanks, any order, quotes where the grammar has none).

import { splitList } from '../codec/index.ts'

/** bad: no Digest that can be read, or one that says a thing twice. other: another scheme. */
export type AuthValue = ReadonlyMap<string, string> | 'other' | 'bad'

const longestValue = 4096
const mostParameters = 24

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a

const tokenText = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
/** A scheme, and what is no `=` behind it: where a challenge begins. */
const opening = new RegExp(`^${tokenText}(?:\\s+(?![\\s=])|$)`)

/** The challenges of fields that may each have several (RFC 3261 §7.3.1, RFC 9110 §11.6.1): `Digest …, Digest …`. */
export function splitChallenges(fields: readonly string[]): string[] {
  const challenges: string[] = []
  for (const field of fields) {
    if (field.length > longestValue) continue
    let challenge: string | undefined
    for (const member of splitList([field])) {
      if (challenge !== undefined && !opening.test(member)) challenge += `, ${member}`
      else {
        if (challenge !== undefined) challenges.push(challenge)
        challenge = member
      }
    }
    if (challenge !== undefined) challenges.push(challenge)
  }
  return challenges
}

/** Parameters by name in lower case, their values without quotes and escapes. */
export function readAuth(value: string): AuthValue {
  if (value.length > longestValue) return 'bad'
  let at = skip(value, 0)
  const start = at
  while (at < value.length && !isBlank(value.charCodeAt(at))) at++
  if (value.slice(start, at).toLowerCase() !== 'digest') return start === at ? 'bad' : 'other'
  const found = new Map<string, string>()
  at = skip(value, at)
  while (at < value.length) {
    if (value.charCodeAt(at) === 0x2c) {
      at = skip(value, at + 1)
      continue
    }
    const equals = value.indexOf('=', at)
    if (equals < 0) return 'bad'
    const name = value.slice(at, equals).trim().toLowerCase()
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) || found.has(name) || found.size >= mostParameters) return 'bad'
    at = skip(value, equals + 1)
    if (value.charCodeAt(at) === 0x22) {
      const end = closing(value, at)
      if (end < 0) return 'bad'
      const inner = value.slice(at + 1, end)
      found.set(name, inner.includes('\\') ? inner.replace(/\\(.)/gs, '$1') : inner)
      at = skip(value, end + 1)
      if (at < value.length && value.charCodeAt(at) !== 0x2c) return 'bad'
    } else {
      const comma = value.indexOf(',', at)
      const end = comma < 0 ? value.length : comma
      const token = value.slice(at, end).trim()
      if (token === '' || token.includes('"')) return 'bad'
      found.set(name, token)
      at = end
    }
  }
  return found.size === 0 ? 'bad' : found
}

function skip(value: string, from: number): number {
  let at = from
  while (at < value.length && isBlank(value.charCodeAt(at))) at++
  return at
}

/** Where the quoted text that begins at `open` ends; -1: nowhere. */
function closing(value: string, open: number): number {
  for (let at = open + 1; at < value.length; at++) {
    const code = value.charCodeAt(at)
    if (code === 0x5c) at++
    else if (code === 0x22) return at
  }
  return -1
}
