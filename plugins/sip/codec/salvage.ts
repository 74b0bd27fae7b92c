// What can still be read of a request that is malformed, so that it is told so (RFC 3261 §8.2, §18.2).
// Slow and lenient, and only for the answer: nothing else is believed of such a message.
import { CR, isBlank, isToken, LF, trimmed } from './chars.ts'
import { kind, kindOf } from './names.ts'
import type { Answerable } from './types.ts'

const mostVias = 70
const longestMethod = 64

/** `head` is what was received up to the empty line, or as much of it as is looked at. */
export function salvage(head: string): Answerable | undefined {
  const space = head.indexOf(' ')
  if (space < 1 || space > longestMethod || head.startsWith('SIP/')) return undefined
  const method = head.slice(0, space)
  if (!isToken(method) || method === 'ACK') return undefined
  const vias: string[] = []
  const found = new Map<number, string>()
  for (const line of logicalLines(head)) {
    const colon = line.indexOf(':')
    const at = colon < 1 ? -1 : kindOf(trimmed(line, 0, colon))
    if (at !== kind.via && at !== kind.from && at !== kind.to && at !== kind.callId && at !== kind.cseq) continue
    const value = trimmed(line, colon + 1, line.length)
    if (value === '') continue
    if (at === kind.via) {
      if (vias.length < mostVias) vias.push(value)
    } else if (!found.has(at)) found.set(at, value)
  }
  if (vias.length === 0) return undefined
  const answerable: Answerable = { method, vias }
  const [from, to, callId, cseq] = [found.get(kind.from), found.get(kind.to), found.get(kind.callId), found.get(kind.cseq)]
  if (from !== undefined) answerable.from = from
  if (to !== undefined) answerable.to = to
  if (callId !== undefined) answerable.callId = callId
  if (cseq !== undefined) answerable.cseq = cseq
  return answerable
}

/** Behind the start line, by whatever ends a line; folded ones joined. Without NULs. */
function* logicalLines(head: string): Iterable<string> {
  const clean = head.includes('\0') ? head.replaceAll('\0', '') : head
  let line: string | undefined
  let from = 0
  for (let at = 0; at <= clean.length; at++) {
    const code = at === clean.length ? LF : clean.charCodeAt(at)
    if (code !== CR && code !== LF) continue
    if (at > from) {
      const next = clean.slice(from, at)
      if (line !== undefined && isBlank(next.charCodeAt(0))) line += ` ${trimmed(next, 0, next.length)}`
      else {
        // The first is the start line.
        if (line !== undefined && from > 0) yield line
        line = from === 0 ? '' : next
      }
    }
    from = at + 1
  }
  if (line !== undefined) yield line
}
