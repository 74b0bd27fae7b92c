// Connects and binds: a connection, then bind_transceiver, _transmitter or _receiver, in the version
// that both sides speak. Every way in which that goes wrong is a Failure that says what an operator
// should look at.
import type { Socket } from 'node:net'
import { Failure, type Gateway } from '../../src/plugin.ts'
import { type Draft, type Pdu, type PduOf, statuses, tags, tlvInteger } from './codec/index.ts'
import type { SmppConfig } from './config.ts'
import { connectTo } from './connect.ts'
import { type CarrierHost, hostText } from './hosts.ts'
import { createLink, type Link } from './link.ts'
import { bindFailure } from './mapping/status.ts'
import { credentialsOf } from './supplier-settings.ts'

export type BindCommand = 'bind_transceiver' | 'bind_transmitter' | 'bind_receiver'

/** SMPP 5.0 §4.7.13 interface_version. */
export const versions = { '3.3': 0x33, '3.4': 0x34, '5.0': 0x50 } as const

export interface Dialled {
  link: Link
  command: BindCommand
  /** Spoken on this link: the lower of what we offered and what the peer says it has. */
  version: number
  peerSystemId: string
}

/** The carrier's answer to a bind was no. */
export class BindRefused extends Failure {
  readonly command_status: number
  /** sc_interface_version of the refusal. */
  readonly peerVersion: number | undefined
  constructor(command_status: number, peerVersion: number | undefined) {
    const { kind, code, peer, retryAfterMs } = bindFailure(command_status)
    super(kind, code, peer, retryAfterMs === undefined ? {} : { retryAfterMs })
    this.name = 'BindRefused'
    this.command_status = command_status
    this.peerVersion = peerVersion
  }

  /** As a peer of 3.3 says that it has no bind_transceiver. */
  get isUnknownCommand(): boolean {
    return this.command_status === statuses.ESME_RINVCMDID
  }
}

export interface DialParts {
  gateway: Gateway<SmppConfig>
  /** interface_version to offer. */
  version: number
  signal: AbortSignal
  onRequest(link: Link, pdu: Pdu): void
}

/** Connects and binds in one of these roles: the first, unless the carrier does not know its command. */
export function dialLink(parts: DialParts & { carrier: CarrierHost; command: BindCommand }): Promise<Dialled> {
  const { carrier, command, gateway } = parts
  const { config } = gateway.bind
  if (carrier.tls && config.tlsVerify === 'none')
    gateway.log.error(
      { peer: hostText(carrier) },
      'tlsVerify is none: whoever is on the way to this carrier can read and change everything',
    )
  return within(parts, hostText(carrier), async (limit) => {
    const link = linkOver(await connectTo(carrier, config, limit), parts)
    return await bindOn(link, [command], hostText(carrier), parts, limit)
  })
}

/** Binds over a connection that the carrier opened (SMPP 5.0 §2.3.2 outbind). */
export function bindSocket(socket: Socket, commands: readonly BindCommand[], parts: DialParts): Promise<Dialled> {
  const peer = `${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}`
  return within(parts, peer, (limit) => bindOn(linkOver(socket, parts), commands, peer, parts, limit))
}

async function within<T>({ gateway, signal }: DialParts, peer: string, work: (limit: AbortSignal) => Promise<T>): Promise<T> {
  const { bindTimeoutMs } = gateway.bind.config
  const limit = new AbortController()
  const tooLate = new Failure('temporary', 'peer-timeout', `no bind with ${peer} in ${bindTimeoutMs} ms`)
  const cancelLimit = gateway.clock.after(bindTimeoutMs, () => limit.abort(tooLate))
  const stop = (): void => limit.abort(new Failure('offline', 'bind-down', 'the bind was stopped'))
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  try {
    return await work(limit.signal)
  } finally {
    cancelLimit()
    signal.removeEventListener('abort', stop)
  }
}

function linkOver(socket: Socket, { gateway, onRequest }: DialParts): Link {
  const { enquireLinkMs, responseTimeoutMs, partialPduTimeoutMs } = gateway.bind.config
  const link: Link = createLink({
    socket,
    clock: gateway.clock,
    log: gateway.log,
    enquireLinkMs,
    responseTimeoutMs,
    partialPduMs: partialPduTimeoutMs,
    ...(gateway.trace ? { trace: gateway.trace } : {}),
    onCongestion: (percent) => gateway.congestion(percent),
    onRequest: (pdu) => onRequest(link, pdu),
  })
  return link
}

async function bindOn(
  link: Link,
  commands: readonly BindCommand[],
  peer: string,
  { gateway, version }: DialParts,
  limit: AbortSignal,
): Promise<Dialled> {
  const giveUp = (): void => link.destroy('the bind was given up')
  limit.addEventListener('abort', giveUp)
  try {
    for (const [i, command] of commands.entries()) {
      const answer = await link.request(bindPdu(gateway.bind.config, command, version))
      // Before anything else: a limit that struck has destroyed the link, and its reason is the one to tell.
      limit.throwIfAborted()
      if (answer.kind === 'lost')
        throw new Failure('temporary', 'bind-down', `${peer} closed the connection during the bind: ${answer.why}`)
      if (answer.kind !== 'pdu') throw new Failure('temporary', 'peer-timeout', `${peer}: ${answer.why}`)
      const { pdu } = answer
      const peerVersion = tlvInteger(pdu.tlvs, tags.sc_interface_version)
      if (pdu.command_status === 0 && pdu.command !== 'generic_nack')
        return {
          link,
          command,
          version: lower(version, peerVersion),
          peerSystemId: 'system_id' in pdu ? (pdu as PduOf<'bind_transceiver_resp'>).system_id : '',
        }
      const refused = new BindRefused(pdu.command_status, peerVersion)
      if (!refused.isUnknownCommand || i === commands.length - 1) throw refused
    }
    throw new Failure('permanent', 'bind-down', 'there is no role to bind in')
  } catch (error) {
    link.destroy('not bound')
    throw error
  } finally {
    limit.removeEventListener('abort', giveUp)
  }
}

/** Many carriers of 3.4 leave sc_interface_version out, so silence is consent; below 3.4 everything is 3.3. */
function lower(offered: number, said: number | undefined): number {
  if (said === undefined) return offered
  const least = Math.min(offered, said)
  return least < versions['3.4'] ? versions['3.3'] : least
}

function bindPdu(config: SmppConfig, command: BindCommand, interface_version: number): Draft {
  const { systemId, systemType } = credentialsOf(config)
  return {
    command,
    sequence_number: 0,
    system_id: systemId,
    password: config.password,
    system_type: systemType,
    interface_version,
    addr_ton: 0,
    addr_npi: 0,
    address_range: config.addressRange,
  }
}
