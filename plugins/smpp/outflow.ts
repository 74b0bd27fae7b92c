// What leaves on one connection: PDUs are gathered and written once a tick. While the kernel takes
// no more, further ones wait in a slab of their own, and nothing more is read from the peer.
import type { Socket } from 'node:net'
import type { Clock } from '../../src/plugin.ts'
import { createSlab, type Draft, type Slab, type Tap, writePdu } from './codec/index.ts'

export interface Outflow {
  /** Throws a RangeError for a field that does not fit. */
  append(draft: Draft): void
  /** Everything now, even where the kernel is busy: for last words. */
  flushAll(): void
  /** Writes so far: what was appended while there were fewer has left. */
  readonly writes: number
  /** Since when the kernel has been busy with one write, epoch ms; 0 when it is not. */
  readonly stuckAt: number
}

/** Bytes waiting for a peer that does not read, above which we stop reading from it. */
const mostWaitingBytes = 1 << 20
const slabBytes = 16_384

export function createOutflow(parts: {
  socket: Socket
  clock: Clock
  tap: Tap
  isGone(): boolean
  hold(): void
  release(): void
}): Outflow {
  const { socket, clock, tap, isGone, hold, release } = parts
  let slab = createSlab(slabBytes)
  let writes = 0
  let flushing = false
  /** Being written: the kernel has not taken all of it yet. */
  let stuck: Slab | undefined
  let stuckAt = 0
  let held = false

  function append(draft: Draft): void {
    const start = slab.end
    writePdu(slab, draft)
    if (tap.on) tap.take(slab.buffer.subarray(start, slab.end))
    if (!flushing && !stuck) {
      flushing = true
      setImmediate(flush)
    }
    if (slab.end > mostWaitingBytes && !held) {
      held = true
      hold()
    }
  }

  function flush(): void {
    flushing = false
    if (isGone() || stuck || slab.end === 0) return
    write()
  }

  function write(): void {
    writes++
    const full = slab
    socket.write(full.buffer.subarray(0, full.end), () => {
      if (stuck !== full) return
      stuck = undefined
      flush()
    })
    if (socket.writableLength > 0) {
      stuck = full
      stuckAt = clock.now()
      slab = createSlab(slabBytes)
      return
    }
    // The kernel took it all: the slab is free again.
    full.end = 0
    if (held) {
      held = false
      release()
    }
  }

  return {
    append,
    flushAll() {
      if (!isGone() && slab.end > 0) write()
    },
    get writes() {
      return writes
    },
    get stuckAt() {
      return stuck ? stuckAt : 0
    },
  }
}
