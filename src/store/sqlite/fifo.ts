// A queue on an array: shift is constant time, what was shifted is let go in bulk. A class, for
// one is made for every item on a lane, and closures would cost more than the item.
export class Fifo<T> {
  #list: T[] = []
  #head = 0

  get size(): number {
    return this.#list.length - this.#head
  }

  push(value: T): void {
    this.#list.push(value)
  }

  peek(): T | undefined {
    return this.#list[this.#head]
  }

  shift(): T | undefined {
    if (this.#head === this.#list.length) return undefined
    const value = this.#list[this.#head++]
    if (this.#head === this.#list.length) {
      this.#list.length = 0
      this.#head = 0
    } else if (this.#head >= 256 && this.#head * 2 > this.#list.length) {
      this.#list = this.#list.slice(this.#head)
      this.#head = 0
    }
    return value
  }

  /** Back to the front, first of `values` foremost. */
  unshift(values: readonly T[]): void {
    this.#list = [...values, ...this.#list.slice(this.#head)]
    this.#head = 0
  }
}
