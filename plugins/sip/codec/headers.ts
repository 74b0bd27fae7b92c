// The header fields of one message, found by name without making anything of those that nobody asks
// for. A value is a slice of the head's text: who keeps one for long keeps a copy (`detached`).
import { SP, trimmed } from './chars.ts'
import { fullName, kindOf, unknownKind } from './names.ts'
import type { HeaderLines, Headers } from './types.ts'

const none: readonly string[] = []

/** As read: the text of the head, and marks into it (see Fields). */
export class ReadHeaders implements Headers {
  /** Octets as latin1; UTF-8 where not ASCII. */
  readonly #text: string
  readonly #marks: readonly number[]
  readonly #ascii: boolean

  constructor(text: string, marks: readonly number[], ascii: boolean) {
    this.#text = text
    this.#marks = marks
    this.#ascii = ascii
  }

  get(name: string): string | undefined {
    const at = this.#next(name, kindOf(name), 0)
    return at === -1 ? undefined : this.value(at)
  }

  all(name: string): readonly string[] {
    const kind = kindOf(name)
    let at = this.#next(name, kind, 0)
    if (at === -1) return none
    const found: string[] = []
    for (; at !== -1; at = this.#next(name, kind, at + 2)) found.push(this.value(at))
    return found
  }

  *entries(): Iterable<readonly [string, string]> {
    for (let at = 0; at + 2 < this.#marks.length; at += 2) yield [this.#name(at), this.value(at)]
  }

  /** Of the field whose mark is `at`. */
  value(at: number): string {
    const text = this.#text
    const to = this.#marks[at + 3]! - 2
    let from = text.indexOf(':', this.#marks[at + 1]) + 1
    if (text.charCodeAt(from) === SP) from++
    const value = text.indexOf('\r', from) < to ? unfolded(text, from, to) : trimmed(text, from, to)
    return this.#ascii ? value : fromUtf8(value)
  }

  #name(at: number): string {
    const from = this.#marks[at + 1]!
    return trimmed(this.#text, from, this.#text.indexOf(':', from))
  }

  #next(name: string, kind: number, from: number): number {
    const marks = this.#marks
    if (kind !== unknownKind) {
      for (let at = from; at < marks.length; at += 2) if (marks[at] === kind) return at
      return -1
    }
    const wanted = fullName(name)
    for (let at = from; at + 2 < marks.length; at += 2) {
      if (marks[at] === unknownKind && fullName(this.#name(at)) === wanted) return at
    }
    return -1
  }
}

const fromUtf8 = (text: string): string => Buffer.from(text, 'latin1').toString('utf8')

/** A fold and the blanks around it are one SP (RFC 3261 §7.3.1). */
function unfolded(text: string, from: number, to: number): string {
  let value = ''
  for (const line of text.slice(from, to).split('\r\n')) {
    const part = trimmed(line, 0, line.length)
    if (part !== '') value += value === '' ? part : ` ${part}`
  }
  return value
}

/** Headers of lines in hand: of another engine, of a test. */
export function headersOf(lines: HeaderLines): Headers {
  return {
    get(name) {
      const wanted = fullName(name)
      for (let i = 0; i + 1 < lines.length; i += 2) if (fullName(lines[i]!) === wanted) return lines[i + 1]
      return undefined
    },
    all(name) {
      const wanted = fullName(name)
      const found: string[] = []
      for (let i = 0; i + 1 < lines.length; i += 2) if (fullName(lines[i]!) === wanted) found.push(lines[i + 1]!)
      return found
    },
    *entries() {
      for (let i = 0; i + 1 < lines.length; i += 2) yield [lines[i]!, lines[i + 1]!]
    },
  }
}

/** A copy that does not keep the whole message in memory, for what is kept long: Call-IDs of bindings, contacts. */
export const detached = (text: string): string => Buffer.from(text, 'utf8').toString('utf8')
