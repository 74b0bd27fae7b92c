// Which binds are listened to, and what was heard. A trace ends by itself, by time or by number,
// and is forgotten a quarter of an hour later. What is kept is bounded: the newest octets of each
// bind, of so many binds. Only concealed octets are ever kept; a bind that nobody listens to pays
// for one boolean.
import type { Clock } from '../clock.ts'
import type { AccountId, BindId } from '../model/message.ts'
import type { Logger } from '../plugin.ts'
import type { BindTrace, TracedConnection, TraceDirection, TraceProtocol } from '../model/trace.ts'

export interface TraceEntry {
  /** From 1, without gaps, within one trace. */
  n: number
  /** Epoch ms. */
  at: number
  connection: TracedConnection
  /** Of a PDU. */
  direction?: TraceDirection
  /** As on the wire, concealed. */
  octets?: Uint8Array
  /** Of a PDU: why it cannot be read. Of a connection: what happened to it. */
  note?: string
}

export interface TraceOrder {
  bind: BindId
  account: AccountId
  protocol: TraceProtocol
  /** At most so long, and so many PDUs. */
  seconds: number
  pdus: number
  bodies: boolean
  /** Who asked: on whose behalf, under which name, from where. */
  by: { account: AccountId; author: string; source: string }
}

export interface Trace {
  readonly order: TraceOrder
  readonly startedAt: number
  /** When it ends unless the PDUs are there before. */
  readonly until: number
  /** PDUs heard, of which the newest are held. */
  readonly pdus: number
  /** Why it listens no more; undefined while it does. */
  readonly ended: string | undefined
  /** What is held beyond `n`, oldest first, at most `most`; `missed`: how many in between were dropped. */
  after(n: number, most: number): { entries: readonly TraceEntry[]; missed: number }
  /** Resolves when there is more than `n`, or the trace has ended. */
  more(n: number): Promise<void>
}

export interface Traces {
  /** The same ear every time; its bind need not be traced now. */
  ear(bind: BindId): BindTrace
  /** running: it is traced already. too-many: of this account, or of all. */
  start(order: TraceOrder): Trace | 'running' | 'too-many'
  get(bind: BindId): Trace | undefined
  all(): readonly Trace[]
  /** False when it did not run. */
  stop(bind: BindId, why: string): boolean
  forget(bind: BindId): void
  /** Forgets binds that are no more. */
  keep(binds: { has(bind: BindId): boolean }): void
  /** Called now, and when it turns: whether any bind is listened to. Answers how to stop that. */
  onAny(call: (any: boolean) => void): () => void
  /** Ends all, so that nobody waits for more. */
  close(): void
}

/** Of the octets held of one bind, with what is spent around each. */
const mostBytes = 4 << 20
const entryBytes = 200
/** Traces held, running or ended; and of one account, so that it leaves room for others. */
const mostTraces = 64
const mostOfAccount = 8
const heldMs = 15 * 60_000
/** Dropped entries stay in the list until there are so many, then the list is cut at once. */
const slack = 4096

interface Ear extends BindTrace {
  on: boolean
}

