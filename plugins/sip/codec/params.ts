// `;name=value` of header fields (generic-param, RFC 3261 §25.1): blanks around `;` and `=`, flags,
// quoted values. A name twice is refused: two readers must not see two truths.
import { HT, isBlank, isTokenCode } from './chars.ts'

const quote = 34
const backslash = 92
const equals = 61
const semicolon = 59
const comma = 44

/** Steps through parameters without making anything; `value` and `name` do when asked. */
export class ParamCursor {
  text: string
  at: number
  /** Where the text ends, or the comma that ends this member of a list. */
  end: number
  nameFrom = 0
  nameTo = 0
  valueFrom = -1
  valueTo = -1
  bad = false
  readonly #inList: boolean

  constructor(text: string, at: number, inList: boolean) {
    this.text = text
    this.at = at
    this.end = text.length
    this.#inList = inList
  }

  #blanks(): void {
    while (this.at < this.end && isBlank(this.text.charCodeAt(this.at))) this.at++
  }

  /** False at the end and when malformed (`bad` tells). */
  next(): boolean {
    const { text } = this
    this.#blanks()
    if (this.at >= this.end) return false
    const start = text.charCodeAt(this.at)
    if (start === comma && this.#inList) {
      this.end = this.at
      return false
    }
    if (start !== semicolon) return this.#fail()
    this.at++
    this.#blanks()
    this.nameFrom = this.at
    while (this.at < this.end && isTokenCode(text.charCodeAt(this.at))) this.at++
    this.nameTo = this.at
    if (this.nameTo === this.nameFrom) return this.#fail()
    this.#blanks()
    this.valueFrom = -1
    this.valueTo = -1
    if (this.at >= this.end || text.charCodeAt(this.at) !== equals) return true
    this.at++
    this.#blanks()
    this.valueFrom = this.at
    if (text.charCodeAt(this.at) === quote) {
      const close = quotedEnd(text, this.at)
      if (close === -1) return this.#fail()
      this.at = close
    } else {
      // token, host or IPv6 with or without brackets; more is taken than the grammar has, never a separator.
      for (; this.at < this.end; this.at++) {
        const code = text.charCodeAt(this.at)
        if (code === semicolon || code === quote || code === 60 || code === 62 || isBlank(code) || (code === comma && this.#inList)) break
      }
      if (this.at === this.valueFrom) return this.#fail()
    }
    this.valueTo = this.at
    return true
  }

  #fail(): false {
    this.bad = true
    return false
  }

  name(): string {
    return this.text.slice(this.nameFrom, this.nameTo).toLowerCase()
  }

  /** '' of a flag; what is quoted, without its quotes. */
  value(): string {
    if (this.valueFrom === -1) return ''
    if (this.text.charCodeAt(this.valueFrom) !== quote) return this.text.slice(this.valueFrom, this.valueTo)
    return unquoted(this.text.slice(this.valueFrom, this.valueTo))
  }

  /** Whether the name is this, of lower case, and of the same length. */
  is(name: string): boolean {
    if (this.nameTo - this.nameFrom !== name.length) return false
    return this.text.startsWith(name, this.nameFrom) || this.name() === name
  }
}

/** Behind the quote that closes the one at `from`; -1 if none does. */
export function quotedEnd(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === backslash) i++
    else if (code === quote) return i + 1
  }
  return -1
}

/** `"a \"b\""` is `a "b"`; what has no quotes is itself. */
export function unquoted(text: string): string {
  if (text.charCodeAt(0) !== quote || text.length < 2) return text
  const inner = text.slice(1, -1)
  return inner.includes('\\') ? inner.replace(/\\([^])/g, '$1') : inner
}

/** A quoted-string of any text; what cannot stand in one (CR, LF, NUL and other controls) is left out. */
export function quoted(text: string): string {
  let inner = ''
  for (const c of text) {
    const code = c.charCodeAt(0)
    if ((code < 32 && code !== HT) || (code >= 127 && code < 160)) continue
    inner += code === quote || code === backslash ? `\\${c}` : c
  }
  return `"${inner}"`
}

const empty: ReadonlyMap<string, string> = new Map()

/** From the `;` at `from` to the end. Names in lower case. Undefined when malformed or a name is there twice. */
export function readParams(text: string, from = 0): ReadonlyMap<string, string> | undefined {
  if (from >= text.length) return empty
  const cursor = new ParamCursor(text, from, false)
  let params: Map<string, string> | undefined
  while (cursor.next()) {
    const name = cursor.name()
    params ??= new Map()
    if (params.has(name)) return undefined
    params.set(name, cursor.value())
  }
  return cursor.bad ? undefined : (params ?? empty)
}

/** `;name=value` with quotes where they are needed. */
export function writeParams(params: ReadonlyMap<string, string>): string {
  let text = ''
  for (const [name, value] of params) {
    text += value === '' ? `;${name}` : `;${name}=${plain.test(value) ? value : quoted(value)}`
  }
  return text
}

/** token or host, IPv6 in brackets. */
const plain = /^[-.!%*_+`'~A-Za-z0-9:[\]]+$/
