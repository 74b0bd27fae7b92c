// One UDP socket: datagrams in with the way back to who sent them, datagrams out. It takes bursts of
// some 8,000 messages before the kernel drops any, where the system allows that (net.core.rmem_max).
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { End } from '../engine.ts'
import { isAny, plain, type Way, written } from './way.ts'
import { whyOf } from '../../../../src/plugin.ts'

export interface Udp {
  readonly local: End
  way(remote: End): Way
  /** Why nothing can be sent there; undefined when it can. */
  cannotReach(address: string): string | undefined
  close(): Promise<void>
}

export interface UdpEnds {
  datagram(octets: Buffer, way: Way): void
  failed(error: Error): void
}

const socketBytes = 4 * 1024 * 1024
const recentWays = 512
const never = (): void => {}

/** Addresses only are sent to: nothing is looked up, and nothing waits for a tick as it would be by node:dns. */
const asIs = (host: string, family: unknown, done: (error: null, address: string, family: number) => void): void =>
  done(null, host, family === 6 ? 6 : 4)

export function openUdp(end: End, ends: UdpEnds): Promise<Udp> {
  const v6 = isIPv6(end.address)
  const socket = createSocket({
    type: v6 ? 'udp6' : 'udp4',
    lookup: asIs,
    recvBufferSize: socketBytes,
    sendBufferSize: socketBytes,
  })
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ port: end.port, address: end.address, exclusive: true }, () => {
      socket.off('error', reject)
      socket.on('error', ends.failed)
      const { address, port } = socket.address()
      resolve(carry(socket, { address, port }, ends, v6))
    })
  })
}

function carry(socket: Socket, local: End, ends: UdpEnds, v6: boolean): Udp {
  const mapped = v6 && isAny(local.address)
  /** Whoever sends much is known by the same object: nothing is made for each of a proxy's messages, and nothing kept. */
  const recent: (UdpWay | undefined)[] = Array.from({ length: recentWays })
  socket.on('message', (octets, from) => {
    const { port } = from
    // From port 0 nobody can be answered.
    if (port === 0) return
    const address = v6 ? plain(from.address) : from.address
    let way = recent[port % recentWays]
    if (way === undefined || way.remote.port !== port || way.remote.address !== address) {
      way = new UdpWay(socket, { address, port }, local, mapped)
      recent[port % recentWays] = way
    }
    ends.datagram(octets, way)
  })
  let closed: Promise<void> | undefined
  return {
    local,
    way: (remote) => new UdpWay(socket, remote, local, mapped),
    cannotReach(address) {
      if (isIPv6(address) === v6 || mapped) return undefined
      return `the profile's UDP address ${local.address} reaches no ${v6 ? 'IPv4' : 'IPv6'} address`
    },
    close: () => (closed ??= new Promise((resolve) => socket.close(resolve))),
  }
}

class UdpWay implements Way {
  readonly transport = 'udp'
  readonly reliable = false
  readonly open = true
  readonly remote: End
  readonly local: End
  readonly #socket: Socket
  readonly #mapped: boolean

  constructor(socket: Socket, remote: End, local: End, mapped: boolean) {
    this.remote = remote
    this.local = local
    this.#socket = socket
    this.#mapped = mapped
  }

  get id(): string {
    return `udp ${written(this.remote)} ${written(this.local)}`
  }

  onClose(): () => void {
    return never
  }

  write(octets: Buffer, failed?: (why: string) => void): string | undefined {
    const { address, port } = this.remote
    const to = this.#mapped && !isIPv6(address) ? `::ffff:${address}` : address
    try {
      if (failed === undefined) this.#socket.send(octets, port, to)
      else
        this.#socket.send(octets, port, to, (error) => {
          if (error) failed(error.message)
        })
    } catch (error) {
      // Closed meanwhile.
      return whyOf(error)
    }
    return undefined
  }
}
