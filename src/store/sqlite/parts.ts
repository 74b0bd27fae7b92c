// Inbound parts of long messages, all in memory (they live for minutes) and all in the journal.
import { type Joined, type Part, StoreUnavailable } from '../store.ts'
import type { Commit } from './commit.ts'

export interface Parts {
  add(part: Part): Promise<{ complete?: Part[] }>
  stale(before: number, max: number): Part[][]
  drop(key: string): Promise<void>
  /** Also where they are all there, and are not made a message yet. */
  held(key: string): readonly Part[]
  heldAs(called: string): readonly Part[]
  /** They became a message: written with it. */
  joined(joined: Joined): void
}

/** More incomplete parts than this are refused, of all binds and of one: whoever sent them keeps them. */
const mostParts = 100_000
const mostOfOne = 10_000

/** Whose they are stands before the first comma. */
function ownerOf(key: string): string {
  const end = key.indexOf(',')
  return end < 0 ? key : key.slice(0, end)
}

export function createParts(known: readonly Part[], commit: Pick<Commit, 'add'>): Parts {
  const messages = new Map<string, Map<number, Part>>()
  /** Of each name that a part has, the key; the first that had it. */
  const names = new Map<string, string>()
  let count = 0
  const counts = new Map<string, number>()
  /** Where the next look for stale ones goes on. */
  let round: Iterator<Map<number, Part>> | undefined
  for (const part of known) put(part)

  function counted(key: string, more: number): void {
    count += more
    const owner = ownerOf(key)
    const now = (counts.get(owner) ?? 0) + more
    if (now > 0) counts.set(owner, now)
    else counts.delete(owner)
  }

  function put(part: Part): void {
    let parts = messages.get(part.key)
    if (!parts) messages.set(part.key, (parts = new Map()))
    const before = parts.get(part.index)
    if (before) unname(before)
    else counted(part.key, 1)
    parts.set(part.index, part)
    if (part.called !== undefined && !names.has(part.called)) names.set(part.called, part.key)
  }

  function unname({ called, key }: Part): void {
    if (called !== undefined && names.get(called) === key) names.delete(called)
  }

  function forget(key: string): void {
    const parts = messages.get(key)
    counted(key, -(parts?.size ?? 0))
    for (const part of parts?.values() ?? []) unname(part)
    messages.delete(key)
  }

  function held(key: string): Part[] {
    return [...(messages.get(key)?.values() ?? [])]
  }

  return {
    add(part) {
      if (count >= mostParts) return Promise.reject(new StoreUnavailable(`${mostParts} parts of long messages wait for the rest`))
      const { key, index, total, at, data, called } = part
      if ((counts.get(ownerOf(key)) ?? 0) >= mostOfOne)
        return Promise.reject(new StoreUnavailable(`${mostOfOne} parts of long messages of one bind wait for the rest`))
      return new Promise((resolve, reject) => {
        commit.add(
          { kind: 'part', key, place: index, total, at, data, ...(called === undefined ? {} : { called }) },
          {
            refused: reject,
            done: () => {
              const isNew = !messages.get(key)?.has(index)
              put(part)
              const parts = messages.get(key)!
              const complete = isNew && parts.size === total
              resolve(complete ? { complete: [...parts.values()].sort((a, b) => a.index - b.index) } : {})
            },
          },
        )
      })
    },
    stale(before, max) {
      const found: Part[][] = []
      round ??= messages.values()
      for (let next = round.next(); !next.done; next = round.next()) {
        const list = [...next.value.values()]
        const isOld = (one: Part): boolean => one.at < before
        // What has just become complete is being joined.
        if (list.length === list[0]?.total ? list.every(isOld) : list.some(isOld)) found.push(list.sort((a, b) => a.index - b.index))
        if (found.length === max) return found
      }
      round = undefined
      return found
    },
    drop(key) {
      return new Promise((resolve) => {
        commit.add(
          { kind: 'dropParts', key },
          {
            done: () => {
              forget(key)
              resolve()
            },
          },
        )
      })
    },
    held,
    heldAs(called) {
      const key = names.get(called)
      return key === undefined ? [] : held(key)
    },
    joined(joined) {
      const parts = messages.get(joined.key)
      for (const [index, at] of joined.parts) {
        const part = parts?.get(index)
        if (part?.at !== at) continue
        parts!.delete(index)
        unname(part)
        counted(joined.key, -1)
      }
      if (parts?.size === 0) messages.delete(joined.key)
    },
  }
}
