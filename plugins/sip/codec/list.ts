// Fields that are lists: one or several on the wire, each with members between commas that stand
// neither in quotes nor in brackets nor in a comment (RFC 3261 §7.3.1).
import { trimmed } from './chars.ts'
import { quotedEnd } from './params.ts'

/** The members of all these fields in order, trimmed. Empty ones are left out; an open quote or bracket runs to the end. */
export function splitList(values: readonly string[]): string[] {
  const members: string[] = []
  for (const value of values) splitInto(members, value)
  return members
}

function splitInto(members: string[], value: string): void {
  if (!value.includes(',')) {
    const only = trimmed(value, 0, value.length)
    if (only !== '') members.push(only)
    return
  }
  let from = 0
  let at = 0
  const take = (to: number): void => {
    const member = trimmed(value, from, to)
    if (member !== '') members.push(member)
    from = to + 1
  }
  while (at < value.length) {
    const code = value.charCodeAt(at)
    if (code === 34) {
      const close = quotedEnd(value, at)
      if (close === -1) break
      at = close
    } else if (code === 60) {
      const close = value.indexOf('>', at)
      if (close === -1) break
      at = close + 1
    } else {
      if (code === 44) take(at)
      at++
    }
  }
  take(value.length)
}
