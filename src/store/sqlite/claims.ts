// The attempt mark: which deliveries were claimed, written to a file before a claim is answered.
// It is not synced: it survives the death of the process, not that of the machine.
import { closeSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'

export interface Claims {
  /** Item and message in pairs. Throws when it cannot be written. */
  claimed(pairs: readonly number[]): void
  /** Never tried after all. */
  released(item: number): void
  settled(item: number): void
  close(): void
}

const compactBytes = 1 << 20

/** Items that an earlier process had claimed, with their messages: not settled as far as the file knows, which is told of no settlement. */
export function readClaims(directory: string): Map<number, number> {
  const left = new Map<number, number>()
  for (const line of readText(pathIn(directory)).split('\n')) {
    const match = /^([+-])(\d+)(?: (\d+))?;$/.exec(line)
    if (match?.[1] === '+' && match[3] !== undefined) left.set(Number(match[2]), Number(match[3]))
    else if (match?.[1] === '-') left.delete(Number(match[2]))
  }
  return left
}

/** `left`: those of before that wait still. */
export function openClaims(directory: string, left: ReadonlyMap<number, number>): Claims {
  const path = pathIn(directory)
  const open = new Map(left)
  let fd = openSync(path, 'a')
  let size = 0
  compact()

  function compact(): void {
    let text = ''
    for (const [item, message] of open) text += `+${item} ${message};\n`
    const fresh = openSync(`${path}.new`, 'w')
    try {
      writeWhole(fresh, text)
      renameSync(`${path}.new`, path)
    } catch (error) {
      closeSync(fresh)
      throw error
    }
    closeSync(fd)
    fd = fresh
    size = text.length
  }

  /** Begins with a line end too, so that a torn line before spoils nothing. */
  function append(text: string): void {
    writeWhole(fd, `\n${text}`)
    size += text.length
  }

  function shorten(): void {
    if (size <= compactBytes + open.size * 40) return
    try {
      compact()
    } catch {
      // The disk is full. All is marked, and the next mark tries again.
    }
  }

  return {
    claimed(pairs) {
      let text = ''
      for (let i = 0; i < pairs.length; i += 2) text += `+${pairs[i]} ${pairs[i + 1]};\n`
      append(text)
      for (let i = 0; i < pairs.length; i += 2) open.set(pairs[i]!, pairs[i + 1]!)
      shorten()
    },
    released(item) {
      if (!open.delete(item)) return
      append(`-${item};\n`)
      shorten()
    },
    settled(item) {
      open.delete(item)
    },
    close() {
      closeSync(fd)
    },
  }
}

const pathIn = (directory: string): string => join(directory, 'claims')

/** A disk that fills up takes the beginning and says so only with the next write. */
function writeWhole(fd: number, text: string): void {
  for (let rest = text; rest !== '';) rest = rest.slice(writeSync(fd, rest, null, 'latin1'))
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
