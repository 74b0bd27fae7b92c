// The attempt mark: which deliveries were claimed, written to a file before a claim is answered.
// It is not synced: it survives the death of the process, not that of the machine.
import { closeSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'

export interface Claims {
  /** Items that an earlier process had claimed and, as far as this file knows, not settled; with their messages. */
  readonly left: ReadonlyMap<number, number>
  /** Item and message in pairs. Throws when it cannot be written. */
  claimed(pairs: readonly number[]): void
  /** Never tried after all. */
  released(item: number): void
  settled(item: number): void
  close(): void
}

const compactBytes = 1 << 20

export function openClaims(directory: string): Claims {
  const path = join(directory, 'claims')
  const left = new Map<number, number>()
  const open = new Map<number, number>()
  for (const line of readText(path).split('\n')) {
    const match = /^([+-])(\d+)(?: (\d+))?;$/.exec(line)
    if (match?.[1] === '+' && match[3] !== undefined) left.set(Number(match[2]), Number(match[3]))
    else if (match?.[1] === '-') left.delete(Number(match[2]))
  }
  for (const [item, message] of left) open.set(item, message)
  let fd = openSync(path, 'a')
  let size = 0
  compact()

  function compact(): void {
    const fresh = openSync(`${path}.new`, 'w')
    let text = ''
    for (const [item, message] of open) text += `+${item} ${message};\n`
    writeSync(fresh, text)
    renameSync(`${path}.new`, path)
    closeSync(fd)
    fd = fresh
    size = text.length
  }

  /** Begins with a line end too, so that a torn line before spoils nothing. */
  function add(text: string): void {
    writeSync(fd, `\n${text}`)
    size += text.length
    if (size > compactBytes + open.size * 40) compact()
  }

  return {
    left,
    claimed(pairs) {
      let text = ''
      for (let i = 0; i < pairs.length; i += 2) {
        open.set(pairs[i]!, pairs[i + 1]!)
        text += `+${pairs[i]} ${pairs[i + 1]};\n`
      }
      add(text)
    },
    released(item) {
      if (open.delete(item)) add(`-${item};\n`)
    },
    settled(item) {
      open.delete(item)
    },
    close() {
      closeSync(fd)
    },
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
