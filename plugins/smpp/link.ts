// One SMPP connection, whichever side it is: PDUs out in one write a tick, responses matched to
// requests by sequence number, timeouts by one sweep. What it promises: every request is answered
// exactly once, with a PDU or with why there is none; nothing a peer sends throws or is left open.
import type { Socket } from 'node:net'
import { type BindTrace, type Clock, type Logger, Numbered, occasional, type TracedConnection, untraced } from '../../src/plugin.ts'
import { type Answer, isAnswered } from './answer.ts'
import {
  type BadPdu,
  commandIds,
  describe,
  type Draft,
  encodePdu,
  type Pdu,
  statuses,
  statusText,
  tags,
  type Tap,
  tlvInteger,
} from './codec/index.ts'
import { createInflow } from './inflow.ts'
import { createOutflow } from './outflow.ts'

export interface Link {
  /** Sets the draft's sequence_number. Throws a RangeError for a field that does not fit; never rejects. */
  request(draft: Draft): Promise<Answer>
  /** The same without a promise: `settle` is called exactly once, perhaps before this returns. */
  ask(draft: Draft, settle: (answer: Answer) => void): void
  /** For responses and other PDUs that await none. */
  post(draft: Draft): void
  /** Requests without an answer yet. */
  readonly pending: number
  /** False once either side has said that it ends: what is asked then is settled as lost, unwritten. */
  readonly taking: boolean
  /** False once the peer has closed its side, in so many words or not: it may be gone, or only be listening. */
  readonly heard: boolean
  /** Requests of the peer that we have not answered yet. */
  readonly owed: number
  /** Who listens from now on: known only after the bind where the peer came to us. `first` is what it bound with. */
  trace(ear: BindTrace, first?: Draft): void
  /** Other limits from now on: whose connection it is may be known only after the bind. */
  limit(limits: LinkLimits): void
  /** While held, nothing is read from the peer. Counted: as many releases as holds. */
  hold(): void
  release(): void
  /** Resolves when the connection is gone, with why; every request is settled by then. */
  closed: Promise<string>
  /**
   * Lets go of the socket, paused, for another link over it; this one is then closed. What has come and was not
   * taken is that one's. Of what was asked or posted and has not left nothing will.
   */
  detach(): Socket
  /** Writes what is there, then closes. */
  end(why: string): void
  destroy(why: string): void
}

export interface LinkLimits {
  enquireLinkMs: number
  responseTimeoutMs: number
  /** From the first octet of a PDU to its last. */
  partialPduMs?: number
}

export interface LinkOptions extends LinkLimits {
  socket: Socket
  clock: Clock
  log: Logger
  maxPduBytes?: number
  /** As if so many requests had been sent. */
  sequence?: number
  trace?: BindTrace | undefined
  /** congestion_state of a response, 0–99 (SMPP 5.0 §4.8.4.18). */
  onCongestion?(percent: number): void
  /** A request other than enquire_link and unbind, which the link answers itself. */
  onRequest(pdu: Pdu): void
}

interface InFlight {
  sequence_number: number
  command: Draft['command']
  /** The command_id of its response. */
  response: number
  settle(answer: Answer): void
  at: number
  /** The write that takes it: below `writes`, it has left. */
  write: number
}

/** In the order in which they were asked, but for the one moment in which the numbers begin again. */
function byTime(a: InFlight, b: InFlight): number {
  return a.at - b.at || a.sequence_number - b.sequence_number
}

const lastSequence = 0x7fff_ffff
const responseBit = 0x8000_0000
/** A peer that takes no more bytes must not keep the connection for ever. */
const endTimeoutMs = 2000
/** After the peer's unbind or its FIN, what is open has so long to be answered. */
const leaveGraceMs = 2000
const mostCongestion = 99
/** After we did not read for so long, as long passes before a response counts as late. */
const longHoldMs = 500
/** Longer than any PDU takes on any line that carries short messages. */
const defaultPartialPduMs = 30_000

