// sip-profiles/ while the gateway runs: what changes on disk is read again, soon, and told once. A
// file with a fault leaves in force what it said before, and every fault is logged; files that did not
// change are not told of.
import { watch } from 'node:fs'
import type { Logger } from '../../../src/plugin.ts'
import { readProfiles, type NamedProfile, type NamedTrunk, type Profiles, type Read, type Source } from './read.ts'

/** What is in force. */
export interface InForce {
  profiles: ReadonlyMap<string, NamedProfile>
  trunks: ReadonlyMap<string, NamedTrunk>
}

export interface Change extends InForce {
  /** New, changed or gone. */
  changedProfiles: ReadonlySet<string>
  changedTrunks: ReadonlySet<string>
}

export interface Watched extends InForce {
  /** Reads now. Resolves when that has been told. */
  look(): Promise<void>
  close(): void
}

/** Editors write a file in several steps. */
const settleMs = 200
/** Where the system does not tell of changes (network file systems), and for PEM files elsewhere. */
const pollMs = 5000

/** Undefined: there is no such directory. */
export async function watchProfiles(parts: {
  source: Source
  log: Logger
  changed(change: Change): Promise<void>
  pollMs?: number
}): Promise<Watched | undefined> {
  const { source, log, changed } = parts
  const first = await readProfiles(source)
  if (!first) return undefined
  let read: Profiles = first
  let profiles = inForce(read.profiles, new Map<string, NamedProfile>())
  let trunks = inForce(read.trunks, new Map<string, NamedTrunk>())
  tellFaults(read, undefined, log)
  let isClosed = false
  let timer: NodeJS.Timeout | undefined
  /** One look at a time, in their order. */
  let looking: Promise<void> = Promise.resolve()

  async function look(): Promise<void> {
    const found = (await readProfiles(source)) ?? { profiles: new Map(), trunks: new Map() }
    if (isClosed) return
    const now = { profiles: asBefore(read.profiles, found.profiles), trunks: asBefore(read.trunks, found.trunks) }
    const changedProfiles = differences(read.profiles, now.profiles)
    const changedTrunks = differences(read.trunks, now.trunks)
    if (changedProfiles.size === 0 && changedTrunks.size === 0) return
    tellFaults(now, read, log)
    const before = { profiles, trunks }
    profiles = inForce(now.profiles, profiles)
    trunks = inForce(now.trunks, trunks)
    read = now
    // What has a fault now is as it was.
    for (const name of changedProfiles) if (before.profiles.get(name) === profiles.get(name)) changedProfiles.delete(name)
    for (const name of changedTrunks) if (before.trunks.get(name) === trunks.get(name)) changedTrunks.delete(name)
    if (changedProfiles.size > 0 || changedTrunks.size > 0) await changed({ profiles, trunks, changedProfiles, changedTrunks })
  }

  function again(): Promise<void> {
    looking = looking
      .then(look)
      .catch((error: unknown) => log.error({ err: error, directory: source.directory }, 'the profiles cannot be read'))
    return looking
  }

  function soon(): void {
    clearTimeout(timer)
    timer = setTimeout(() => void again(), settleMs)
    timer.unref()
  }

  const poll = setInterval(() => void again(), parts.pollMs ?? pollMs)
  poll.unref()
  // Where the system cannot (too many watches), polling does it.
  const watcher = tried(() => watch(source.directory, { recursive: true, persistent: false }, soon))
  watcher?.on('error', () => watcher.close())
  return {
    get profiles() {
      return profiles
    },
    get trunks() {
      return trunks
    },
    look: again,
    close() {
      isClosed = true
      clearTimeout(timer)
      clearInterval(poll)
      watcher?.close()
    },
  }
}

function tried<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}

/** A file with faults is worth what it was worth before; one that is switched off or gone, nothing. */
function inForce<T>(read: ReadonlyMap<string, Read<T>>, before: ReadonlyMap<string, T>): Map<string, T> {
  const now = new Map<string, T>()
  for (const [name, { value, faults }] of read) {
    const it = faults.length > 0 ? before.get(name) : value
    if (it !== undefined) now.set(name, it)
  }
  return now
}

/** What did not change is the same object. */
function asBefore<T>(before: ReadonlyMap<string, Read<T>>, now: ReadonlyMap<string, Read<T>>): Map<string, Read<T>> {
  return new Map([...now].map(([name, read]) => [name, isSame(before.get(name), read) ? before.get(name)! : read]))
}

function differences<T>(before: ReadonlyMap<string, Read<T>>, now: ReadonlyMap<string, Read<T>>): Set<string> {
  const names = new Set<string>()
  for (const name of new Set([...before.keys(), ...now.keys()])) if (!isSame(before.get(name), now.get(name))) names.add(name)
  return names
}

function isSame<T>(a: Read<T> | undefined, b: Read<T> | undefined): boolean {
  return a?.text === b?.text && a?.faults.join() === b?.faults.join() && (a === undefined) === (b === undefined)
}

function tellFaults(now: Profiles, before: Profiles | undefined, log: Logger): void {
  for (const kind of ['profiles', 'trunks'] as const)
    for (const [name, { faults }] of now[kind]) {
      if (faults.length === 0 || faults.join() === before?.[kind].get(name)?.faults.join()) continue
      for (const fault of faults)
        log.error({ fault }, before ? 'a profile does not hold: it stays as it was' : 'a profile does not hold: it is not used')
    }
}
