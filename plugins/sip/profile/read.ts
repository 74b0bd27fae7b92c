// sip-profiles/ as it is on disk: each `<name>.yaml` a profile, each `<name>/<trunk>.yaml` a trunk of
// it. Every fault of every file is told, with its path and what would be right; a file with a fault
// harms no other file.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { z } from 'zod'
import { type AccountId, whyOf } from '../../../src/plugin.ts'
import { transports } from '../engine/engine.ts'
import { profileFile, readEnd, readServer, type ProfileFile } from './schema.ts'
import { imsOf, trunkFile, trunkOf } from './trunk-schema.ts'
import type { Listen, Profile, Trunk } from './types.ts'

/** Reads YAML, fills in `${NAME}`, and holds it against a schema; every fault is one line. */
export type Check = <T>(schema: z.ZodType<T>, text: string) => { value: T } | { faults: readonly string[] }

export interface Source {
  directory: string
  check: Check
}

/** One file. Neither value nor faults: it is switched off. */
export interface Read<T> {
  /** As it is told to people. */
  path: string
  /** Every octet that it was made of, PEM files included: the same means nothing has changed. */
  text: string
  value?: T
  faults: readonly string[]
}

export interface NamedProfile {
  profile: Profile
  /** Domain → the account as the file names it; `profile.domains` is what that means now. */
  owners: Readonly<Record<string, string>>
}

export interface Profiles {
  /** By name. */
  profiles: ReadonlyMap<string, Read<NamedProfile>>
  /** By `<profile>/<name>`. */
  trunks: ReadonlyMap<string, Read<NamedTrunk>>
}

export interface NamedTrunk {
  trunk: Trunk
  /** Whose binds may name it, as the file has it. */
  owners: readonly string[]
}

const named = /^([a-zA-Z0-9][a-zA-Z0-9._-]{0,62})\.ya?ml$/
const mostOctets = 1 << 20

/** Undefined: there is no such directory. */
export async function readProfiles(source: Source): Promise<Profiles | undefined> {
  const { directory } = source
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!entries) return undefined
  const profiles = new Map<string, Read<NamedProfile>>()
  const trunks = new Map<string, Read<NamedTrunk>>()
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name)
    const name = named.exec(entry.name)?.[1]
    if (name !== undefined && !entry.isDirectory()) profiles.set(name, await readProfile(source, name, path))
    if (!entry.isDirectory()) continue
    for (const file of (await readdir(path)).toSorted()) {
      const trunk = named.exec(file)?.[1]
      if (trunk !== undefined) trunks.set(`${entry.name}/${trunk}`, await readTrunk(source, entry.name, join(path, file)))
    }
  }
  for (const [name, { path }] of trunks) {
    const of = name.slice(0, name.indexOf('/'))
    if (!profiles.has(of))
      trunks.set(name, { path, text: '', faults: [`${path}: there is no profile ${of}.yaml whose trunk this would be`] })
  }
  return { profiles: apart(profiles), trunks }
}

async function readText(path: string): Promise<string> {
  const { size } = await stat(path)
  if (size > mostOctets) throw new Error(`expected at most ${mostOctets} octets, got ${size}`)
  return await readFile(path, 'utf8')
}

