// Accounts, binds and decisions as small numbers, given once and kept for ever.
import type { Commit } from './commit.ts'

export interface Names {
  of(value: string): number
  /** Undefined when it was never seen. */
  find(value: string): number | undefined
  text(id: number): string
  readonly size: number
}

export function createNames(known: readonly (readonly [number, string])[], commit: Pick<Commit, 'add'>): Names {
  const numbers = new Map<string, number>()
  const texts: string[] = []
  for (const [id, value] of known) {
    numbers.set(value, id)
    texts[id] = value
  }
  return {
    of(value) {
      let id = numbers.get(value)
      if (id === undefined) {
        id = Math.max(1, texts.length)
        numbers.set(value, id)
        texts[id] = value
        commit.add({ kind: 'name', id, value })
      }
      return id
    },
    find: (value) => numbers.get(value),
    text: (id) => texts[id] ?? '',
    get size() {
      return numbers.size
    },
  }
}
