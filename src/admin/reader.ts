// A thread that reads one document, which takes seconds where it is long: what it holds is handed over piece
// by piece as it is asked for, then the lines of whatever was wrong.
import { parentPort, workerData } from 'node:worker_threads'
import { readDocument } from './document.ts'
import type { Placed } from './faults.ts'
import { inPieces, type Piece } from './pieces.ts'
import type { Path } from './schema.ts'

export interface Asked {
  piece?: number
  lines?: readonly Path[]
}
export interface Answered {
  faults?: Placed[]
  /** Without a document there is none. */
  pieces?: number
  piece?: Piece
  lines?: (number | undefined)[]
}

const { text, variables } = workerData as { text: string; variables: Readonly<Record<string, string | undefined>> }
const { value, faults, line } = readDocument(text, variables)
const pieces = value === undefined ? [] : inPieces(value)

parentPort?.on('message', ({ piece, lines }: Asked) => {
  const answer: Answered = lines ? { lines: lines.map(line) } : { piece: pieces[piece ?? 0]! }
  parentPort?.postMessage(answer)
})
parentPort?.postMessage({ faults, pieces: pieces.length } satisfies Answered)
