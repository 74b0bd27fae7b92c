// Where ended messages rest until the tables have them: as JSON in pieces of memory that the collector of garbage
// neither walks nor copies. A piece is let go with the last message in it.
import type { Life } from '../../model/life.ts'
import type { Message } from '../../model/message.ts'
import { writeLife, writeMessage } from './json.ts'
import { createSlab, type Slab } from './slab.ts'

export interface Resting {
  slab: Slab
  /** Where the message begins, where its life does, and where that ends. */
  at: number
  lifeAt: number
  end: number
}

/** A piece with less room than most messages need is not written to any more. */
const fewBytes = 4096

export function createResting(): (message: Message, life: Life) => Resting {
  let slab = createSlab()
  return (message, life) => {
    if (slab.size - slab.end < fewBytes) slab = createSlab()
    const at = slab.end
    writeMessage(slab, message)
    const lifeAt = slab.end
    writeLife(slab, life)
    return { slab, at, lifeAt, end: slab.end }
  }
}

export function restingMessage({ slab, at, lifeAt }: Resting): string {
  return slab.buffer.toString('utf8', at, lifeAt)
}

export function restingLife({ slab, lifeAt, end }: Resting): string {
  return slab.buffer.toString('utf8', lifeAt, end)
}
