// Requests that ask to leave HTTP (RFC 9110 §7.8). A connector's own leave with their socket. Anyone
// else's wish is not heard: clients that offer HTTP/2 with every request are served as if they had
// not, by the same connection. Sockets that have left are known, so that closing waits for none of them.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Socket } from 'node:net'
import type { HttpSide } from '../plugin.ts'

export interface Upgrades {
  take(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Cuts those that have left. */
  cut(): void
}

export function createUpgrades(sides: readonly HttpSide[], hand: (socket: Socket) => void): Upgrades {
  const gone = new Set<Duplex>()
  return {
    take(request, socket, head) {
      for (const side of sides) {
        if (side.upgrade?.(request, socket, head) !== true) continue
        gone.add(socket)
        socket.once('close', () => gone.delete(socket))
        return
      }
      const again = withoutWish(request)
      hand(socket as Socket)
      socket.unshift(head.length === 0 ? again : Buffer.concat([again, head]))
    },
    cut() {
      for (const socket of gone) socket.destroy()
    },
  }
}

/** Its head again, without what asks for another protocol. */
function withoutWish({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  let text = `${method} ${url} HTTP/${httpVersion}\r\n`
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    const lower = name.toLowerCase()
    if (lower === 'upgrade' || lower === 'http2-settings') continue
    const value = lower === 'connection' ? withoutTokens(rawHeaders[i + 1]!) : rawHeaders[i + 1]!
    if (value !== '' || lower !== 'connection') text += `${name}: ${value}\r\n`
  }
  return Buffer.from(`${text}\r\n`, 'latin1')
}

const withoutTokens = (value: string): string =>
  value
    .split(',')
    .map((token) => token.trim())
    .filter((token) => !/^(?:upgrade|http2-settings)$/i.test(token))
    .join(', ')
