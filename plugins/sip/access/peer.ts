// Who a request is from, once that is known: a registered user, or a trunk. What is said to it and
// taken from it follows these terms.
import type { Gateway, Session } from '../../../src/plugin.ts'
import type { Flow, Incoming, Reply } from '../engine/engine.ts'
import type { MessageSettings, Profile, RegistrarSettings } from '../profile/types.ts'

export interface Peer {
  kind: 'aor' | 'trunk'
  /** `alice@acme.example`, or the trunk's name: for logs and as the key of repeats. */
  name: string
  gateway: Gateway
  /** The profile's, with what the bind says otherwise. */
  terms: MessageSettings
  profile: Profile
}

/** Where a request goes to be known. Exactly one of the two. */
export type Known = { peer: Peer } | { reply: Reply }

/** Who may send: digest, registered flow, or a trunk's address. Bans and rates are counted in it. */
export interface Access {
  identify(request: Incoming): Promise<Known> | Known
}

/** One way to a registered user (RFC 3261 §10, RFC 5626). */
export interface Contact {
  /** As given, with its parameters: the Request-URI of what is sent to it. */
  uri: string
  flow: Flow
  /** Path (RFC 3327), outermost first: the route of what is sent. */
  path: readonly string[]
  expiresAt: number
  registeredAt: number
  callId: string
  cseq: number
  instance?: string
  userAgent?: string
  /** q of the Contact, 0–1. */
  q: number
}

export interface Registrar {
  /** REGISTER: challenged, refused or done. */
  take(request: Incoming, answer: (reply: Reply) => void): void
  /** What was registered before a restart is registered again. Once, when the engine has started; requests are taken already. */
  restore(): Promise<void>
  /** Preferred (q) first, then newest; those whose flow is gone or whose time is over are left out. */
  contacts(aor: string): readonly Contact[]
  /** Whether this AOR is registered by this very flow, with no proxy between. */
  isRegisteredBy(aor: string, flow: Flow): boolean
  all(): Iterable<readonly [aor: string, contacts: readonly Contact[]]>
  /** How many bindings there are. */
  size(): number
  close(): Promise<void>
}

/**
 * How the registrar makes the session of an AOR that has at least one contact; it is attached to the
 * bind (Gateway.attach), and closed when the last contact goes. `contacts` answers by the peer's name.
 * `whenClosed` is called once `closed` has resolved. Both are the same function for every session: there
 * are very many.
 */
export type OpenSession = (
  peer: Peer,
  contacts: (aor: string) => readonly Contact[],
  settings: RegistrarSettings,
  whenClosed?: (session: UserSession) => void,
) => UserSession

export interface UserSession extends Session {
  readonly peer: Peer
  end(why: string): void
}
