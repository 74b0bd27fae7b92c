// A queue in a ring: nothing that was shifted stays reachable through it.
const fewest = 16

export class Fifo<T extends object> {
  #ring: (T | undefined)[] = Array.from({ length: fewest })
  #head = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  push(value: T): void {
    if (this.#size === this.#ring.length) this.#grow()
    this.#ring[(this.#head + this.#size++) & (this.#ring.length - 1)] = value
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined
    const value = this.#ring[this.#head]
    this.#ring[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#ring.length - 1)
    this.#size--
    return value
  }

  #grow(): void {
    const old = this.#ring
    const ring: (T | undefined)[] = Array.from({ length: 2 * old.length })
    for (let i = 0; i < old.length; i++) ring[i] = old[(this.#head + i) & (old.length - 1)]
    this.#ring = ring
    this.#head = 0
  }
}
