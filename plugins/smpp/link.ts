// One SMPP connection, whichever side it is: PDUs out in one write a tick, responses matched to
// requests by sequence number, timeouts by one sweep. What it promises: every request is answered
// exactly once, with a PDU or with why there is none; nothing a peer sends throws or is left open.
import type { Socket } from 'node:net'
import type { Clock, Logger } from '../../src/plugin.ts'
import {
  type BadPdu,
  type Command,
  commandIds,
  createParser,
  createSlab,
  describe,
  type Draft,
  type Pdu,
  type Slab,
  statuses,
  statusText,
  writePdu,
} from './codec/index.ts'
import { occasional } from './occasional.ts'

/**
 * pdu: the response or a generic_nack. unreadable: it came and could not be read. timeout: written,
 * no response in time. lost: the connection went first; `written` tells whether the request had left.
 */
export type Answer =
  | { kind: 'pdu'; pdu: Pdu }
  | { kind: 'unreadable' | 'timeout'; why: string }
  | { kind: 'lost'; written: boolean; why: string }

export interface Link {
  /** Sets the draft's sequence_number. Throws a RangeError for a field that does not fit; never rejects. */
  request(draft: Draft): Promise<Answer>
  /** The same without a promise: `settle` is called exactly once, perhaps before this returns. */
  ask(draft: Draft, settle: (answer: Answer) => void): void
  /** For responses and other PDUs that await none. */
  post(draft: Draft): void
  /** Requests without an answer yet. */
  readonly pending: number
  /** While held, nothing is read from the peer. Counted: as many releases as holds. */
  hold(): void
  release(): void
  /** Resolves when the connection is gone, with why; every request is settled by then. */
  closed: Promise<string>
  /** Writes what is there, then closes. */
  end(why: string): void
  destroy(why: string): void
}

export interface LinkOptions {
  socket: Socket
  clock: Clock
  log: Logger
  enquireLinkMs: number
  responseTimeoutMs: number
  maxPduBytes?: number
  /** A request other than enquire_link and unbind, which the link answers itself. */
  onRequest(pdu: Pdu): void
}

interface InFlight {
  command: Draft['command']
  /** The command_id of its response. */
  response: number
  settle(answer: Answer): void
  at: number
  /** The write that takes it: below `writes`, it has left. */
  write: number
}

const lastSequence = 0x7fff_ffff
const responseBit = 0x8000_0000
/** Bytes waiting for a peer that does not read, above which we stop reading from it. */
const mostWaitingBytes = 1 << 20
/** A peer that takes no more bytes must not keep the connection for ever. */
const endTimeoutMs = 2000
const slabBytes = 16_384

type Answered = Extract<Command, `${string}_resp`> extends `${infer C}_resp` ? C : never

/** outbind and alert_notification have no response. */
function isAnswered(command: Command): command is Answered {
  return `${command}_resp` in commandIds
}