async function readChecked<T>({ check }: Source, schema: z.ZodType<T>, path: string): Promise<Read<T>> {
  try {
    const text = await readText(path)
    // An empty file says: all as it is by default.
    const checked = check(schema, /^\s*(#.*\s*)*$/.test(text) ? '{}' : text)
    if ('faults' in checked) return { path, text, faults: checked.faults.map((fault) => `${path}: ${fault}`) }
    return { path, text, value: checked.value, faults: [] }
  } catch (error) {
    return { path, text: '', faults: [`${path}: cannot be read: ${whyOf(error)}`] }
  }
}

async function readTrunk(source: Source, profile: string, path: string): Promise<Read<NamedTrunk>> {
  const { text, value, faults } = await readChecked(source, trunkFile, path)
  return value?.enabled ? { path, text, faults, value: { trunk: trunkOf(profile, value), owners: value.accounts } } : { path, text, faults }
}

async function readProfile(source: Source, name: string, path: string): Promise<Read<NamedProfile>> {
  const read = await readChecked(source, profileFile, path)
  const { value } = read
  if (!value) return { path, text: read.text, faults: read.faults }
  const faults: string[] = []
  const pem: Pem = { text: '' }
  for (const part of ['certificate', 'key'] as const) {
    const file = value.listen[part]
    if (file === undefined) continue
    try {
      pem[part] = await readText(resolve(source.directory, file))
      pem.text += pem[part]
      if (!pem[part].includes('-----BEGIN ')) faults.push(`listen.${part}: expected the path of a PEM file, got ${file}`)
    } catch (error) {
      faults.push(`listen.${part}: cannot be read: ${whyOf(error)}`)
    }
  }
  faults.push(...faultsOf(value))
  const text = read.text + pem.text
  if (faults.length > 0) return { path, text, faults: faults.map((fault) => `${path}: ${fault}`) }
  if (!value.enabled) return { path, text, faults: [] }
  return { path, text, faults: [], value: { profile: profileOf(name, value, pem), owners: value.domains } }
}

interface Pem {
  certificate?: string
  key?: string
  /** Both, to be compared. */
  text: string
}

const secured = ['tls', 'wss'] as const

/** What a field alone cannot tell. */
function faultsOf({ engine, listen, auth, safety, registrar }: ProfileFile): string[] {
  const faults: string[] = []
  for (const each of secured) {
    if (listen[each] === undefined) continue
    for (const part of ['certificate', 'key'] as const)
      if (listen[part] === undefined)
        faults.push(`listen.${part}: is missing: expected the path of a PEM file, since listen.${each} is set`)
  }
  if (engine === 'embedded' && !listen.httpPath && transports.every((each) => listen[each] === undefined))
    faults.push(`listen: expected at least one of ${transports.join(', ')} or httpPath`)
  const open = transports.filter((each) => !isLoopback(readEnd(listen[each] ?? '')?.address ?? '127.0.0.1'))
  if (auth.register === 'trust' && safety.allow.length === 0 && (open.length > 0 || listen.httpPath))
    faults.push(`auth.register: trust without safety.allow lets anybody be anyone; expected digest, or the addresses that are let in`)
  if (registrar.minExpiresSeconds > registrar.maxExpiresSeconds)
    faults.push(`registrar.minExpiresSeconds: expected at most maxExpiresSeconds, ${registrar.maxExpiresSeconds}`)
  return faults
}

export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.')
}

const ofOctets: ReadonlySet<string> = new Set(['application/octet-stream', 'application/vnd.3gpp.sms'])

function profileOf(name: string, { engine, listen, auth, registrar, safety, timers, messages }: ProfileFile, pem: Pem): Profile {
  const { ims, ...said } = messages
  // A drachtio server has no way for octets: such bodies are answered 415.
  const taken = engine === 'embedded' ? said : { ...said, accept: said.accept.filter((type) => !ofOctets.has(type)) }
  return {
    name,
    engine: engine === 'embedded' ? engine : { drachtio: readServer(engine.drachtio)!, secret: engine.secret, tls: engine.tls },
    listen: listenOf(listen, pem),
    // No prototype: a domain may be called `constructor`.
    domains: Object.create(null) as Record<string, AccountId>,
    auth,
    registrar,
    safety,
    timers: timers.f === undefined ? { t1: timers.t1, t2: timers.t2, t4: timers.t4 } : { ...timers, f: timers.f },
    messages: ims ? { ...taken, ims: imsOf(ims) } : taken,
  }
}

function listenOf(file: ProfileFile['listen'], { certificate, key }: Pem): Listen {
  const listen: Listen = { httpPath: file.httpPath, origins: file.origins }
  for (const each of transports) {
    const end = readEnd(file[each] ?? '')
    if (end) listen[each] = end
  }
  const { external } = file
  if (external) listen.external = external.port === undefined ? { host: external.host } : { host: external.host, port: external.port }
  if (certificate !== undefined) listen.certificate = certificate
  if (key !== undefined) listen.key = key
  return listen
}

/** What only one profile may have, the first by name has. */
function apart(profiles: ReadonlyMap<string, Read<NamedProfile>>): Map<string, Read<NamedProfile>> {
  const has = new Map<string, { by: string; as: string }>()
  const found = new Map<string, Read<NamedProfile>>()
  for (const [name, read] of profiles) {
    const faults: string[] = []
    for (const { what, path, as } of claimsOf(read.value)) {
      const other = has.get(what)
      if (other === undefined) has.set(what, { by: name, as })
      else if (as === '' || other.as !== as) faults.push(`${read.path}: ${path}: ${what} is in the profile ${other.by} already`)
    }
    found.set(name, faults.length === 0 ? read : { path: read.path, text: read.text, faults })
  }
  return found
}

interface Claim {
  what: string
  path: string
  /** Who says the same of it does not disturb. */
  as: string
}

function* claimsOf(value: NamedProfile | undefined): Generator<Claim> {
  if (!value) return
  const { listen } = value.profile
  for (const each of transports) {
    const end = listen[each]
    if (!end || end.port === 0) continue
    yield { what: `${each === 'udp' ? 'udp' : 'tcp'} ${end.address} port ${end.port}`, path: `listen.${each}`, as: '' }
  }
  if (listen.httpPath) yield { what: '/sip of the HTTP port', path: 'listen.httpPath', as: '' }
  for (const [domain, owner] of Object.entries(value.owners)) yield { what: `the domain ${domain}`, path: `domains.${domain}`, as: owner }
}
