// What a process of a proof saw, in a file of its own: one JSON line each, handed to the kernel before
// anything else happens, so that it outlives whatever is killed next.
import { openSync, writeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

export function openProofLedger(path: string): (line: object) => void {
  const file = openSync(path, 'a')
  return (line) => void writeSync(file, `${JSON.stringify(line)}\n`)
}

/** Every whole line; none when there is no such file. */
export async function readLines(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  // The last line is empty, or not yet whole.
  return text.split('\n').slice(0, -1)
}

export async function readLedger<T>(path: string): Promise<T[]> {
  return (await readLines(path)).map((line) => JSON.parse(line) as T)
}

/** Puts a line to the others of its key. */
export function gather<T>(of: Map<string, T[]>, key: string, line: T): void {
  const others = of.get(key)
  if (others) others.push(line)
  else of.set(key, [line])
}
