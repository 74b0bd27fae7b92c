// Reads a document without holding up whatever else goes on: a short one at once, a long one on a thread.
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { Refused } from './caller.ts'
import { mostCharacters, readDocument } from './document.ts'
import type { Placed } from './faults.ts'
import { joined } from './pieces.ts'
import type { Answered, Asked } from './reader.ts'
import type { Path } from './schema.ts'

export interface Reading {
  value: unknown
  faults: Placed[]
  /** Where each place is written, or the nearest above it. */
  lines(paths: readonly Path[]): Promise<(number | undefined)[]>
  close(): Promise<void>
}

type Variables = Readonly<Record<string, string | undefined>>

/** Read in some ten milliseconds; a thread takes longer to start. */
const shortCharacters = 16 << 10
/** YAML takes a hundred times the space of its text; document.ts says how long one may be. */
const mostMemoryMb = 2048

export async function read(text: string, variables: Variables): Promise<Reading> {
  if (text.length > shortCharacters && text.length <= mostCharacters) return readOnThread(text, variables)
  const { value, faults, line } = readDocument(text, variables)
  return { value, faults, lines: (paths) => Promise.resolve(paths.map(line)), close: () => Promise.resolve() }
}

async function readOnThread(text: string, variables: Variables): Promise<Reading> {
  const worker = new Worker(new URL(`./reader${extname(import.meta.url)}`, import.meta.url), {
    workerData: { text, variables },
    resourceLimits: { maxOldGenerationSizeMb: mostMemoryMb },
  })
  const close = async (): Promise<void> => void (await worker.terminate())
  const answer = (): Promise<Answered> =>
    new Promise((resolve, reject) => {
      const died = (error: Error): void => reject(new Refused('invalid', `The document cannot be read: ${error.message}`))
      worker.once('error', died)
      worker.once('message', (answered: Answered) => {
        worker.off('error', died)
        resolve(answered)
      })
    })
  const ask = (asked: Asked): Promise<Answered> => {
    worker.postMessage(asked)
    return answer()
  }
  try {
    const { faults = [], pieces = 0 } = await answer()
    let value: unknown
    for (let n = 0; n < pieces; n++) {
      const { piece } = await ask({ piece: n })
      if (n === 0) [value] = piece!.items
      else joined(value, piece!)
    }
    return { value, faults, lines: async (paths) => (await ask({ lines: paths })).lines ?? [], close }
  } catch (error) {
    await close()
    throw error
  }
}
