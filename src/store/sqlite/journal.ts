// The journal: what is acknowledged is here first, synced. Lines are gathered for about 2 ms and
// written as one record by the thread pool, so that neither the write nor the sync stalls the
// event loop. Records carry a length and a checksum; what a crash tore off is ignored at the next
// start. A file whose records are all in the tables is used again for later ones: writing over blocks
// that are there costs less than new ones, and what is left of the old records is told by its numbers.
import { closeSync, constants, fdatasync, fstatSync, ftruncateSync, openSync, readdirSync, readSync, unlinkSync, write } from 'node:fs'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { headBytes, type Slab } from './slab.ts'

const magic = 0x31584253
const magicBytes = Buffer.from('SBX1')
const pattern = /^journal-(\d+)$/

/** Records are numbered within their file, and files apart. */
const perFile = 2 ** 21

/** The slab's bytes with their head: a view, good until the slab is cleared. */
export function record(number: number, { buffer, end }: Slab): Buffer {
  buffer.writeUInt32LE(magic, 0)
  buffer.writeUInt32LE(end - headBytes, 4)
  buffer.writeDoubleLE(number, 12)
  buffer.writeUInt32LE(crc32(buffer.subarray(12, end)), 8)
  return buffer.subarray(0, end)
}

/** Files in which a record could be, oldest first. */
export function journalFiles(directory: string): number[] {
  const numbers = readdirSync(directory).flatMap((name) => {
    const match = pattern.exec(name)
    return match ? [Number(match[1])] : []
  })
  return numbers.sort((a, b) => a - b)
}

/** Where the record at a place ends; undefined where there is none of that number, or no whole one. `verified`: this process wrote it itself. */
function recordEnd(file: Buffer, at: number, number: number, verified = false): number | undefined {
  if (at + headBytes > file.length || file.readUInt32LE(at) !== magic || file.readDoubleLE(at + 12) !== number) return undefined
  const end = at + headBytes + file.readUInt32LE(at + 4)
  if (end > file.length) return undefined
  return verified || file.readUInt32LE(at + 8) === crc32(file.subarray(at + 12, end)) ? end : undefined
}

/** From and to of what each of a file's whole records says, in order; ends before the first record that is torn. */
export function* records(file: Buffer, fileNumber: number, verified = false): Generator<[from: number, to: number]> {
  let number = fileNumber * perFile + 1
  for (let at = 0; ; number++) {
    const end = recordEnd(file, at, number, verified)
    if (end === undefined) return
    yield [at + headBytes, end]
    at = end
  }
}

/** Of a file of which `followed` says that a later one has records: what of it was written once and can be read no more, in words. */
export function lostOf(file: Buffer, fileNumber: number, followed: boolean): string | undefined {
  let [at, number] = [0, fileNumber * perFile + 1]
  for (let end = recordEnd(file, at, number); end !== undefined; end = recordEnd(file, at, number)) {
    at = end
    number++
  }
  if (followed && at === 0) return 'it has no record that can be read, and a later one has'
  // One record is written at a time: a torn one is the last of all.
  const begun = at + headBytes <= file.length && file.readUInt32LE(at) === magic && file.readDoubleLE(at + 12) === number
  if (followed && begun) return `its last record, at octet ${at}, cannot be read`
  for (let later = file.indexOf(magicBytes, at + 1); later >= 0; later = file.indexOf(magicBytes, later + 1)) {
    if (later + headBytes > file.length) break
    const found = file.readDoubleLE(later + 12)
    if (found < number || found >= (fileNumber + 1) * perFile || recordEnd(file, later, found) === undefined) continue
    return `octets ${at} to ${later} of it cannot be read, and a record follows`
  }
  return undefined
}

/** What is in a file; in the room given where it suffices. */
export function readJournal(directory: string, file: number, room?: Buffer): Buffer {
  const fd = openSync(pathOf(directory, file), 'r')
  try {
    const { size } = fstatSync(fd)
    const octets = room && size <= room.length ? room.subarray(0, size) : Buffer.allocUnsafeSlow(size)
    let end = 0
    for (let more = -1; more !== 0 && end < size; end += more) more = readSync(fd, octets, end, size - end, end)
    return octets.subarray(0, end)
  } finally {
    closeSync(fd)
  }
}

export function deleteJournal(directory: string, file: number): void {
  unlinkSync(pathOf(directory, file))
}

function pathOf(directory: string, file: number): string {
  return join(directory, `journal-${file}`)
}

/**
 * On Linux a write is synced by the kernel as fdatasync would: one visit to the thread pool instead of two, each of
 * which waits for a turn of a busy event loop. Elsewhere the flag is missing or promises less.
 */
const syncedByWrite = process.platform === 'linux'
const syncFlag = syncedByWrite ? constants.O_DSYNC : 0
const freshFlags = constants.O_CREAT | constants.O_TRUNC | constants.O_WRONLY | syncFlag
const usedFlags = constants.O_WRONLY | syncFlag

/** Files kept for use again. */
const mostFree = 2

export interface Journal {
  /** The file being written. */
  readonly file: number
  /** Bytes in it. */
  readonly size: number
  /** Resolves when it is on disk; the slab is not to be touched until then. May be called again, with another, after it rejected. One at a time. */
  append(slab: Slab): Promise<void>
  /** Goes on in the next file; false while none is ready. Only between appends. */
  turn(): boolean
  /** Everything in this file is in the tables. */
  done(file: number): void
  close(): Promise<void>
}

export async function openJournal(directory: string, first: number, failed: (error: unknown) => void): Promise<Journal> {
  let file = first
  let handle = await create(directory, file)
  let size = 0
  let number = 0
  let spare: FileHandle | undefined
  const free: number[] = []
  let preparing: Promise<void> = prepare()

  /** The next file is made ready ahead of its use, for its directory entry has to be synced too. */
  async function prepare(): Promise<void> {
    try {
      spare = await create(directory, file + 1, free.shift())
    } catch (error) {
      failed(error)
    }
  }

  return {
    get file() {
      return file
    },
    get size() {
      return size
    },
    append(slab) {
      const buffer = record(file * perFile + number + 1, slab)
      const { fd } = handle
      return new Promise((resolve, reject) => {
        const done = (error: Error | null): void => {
          if (error) {
            dropTorn(fd, size)
            return reject(error)
          }
          size += buffer.length
          number++
          resolve()
        }
        const step = (from: number): void => {
          write(fd, buffer, from, buffer.length - from, size + from, (error, written) => {
            if (error) done(error)
            else if (from + written < buffer.length) step(from + written)
            else if (syncedByWrite) done(null)
            else fdatasync(fd, done)
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
    done(old) {
      if (free.length < mostFree) free.push(old)
      else void rm(pathOf(directory, old), { force: true }).catch(failed)
    },
    async close() {
      await preparing
      await handle.close()
      await spare?.close()
    },
  }
}

/** What follows the refusal may go into the next file: nothing of the record may be taken for whole in this one. */
function dropTorn(fd: number, size: number): void {
  try {
    ftruncateSync(fd, size)
  } catch {
    // A disk that cannot even do this is told of by the refusal.
  }
}

async function create(directory: string, file: number, from?: number): Promise<FileHandle> {
  const path = pathOf(directory, file)
  if (from !== undefined) await rename(pathOf(directory, from), path)
  const handle = await open(path, from === undefined ? freshFlags : usedFlags)
  const parent = await open(directory, 'r')
  try {
    await parent.sync()
  } finally {
    await parent.close()
  }
  return handle
}
