// The front of a profile: who may speak, who they are, and where they can be reached. The guard comes
// first, since the engine asks it about every datagram; the rest when there is an engine.
import type { Host } from '../../../src/plugin.ts'
import type { SipEngine } from '../engine/engine.ts'
import type { Profile } from '../profile/types.ts'
import { createDigest } from './digest.ts'
import type { Guard } from './guard.ts'
import { createAccess, type TrunksAt } from './identify.ts'
import type { Access, OpenSession, Registrar } from './peer.ts'
import { createRegistrar } from './registrar.ts'
import { createUsers } from './users.ts'

export type { Access, Contact, Known, OpenSession, Peer, Registrar } from './peer.ts'
export type { TrunkAt, TrunksAt } from './identify.ts'
export type { UserSettings } from './users.ts'
export type { Guard } from './guard.ts'
export { createGuard } from './guard.ts'
export { createDigestClient, type DigestClient } from './digest-client.ts'
export { settingsOf, termsOf } from './users.ts'

export interface FrontParts {
  host: Host
  profile: Profile
  guard: Guard
  engine: Pick<SipEngine, 'send' | 'revive'>
  openSession: OpenSession
  trunksAt: TrunksAt
  /** Where registrations are kept; undefined: nowhere. */
  file: string | undefined
}

/** Call registrar.restore once the engine has started. */
export function createFront(parts: FrontParts): { access: Access; registrar: Registrar } {
  const { host, profile, guard, engine, openSession, trunksAt, file } = parts
  const digest = createDigest({ auth: profile.auth, clock: host.clock })
  const users = createUsers({ host, profile, digest, guard, log: host.log })
  const registrar = createRegistrar({ host, profile, users, guard, engine, openSession, file })
  return { registrar, access: createAccess({ host, profile, users, guard, registrar, trunksAt }) }
}
