// Connects and binds: a TCP connection, then bind_transceiver, _transmitter or _receiver. Every way
// in which that goes wrong is a Failure that says what an operator should look at.
import { connect, type Socket } from 'node:net'
import { type BindTrace, type Clock, Failure, type Logger } from '../../src/plugin.ts'
import { type Draft, type Pdu, tags, tlvInteger } from './codec/index.ts'
import type { SmppConfig } from './config.ts'
import { createLink, type Link } from './link.ts'
import { bindFailure } from './mapping/status.ts'

export type BindCommand = 'bind_transceiver' | 'bind_transmitter' | 'bind_receiver'

/** SMPP 5.0 §4.7.13. */
const versions = { '3.3': 0x33, '3.4': 0x34, '5.0': 0x50 } as const
/** TCP's own probe of an idle connection, beneath enquire_link. */
const keepAliveMs = 30_000

export interface Dialled {
  link: Link
  /** As the peer says in sc_interface_version; 3.3 peers say nothing. */
  peerVersion: number
  peerSystemId: string
}

export async function dialLink(parts: {
  config: SmppConfig
  command: BindCommand
  clock: Clock
  log: Logger
  signal: AbortSignal
  trace?: BindTrace | undefined
  onRequest(link: Link, pdu: Pdu): void
}): Promise<Dialled> {
  const { config, command, clock, log, signal } = parts
  const peer = `${config.host}:${config.port}`
  const limit = new AbortController()
  const tooLate = new Failure('temporary', 'peer-timeout', `no bind with ${peer} in ${config.bindTimeoutMs} ms`)
  const cancelLimit = clock.after(config.bindTimeoutMs, () => limit.abort(tooLate))
  const stop = (): void => limit.abort(new Failure('offline', 'bind-down', 'the bind was stopped'))
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  let link: Link | undefined
  try {
    const socket = await open(config, limit.signal)
    const linked: Link = createLink({
      socket,
      clock,
      log,
      enquireLinkMs: config.enquireLinkMs,
      responseTimeoutMs: config.responseTimeoutMs,
      trace: parts.trace,
      onRequest: (pdu) => parts.onRequest(linked, pdu),
    })
    link = linked
    limit.signal.addEventListener('abort', () => linked.destroy('the bind was given up'))
    const answer = await linked.request(bindPdu(config, command))
    // Before anything else: a limit that struck has destroyed the link, and its reason is the one to tell.
    limit.signal.throwIfAborted()
    if (answer.kind === 'lost') throw new Failure('temporary', 'bind-down', `${peer} closed the connection during the bind: ${answer.why}`)
    if (answer.kind !== 'pdu') throw new Failure('temporary', 'peer-timeout', `${peer}: ${answer.why}`)
    const { pdu } = answer
    if (pdu.command_status !== 0 || pdu.command === 'generic_nack') {
      const facts = bindFailure(pdu.command_status)
      throw new Failure(facts.kind, facts.code, facts.peer)
    }
    return {
      link: linked,
      peerVersion: tlvInteger(pdu.tlvs, tags.sc_interface_version) ?? versions['3.3'],
      peerSystemId: 'system_id' in pdu ? pdu.system_id : '',
    }
  } catch (error) {
    link?.destroy('not bound')
    throw error
  } finally {
    cancelLimit()
    signal.removeEventListener('abort', stop)
  }
}

function open(config: SmppConfig, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Failure)
      return
    }
    const { host, port } = config
    const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs })
    const onAbort = (): void => {
      socket.destroy()
      reject(signal.reason as Failure)
    }
    const onError = (error: Error): void => {
      signal.removeEventListener('abort', onAbort)
      reject(new Failure('offline', 'bind-down', `cannot reach ${host}:${port}: ${error.message}`, { cause: error }))
    }
    signal.addEventListener('abort', onAbort)
    socket.once('error', onError)
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort)
      socket.off('error', onError)
      resolve(socket)
    })
  })
}

function bindPdu(config: SmppConfig, command: BindCommand): Draft {
  return {
    command,
    sequence_number: 0,
    system_id: config.systemId,
    password: config.password,
    system_type: config.systemType,
    interface_version: versions[config.interfaceVersion],
    addr_ton: 0,
    addr_npi: 0,
    address_range: config.addressRange,
  }
}
