// What the connections of the message centre share, and who is bound on them.
import type { BindId, Clock, Gateway, Logger, Session } from '../../../src/plugin.ts'
import type { OutbindPdu, Pdu } from '../codec/index.ts'
import type { Link } from '../link.ts'
import type { Guard } from './guard.ts'
import type { PartIds } from './ids.ts'
import type { Shares } from './shares.ts'
import type { Stored } from './stored.ts'

export interface Centre {
  log: Logger
  clock: Clock
  guard: Guard
  /** Connections on which nobody has bound yet. */
  unbound: Set<Link>
  /** Those on which somebody has. */
  clients: Set<Client>
  partIds: PartIds
  shares: Shares
  stored: Stored
  /** What our bind responses call us. */
  systemId: string
  claimed(systemId: string): readonly Gateway[]
  /** Its account is active, and all above it. */
  isActive(gateway: Gateway): boolean
  /** The bind has so many receiving sessions more. */
  received(bind: BindId, sessions: number): void
  /** A carrier that asks us to bind; false when nobody expects it. */
  outbind?(link: Link, pdu: OutbindPdu): Promise<boolean>
}

export interface Client {
  gateway: Gateway
  take(pdu: Pdu): void
  /** Its account is suspended: what it asks is refused as that, and it is unbound. */
  suspend(): void
  session: Session
}
