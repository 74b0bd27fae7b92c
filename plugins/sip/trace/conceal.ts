// What a trace must not show, filled over in place: what proves a password always, and unless bodies
// are asked for, what people wrote to each other. Start line and header fields stay, which is what an
// interconnection is diagnosed by.
import { defaultReadLimits, readMessage } from '../codec/index.ts'

const bodyFiller = 0x2e
const secretFiller = 0x2a
const endOfHead = Buffer.from('\r\n\r\n')

/** Whatever they say of a password: the answer to a challenge, and in basic authorization the password itself. */
const credentials = /^(?:proxy-)?authorization[ \t]*:/i
const answers = /\b(response|cnonce)[ \t]*=[ \t]*("[^"]*"|[^\s,]*)/gi

export function conceal(octets: Uint8Array, bodies: boolean): string | undefined {
  const buffer = Buffer.from(octets.buffer, octets.byteOffset, octets.length)
  const message = readMessage(Buffer.from(buffer), limits)
  const end = buffer.indexOf(endOfHead)
  const head = end < 0 ? buffer.length : end + endOfHead.length
  hideCredentials(buffer.subarray(0, head))
  if (message.kind === 'bad') {
    // Where its body would begin is not known: all but the start line may be one.
    const line = buffer.indexOf(0x0d)
    if (!bodies && line >= 0) buffer.fill(bodyFiller, line + 2)
    return message.why
  }
  if (!bodies) buffer.fill(bodyFiller, head)
  return undefined
}

/** As much as any profile lets in. */
export const limits = { ...defaultReadLimits, headerBytes: 65_536, headerCount: 1000, bodyBytes: 1_048_576 }

function hideCredentials(head: Buffer): void {
  const text = head.toString('latin1')
  let at = 0
  let hiding = false
  while (at < text.length) {
    const next = text.indexOf('\n', at)
    const end = next < 0 ? text.length : next
    const line = text.slice(at, end)
    // A folded line goes on with the field above it.
    if (!/^[ \t]/.test(line)) hiding = credentials.test(line)
    if (hiding) hideIn(head, at, line)
    at = end + 1
  }
}

function hideIn(head: Buffer, at: number, line: string): void {
  const scheme = /^[^:]*:[ \t]*(\S+)/.exec(line)?.[1]
  // What is no digest may well be the password itself.
  if (scheme !== undefined && !/^digest$/i.test(scheme)) {
    head.fill(secretFiller, at + line.indexOf(':') + 1, at + line.trimEnd().length)
    return
  }
  for (const match of line.matchAll(answers)) {
    const value = match[2]!
    const from = at + match.index + match[0].length - value.length
    const quotes = value.startsWith('"') ? 1 : 0
    head.fill(secretFiller, from + quotes, from + value.length - quotes)
  }
}
