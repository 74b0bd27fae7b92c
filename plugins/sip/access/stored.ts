// Bindings as plain data: what is kept of them over a restart, and how they come back.
import type { Flow } from '../engine/engine.ts'
import { Binding } from './bindings.ts'

/** As it is written; a Contact whose flow is by its id. */
export interface StoredContact {
  uri: string
  flow: string
  path?: string[]
  expiresAt: number
  registeredAt: number
  callId: string
  cseq: number
  instance?: string
  regId?: number
  userAgent?: string
  q: number
}

export interface StoredAor {
  aor: string
  contacts: StoredContact[]
}

export function storedOf(aor: string, bindings: readonly Binding[]): StoredAor {
  const contacts = bindings.map(({ uri, flow, path, expiresAt, registeredAt, callId, cseq, instance, regId, userAgent, q }) => ({
    uri,
    flow: flow.id,
    ...(path.length > 0 ? { path: [...path] } : {}),
    expiresAt,
    registeredAt,
    callId,
    cseq,
    ...(instance === undefined ? {} : { instance }),
    ...(regId === undefined ? {} : { regId }),
    ...(userAgent === undefined ? {} : { userAgent }),
    q,
  }))
  return { aor, contacts }
}

export function revivedOf(aor: string, contact: StoredContact, flow: Flow): Binding {
  const { uri, path, expiresAt, registeredAt, callId, cseq, q, instance, regId, userAgent } = contact
  const binding = new Binding(aor, uri, flow)
  Object.assign(binding, { expiresAt, registeredAt, callId, cseq, q })
  if (path !== undefined) binding.path = path
  if (instance !== undefined) binding.instance = instance
  if (regId !== undefined) binding.regId = regId
  if (userAgent !== undefined) binding.userAgent = userAgent
  return binding
}

/** The binding is what became of the stored one since. */
export function isOfSame(binding: Binding, stored: StoredContact): boolean {
  return (
    binding.uri === stored.uri || (binding.instance !== undefined && binding.instance === stored.instance && binding.regId === stored.regId)
  )
}

/** One line of the file; undefined: nothing that we wrote. */
export function readStored(line: string): StoredAor | undefined {
  try {
    const read = JSON.parse(line) as Partial<StoredAor>
    if (typeof read.aor !== 'string' || !Array.isArray(read.contacts) || !read.contacts.every(isContact)) return undefined
    return { aor: read.aor, contacts: read.contacts }
  } catch {
    return undefined
  }
}

function isContact(given: unknown): given is StoredContact {
  const it = given as Partial<StoredContact> | null
  return (
    typeof it?.uri === 'string' &&
    typeof it.flow === 'string' &&
    typeof it.callId === 'string' &&
    [it.expiresAt, it.registeredAt, it.cseq, it.q].every((each) => Number.isFinite(each)) &&
    (it.path === undefined || (Array.isArray(it.path) && it.path.every((each) => typeof each === 'string'))) &&
    (it.regId === undefined || Number.isInteger(it.regId)) &&
    [it.instance, it.userAgent].every((each) => each === undefined || typeof each === 'string')
  )
}
