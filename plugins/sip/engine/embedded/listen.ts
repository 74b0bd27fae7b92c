// Opens what a profile listens on: UDP, TCP, TLS, WebSocket plain and secure. All or none: where one
// address cannot be had, the others are closed again and the operator reads which and why.
import { createServer as createHttpServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Listen } from '../../profile/types.ts'
import type { End, Listened, Transport } from '../engine.ts'
import type { Places } from './places.ts'
import { openUdp, type Udp, type UdpEnds } from './udp.ts'
import { plain } from './way.ts'
import type { Door } from './websocket.ts'

export interface ListenParts {
  listen: Listen
  places: Places
  udp: UdpEnds
  /** A TCP or TLS connection that has a place. */
  connected(socket: Socket, transport: 'tcp' | 'tls'): void
  door: Door
  /** A connection that failed before it was one: TLS that is none, a certificate that is not taken. */
  failed(transport: Transport, address: string, why: string): void
}

export interface Listening {
  addresses: readonly Listened[]
  udp: Udp | undefined
  /** Takes no more. The UDP socket stays. */
  close(): void
}

const handshakeLimitMs = 10_000
const keepAliveMs = 60_000
/** A peer may end its side first, and wait for its answers. */
const stream = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs }

/** Rejects with an Error fit for the operator. */
export async function openListeners(parts: ListenParts): Promise<Listening> {
  const { listen } = parts
  const addresses: Listened[] = []
  const servers: Server[] = []
  let udp: Udp | undefined
  try {
    if (listen.udp) {
      udp = await named('udp', listen.udp, openUdp(listen.udp, parts.udp))
      addresses.push({ transport: 'udp', address: udp.local.address, port: udp.local.port })
    }
    for (const transport of ['tcp', 'tls', 'ws', 'wss'] as const) {
      const end = listen[transport]
      if (!end) continue
      const server = serverOf(transport, parts)
      servers.push(server)
      addresses.push({ transport, ...(await named(transport, end, opened(server, end))) })
    }
  } catch (error) {
    for (const server of servers) server.close()
    await udp?.close()
    throw error
  }
  return {
    addresses,
    udp,
    close() {
      for (const server of servers) server.close()
    },
  }
}

function serverOf(transport: 'tcp' | 'tls' | 'ws' | 'wss', parts: ListenParts): Server {
  const { places, connected, listen } = parts
  if (transport === 'ws' || transport === 'wss') return upgrading(transport, parts)
  function welcome(socket: Socket): void {
    const leave = places.enter(plain(socket.remoteAddress))
    if (!leave) {
      socket.on('error', () => {})
      return void socket.destroy()
    }
    socket.once('close', leave)
    connected(socket, transport as 'tcp' | 'tls')
  }
  if (transport === 'tcp') return createServer(stream, welcome)
  const server = createTlsServer(
    { ...stream, ...certificateOf(listen), minVersion: 'TLSv1.2', handshakeTimeout: handshakeLimitMs },
    welcome,
  )
  server.on('tlsClientError', (error, socket) => parts.failed('tls', plain(socket.remoteAddress), error.message))
  return server
}

/** Whatever asks for no upgrade is told what is wanted (RFC 9110 §15.5.22). */
function upgrading(transport: 'ws' | 'wss', { door, listen, failed }: ListenParts): HttpServer {
  const answer = (_request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(426, { Upgrade: 'websocket', Connection: 'Upgrade, close', 'Content-Type': 'text/plain' }).end('SIP by WebSocket\n')
  }
  const limits = {
    ...stream,
    allowHalfOpen: false,
    maxHeaderSize: 16_384,
    headersTimeout: handshakeLimitMs,
    requestTimeout: handshakeLimitMs,
  }
  const server =
    transport === 'ws'
      ? createHttpServer(limits, answer)
      : createHttpsServer({ ...limits, ...certificateOf(listen), minVersion: 'TLSv1.2', handshakeTimeout: handshakeLimitMs }, answer)
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => door(request, socket, head, transport))
  server.on('tlsClientError', (error: Error, socket: Socket) => failed(transport, plain(socket.remoteAddress), error.message))
  return server
}

function certificateOf({ certificate, key }: Listen): { cert: string; key: string } {
  if (certificate === undefined || key === undefined) throw new Error('tls and wss want a certificate and its key')
  return { cert: certificate, key }
}

function opened(server: Server, { address, port }: End): Promise<End> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host: address, backlog: 1024 }, () => {
      server.off('error', reject)
      const bound = server.address() as AddressInfo
      resolve({ address: bound.address, port: bound.port })
    })
  })
}

async function named<T>(transport: Transport, { address, port }: End, opening: Promise<T>): Promise<T> {
  try {
    return await opening
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why =
      code === 'EADDRINUSE'
        ? 'another program has it: choose another port in the profile, or stop that program'
        : code === 'EADDRNOTAVAIL'
          ? 'this machine has no such address'
          : code === 'EACCES'
            ? 'ports below 1024 need a privilege'
            : (error as Error).message
    throw new Error(`cannot listen on ${transport} ${address}:${port}: ${why}`, { cause: error })
  }
}
