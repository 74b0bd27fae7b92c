// Long work on the thread that everybody shares, in slices: others have their turn in between.

/** What a message may be held up by is 20 ms, and a collection of garbage takes most of that. */
const sliceMs = 4

/** Walks through `work`, of which no step is long. Short work is done at once. */
export async function inSlices<T>(work: Iterable<T>, each: (one: T) => void = () => {}): Promise<void> {
  let since = performance.now()
  for (const one of work) {
    each(one)
    if (performance.now() - since < sliceMs) continue
    await new Promise<void>((resolve) => setImmediate(resolve))
    since = performance.now()
  }
}

/** As `inSlices`, for whoever takes what comes of it. */
export async function* givenInSlices<T>(work: Iterable<T>): AsyncGenerator<T, undefined> {
  let since = performance.now()
  for (const one of work) {
    yield one
    if (performance.now() - since < sliceMs) continue
    await new Promise<void>((resolve) => setImmediate(resolve))
    since = performance.now()
  }
  return undefined
}

/** Of a list, so many at a time. */
export function* chunks<T>(list: readonly T[], size: number): Generator<readonly T[], undefined> {
  for (let i = 0; i < list.length; i += size) yield list.slice(i, i + size)
  return undefined
}
