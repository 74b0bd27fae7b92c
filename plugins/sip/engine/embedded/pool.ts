// Connections that we open: one to each target, shared by all that goes there and used both ways
// (RFC 5923). Whoever wants one while it is being opened waits for it; where it cannot be opened all
// of them hear why, at once. TLS peers show a certificate for the name that was configured (RFC 5922).
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Target } from '../engine.ts'
import { type Connection, written } from './way.ts'
import { timed, type Wheel } from './wheel.ts'

export interface Pool {
  /** Calls back once: at once where it is open. */
  want(target: Target, ready: (way: Connection | undefined, why: string) => void): void
  size(): number
  close(why: string): void
}

export interface PoolParts {
  wheel: Wheel
  connectMs: number
  /** Authorities besides the system's, PEM. */
  ca?: string
  /** Makes the connection of its socket. */
  carry(socket: Socket, transport: 'tcp' | 'tls'): Connection
}

const most = 1000

interface Opening {
  waiting: ((way: Connection | undefined, why: string) => void)[]
  give(why: string): void
}

export function createPool({ wheel, connectMs, ca, carry }: PoolParts): Pool {
  const open = new Map<string, Connection>()
  const opening = new Map<string, Opening>()

  function dial(key: string, target: Target): Opening {
    const { address, port, name, transport } = target
    const secure = transport === 'tls'
    const socket = secure
      ? connectTls({
          host: address,
          port,
          minVersion: 'TLSv1.2',
          // What the certificate must be for; an address cannot be said in SNI (RFC 6066 §3).
          ...(isIP(name) === 0 ? { servername: name } : {}),
          ...(ca === undefined ? {} : { ca }),
        })
      : connectTcp({ host: address, port })
    socket.setNoDelay(true)
    const late = timed(() => socket.destroy(new Error(`no connection within ${connectMs} ms`)))
    wheel.arm(late, connectMs)

    function settled(way: Connection | undefined, why: string): void {
      // Another may be on its way by now.
      if (opening.get(key) !== made) return
      opening.delete(key)
      wheel.disarm(late)
      for (const ready of made.waiting) ready(way, why)
    }
    const failed = (error: Error): void => settled(undefined, error.message || (error as NodeJS.ErrnoException).code || 'no connection')
    socket.on('error', failed)
    socket.on('close', () => settled(undefined, 'the connection was closed'))
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      const way = carry(socket, secure ? 'tls' : 'tcp')
      open.set(key, way)
      way.onClose(() => {
        if (open.get(key) === way) open.delete(key)
      })
      settled(way, '')
    })
    const made: Opening = { waiting: [], give: (why) => void socket.destroy(new Error(why)) }
    return made
  }

  return {
    want(target, ready) {
      const key = `${target.transport} ${written(target)} ${target.name}`
      const there = open.get(key)
      if (there?.open === true) return ready(there, '')
      let coming = opening.get(key)
      if (!coming) {
        if (open.size + opening.size >= most) return ready(undefined, `more than ${most} connections to peers`)
        coming = dial(key, target)
        opening.set(key, coming)
      }
      coming.waiting.push(ready)
    },
    size: () => open.size,
    close(why) {
      for (const each of opening.values()) each.give(why)
      for (const each of open.values()) each.end(why)
    },
  }
}
