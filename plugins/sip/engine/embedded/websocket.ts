// SIP by WebSocket (RFC 7118): one message a frame, text or binary. A peer that opens a connection asks
// for the subprotocol `sip` and, from a browser, comes from an origin that is let in; else it is
// told so by HTTP. Ours to keep alive: browsers cannot ping.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { isUtf8 } from 'node:buffer'
import { type WebSocket, WebSocketServer } from 'ws'
import { isKeepAlive, readMessage } from '../../codec/index.ts'
import { byPeer, openConnection } from './connection.ts'
import { type ConnectionParts, mostUnread } from './stream.ts'
import { type Connection, plain } from './way.ts'
import { timed } from './wheel.ts'

export interface DoorParts extends ConnectionParts {
  /** Empty: any. Whoever names none is no browser. */
  origins: readonly string[]
  /** A place for a connection of this address; undefined: refused. Called once when it is gone. */
  enter(address: string): (() => void) | undefined
  opened(connection: Connection): void
}

/** Takes a request to upgrade, and answers it one way or the other. */
export type Door = (request: IncomingMessage, socket: Duplex, head: Buffer, transport: 'ws' | 'wss') => void

const pingMs = 30_000
const pauseAbove = 256 * 1024
const subprotocol = 'sip'

export function createDoor(parts: DoorParts): Door {
  const { headerBytes, bodyBytes } = parts.limits
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: headerBytes + bodyBytes + 4,
    handleProtocols: () => subprotocol,
  })
  return (request, socket, head, transport) => {
    const { origin } = request.headers
    if (!asked(request.headers['sec-websocket-protocol']))
      return refuse(socket, 400, 'Bad Request', "the subprotocol 'sip' must be asked for")
    if (origin !== undefined && parts.origins.length > 0 && !parts.origins.includes(origin))
      return refuse(socket, 403, 'Forbidden', 'this origin is not let in')
    const leave = parts.enter(plain(request.socket.remoteAddress))
    if (!leave) return refuse(socket, 503, 'Service Unavailable', 'there are too many connections')
    socket.once('close', leave)
    server.handleUpgrade(request, socket, head, (socketOpened) => parts.opened(carryFrames(socketOpened, request, transport, parts)))
  }
}

const asked = (offered: string | undefined): boolean =>
  offered !== undefined && offered.split(',').some((each) => each.trim().toLowerCase() === subprotocol)

export function refuse(socket: Duplex, status: number, phrase: string, why: string): void {
  socket.on('error', () => {})
  socket.end(
    `HTTP/1.1 ${status} ${phrase}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(why)}\r\n\r\n${why}`,
    () => socket.destroy(),
  )
}

function carryFrames(socket: WebSocket, request: IncomingMessage, transport: 'ws' | 'wss', parts: ConnectionParts): Connection {
  const { wheel, clock, limits, ends } = parts
  const { way, gone: over } = openConnection(transport, request.socket, { write, end, cut })
  let heardAt = clock.now()

  const pingEveryMs = Math.min(pingMs, limits.idleMs / 3)
  const watch = timed(() => {
    // Two pings without an answer, or as long as the profile lets it be idle.
    if (clock.now() - heardAt >= Math.min(limits.idleMs, pingEveryMs * 2.5)) return cut('idle')
    socket.ping()
    wheel.arm(watch, pingEveryMs)
  })
  wheel.arm(watch, pingEveryMs)

  function write(octets: Buffer): string | undefined {
    if (!way.open) return 'the connection is gone'
    if (socket.bufferedAmount > mostUnread) {
      cut('the peer does not read')
      return 'the peer does not read'
    }
    // A text frame must be UTF-8 (RFC 6455 §5.6); clients that read only such frames are many.
    socket.send(octets, { binary: !isUtf8(octets) }, relieved)
    if (socket.bufferedAmount > pauseAbove) socket.pause()
    return undefined
  }

  function relieved(): void {
    if (way.open && socket.isPaused && socket.bufferedAmount <= pauseAbove) socket.resume()
  }

  function gone(why: string): void {
    if (!over()) return
    wheel.disarm(watch)
    ends.closed(way, why)
  }

  function end(why: string): void {
    if (!way.open) return
    // 1001: going away (RFC 6455 §7.4.1). A peer that does not answer it is cut by the library after 30 s.
    socket.close(1001)
    gone(why)
  }

  function cut(why: string): void {
    socket.terminate()
    gone(why)
  }

  socket.on('message', (data: Buffer) => {
    if (!way.open) return
    heardAt = clock.now()
    if (isKeepAlive(data)) {
      // RFC 5626 §3.5.1: a ping of two line ends has one in answer.
      if (data.length >= 4) write(data.subarray(0, 2))
      return
    }
    const message = readMessage(data, limits)
    if (message.kind === 'bad') ends.bad(message, way)
    else ends.message(message, way)
  })
  socket.on('pong', () => (heardAt = clock.now()))
  socket.on('ping', () => (heardAt = clock.now()))
  socket.on('error', (error) => cut(error.message))
  socket.on('close', () => gone(byPeer))

  return way
}
