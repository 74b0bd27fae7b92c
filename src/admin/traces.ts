// Traces of binds: who may listen to what passes on the wire, for how long, and what of it. Whoever
// may see a bind may trace it. Bodies are for those alone whose messages they are: a bind to which a
// route of an account above them leads carries that account's words too, and those stay hidden.
import { createCapture, captureHead } from '../binds/capture.ts'
import type { Trace, TraceEntry, Traces } from '../binds/trace.ts'
import { isWithin, localBindId, type Configuration } from '../model/configuration.ts'
import type { Bind } from '../model/bind.ts'
import type { AccountId, BindId } from '../model/message.ts'
import { targetMeans } from '../model/route.ts'
import type { TracedEnd } from '../model/trace.ts'
import type { Connector } from '../plugin.ts'
import type { AdminTraces, TraceLine, TraceView } from './admin.ts'
import { Refused, type Caller } from './caller.ts'
import { hostPortText } from '../model/network.ts'

export interface TraceParts {
  traces: Traces
  connectors: ReadonlyMap<string, Connector>
  configuration(): Configuration
  onChange(listener: (configuration: Configuration) => void): void
}

export const traceLimits = { seconds: 3600, pdus: 100_000 }
const defaultSeconds = 300
const pageEntries = 200

export function createAdminTraces({ traces, connectors, configuration, onChange }: TraceParts): AdminTraces {
  onChange((now) => {
    traces.keep(now.binds)
    for (const { order, ended } of traces.all()) {
      const bind = now.binds.get(order.bind)
      if (ended !== undefined || !order.bodies || !bind || ownsBodies(now, bind, order.by.account)) continue
      traces.stop(order.bind, 'a route of another account leads to the bind now, and its bodies are not to be shown')
    }
  })

  function bindOf(caller: Caller, id: BindId): Bind {
    const now = configuration()
    const bind = now.binds.get(id)
    if (!bind || !isWithin(now, bind.account, caller.account)) throw new Refused('absent', `There is no bind ${id}.`)
    return bind
  }

  /** Absent where there is none, and where it is not for this caller's eyes. */
  function traceOf(caller: Caller, id: BindId): Trace {
    const bind = bindOf(caller, id)
    const trace = traces.get(id)
    if (!trace) throw new Refused('absent', `The bind ${localBindId(id)} is not traced, and nothing is left of an earlier trace.`)
    if (trace.order.bodies && !ownsBodies(configuration(), bind, caller.account)) throw bodiesRefused(bind)
    return trace
  }

  return {
    start(caller, id, { seconds, pdus, bodies = false }) {
      const bind = bindOf(caller, id)
      const protocol = connectors.get(bind.connector)?.trace
      if (!protocol) throw new Refused('invalid', `Binds of the connector ${bind.connector} cannot be traced.`)
      if (bodies && !ownsBodies(configuration(), bind, caller.account)) throw bodiesRefused(bind)
      const started = traces.start({
        bind: id,
        account: bind.account,
        protocol,
        // A number alone has a limit in time too.
        seconds: seconds ?? (pdus === undefined ? defaultSeconds : traceLimits.seconds),
        pdus: pdus ?? traceLimits.pdus,
        bodies,
        by: { account: caller.account, author: caller.author, source: caller.source },
      })
      if (started === 'running') {
        const { order, until } = traces.get(id)!
        throw new Refused(
          'in-use',
          `The bind ${localBindId(id)} is traced already, by ${order.by.author} until ${new Date(until).toISOString()}: read that trace, or stop it first.`,
        )
      }
      if (started === 'too-many') throw new Refused('conflict', 'Too many binds are traced: stop another trace first.')
      return viewOf(started)
    },
    stop(caller, id) {
      const trace = traceOf(caller, id)
      traces.stop(id, `stopped by ${caller.author}`)
      return viewOf(trace)
    },
    forget(caller, id) {
      const trace = traceOf(caller, id)
      traces.forget(id)
      return viewOf(trace)
    },
    get: (caller, id) => viewOf(traceOf(caller, id)),
    lines(caller, id, after, most) {
      const trace = traceOf(caller, id)
      const { entries, missed } = trace.after(after, most)
      return { lines: entries.map((entry) => lineOf(trace, entry)), missed }
    },
    follow: (caller, id, after, signal) => follow(traceOf(caller, id), after, signal),
    capture(caller, id) {
      const { side } = bindOf(caller, id)
      return capture(traceOf(caller, id), side === 'supplier')
    },
  }
}

/** Every message on the bind is of the account or of one below it. */
function ownsBodies(configuration: Configuration, bind: Bind, account: AccountId): boolean {
  for (const [owner, routes] of configuration.routes) {
    if (isWithin(configuration, owner, account)) continue
    if (routes.some((route) => route.enabled && route.to.some((target) => targetMeans(target, bind)))) return false
  }
  return true
}

function bodiesRefused(bind: Bind): Refused {
  return new Refused(
    'forbidden',
    `Routes of an account above lead to the bind ${localBindId(bind.id)}: its bodies are not yours alone. Trace it without bodies, or ask above.`,
  )
}

async function* follow(trace: Trace, after: number, signal: AbortSignal) {
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  for (let n = after; !signal.aborted;) {
    const { entries, missed } = trace.after(n, pageEntries)
    if (missed > 0) yield { missed }
    for (const entry of entries) yield lineOf(trace, entry)
    const newest = entries.at(-1)
    if (newest) n = newest.n
    else if (trace.ended !== undefined) {
      yield { ended: trace.ended, pdus: trace.pdus }
      return
    } else {
      n += missed
      await Promise.race([trace.more(n), aborted])
    }
  }
}

/** What is held now; a trace that goes on is told in part. */
function* capture(trace: Trace, dialled: boolean): Generator<Uint8Array> {
  const packets = createCapture({ port: trace.order.protocol.port, dialled })
  yield captureHead()
  for (let n = 0; ;) {
    const { entries } = trace.after(n, pageEntries)
    const newest = entries.at(-1)
    if (!newest) return
    n = newest.n
    const chunk = Buffer.concat(entries.map((entry) => packets(entry)))
    if (chunk.length > 0) yield chunk
  }
}

function viewOf({ order, startedAt, until, pdus, ended }: Trace): TraceView {
  return {
    bind: order.bind,
    running: ended === undefined,
    bodies: order.bodies,
    by: order.by.author,
    startedAt,
    until,
    limit: order.pdus,
    pdus,
    ...(ended === undefined ? {} : { ended }),
  }
}

function lineOf(trace: Trace, { n, at, connection, direction, octets, note }: TraceEntry): TraceLine {
  const line: TraceLine = { n, at, local: endText(connection.local), remote: endText(connection.remote) }
  if (note !== undefined) line.note = note
  if (!octets || !direction) return line
  const { title, fields } = trace.order.protocol.dissect(octets, note === undefined)
  return { ...line, direction, title, fields, octets: Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('hex') }
}

function endText({ address, port }: TracedEnd): string {
  return hostPortText(address, port)
}
