// A disk that loses its power: of what a process wrote, only that is sure to be there which was synced.
//   A write through O_DSYNC is there once it has returned; any other once an fsync or fdatasync of its file
//   that began after it has returned; a name, and that it is gone, once its directory was synced.
//   Of all else, each sector of 512 octets is there or not, a file is as long as its last sector that is,
//   and of names any number of the oldest changes are there: a file system keeps those in their order.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { Call, Event } from './calls.ts'

const sectorBytes = 512

interface Change {
  kind: 'write' | 'truncate'
  /** Where, or the new length. */
  at: number
  data: Buffer
  ended: boolean
  durable: boolean
}
interface File {
  /** Up to `length`: what was durable when the first of `changes` began. */
  base: Buffer
  length: number
  changes: Change[]
  isDirectory?: true
}
interface NameChange {
  directory: string
  set: [path: string, file: File | undefined][]
  durable: boolean
}

export interface Disk {
  /** Takes part in all that happens from now on. */
  take(event: Event): void
  /** What is found after a loss of power now, written into this directory. `random` undefined: only what is sure. */
  lose(into: string, random: (() => number) | undefined): void
}

/** Of the directory as it is, all of it durable. */
export function createDisk(directory: string): Disk {
  /** As the process sees them, and as they were when the first of `naming` began. */
  const names = new Map<string, File>()
  const sure = new Map<string, File>()
  const naming: NameChange[] = []
  const descriptors = new Map<number, { synced: boolean; appends: boolean; at: number }>()
  /** What an fsync under way makes durable. */
  const syncs = new Map<Call, (Change | NameChange)[]>()
  const writes = new Map<Call, Change>()
  for (const path of walk(directory)) {
    const file = statSync(path).isDirectory() ? emptyDirectory() : fileOf(readFileSync(path))
    names.set(path, file)
    sure.set(path, file)
  }

  function rename(at: string, set: NameChange['set']): void {
    naming.push({ directory: dirname(at), set, durable: false })
    for (const [path, file] of set) {
      if (file) names.set(path, file)
      else names.delete(path)
    }
  }

  function begin(call: Call): void {
    if (call.what === 'sync') {
      const file = names.get(call.path)
      const waiting =
        file && !file.isDirectory ? file.changes.filter(({ ended }) => ended) : naming.filter((change) => change.directory === call.path)
      syncs.set(call, waiting)
    } else if (call.what === 'write') {
      const file = names.get(call.path)
      const descriptor = descriptors.get(call.fd)
      if (!file || !descriptor) return
      const at = call.at ?? (descriptor.appends ? lengthOf(file) : descriptor.at)
      const change: Change = { kind: 'write', at, data: call.data, ended: false, durable: false }
      file.changes.push(change)
      writes.set(call, change)
    } else if (call.what === 'truncate') truncate(names.get(call.path), call.size)
  }

  function end(call: Call): void {
    switch (call.what) {
      case 'open': {
        descriptors.set(call.fd, { synced: call.synced, appends: call.appends, at: 0 })
        const known = names.get(call.path)
        if (known && call.truncates) truncate(known, 0)
        else if (!known && call.creates) rename(call.path, [[call.path, fileOf(Buffer.alloc(0))]])
        break
      }
      case 'write': {
        const change = writes.get(call)
        const descriptor = descriptors.get(call.fd)
        writes.delete(call)
        if (!change || !descriptor) break
        change.ended = true
        change.data = call.data
        if (call.at === undefined) descriptor.at = change.at + call.data.length
        if (descriptor.synced) change.durable = true
        break
      }
      case 'sync':
        for (const change of syncs.get(call) ?? []) change.durable = true
        syncs.delete(call)
        while (naming[0]?.durable) apply(sure, naming.shift()!)
        for (const file of names.values()) settle(file)
        break
      case 'rename':
        rename(call.to, [
          [call.to, names.get(call.from)],
          [call.from, undefined],
        ])
        break
      case 'mkdir':
        rename(call.path, [[call.path, emptyDirectory()]])
        break
      case 'unlink':
        rename(call.path, [[call.path, undefined]])
        break
      case 'truncate':
      case 'say':
    }
  }

  return {
    take: ({ phase, call }) => (phase === 'begin' ? begin(call) : end(call)),
    lose(into, random) {
      const left = new Map(sure)
      const open = naming.filter(({ durable }) => !durable)
      const kept = random ? Math.floor(random() * (open.length + 1)) : 0
      const lost = new Set(open.slice(kept))
      for (const change of naming) if (!lost.has(change)) apply(left, change)
      for (const [path, file] of left) {
        // Memory that processes share: after a start nobody reads it.
        if (file.isDirectory || path.endsWith('-shm')) continue
        if (dirname(path) !== directory && !left.has(dirname(path))) continue
        const target = join(into, relative(directory, path))
        mkdirSync(dirname(target), { recursive: true })
        writeFileSync(target, survivor(file, random))
      }
    },
  }
}

function* walk(directory: string): Generator<string> {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name)
    yield path
    if (statSync(path).isDirectory()) yield* walk(path)
  }
}

function fileOf(base: Buffer): File {
  return { base, length: base.length, changes: [] }
}

function emptyDirectory(): File {
  return { ...fileOf(Buffer.alloc(0)), isDirectory: true }
}

function apply(names: Map<string, File>, { set }: NameChange): void {
  for (const [path, file] of set) {
    if (file) names.set(path, file)
    else names.delete(path)
  }
}

function truncate(file: File | undefined, size: number): void {
  file?.changes.push({ kind: 'truncate', at: size, data: Buffer.alloc(0), ended: true, durable: false })
}

/** As the process sees it. */
function lengthOf(file: File): number {
  let { length } = file
  for (const { kind, at, data } of file.changes) length = kind === 'truncate' ? at : Math.max(length, at + data.length)
  return length
}

/** What is durable from the first on becomes the base. */
function settle(file: File): void {
  let count = 0
  while (file.changes[count]?.durable) make(file, file.changes[count++]!)
  if (count > 0) file.changes.splice(0, count)
}

function make(file: Pick<File, 'base' | 'length'>, { kind, at, data }: Pick<Change, 'kind' | 'at' | 'data'>): void {
  if (kind === 'truncate') {
    file.base.fill(0, at, Math.max(at, file.length))
    file.length = at
  } else {
    const end = at + data.length
    if (end > file.base.length) {
      const larger = Buffer.alloc(Math.max(end, 2 * file.base.length))
      file.base.copy(larger, 0, 0, file.length)
      file.base = larger
    }
    data.copy(file.base, at)
    file.length = Math.max(file.length, end)
  }
}

function survivor(file: File, random: (() => number) | undefined): Buffer {
  const left = { base: Buffer.from(file.base.subarray(0, file.length)), length: file.length }
  for (const each of file.changes) {
    if (each.durable) make(left, each)
    else if (random) perhaps(left, each, random)
  }
  return left.base.subarray(0, left.length)
}

/** All of it, nothing, or some of its sectors. */
function perhaps(left: Pick<File, 'base' | 'length'>, each: Change, random: () => number): void {
  const chance = random()
  if (chance < 1 / 3) return
  if (chance < 2 / 3 || each.kind === 'truncate') return make(left, each)
  const end = each.at + each.data.length
  for (let from = each.at; from < end;) {
    const to = Math.min(end, from - (from % sectorBytes) + sectorBytes)
    if (random() < 0.5) make(left, { kind: 'write', at: from, data: each.data.subarray(from - each.at, to - each.at) })
    from = to
  }
}
