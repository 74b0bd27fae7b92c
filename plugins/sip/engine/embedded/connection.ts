// What a connection is, whatever carries its octets: two ends, and open until it is gone, which whoever
// asked for it hears once.
import type { End, Transport } from '../engine.ts'
import { type Connection, plain, written } from './way.ts'

interface Ends {
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
  readonly localAddress?: string | undefined
  readonly localPort?: number | undefined
}

export interface Opened {
  way: Connection
  /** False where it was gone already; else it is no longer open, and all who watch are told. */
  gone(): boolean
}

/** Why most connections go. */
export const byPeer = 'closed by the peer'

let opened = 0

export function openConnection(transport: Transport, socket: Ends, carry: Pick<Connection, 'write' | 'end' | 'cut'>): Opened {
  const remote: End = { address: plain(socket.remoteAddress), port: socket.remotePort ?? 0 }
  const local: End = { address: plain(socket.localAddress), port: socket.localPort ?? 0 }
  const watchers = new Set<() => void>()
  let open = true
  return {
    way: {
      // The number tells connections between the same two ends apart that follow each other.
      id: `${transport} ${written(remote)} ${written(local)} ${++opened}`,
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
      write: carry.write,
      end: carry.end,
      cut: carry.cut,
    },
    gone() {
      if (!open) return false
      open = false
      for (const call of watchers) call()
      watchers.clear()
      return true
    },
  }
}
