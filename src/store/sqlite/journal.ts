// The journal: what is acknowledged is here first, synced. Lines are gathered for about 2 ms and
// written as one record by the thread pool, so that neither the write nor the sync stalls the
// event loop. Records carry a length and a checksum; what a crash tore off is ignored at the next
// start. A file is deleted once everything in it is in the tables.
import { fdatasync, readFileSync, readdirSync, unlinkSync, write } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'

/** Magic, length, checksum, running number: 4 + 4 + 4 + 8 bytes. */
const headBytes = 20
const magic = 0x31584253
const pattern = /^journal-(\d+)$/

export function record(number: number, text: string): Buffer {
  const length = Buffer.byteLength(text)
  const buffer = Buffer.allocUnsafe(headBytes + length)
  buffer.writeUInt32LE(magic, 0)
  buffer.writeUInt32LE(length, 4)
  buffer.writeDoubleLE(number, 12)
  buffer.write(text, headBytes)
  buffer.writeUInt32LE(crc32(buffer.subarray(12)), 8)
  return buffer
}

/** The whole records of a file, in order; ends before the first that is torn. */
export function* records(file: Buffer): Generator<string> {
  let last: number | undefined
  for (let at = 0; at + headBytes <= file.length; ) {
    const length = file.readUInt32LE(at + 4)
    const number = file.readDoubleLE(at + 12)
    const end = at + headBytes + length
    if (file.readUInt32LE(at) !== magic || end > file.length || (last !== undefined && number !== last + 1)) return
    if (file.readUInt32LE(at + 8) !== crc32(file.subarray(at + 12, end))) return
    yield file.toString('utf8', at + headBytes, end)
    last = number
    at = end
  }
}

export function journalFiles(directory: string): number[] {
  const numbers = readdirSync(directory).flatMap((name) => {
    const match = pattern.exec(name)
    return match ? [Number(match[1])] : []
  })
  return numbers.sort((a, b) => a - b)
}

export function readJournal(directory: string, file: number): Generator<string> {
  return records(readFileSync(join(directory, `journal-${file}`)))
}

export function deleteJournal(directory: string, file: number): void {
  unlinkSync(join(directory, `journal-${file}`))
}

export interface Journal {
  /** The file being written. */
  readonly file: number
  /** Bytes in it. */
  readonly size: number
  /** Resolves when the text is on disk; may be called again, with other text, after it rejected. One at a time. */
  append(text: string): Promise<void>
  /** Goes on in a new file; false while none is ready. Only between appends. */
  turn(): boolean
  close(): Promise<void>
}

export async function openJournal(directory: string, first: number, failed: (error: unknown) => void): Promise<Journal> {
  let file = first
  let handle = await create(directory, file)
  let size = 0
  let number = 0
  let spare: FileHandle | undefined
  let preparing: Promise<void> = prepare()

  /** The next file is made ahead of its use, for its directory entry has to be synced too. */
  function prepare(): Promise<void> {
    return create(directory, file + 1).then((made) => {
      spare = made
    }, failed)
  }

  return {
    get file() {
      return file
    },
    get size() {
      return size
    },
    append(text) {
      const buffer = record(number + 1, text)
      const { fd } = handle
      return new Promise((resolve, reject) => {
        const step = (from: number): void => {
          write(fd, buffer, from, buffer.length - from, size + from, (error, written) => {
            if (error) reject(error)
            else if (from + written < buffer.length) step(from + written)
            else {
              fdatasync(fd, (unsynced) => {
                if (unsynced) return reject(unsynced)
                size += buffer.length
                number++
                resolve()
              })
            }
          })
        }
        step(0)
      })
    },
    turn() {
      if (!spare) {
        preparing = preparing.then(() => (spare ? undefined : prepare()))
        return false
      }
      void handle.close()
      handle = spare
      spare = undefined
      file++
      size = 0
      number = 0
      preparing = prepare()
      return true
    },
    async close() {
      await preparing
      await handle.close()
      await spare?.close()
    },
  }
}

async function create(directory: string, file: number): Promise<FileHandle> {
  const handle = await open(join(directory, `journal-${file}`), 'w')
  const parent = await open(directory, 'r')
  await parent.sync().finally(() => parent.close())
  return handle
}
