// One TCP or TLS connection, from either side. Messages come out whole; what is malformed beyond
// framing, idle, dripping or not read by its peer ends this connection and nothing else. What is
// written in one tick leaves in one piece: a store that commits a hundred messages answers with one write.
import type { Socket } from 'node:net'
import { type Bad, createFramer, type ReadLimits, type ReadMessage } from '../../codec/index.ts'
import { byPeer, openConnection } from './connection.ts'
import type { Connection, Way } from './way.ts'
import { timed, type Wheel } from './wheel.ts'
import type { Clock } from '../../../../src/plugin.ts'

export interface ConnectionEnds {
  message(message: ReadMessage, way: Way): void
  /** Where it `closes`, the connection ends itself behind the answer. */
  bad(bad: Bad, way: Way): void
  closed(connection: Connection, why: string): void
}

export interface ConnectionLimits extends ReadLimits {
  /** Without an octet from the peer. */
  idleMs: number
  /** From a message's first octet to its last. */
  partialMs: number
}

export interface ConnectionParts {
  wheel: Wheel
  clock: Clock
  limits: ConnectionLimits
  ends: ConnectionEnds
}

/** Above it no more is read of a peer that does not read our answers … */
const pauseAbove = 256 * 1024
/** … and above this it is cut. */
export const mostUnread = 4 * 1024 * 1024
const pong = Buffer.from('\r\n')
/** A peer that has ended its side only (RFC 9293 §3.6), or is read no more, still hears the answers to what it asked, for so long. */
const answersWithinMs = 5_000

export function carryStream(socket: Socket, transport: 'tcp' | 'tls', { wheel, clock, limits, ends }: ConnectionParts): Connection {
  const { way, gone: over } = openConnection(transport, socket, { write, end: finish, cut })
  const framer = createFramer(limits, {
    message(message) {
      partialSince = 0
      if (message.kind === 'request') owed++
      ends.message(message, way)
    },
    bad(bad) {
      partialSince = 0
      // It is answered at once, or not at all.
      const before = owed
      ends.bad(bad, way)
      owed = before
    },
    pings: () => void write(pong),
  })
  let heardAt = clock.now()
  let partialSince = 0
  let unsent: Buffer[] = []
  let unsentBytes = 0
  /** Requests without a final answer, roughly: an ACK has none. */
  let owed = 0
  let halfClosed = false

  const watch = timed(() => {
    if (halfClosed) return socket.destroySoon()
    const now = clock.now()
    const idleFor = now - heardAt
    const partialFor = partialSince === 0 ? 0 : now - partialSince
    if (partialFor >= limits.partialMs) cut('a message was not complete in time')
    else if (idleFor >= limits.idleMs) finish('idle')
    else wheel.arm(watch, Math.min(limits.idleMs - idleFor, limits.partialMs - partialFor))
  })
  wheel.arm(watch, Math.min(limits.idleMs, limits.partialMs))

  function write(octets: Buffer): string | undefined {
    if (!way.open && !halfClosed) return 'the connection is gone'
    if (isFinal(octets)) owed--
    if (socket.writableLength + unsentBytes > mostUnread) {
      cut('the peer does not read')
      return 'the peer does not read'
    }
    unsent.push(octets)
    unsentBytes += octets.length
    if (unsent.length === 1) process.nextTick(flush)
    return undefined
  }

  function flush(): void {
    if (unsent.length === 0) return
    const octets = unsent.length === 1 ? unsent[0]! : Buffer.concat(unsent, unsentBytes)
    unsent = []
    unsentBytes = 0
    if (!socket.destroyed) socket.write(octets)
    if (halfClosed && owed <= 0) socket.destroySoon()
  }

  function cut(why: string): void {
    socket.destroy()
    gone(why)
  }

  /** No more is read; what was written leaves first. */
  function finish(why: string): void {
    if (!way.open) return
    flush()
    socket.destroySoon()
    gone(why)
  }

  /** For everybody else it is closed; what it asked is still answered. */
  function ended(why: string): void {
    if (!way.open || owed <= 0) return finish(why)
    halfClosed = true
    gone(why)
    wheel.arm(watch, answersWithinMs)
  }

  function gone(why: string): void {
    if (!over()) return
    wheel.disarm(watch)
    ends.closed(way, why)
  }

  socket.on('data', (chunk: Buffer) => {
    if (!way.open) return
    heardAt = clock.now()
    const goesOn = framer.push(chunk)
    if (!way.open) return
    if (!goesOn) return ended('its octets are no SIP')
    if (framer.held() === 0) partialSince = 0
    else if (partialSince === 0) partialSince = heardAt
    if (socket.writableLength + unsentBytes > pauseAbove) socket.pause()
  })
  socket.on('drain', () => socket.resume())
  socket.on('end', () => ended(byPeer))
  socket.on('error', (error) => cut(error.message))
  socket.on('close', () => {
    halfClosed = false
    wheel.disarm(watch)
    gone(byPeer)
  })

  return way
}

/** `SIP/2.0 2…` and above. */
function isFinal(octets: Buffer): boolean {
  return octets.length > 8 && octets[0] === 0x53 && octets[3] === 0x2f && octets[8]! >= 0x32
}
