// Maps for what comes and goes by the thousand a second. The language's own Map is written anew whenever it is full, and the table
// that it leaves behind points at the next one: those that have grown old keep each other, and all that was in them, alive until
// the whole heap is collected, which was half of what the collector of garbage copied.

const fewest = 16

/** By whole numbers. A table of open addresses that is written anew only when it grows or shrinks: what is let go of is let go of at once. */
export class Numbered<T extends object> {
  #keys = new Float64Array(fewest)
  #values: (T | undefined)[] = Array.from({ length: fewest })
  #mask = fewest - 1
  #size = 0

  get size(): number {
    return this.#size
  }

  get(key: number): T | undefined {
    return this.#values[this.#find(key)]
  }

  has(key: number): boolean {
    return this.#values[this.#find(key)] !== undefined
  }

  set(key: number, value: T): void {
    let at = this.#find(key)
    if (this.#values[at] === undefined) {
      if (2 * ++this.#size > this.#mask) {
        this.#resize(2 * this.#keys.length)
        at = this.#find(key)
      }
      this.#keys[at] = key
    }
    this.#values[at] = value
  }

  /** Whether there was one. */
  delete(key: number): boolean {
    const values = this.#values
    const keys = this.#keys
    const mask = this.#mask
    let gap = this.#find(key)
    if (values[gap] === undefined) return false
    values[gap] = undefined
    // Those that stand behind it because its place was taken move up.
    for (let at = (gap + 1) & mask; values[at] !== undefined; at = (at + 1) & mask) {
      if (((at - placeOf(keys[at]!, mask)) & mask) < ((at - gap) & mask)) continue
      values[gap] = values[at]
      keys[gap] = keys[at]!
      values[at] = undefined
      gap = at
    }
    this.#size--
    if (16 * this.#size < mask && mask >= fewest * 64) this.#resize(this.#keys.length / 4)
    return true
  }

  /** As they are now, in no order. */
  values(): T[] {
    const all: T[] = []
    for (const value of this.#values) if (value !== undefined) all.push(value)
    return all
  }

  /** As they are now, in no order. */
  keys(): number[] {
    const all: number[] = []
    for (let at = 0; at < this.#keys.length; at++) if (this.#values[at] !== undefined) all.push(this.#keys[at]!)
    return all
  }

  clear(): void {
    this.#resize(fewest, false)
    this.#size = 0
  }

  /** Where the key is, or would be. */
  #find(key: number): number {
    const mask = this.#mask
    let at = placeOf(key, mask)
    while (this.#values[at] !== undefined && this.#keys[at] !== key) at = (at + 1) & mask
    return at
  }

  #resize(length: number, keep = true): void {
    const [keys, values] = [this.#keys, this.#values]
    this.#keys = new Float64Array(length)
    this.#values = Array.from({ length })
    this.#mask = length - 1
    for (let i = 0; i < values.length; i++) {
      const value = values[i]
      // Nothing of the old table stays reachable through it.
      values[i] = undefined
      if (value === undefined || !keep) continue
      const at = this.#find(keys[i]!)
      this.#keys[at] = keys[i]!
      this.#values[at] = value
    }
  }
}

/** By the golden ratio (Knuth, The Art of Computer Programming 3, 6.4): numbers in a row, or apart by a power of two, do not meet. */
function placeOf(key: number, mask: number): number {
  const hash = Math.imul(key, 0x9e3779b1)
  return (hash ^ (hash >>> 15)) & mask
}

/** By names: a Map of places, so that its old tables hold names and numbers alone. */
export class Named<T extends object> {
  #places = new Map<string, number>()
  #values: (T | undefined)[] = []
  #free: number[] = []

  get size(): number {
    return this.#places.size
  }

  get(key: string): T | undefined {
    const place = this.#places.get(key)
    return place === undefined ? undefined : this.#values[place]
  }

  has(key: string): boolean {
    return this.#places.has(key)
  }

  set(key: string, value: T): void {
    let place = this.#places.get(key)
    if (place === undefined) {
      place = this.#free.pop() ?? this.#values.length
      this.#places.set(key, place)
    }
    this.#values[place] = value
  }

  delete(key: string): boolean {
    const place = this.#places.get(key)
    if (place === undefined) return false
    this.#values[place] = undefined
    this.#free.push(place)
    return this.#places.delete(key)
  }

  /** As they are now, in the order in which they came. */
  values(): T[] {
    return Array.from(this.#places.values(), (place) => this.#values[place]!)
  }
}
