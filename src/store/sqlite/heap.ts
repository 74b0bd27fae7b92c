// A binary heap: the least by `before` on top. No removal from the middle: let go of what is stale when it comes up.
export interface Heap<T> {
  readonly size: number
  peek(): T | undefined
  push(value: T): void
  pop(): T | undefined
}

export function heap<T>(before: (a: T, b: T) => boolean): Heap<T> {
  const list: T[] = []
  return {
    get size() {
      return list.length
    },
    peek: () => list[0],
    push(value) {
      let at = list.length
      list.push(value)
      while (at > 0) {
        const parent = (at - 1) >> 1
        if (!before(value, list[parent]!)) break
        list[at] = list[parent]!
        at = parent
      }
      list[at] = value
    },
    pop() {
      const top = list[0]
      const last = list.pop()
      if (last === undefined || list.length === 0) return top
      let at = 0
      for (;;) {
        let child = 2 * at + 1
        if (child >= list.length) break
        if (child + 1 < list.length && before(list[child + 1]!, list[child]!)) child++
        if (!before(list[child]!, last)) break
        list[at] = list[child]!
        at = child
      }
      list[at] = last
      return top
    },
  }
}
