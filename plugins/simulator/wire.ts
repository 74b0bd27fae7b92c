// One connection of a peer: PDUs in, PDUs out. Everything written in one turn of the event loop leaves
// in one write, after whatever must be on disk by then.
import type { Socket } from 'node:net'
import { createParser, createSlab, writePdu, type BadPdu, type Draft, type Pdu } from '../smpp/codec/index.ts'

export interface Wire {
  remote: string
  write(pdu: Draft): void
  /** Octets as they are, for garbage. */
  writeRaw(octets: Uint8Array): void
  /** Closes once everything written has left. */
  end(): void
  /** Closes at once; what was written in this turn is lost. */
  cut(): void
  /** Hears nothing more and, after what is written, says nothing more, yet stays open. */
  fallSilent(): void
  readonly silent: boolean
  /** The peer does not read what it is sent. */
  readonly congested: boolean
}

export interface WireEvents {
  onPdu(pdu: Pdu): void
  onBad(bad: BadPdu): void
  onClose(): void
  /** The peer reads again. */
  onDrain(): void
}

/** Gathers one turn's flushes; `before` runs first, once. */
export interface Turn {
  add(flush: () => void): void
}

export function createTurn(before: () => void): Turn {
  let flushes: (() => void)[] = []
  function run(): void {
    before()
    const now = flushes
    flushes = []
    for (const flush of now) flush()
  }
  return {
    add(flush) {
      if (flushes.push(flush) === 1) setImmediate(run)
    },
  }
}

/** Above this, reading pauses: a peer that sends without reading is answered no further. */
const congestedBytes = 1 << 20

export function createWire(socket: Socket, turn: Turn, events: WireEvents): Wire {
  let slab = createSlab()
  let dirty = false
  let silent = false
  let ending = false
  let closed = false
  const parser = createParser({
    // A personality may silence or cut the connection in the middle of a chunk.
    onPdu: (pdu) => {
      if (!silent && !closed) events.onPdu(pdu)
    },
    onBad: (bad) => {
      if (!silent && !closed) events.onBad(bad)
    },
  })

  function flush(): void {
    dirty = false
    if (closed) return
    if (slab.end > 0) {
      socket.write(slab.buffer.subarray(0, slab.end))
      // The kernel took all of it: the slab is ours again.
      if (socket.writableLength === 0) slab.end = 0
      else slab = createSlab()
    }
    if (ending) socket.end()
    else if (socket.writableLength > congestedBytes) socket.pause()
  }
  function touch(): void {
    if (dirty) return
    dirty = true
    turn.add(flush)
  }

  socket.setNoDelay(true)
  socket.on('data', (chunk: Buffer) => {
    if (!silent) parser.push(chunk)
  })
  socket.on('drain', () => {
    socket.resume()
    events.onDrain()
  })
  // Whatever went wrong, 'close' follows.
  socket.on('error', () => {})
  socket.on('close', () => {
    closed = true
    parser.stop()
    events.onClose()
  })

  return {
    remote: `${socket.remoteAddress}:${socket.remotePort}`,
    write(pdu) {
      if (closed || silent || ending) return
      writePdu(slab, pdu)
      touch()
    },
    writeRaw(octets) {
      if (closed || silent || ending) return
      const larger = createSlab(slab.end + octets.length + 16_384)
      slab.buffer.copy(larger.buffer, 0, 0, slab.end)
      larger.buffer.set(octets, slab.end)
      larger.end = slab.end + octets.length
      slab = larger
      touch()
    },
    end() {
      ending = true
      parser.stop()
      touch()
    },
    cut() {
      closed = true
      socket.destroy()
    },
    fallSilent() {
      silent = true
    },
    get silent() {
      return silent
    },
    get congested() {
      return socket.writableLength > congestedBytes
    },
  }
}
