// What is changed under load besides messages: one strand each for credentials, opt-outs and so on. A
// change that was answered holds, whatever is killed next; one whose answer a kill cut was made or not,
// and whichever is seen first holds from then on.
import { sleep } from './rounds.ts'

export interface Strand {
  /** One change, or none while the gateway is away. Pushes what it saw that must not be. */
  act(): Promise<void>
  /** After a start: looks at what a kill cut, and again at some of what is known. `all` at the end. */
  look(all: boolean): Promise<void>
  readonly faults: readonly string[]
  readonly figures: readonly [label: string, value: number][]
}

/** Undefined: a change was cut, and nobody has looked since. */
export interface Fact {
  holds: boolean | undefined
}

const pauseMs = 5

/** Acts until stopped. */
export function run(strands: readonly Strand[]): { stop(): Promise<void> } {
  let running = true
  async function one(strand: Strand): Promise<void> {
    await strand.look(false)
    while (running) {
      await strand.act()
      await sleep(pauseMs)
    }
  }
  const all = Promise.all(strands.map(one))
  return {
    async stop() {
      running = false
      await all
    },
  }
}

/** So many of them, chosen at random. */
export function sample<T>(of: readonly T[], count: number, random: () => number): T[] {
  if (of.length <= count) return [...of]
  return Array.from({ length: count }, () => of[Math.floor(random() * of.length)]!)
}
