// The flows that a drachtio server tells of. It says by which transport and from where a request came,
// never that a connection has gone; so a flow of it is open as long as the engine runs.
import { hostPortText } from '../../../../src/plugin.ts'
import { readHost, writeHost } from '../../codec/index.ts'
import { type End, type Flow, type Listened, type Target, type Transport, transports } from '../engine.ts'

export interface Flows {
  /** The same object for the same ends, as long as anybody holds it. */
  of(transport: Transport, remote: End, local: End): Flow
  /** Of UDP only, by a listener that the server has: a connection may be gone, and nobody would say so. */
  revive(id: string, listened: readonly Listened[]): Flow | undefined
  /** The engine has stopped: everything that waits for it hears so. */
  close(): void
}

export function createFlows(): Flows {
  const known = new Map<string, WeakRef<Flow>>()
  const forgotten = new FinalizationRegistry<string>((id) => {
    if (known.get(id)?.deref() === undefined) known.delete(id)
  })
  const ends = { open: true, waiting: new Set<() => void>() }
  const of = (transport: Transport, remote: End, local: End): Flow => {
    const id = `${transport} ${hostPortText(remote.address, remote.port)} ${hostPortText(local.address, local.port)}`
    const there = known.get(id)?.deref()
    if (there !== undefined) return there
    const flow = flowOf(id, transport, remote, local, ends)
    known.set(id, new WeakRef(flow))
    forgotten.register(flow, id)
    return flow
  }
  return {
    of,
    revive(id, listened) {
      const [transport, remote, local, ...more] = id.split(' ')
      if (transport !== 'udp' || more.length > 0) return undefined
      const [theirs, ours] = [readEnd(remote ?? ''), readEnd(local ?? '')]
      if (theirs === undefined || ours === undefined) return undefined
      const is = (each: Listened): boolean => each.transport === 'udp' && each.address === ours.address && each.port === ours.port
      return listened.some(is) ? of('udp', theirs, ours) : undefined
    },
    close() {
      ends.open = false
      for (const call of ends.waiting) call()
      ends.waiting.clear()
    },
  }
}

function flowOf(id: string, transport: Transport, remote: End, local: End, ends: { open: boolean; waiting: Set<() => void> }): Flow {
  return {
    id,
    transport,
    remote,
    local,
    get open() {
      return transport === 'udp' || ends.open
    },
    onClose(call) {
      if (transport === 'udp') return () => undefined
      // One of its own, so that the same function may wait twice.
      const once = (): void => call()
      ends.waiting.add(once)
      return () => {
        ends.waiting.delete(once)
      }
    },
  }
}

/** `192.0.2.1:5060`, `[2001:db8::1]:5060`; also without brackets, as the server writes it. */
export function readEnd(text: string): End | undefined {
  const colon = text.lastIndexOf(':')
  const port = /^\d{1,5}$/.test(text.slice(colon + 1)) ? Number(text.slice(colon + 1)) : Number.NaN
  const host = text.slice(0, Math.max(0, colon))
  const address = readHost(host.includes(':') && !host.startsWith('[') ? `[${host}]` : host)
  return address !== undefined && port > 0 && port < 65_536 ? { address, port } : undefined
}

export const isTransport = (word: string): word is Transport => (transports as readonly string[]).includes(word)

/**
 * Where the server shall send to instead of where the Request-URI leads: the address that the request
 * came from, or that a hop resolved to. By a connection it uses the one that leads there, where there is one.
 */
export const proxyOf = (via: Flow | Target): string => {
  const { address, port } = 'remote' in via ? via.remote : via
  return `sip:${writeHost(address)}:${port};transport=${via.transport}`
}