export function createLink(options: LinkOptions): Link {
  const { socket, log, onRequest } = options
  // All it measures is how long something takes: an answer is not late because the clock was set.
  const clock = options.clock.steady
  let { enquireLinkMs, responseTimeoutMs, partialPduMs = defaultPartialPduMs } = options
  const inFlight = new Numbered<InFlight>()
  const warn = occasional(clock, (fields, message) => log.warn(fields, message))
  let sequence = options.sequence ?? 0
  let holds = 0
  let heldAt = 0
  /** When a long hold was over: what had come meanwhile is only now being read. */
  let excusedAt = 0
  let gone: string | undefined
  /** The peer said that it ends: until what is open is answered, its unbind last. */
  let leaving: { why: string; unbind?: number } | undefined
  let owed = 0
  let ending: string | undefined
  let trace = options.trace ?? untraced
  let connection: TracedConnection | undefined
  let enquiring = false
  let resolveClosed: (why: string) => void
  const closed = new Promise<string>((resolve) => (resolveClosed = resolve))

  const tap = (direction: 'in' | 'out'): Tap => ({
    get on() {
      return trace.on
    },
    take: (pdu) => trace.record(direction, pdu, ends()),
  })
  const flow = { clock, isGone: () => gone !== undefined, hold, release }
  const outflow = createOutflow({ ...flow, socket, tap: tap('out') })
  const { append } = outflow
  const size = options.maxPduBytes ? { maxPduBytes: options.maxPduBytes } : {}
  const inflow = createInflow({ ...flow, ...size, tap: tap('in'), onPdu, onBad })
  let cancelSweep = clock.roughly(sweepMs(), sweep)

  const onData = inflow.take
  const onError = (error: Error): void => lost(error.message)
  const onEnd = (): void => inflow.finish(() => ended('the peer closed the connection'))
  const onClose = (): void => lost('the connection is closed')
  socket.on('data', onData).on('error', onError).on('end', onEnd).on('close', onClose)
  // Another link may have let go of it, and missed its end.
  if (socket.isPaused()) socket.resume()
  if (socket.readableEnded) setImmediate(onEnd)

  function lost(why: string): void {
    if (gone !== undefined) return
    if (trace.on) trace.note(`closed: ${ending ?? why}`, ends())
    settleAll(why)
    socket.destroy()
  }

  /** Nothing of the peer can be heard any more: what we asked stays unanswered, but it may still read what it asked for. */
  function ended(why: string): void {
    if (gone !== undefined || ending !== undefined) return
    leave({ why })
    loseAll(why)
    leaveWhenDone()
  }

  function detach(): Socket {
    // Paused first: without a listener what comes would be dropped.
    socket.pause()
    if (gone === undefined) {
      const rest = settleAll('the connection was handed over')
      if (rest.length > 0) socket.unshift(rest)
    }
    // The error's comes off last: what is let go of must not throw.
    return socket.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onError)
  }

  /** What had come and was not taken. */
  function settleAll(why: string): Buffer {
    gone = ending ?? why
    cancelSweep()
    const rest = inflow.stop()
    loseAll(gone)
    resolveClosed(gone)
    return rest
  }

  function loseAll(why: string): void {
    const all = inFlight.values().sort(byTime)
    inFlight.clear()
    for (const waiting of all) waiting.settle({ kind: 'lost', written: waiting.write < outflow.writes, why })
  }

  function ends(): TracedConnection {
    connection ??= {
      local: { address: socket.localAddress ?? '', port: socket.localPort ?? 0 },
      remote: { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 },
    }
    return connection
  }

  function hold(): void {
    if (++holds > 1) return
    socket.pause()
    heldAt = clock.now()
  }

  function release(): void {
    if (--holds > 0) return
    const now = clock.now()
    if (now - heldAt >= longHoldMs) excusedAt = now
    socket.resume()
  }

  function nextSequence(): number {
    do sequence = sequence >= lastSequence ? 1 : sequence + 1
    while (inFlight.has(sequence))
    return sequence
  }

  function ask(draft: Draft, settle: (answer: Answer) => void): void {
    if (gone !== undefined || ending !== undefined || leaving) {
      settle({ kind: 'lost', written: false, why: gone ?? ending ?? leaving!.why })
      return
    }
    const { command } = draft
    const sequence_number = nextSequence()
    draft.sequence_number = sequence_number
    append(draft)
    const response = commandIds[command] + responseBit
    inFlight.set(sequence_number, { sequence_number, command, response, settle, at: clock.now(), write: outflow.writes })
  }

  function post(draft: Draft): void {
    if (owed > 0 && commandIds[draft.command] >= responseBit) owed--
    if (gone !== undefined) return
    append(draft)
    if (leaving) leaveWhenDone()
  }

  function onPdu(pdu: Pdu): void {
    if (commandIds[pdu.command] >= responseBit) {
      onResponse(pdu)
    } else if (ending !== undefined) {
      // It could not be answered any more: so it is not taken, and whoever asked it may ask again elsewhere.
      log.debug({ pdu: describe(pdu) }, 'a request after the end, left at that')
    } else if (pdu.command === 'enquire_link') {
      if (gone === undefined) append({ command: 'enquire_link_resp', sequence_number: pdu.sequence_number })
    } else if (pdu.command === 'unbind') {
      leave({ why: 'the peer unbound', unbind: pdu.sequence_number })
    } else {
      if (isAnswered(pdu.command)) owed++
      onRequest(pdu)
    }
  }

  /** Nothing new is asked; what is open is answered first, so that nobody need send it again. */
  function leave(said: NonNullable<typeof leaving>): void {
    if (leaving) return
    leaving = said
    clock.after(leaveGraceMs, left)
    leaveWhenDone()
  }

  function leaveWhenDone(): void {
    if (inFlight.size === 0 && owed === 0) left()
  }

  function left(): void {
    if (gone !== undefined || ending !== undefined || !leaving) return
    const { why, unbind } = leaving
    if (unbind !== undefined) append({ command: 'unbind_resp', sequence_number: unbind })
    end(why)
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
    const percent = pdu.tlvs.length > 0 ? tlvInteger(pdu.tlvs, tags.congestion_state) : undefined
    if (percent !== undefined && percent <= mostCongestion) options.onCongestion?.(percent)
    waiting.settle({ kind: 'pdu', pdu })
    if (leaving) leaveWhenDone()
  }

  function onBad(bad: BadPdu): void {
    if (bad.kind === 'framing') {
      log.warn({ reason: bad.reason }, 'the framing is lost, closing')
      ended(`broken framing: ${bad.reason}`)
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
    if (gone !== undefined) return
    const nack = { sequence_number, command_status: bad.status } as const
    if (bad.kind === 'command') append({ command: 'generic_nack', ...nack })
    else if (isAnswered(bad.command)) append({ command: `${bad.command}_resp`, ...nack })
  }

  function sweepMs(): number {
    return Math.max(10, Math.min(1000, Math.floor(Math.min(responseTimeoutMs, enquireLinkMs, partialPduMs) / 4)))
  }

  function limit(limits: LinkLimits): void {
    ;({ enquireLinkMs, responseTimeoutMs, partialPduMs = defaultPartialPduMs } = limits)
    if (gone !== undefined) return
    cancelSweep()
    cancelSweep = clock.roughly(sweepMs(), sweep)
  }

  function sweep(): void {
    const now = clock.now()
    const stuckLimitMs = Math.max(responseTimeoutMs, enquireLinkMs)
    let isSilent = false
    // While held, it is we who do not read.
    const isUnread = holds > 0 || now - excusedAt < longHoldMs
    for (const waiting of isUnread ? [] : inFlight.values().sort(byTime)) {
      // What has not left yet cannot be late.
      if (now - waiting.at < responseTimeoutMs || waiting.write >= outflow.writes) break
      // Who was told of one may have ended the rest.
      if (!inFlight.delete(waiting.sequence_number)) continue
      if (inflow.heardAt <= waiting.at) isSilent = true
      waiting.settle({ kind: 'timeout', why: `no response to ${waiting.command} in ${responseTimeoutMs} ms` })
    }
    // Who was told may have ended it.
    if (gone !== undefined) return
    if (holds > 0) inflow.excuse()
    if (inflow.partialAt > 0 && now - inflow.partialAt >= partialPduMs) {
      lost(`half a PDU, and not the rest of it for ${partialPduMs} ms`)
      return
    }
    if (outflow.stuckAt > 0 && now - outflow.stuckAt >= stuckLimitMs) {
      lost(`the peer has taken no octets for ${stuckLimitMs} ms`)
      return
    }
    // Nothing at all since a request that got no answer: the connection may be half open, so ask at once.
    if (!enquiring && (isSilent || now - inflow.heardAt >= enquireLinkMs) && holds === 0) enquire()
    if (leaving) leaveWhenDone()
    cancelSweep = clock.roughly(sweepMs(), sweep)
  }

  function enquire(): void {
    enquiring = true
    const sentAt = clock.now()
    ask({ command: 'enquire_link', sequence_number: 0, command_status: statuses.ESME_ROK }, (answer) => {
      enquiring = false
      if (answer.kind === 'timeout' && inflow.heardAt < sentAt) lost(answer.why)
    })
  }

  function end(why: string): void {
    if (gone !== undefined) return
    ending ??= why
    outflow.flushAll()
    socket.end(() => lost(why))
    clock.after(endTimeoutMs, () => lost(why))
  }

  return {
    request: (draft) => new Promise((settle) => ask(draft, settle)),
    ask,
    post,
    get pending() {
      return inFlight.size
    },
    get taking() {
      return gone === undefined && ending === undefined && !leaving
    },
    get heard() {
      return gone === undefined && !socket.readableEnded
    },
    get owed() {
      return owed
    },
    trace(ear, first) {
      trace = ear
      if (trace.on && first) trace.record('in', encodePdu(first), ends())
    },
    limit,
    hold,
    release,
    closed,
    detach,
    end,
    destroy: lost,
  }
}