export function createLink(options: LinkOptions): Link {
  const { socket, clock, log, enquireLinkMs, responseTimeoutMs, onRequest } = options
  const inFlight = new Map<number, InFlight>()
  const warn = occasional(clock, (fields, message) => log.warn(fields, message))
  let slab = createSlab(slabBytes)
  let sequence = 0
  let writes = 0
  let flushing = false
  /** Being written: the kernel has not taken all of it yet. */
  let stuck: Slab | undefined
  let stuckAt = 0
  let holds = 0
  let heldForBytes = false
  let gone: string | undefined
  let ending: string | undefined
  let heardAt = clock.now()
  let enquiring = false
  let resolveClosed: (why: string) => void
  const closed = new Promise<string>((resolve) => (resolveClosed = resolve))

  const parser = createParser({ ...(options.maxPduBytes ? { maxPduBytes: options.maxPduBytes } : {}), onPdu, onBad })
  const sweepMs = Math.max(10, Math.min(1000, Math.floor(Math.min(responseTimeoutMs, enquireLinkMs) / 4)))
  const stuckLimitMs = Math.max(responseTimeoutMs, enquireLinkMs)
  let cancelSweep = clock.after(sweepMs, sweep)

  socket.on('data', (chunk: Buffer) => {
    heardAt = clock.now()
    parser.push(chunk)
  })
  socket.on('error', (error) => lost(error.message))
  socket.on('end', () => lost('the peer closed the connection'))
  socket.on('close', () => lost('the connection is closed'))

  function lost(why: string): void {
    if (gone !== undefined) return
    gone = ending ?? why
    cancelSweep()
    parser.stop()
    socket.destroy()
    for (const waiting of inFlight.values()) waiting.settle({ kind: 'lost', written: waiting.write < writes, why: gone })
    inFlight.clear()
    resolveClosed(gone)
  }

  function append(draft: Draft): void {
    writePdu(slab, draft)
    if (!flushing && !stuck) {
      flushing = true
      setImmediate(flush)
    }
    if (slab.end > mostWaitingBytes && !heldForBytes) {
      heldForBytes = true
      hold()
    }
  }

  function flush(): void {
    flushing = false
    if (gone !== undefined || stuck || slab.end === 0) return
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
    if (heldForBytes) {
      heldForBytes = false
      release()
    }
  }

  function hold(): void {
    if (++holds === 1) socket.pause()
  }

  function release(): void {
    if (--holds === 0) socket.resume()
  }

  function nextSequence(): number {
    do sequence = sequence >= lastSequence ? 1 : sequence + 1
    while (inFlight.has(sequence))
    return sequence
  }

  function ask(draft: Draft, settle: (answer: Answer) => void): void {
    if (gone !== undefined) {
      settle({ kind: 'lost', written: false, why: gone })
      return
    }
    const { command } = draft
    draft.sequence_number = nextSequence()
    append(draft)
    const waiting: InFlight = { command, response: commandIds[command] + responseBit, settle, at: clock.now(), write: writes }
    inFlight.set(draft.sequence_number, waiting)
  }

  function request(draft: Draft): Promise<Answer> {
    return new Promise((settle) => ask(draft, settle))
  }

  function post(draft: Draft): void {
    if (gone === undefined) append(draft)
  }

  function onPdu(pdu: Pdu): void {
    if (commandIds[pdu.command] >= responseBit) {
      onResponse(pdu)
    } else if (pdu.command === 'enquire_link') {
      post({ command: 'enquire_link_resp', sequence_number: pdu.sequence_number })
    } else if (pdu.command === 'unbind') {
      post({ command: 'unbind_resp', sequence_number: pdu.sequence_number })
      end('the peer unbound')
    } else {
      onRequest(pdu)
    }
  }

  function onResponse(pdu: Pdu): void {
    const waiting = inFlight.get(pdu.sequence_number)
    if (!waiting || (commandIds[pdu.command] !== waiting.response && pdu.command !== 'generic_nack')) {
      warn('unsolicited', 'a response that no request waits for, ignored: late, or with a wrong sequence number', () => ({
        pdu: describe(pdu),
      }))
      return
    }
    inFlight.delete(pdu.sequence_number)
    waiting.settle({ kind: 'pdu', pdu })
  }

  function onBad(bad: BadPdu): void {
    if (bad.kind === 'framing') {
      log.warn({ reason: bad.reason }, 'the framing is lost, closing')
      lost(`broken framing: ${bad.reason}`)
      return
    }
    warn('bad', 'a PDU that cannot be read, refused; the session goes on', () => ({ reason: bad.reason, sequence: bad.sequence_number }))
    const sequence_number = bad.sequence_number
    if (bad.command_id >= responseBit) {
      const waiting = inFlight.get(sequence_number)
      // Whatever it meant to say, the peer has dealt with the waiting.
      if (waiting && bad.kind === 'field' && bad.command_id === waiting.response) {
        inFlight.delete(sequence_number)
        waiting.settle({ kind: 'unreadable', why: `${bad.command} ${statusText(bad.command_status)}: ${bad.reason}` })
      }
      return
    }
    const nack = { sequence_number, command_status: bad.status } as const
    if (bad.kind === 'command') post({ command: 'generic_nack', ...nack })
    else if (isAnswered(bad.command)) post({ command: `${bad.command}_resp`, ...nack })
  }

  function sweep(): void {
    const now = clock.now()
    for (const [sequence_number, waiting] of inFlight) {
      // In the order of their times. What has not left yet cannot be late.
      if (now - waiting.at < responseTimeoutMs || waiting.write >= writes) break
      inFlight.delete(sequence_number)
      waiting.settle({ kind: 'timeout', why: `no response to ${waiting.command} in ${responseTimeoutMs} ms` })
    }
    if (stuck && now - stuckAt >= stuckLimitMs) {
      lost(`the peer has taken no octets for ${stuckLimitMs} ms`)
      return
    }
    if (!enquiring && now - heardAt >= enquireLinkMs && holds === 0) void enquire()
    cancelSweep = clock.after(sweepMs, sweep)
  }

  async function enquire(): Promise<void> {
    enquiring = true
    const sentAt = clock.now()
    const answer = await request({ command: 'enquire_link', sequence_number: 0, command_status: statuses.ESME_ROK })
    enquiring = false
    if (answer.kind === 'timeout' && heardAt < sentAt) lost(answer.why)
  }

  function end(why: string): void {
    if (gone !== undefined) return
    ending ??= why
    flush()
    socket.end(() => lost(why))
    clock.after(endTimeoutMs, () => lost(why))
  }

  return {
    request,
    ask,
    post,
    get pending() {
      return inFlight.size
    },
    hold,
    release,
    closed,
    end,
    destroy: lost,
  }
}
