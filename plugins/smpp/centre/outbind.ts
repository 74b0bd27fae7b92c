// Clients that want to be called: while something waits for one that has no receiving session, we
// connect to it, say outbind, and it binds over that connection (SMPP 5.0 §2.3.2). Again and again, at a pace
// that slows down, until it is there or nothing waits.
import type { Socket } from 'node:net'
import { type BindId, type Clock, Failure, failureFacts, type Gateway, type Logger } from '../../../src/plugin.ts'
import { connectTo } from '../connect.ts'
import { hostText } from '../hosts.ts'
import type { Link } from '../link.ts'
import type { ClientConfig } from './config.ts'

const lookEveryMs = 1000
const firstPauseMs = 2000
const longestPauseMs = 300_000
const connectLimitMs = 10_000

export function callClients(parts: {
  clock: Clock
  log: Logger
  claimants(): readonly Gateway<ClientConfig>[]
  isReceiving(bind: BindId): boolean
  /** Serves a connection as if the peer had made it; undefined when it has no place. */
  welcome(socket: Socket): Link | undefined
  signal: AbortSignal
}): void {
  const { clock, log, signal } = parts
  const paces = new Map<BindId, { failures: number; nextAt: number }>()

  function look(): void {
    if (signal.aborted) return
    const wanted = new Set<BindId>()
    for (const gateway of parts.claimants()) {
      const { id, config, paused } = gateway.bind
      if (!config.outbind || paused || parts.isReceiving(id) || gateway.waiting() === 0) continue
      wanted.add(id)
      const pace = paces.get(id) ?? { failures: 0, nextAt: 0 }
      if (clock.now() < pace.nextAt) continue
      paces.set(id, { failures: pace.failures + 1, nextAt: clock.now() + Math.min(firstPauseMs * 2 ** pace.failures, longestPauseMs) })
      void call(id, config.outbind)
    }
    for (const id of paces.keys()) if (!wanted.has(id)) paces.delete(id)
    clock.after(lookEveryMs, look)
  }

  async function call(bind: BindId, outbind: NonNullable<ClientConfig['outbind']>): Promise<void> {
    const { host, port, tls, systemId, password } = outbind
    const peer = { host, port, tls }
    if (tls && outbind.tlsVerify === 'none')
      log.error({ bind, peer: hostText(peer) }, 'tlsVerify is none: whoever is on the way to this client can read and change everything')
    const limit = new AbortController()
    const cancel = clock.after(connectLimitMs, () =>
      limit.abort(new Failure('temporary', 'peer-timeout', `no connection in ${connectLimitMs} ms`)),
    )
    let socket: Socket
    try {
      socket = await connectTo(peer, outbind, limit.signal)
    } catch (error) {
      log.warn({ bind, peer: hostText(peer), why: failureFacts(error).peer }, 'a client cannot be called by outbind')
      return
    } finally {
      cancel()
    }
    const link = parts.welcome(socket)
    if (!link) return
    log.info({ bind, peer: hostText(peer) }, 'something waits: the client is called by outbind')
    link.post({ command: 'outbind', sequence_number: 1, system_id: systemId, password })
  }

  look()
}
