// Where clients' ESMEs connect: plain and TLS. Every connection has a place or is closed at once;
// there are so many of them and no more.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { occasional, plainAddress, type BindId, type Gateway, type Host } from '../../../src/plugin.ts'
import type { OutbindPdu } from '../codec/index.ts'
import type { Link } from '../link.ts'
import type { ClientConfig } from './config.ts'
import type { Centre } from './centre.ts'
import { serve } from './connection.ts'
import { createGuard } from './guard.ts'
import { createPartIds } from './ids.ts'
import { callClients } from './outbind.ts'
import { createShares } from './shares.ts'
import { createStored } from './stored.ts'

export interface Listening {
  host: string
  port: number
  /** PEM. Absent: plain. */
  tls?: { certificate: string; key: string }
}

export interface CentreOptions {
  listen: readonly Listening[]
  /** What we call ourselves in bind responses. */
  systemId?: string
  /** A carrier that asks us to bind; false when nobody expects it. */
  outbind?(link: Link, pdu: OutbindPdu): Promise<boolean>
}

const mostConnections = 10_000
const keepAliveMs = 30_000
const handshakeLimitMs = 10_000
const connector = 'smpp'

/** Resolves when it listens, to the ports in the order of `listen`. Stops listening when aborted; sessions are their binds'. */
export async function startCentre(host: Host, options: CentreOptions, signal: AbortSignal): Promise<number[]> {
  const { clock } = host
  const log = host.log.child({ listener: connector })
  const warn = occasional(clock, (fields, message) => log.warn(fields, message))
  const guard = createGuard(clock)
  const receiving = new Map<BindId, number>()
  let connections = 0
  const centre: Centre = {
    log,
    clock,
    guard,
    unbound: new Set(),
    clients: new Set(),
    partIds: createPartIds(clock),
    shares: createShares(),
    stored: createStored(host),
    systemId: options.systemId ?? 'signalbox',
    claimed: (systemId) => host.claimed(connector, systemId),
    received: (bind, sessions) => void receiving.set(bind, (receiving.get(bind) ?? 0) + sessions),
    isActive: (gateway) => host.account(gateway.bind.account)?.status === 'active',
  }
  if (options.outbind) centre.outbind = options.outbind

  function welcome(socket: Socket): Link | undefined {
    const address = plainAddress(socket.remoteAddress)
    if (connections >= mostConnections || !guard.enter(address)) {
      warn('turned away', 'a connection is closed at once: the address is blocked, or there are too many', () => ({ peer: address }))
      socket.on('error', () => {})
      socket.destroy()
      return undefined
    }
    connections++
    const link = serve(socket, address, centre)
    void link.closed.then(() => connections--)
    return link
  }

  const servers: Server[] = []
  signal.addEventListener('abort', () => {
    for (const server of servers) server.close()
    for (const link of centre.unbound) link.end('the gateway stops')
  })
  for (const each of options.listen) servers.push(await open(each, welcome))
  // Whose account is suspended is told so, and unbound.
  host.onChange(() => {
    for (const client of centre.clients) if (!centre.isActive(client.gateway)) client.suspend()
  })
  callClients({
    clock,
    log,
    claimants: () => host.claimants(connector) as readonly Gateway<ClientConfig>[],
    isReceiving: (bind) => (receiving.get(bind) ?? 0) > 0,
    welcome,
    signal,
  })
  return servers.map((server) => (server.address() as AddressInfo).port)
}

function open({ host, port, tls }: Listening, welcome: (socket: Socket) => unknown): Promise<Server> {
  const settings = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs }
  const server = tls
    ? createTlsServer(
        { ...settings, cert: tls.certificate, key: tls.key, minVersion: 'TLSv1.2', handshakeTimeout: handshakeLimitMs },
        welcome,
      )
    : createServer(settings, welcome)
  server.maxConnections = mostConnections
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve(server)
    })
  })
}
