// A map laid over another that stays as it is: a change before it is one. Costs what is laid on it.
export class Draft<T> implements ReadonlyMap<string, T> {
  /** What is laid on it; undefined: taken away. */
  readonly changes = new Map<string, T | undefined>()
  readonly base: ReadonlyMap<string, T>
  private more = 0

  constructor(base: ReadonlyMap<string, T>) {
    this.base = base
  }

  get size(): number {
    return this.base.size + this.more
  }

  get(key: string): T | undefined {
    const own = this.changes.get(key)
    return own !== undefined || this.changes.has(key) ? own : this.base.get(key)
  }

  has(key: string): boolean {
    return this.get(key) !== undefined
  }

  set(key: string, value: T): void {
    if (!this.has(key)) this.more++
    this.changes.set(key, value)
  }

  delete(key: string): boolean {
    if (!this.has(key)) return false
    this.more--
    this.changes.set(key, undefined)
    return true
  }

  *entries(): Generator<[string, T], undefined> {
    for (const [key, value] of this.base) {
      const now = this.changes.has(key) ? this.changes.get(key) : value
      if (now !== undefined) yield [key, now]
    }
    for (const [key, value] of this.changes) if (value !== undefined && !this.base.has(key)) yield [key, value]
    return undefined
  }

  *keys(): Generator<string, undefined> {
    for (const [key] of this.entries()) yield key
    return undefined
  }

  *values(): Generator<T, undefined> {
    for (const [, value] of this.entries()) yield value
    return undefined
  }

  [Symbol.iterator](): Generator<[string, T], undefined> {
    return this.entries()
  }

  forEach(call: (value: T, key: string, map: ReadonlyMap<string, T>) => void): void {
    for (const [key, value] of this.entries()) call(value, key, this)
  }
}
