// Maps of which every version can be read for good, and a new version costs what it changes. The newest
// is an ordinary map; an older one knows what the changes after it replaced. So ten thousand accounts are
// not copied for one, and who has followed up to a version learns what differs without looking at all.
// What iterates over a version does so at once: the newest goes on to be the next.

/** The next version while it is made, some changes at a time: the one before it stays readable as it was. */
export interface Making<K, V> {
  get(key: K): V | undefined
  /** Undefined deletes. */
  set(key: K, value: V | undefined): void
  /** The one before it where nothing changed. */
  done(): Versions<K, V>
}

export class Versions<K, V> implements ReadonlyMap<K, V> {
  size: number
  /** Of the newest version, and of an older one that was iterated over. */
  private whole: Map<K, V> | undefined
  /** Of an older version: the next, and what it replaced; undefined for what it added. */
  private next: Versions<K, V> | undefined
  private replaced: Map<K, V | undefined> | undefined

  constructor(entries: Map<K, V>) {
    this.whole = entries
    this.size = entries.size
  }

  get(key: K): V | undefined {
    const { whole } = this
    return whole === undefined ? Versions.ofOld(this, key) : whole.get(key)
  }

  has(key: K): boolean {
    return this.get(key) !== undefined
  }

  private static ofOld<K, V>(version: Versions<K, V>, key: K): V | undefined {
    let at = version
    while (at.whole === undefined) {
      const was = at.replaced!.get(key)
      if (was !== undefined || at.replaced!.has(key)) return was
      at = at.next!
    }
    return at.whole.get(key)
  }

  private entire(): Map<K, V> {
    return this.whole ?? Versions.copied(this)
  }

  private static copied<K, V>(version: Versions<K, V>): Map<K, V> {
    const line: Versions<K, V>[] = []
    let at = version
    for (; at.whole === undefined; at = at.next!) line.push(at)
    const entries = new Map(at.whole)
    for (const one of line.toReversed()) for (const [key, was] of one.replaced!) write(entries, key, was)
    version.whole = entries
    version.next = undefined
    version.replaced = undefined
    return entries
  }

  /** Of a version one is made at a time. */
  begin(): Making<K, V> {
    const entries = this.entire()
    const replaced = new Map<K, V | undefined>()
    let next: Versions<K, V> | undefined
    return {
      get: (key) => entries.get(key),
      set: (key, value) => {
        const was = entries.get(key)
        if (was === value) return
        if (next === undefined) {
          next = new Versions(entries)
          this.whole = undefined
          this.next = next
          this.replaced = replaced
        }
        if (!replaced.has(key)) replaced.set(key, was)
        write(entries, key, value)
      },
      done: () => {
        if (next === undefined) return this
        next.size = entries.size
        return next
      },
    }
  }

  /** The version after this one; itself where nothing changes. Undefined deletes. */
  with(changes: Iterable<readonly [K, V | undefined]>): Versions<K, V> {
    const making = this.begin()
    for (const [key, value] of changes) making.set(key, value)
    return making.done()
  }

  /** The keys that changes since this version touched; undefined where `newer` does not come of it. */
  touchedUntil(newer: ReadonlyMap<K, V>): Set<K> | undefined {
    return Versions.touched(this, newer)
  }

  private static touched<K, V>(version: Versions<K, V>, newer: ReadonlyMap<K, V>): Set<K> | undefined {
    const keys = new Set<K>()
    for (let at = version; at !== newer; at = at.next) {
      if (at.next === undefined) return undefined
      for (const key of at.replaced!.keys()) keys.add(key)
    }
    return keys
  }

  forEach(call: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this.entire()) call(value, key, this)
  }

  entries(): MapIterator<[K, V]> {
    return this.entire().entries()
  }

  keys(): MapIterator<K> {
    return this.entire().keys()
  }

  values(): MapIterator<V> {
    return this.entire().values()
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entire().entries()
  }
}

function write<K, V>(entries: Map<K, V>, key: K, value: V | undefined): void {
  if (value === undefined) entries.delete(key)
  else entries.set(key, value)
}

export function versions<K, V>(map: ReadonlyMap<K, V>): Versions<K, V> {
  return map instanceof Versions ? (map as Versions<K, V>) : new Versions(new Map(map))
}

/** Keys of which `after` may have another value than `before`: all that do are among them. */
export function differing<K, V>(before: ReadonlyMap<K, V>, after: ReadonlyMap<K, V>): Iterable<K> {
  if (before === after) return []
  const touched = before instanceof Versions ? (before as Versions<K, V>).touchedUntil(after) : undefined
  if (touched) return touched
  const keys = new Set<K>()
  for (const [key, value] of before) if (after.get(key) !== value) keys.add(key)
  for (const key of after.keys()) if (!before.has(key)) keys.add(key)
  return keys
}
