// A queue on an array: shift is constant time, what was shifted is let go in bulk.
export interface Fifo<T> {
  readonly size: number
  push(value: T): void
  shift(): T | undefined
  peek(): T | undefined
  /** Back to the front, first of `values` foremost. */
  unshift(values: T[]): void
}

export function fifo<T>(): Fifo<T> {
  let list: T[] = []
  let head = 0
  return {
    get size() {
      return list.length - head
    },
    push(value) {
      list.push(value)
    },
    peek: () => list[head],
    shift() {
      if (head === list.length) return undefined
      const value = list[head++]
      if (head === list.length) {
        list = []
        head = 0
      } else if (head >= 256 && head * 2 > list.length) {
        list = list.slice(head)
        head = 0
      }
      return value
    },
    unshift(values) {
      list = [...values, ...list.slice(head)]
      head = 0
    },
  }
}
