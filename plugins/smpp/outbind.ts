// A carrier that connects to us: it says outbind on our listener, we check that it is who a supplier
// bind of ours expects, and bind over that very connection (SMPP 5.0 §2.3.2).
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'
import type { Gateway, Host, Session } from '../../src/plugin.ts'
import type { PduOf } from './codec/index.ts'
import type { SmppConfig } from './config.ts'
import { createDeliveries } from './deliveries.ts'
import { type BindCommand, bindSocket, type DialParts, versions } from './dial.ts'
import type { Link } from './link.ts'
import { tlvRules } from './mapping/tlvs.ts'
import { sessionOf } from './session.ts'
import { modeOf } from './supplier-settings.ts'

type Outbind = Pick<PduOf<'outbind'>, 'system_id' | 'password'>

/**
 * For a listener: the bind that an outbind is for is bound over the connection and sends on it.
 * False when no bind expects it, or the bind failed, or has its sessions already; it is logged then.
 * The link is closed, its socket let go, once a bind is found; before that nothing is done to it.
 */
export async function takeOutbind(
  host: Pick<Host, 'calling'>,
  link: Pick<Link, 'detach'>,
  outbind: Outbind,
  signal: AbortSignal,
): Promise<boolean> {
  const gateway = host.calling('smpp', outbind.system_id).find((each) => isOutbindOf(each as Gateway<SmppConfig>, outbind))
  if (!gateway) return false
  try {
    const session = await bindOver(link.detach(), gateway as Gateway<SmppConfig>, signal)
    if (gateway.attach(session)) return true
    gateway.log.warn({ bind: gateway.bind.id }, 'the carrier calls by outbind, but the bind has as many sessions as its policy allows')
    await session.close()
  } catch (error) {
    gateway.log.error({ bind: gateway.bind.id, err: error }, 'the carrier called by outbind, and binding over its connection failed')
  }
  return false
}

/** Whether an outbind is from the carrier of this bind. */
function isOutbindOf(gateway: Gateway<SmppConfig>, outbind: Outbind): boolean {
  const expected = gateway.bind.config.outbind
  return expected !== undefined && expected.systemId === outbind.system_id && isSame(expected.password, outbind.password)
}

function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}

/**
 * Binds over a connection on which the carrier has said outbind, in the role that the mode says: of a
 * pair there is only the receiver. Nothing else may read from the socket. Rejects with a Failure,
 * the connection closed; the session is still to be attached.
 */
async function bindOver(socket: Socket, gateway: Gateway<SmppConfig>, signal: AbortSignal): Promise<Session> {
  const { config } = gateway.bind
  const mode = modeOf(config)
  const rules = tlvRules(config)
  const parts: DialParts = { gateway, version: versions[config.interfaceVersion], signal, onRequest: createDeliveries(gateway, rules).take }
  // A carrier of 3.4 asks by outbind for a receiver; one of 5.0 for whatever we are.
  const wanted: readonly BindCommand[] =
    mode === 'trx' ? ['bind_transceiver', 'bind_receiver'] : mode === 'tx' ? ['bind_transmitter'] : ['bind_receiver']
  return sessionOf(gateway, [await bindSocket(socket, wanted, parts)], rules)
}
