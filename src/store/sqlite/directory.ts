// Makes the data directory and those above it, for its owner alone, or throws the system's own error at once.
// Not by `recursive: true`: Node 20 never comes back from that under /proc, where each level says that the one above is missing.
import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

export function makeDirectory(path: string): void {
  try {
    make(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    const above = dirname(path)
    // What is there takes none below it.
    if (above === path || statSync(above, { throwIfNoEntry: false })) throw error
    makeDirectory(above)
    make(path)
  }
}

function make(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || !statSync(path).isDirectory()) throw error
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)