export function createTraces({ clock, log }: { clock: Clock; log: Logger }): Traces {
  const ears = new Map<BindId, Ear>()
  const traces = new Map<BindId, Recording>()
  const listeners = new Set<(any: boolean) => void>()
  let any = false

  function turned(): void {
    const now = [...ears.values()].some(({ on }) => on)
    if (now === any) return
    any = now
    for (const call of listeners) call(any)
  }

  function ear(bind: BindId): Ear {
    let it = ears.get(bind)
    if (!it) {
      it = {
        on: false,
        record: (direction, pdu, connection) => traces.get(bind)?.record(direction, pdu, connection),
        note: (text, connection) => traces.get(bind)?.add({ n: 0, at: clock.now(), connection, note: text }),
      }
      ears.set(bind, it)
    }
    return it
  }

  function forget(bind: BindId): void {
    traces.get(bind)?.end('it was forgotten')
    traces.delete(bind)
  }

  /** Drops the oldest that has ended, of this account or of all. */
  function makeRoom(account: AccountId): boolean {
    const own = [...traces.values()].filter(({ order }) => order.account === account)
    const crowded = own.length >= mostOfAccount ? own : traces.size >= mostTraces ? [...traces.values()] : []
    if (crowded.length === 0) return true
    const over = crowded.find(({ ended }) => ended !== undefined)
    if (!over) return false
    forget(over.order.bind)
    return makeRoom(account)
  }

  return {
    ear,
    start(order) {
      const before = traces.get(order.bind)
      if (before?.ended === undefined && before) return 'running'
      traces.delete(order.bind)
      if (!makeRoom(order.account)) return 'too-many'
      const { bind, seconds, pdus, bodies, by } = order
      // Who listened to whom is to be found later: with bodies on every level that is in use.
      log[bodies ? 'warn' : 'info']({ bind, seconds, pdus, bodies, ...by }, 'trace switched on')
      const it = createRecording(order, clock, (why) => {
        ear(bind).on = false
        turned()
        log.info({ bind, pdus: it.pdus, why }, 'trace ended')
        clock.after(heldMs, () => {
          if (traces.get(bind) === it) traces.delete(bind)
        })
      })
      traces.set(bind, it)
      ear(bind).on = true
      turned()
      return it
    },
    get: (bind) => traces.get(bind),
    all: () => [...traces.values()],
    stop(bind, why) {
      const it = traces.get(bind)
      if (!it || it.ended !== undefined) return false
      it.end(why)
      return true
    },
    forget,
    keep(binds) {
      for (const bind of ears.keys()) {
        if (binds.has(bind)) continue
        forget(bind)
        ears.delete(bind)
      }
    },
    onAny(call) {
      listeners.add(call)
      call(any)
      return () => listeners.delete(call)
    },
    close() {
      for (const it of traces.values()) it.end('the gateway stops')
    },
  }
}

interface Recording extends Trace {
  record(direction: TraceDirection, pdu: Uint8Array, connection: TracedConnection): void
  add(entry: TraceEntry): void
  end(why: string): void
}

function createRecording(order: TraceOrder, clock: Clock, onEnd: (why: string) => void): Recording {
  const startedAt = clock.now()
  const until = startedAt + order.seconds * 1000
  const { protocol, bodies } = order
  let entries: TraceEntry[] = []
  /** Where in the list the oldest that is held stands. */
  let first = 0
  let bytes = 0
  let newest = 0
  let pdus = 0
  let ended: string | undefined
  let waiting: (() => void)[] = []
  const cancel = clock.after(until - startedAt, () => end(`${order.seconds} s are over`))

  function size(entry: TraceEntry): number {
    return entryBytes + (entry.octets?.length ?? 0) + (entry.note?.length ?? 0)
  }

  function add(entry: TraceEntry): void {
    if (ended !== undefined) return
    entry.n = ++newest
    entries.push(entry)
    bytes += size(entry)
    while (bytes > mostBytes && first < entries.length - 1) bytes -= size(entries[first++]!)
    if (first > slack) {
      entries = entries.slice(first)
      first = 0
    }
    wake()
  }

  function wake(): void {
    if (waiting.length === 0) return
    const woken = waiting
    waiting = []
    for (const each of woken) each()
  }

  function end(why: string): void {
    if (ended !== undefined) return
    ended = why
    cancel()
    onEnd(why)
    wake()
  }

  return {
    order,
    startedAt,
    until,
    get pdus() {
      return pdus
    },
    get ended() {
      return ended
    },
    record(direction, pdu, connection) {
      if (ended !== undefined) return
      const octets = new Uint8Array(pdu)
      const note = protocol.conceal(octets, bodies)
      const entry: TraceEntry = { n: 0, at: clock.now(), connection, direction, octets }
      if (note !== undefined) entry.note = note
      add(entry)
      if (++pdus >= order.pdus) end(`${order.pdus} PDUs are recorded`)
    },
    add,
    end,
    after(n, most) {
      const oldest = newest - (entries.length - first) + 1
      const from = Math.max(n + 1, oldest)
      const start = first + from - oldest
      return { entries: entries.slice(start, start + most), missed: from - n - 1 }
    },
    more(n) {
      if (newest > n || ended !== undefined) return Promise.resolve()
      return new Promise((resolve) => waiting.push(resolve))
    },
  }
}
