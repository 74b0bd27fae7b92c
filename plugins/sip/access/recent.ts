// A bounded memory of what was asked for lately. Two generations: when the younger is full, the older
// is forgotten and the younger becomes it; what is asked for moves up. So whoever was quiet longest
// is forgotten first, about, at no cost per use. (A Map whose front is deleted again and again is
// walked over all that was deleted.)
export interface Recent<V> {
  get(key: string): V | undefined
  set(key: string, value: V): void
}

/** Keeps at least half of `most` and never more. `forgotten` sees each generation that goes. */
export function createRecent<V>(most: number, forgotten?: (values: Iterable<V>) => void): Recent<V> {
  const mostYoung = Math.max(1, Math.floor(most / 2))
  let young = new Map<string, V>()
  let old = new Map<string, V>()

  function set(key: string, value: V): void {
    young.set(key, value)
    if (young.size < mostYoung) return
    const gone = old
    old = young
    young = new Map()
    if (!forgotten) return
    for (const moved of old.keys()) gone.delete(moved)
    forgotten(gone.values())
  }

  return {
    get(key) {
      const value = young.get(key)
      if (value !== undefined) return value
      const older = old.get(key)
      if (older !== undefined) set(key, older)
      return older
    },
    set,
  }
}
