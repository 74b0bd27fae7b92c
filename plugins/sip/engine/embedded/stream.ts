// One TCP or TLS connection, from either side. Messages come out whole; what is malformed beyond
// framing, idle, dripping or not read by its peer ends this connection and nothing else. What is
// written in one tick leaves in one piece: a store that commits a hundred messages answers with one write.
import type { Socket } from 'node:net'
import { type Bad, createFramer, type ReadLimits, type ReadMessage } from '../../codec/index.ts'
import type { End } from '../engine.ts'
import { type Connection, plain, type Way, written } from './way.ts'
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

let opened = 0
/** Tells connections between the same two ends apart that follow each other. */
export const connectionId = (transport: string, remote: End, local: End): string =>
  `${transport} ${written(remote)} ${written(local)} ${++opened}`

export function carryStream(socket: Socket, transport: 'tcp' | 'tls', { wheel, clock, limits, ends }: ConnectionParts): Connection {
  const remote: End = { address: plain(socket.remoteAddress), port: socket.remotePort ?? 0 }
  const local: End = { address: plain(socket.localAddress), port: socket.localPort ?? 0 }
  const watchers = new Set<() => void>()
  const framer = createFramer(limits, {
    message(message) {
      partialSince = 0
      ends.message(message, way)
    },
    bad(bad) {
      partialSince = 0
      ends.bad(bad, way)
    },
    pings: () => void write(pong),
  })
  let heardAt = clock.now()
  let partialSince = 0
  let unsent: Buffer[] = []
  let unsentBytes = 0
  let why = 'closed by the peer'
  let open = true

  const watch = timed(() => {
    const now = clock.now()
    const idleFor = now - heardAt
    const partialFor = partialSince === 0 ? 0 : now - partialSince
    if (partialFor >= limits.partialMs) cut('a message was not complete in time')
    else if (idleFor >= limits.idleMs) finish('idle')
    else wheel.arm(watch, Math.min(limits.idleMs - idleFor, limits.partialMs - partialFor))
  })
  wheel.arm(watch, Math.min(limits.idleMs, limits.partialMs))

  function write(octets: Buffer): string | undefined {
    if (!open) return 'the connection is gone'
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
  }

  function cut(because: string): void {
    if (open) why = because
    socket.destroy()
    gone()
  }

  /** No more is read; what was written leaves first. */
  function finish(because: string): void {
    if (!open) return
    why = because
    flush()
    socket.destroySoon()
    gone()
  }

  function gone(): void {
    if (!open) return
    open = false
    wheel.disarm(watch)
    for (const call of watchers) call()
    watchers.clear()
    ends.closed(way, why)
  }

  socket.on('data', (chunk: Buffer) => {
    if (!open) return
    heardAt = clock.now()
    const goesOn = framer.push(chunk)
    if (!open) return
    if (!goesOn) return finish('its octets are no SIP')
    if (framer.held() === 0) partialSince = 0
    else if (partialSince === 0) partialSince = heardAt
    if (socket.writableLength + unsentBytes > pauseAbove) socket.pause()
  })
  socket.on('drain', () => socket.resume())
  socket.on('end', () => finish('closed by the peer'))
  socket.on('error', (error) => cut(error.message))
  socket.on('close', gone)

  const way: Connection = {
    id: connectionId(transport, remote, local),
    transport,
    reliable: true,
    remote,
    local,
    get open() {
      return open
    },
    onClose(call) {
      if (!open) queueMicrotask(call)
      else watchers.add(call)
      return () => watchers.delete(call)
    },
    write,
    end: finish,
    cut,
  }
  return way
}
