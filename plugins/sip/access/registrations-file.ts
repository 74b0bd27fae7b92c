// Registrations kept over a restart: a file of JSON lines that only grows, one line an address of
// record, the last one counts, and one without contacts says that it is gone. What changed within a
// tenth of a second is written together; kill -9 leaves what was written, and a torn line is passed
// over. When most of it is past, it is written anew beside and put in its place.
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock, Logger } from '../../../src/plugin.ts'
import { readStored, type StoredAor } from './stored.ts'

export interface RegistrationsFile {
  /** Every AOR that the file has contacts of, as of its newest line. */
  read(): Promise<Map<string, StoredAor>>
  /** To be written soon, as it will be by then. Not before what was read is there again: the file may be rewritten. */
  changed(aor: string): void
  /** Writes what is left. */
  close(): Promise<void>
}

/** What is written of an AOR now; without contacts when it has none. */
type StateOf = (aor: string) => StoredAor

const gatherMs = 100
/** After a failure. */
const againMs = 5000
/** Never rewritten below so many lines. */
const fewLines = 1000
const linesAtOnce = 500
const longestLine = 262_144
/** Addresses and devices of people: for nobody else's eyes. */
const mode = 0o600

export function openRegistrations(parts: {
  path: string
  clock: Clock
  log: Logger
  state: StateOf
  /** All that have contacts now. */
  aors(): Iterable<string>
  count(): number
}): RegistrationsFile {
  const { path, clock, log, state } = parts
  const beside = `${path}.new`
  let file: FileHandle | undefined
  let dirty = new Set<string>()
  let lines = 0
  let writing: Promise<void> | undefined
  let cancel: (() => void) | undefined
  /** Told once, until it works again. */
  let isFailing = false
  let torn = false
  let isClosing = false

  async function appendTo(to: FileHandle, aors: Iterable<string>): Promise<number> {
    let text = ''
    let count = 0
    for (const aor of aors) {
      text += `${JSON.stringify(state(aor))}\n`
      if (++count % linesAtOnce > 0) continue
      await to.appendFile(text)
      text = ''
    }
    if (text !== '') await to.appendFile(text)
    return count
  }

  async function flush(): Promise<void> {
    const batch = dirty
    if (batch.size === 0) return
    dirty = new Set()
    try {
      if (!file) {
        await mkdir(dirname(path), { recursive: true })
        file = await open(path, 'a', mode)
        // The line that the last process did not end must not run into the next one.
        torn = (await file.stat()).size > 0
      }
      if (torn) await file.appendFile('\n')
      torn = true
      lines += await appendTo(file, batch)
      torn = false
      if (lines > Math.max(fewLines, 2 * parts.count())) await rewrite()
      if (isFailing) log.warn({ path }, 'registrations are written again')
      isFailing = false
    } catch (error) {
      for (const aor of batch) dirty.add(aor)
      if (!isFailing) log.error({ path, err: error }, 'registrations cannot be written: they would be gone after a restart')
      isFailing = true
    }
  }

  /** What changes meanwhile is still dirty, and is written behind it in the new file. */
  async function rewrite(): Promise<void> {
    const next = await open(beside, 'w', mode)
    try {
      const written = await appendTo(next, [...parts.aors()])
      await next.sync()
      await rename(beside, path)
      await file?.close()
      file = next
      lines = written
    } catch (error) {
      await next.close()
      await rm(beside, { force: true })
      throw error
    }
  }

  function plan(): void {
    if (isClosing) return
    cancel ??= clock.after(isFailing ? againMs : gatherMs, () => {
      cancel = undefined
      writing ??= flush().finally(() => {
        writing = undefined
        if (dirty.size > 0) plan()
      })
    })
  }

  return {
    async read() {
      const found = new Map<string, StoredAor>()
      let bad = 0
      for await (const line of linesOf(path)) {
        lines++
        const read = readStored(line)
        if (!read) bad++
        else if (read.contacts.length === 0) found.delete(read.aor)
        else found.set(read.aor, read)
      }
      if (bad > 0) log.warn({ path, lines: bad }, 'registrations that cannot be read are passed over')
      return found
    },
    changed(aor) {
      dirty.add(aor)
      if (!writing) plan()
    },
    async close() {
      isClosing = true
      cancel?.()
      await writing
      await flush()
      await file?.close()
      file = undefined
    },
  }
}

/** None where there is no file. A line beyond all measure is given in pieces, none of which can be read. */
async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = ''
  try {
    for await (const piece of createReadStream(path, { encoding: 'utf8', highWaterMark: longestLine })) {
      const parts = (rest + String(piece)).split('\n')
      rest = parts.pop() ?? ''
      for (const line of parts) if (line !== '') yield line
      if (rest.length <= longestLine) continue
      yield rest
      rest = ''
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  if (rest !== '') yield rest
}
