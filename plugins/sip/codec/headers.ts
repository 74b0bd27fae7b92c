// The header fields of one message: names, values and kinds in three flat arrays, filled in one pass.
// A value is a slice of the text that was read: who keeps one for long keeps a copy (`detached`).
import { fullName, kindOf, unknownKind } from './names.ts'
import type { HeaderLines, Headers } from './types.ts'

const none: readonly string[] = []

export class FlatHeaders implements Headers {
  readonly names: string[] = []
  readonly values: string[] = []
  readonly kinds: number[] = []

  add(name: string, kind: number, value: string): void {
    this.names.push(name)
    this.kinds.push(kind)
    this.values.push(value)
  }

  get(name: string): string | undefined {
    const kind = kindOf(name)
    return kind === unknownKind ? this.values[this.#unknown(fullName(name), 0)] : this.first(kind)
  }

  all(name: string): readonly string[] {
    const kind = kindOf(name)
    if (kind !== unknownKind) return this.every(kind)
    const wanted = fullName(name)
    const found: string[] = []
    for (let i = this.#unknown(wanted, 0); i !== -1; i = this.#unknown(wanted, i + 1)) found.push(this.values[i]!)
    return found
  }

  *entries(): Iterable<readonly [string, string]> {
    for (let i = 0; i < this.names.length; i++) yield [this.names[i]!, this.values[i]!]
  }

  first(kind: number): string | undefined {
    const at = this.kinds.indexOf(kind)
    return at === -1 ? undefined : this.values[at]
  }

  every(kind: number): readonly string[] {
    let at = this.kinds.indexOf(kind)
    if (at === -1) return none
    const found: string[] = []
    for (; at !== -1; at = this.kinds.indexOf(kind, at + 1)) found.push(this.values[at]!)
    return found
  }

  #unknown(wanted: string, from: number): number {
    for (let i = from; i < this.names.length; i++) {
      if (this.kinds[i] === unknownKind && fullName(this.names[i]!) === wanted) return i
    }
    return -1
  }
}

/** Headers of lines in hand: of another engine, of a test. */
export function headersOf(lines: HeaderLines): Headers {
  const headers = new FlatHeaders()
  for (let i = 0; i + 1 < lines.length; i += 2) headers.add(lines[i]!, kindOf(lines[i]!), lines[i + 1]!)
  return headers
}

/** A copy that does not keep the whole message in memory, for what is kept long: Call-IDs of bindings, contacts. */
export const detached = (text: string): string => Buffer.from(text, 'utf8').toString('utf8')
