// What the stack writes to: a flow whose other side is the kernel. By UDP an address, otherwise a
// connection. Writing never waits and never throws; what cannot be written says why.
import { hostPortText } from '../../../../src/plugin.ts'
import type { End, Flow, Transport } from '../engine.ts'

export interface Way extends Flow {
  /** Nothing written is repeated by us, nothing that comes is a repeat: TCP and what lies above it. */
  readonly reliable: boolean
  /** Undefined: taken. Else why not, and nothing has left. `failed`: the kernel refused after all. */
  write(octets: Buffer, failed?: (why: string) => void): string | undefined
}

/** A way that is a connection. */
export interface Connection extends Way {
  /** Sends what is written already, then closes. */
  end(why: string): void
  /** Closes now. */
  cut(why: string): void
}

export const isWay = (flow: Flow): flow is Way => 'write' in flow

/** As Via names it (RFC 3261 §20.42, RFC 7118 §5.2.2). */
export const tokens: Readonly<Record<Transport, string>> = { udp: 'UDP', tcp: 'TCP', tls: 'TLS', ws: 'WS', wss: 'WSS' }

export const isSecure = (transport: Transport): boolean => transport === 'tls' || transport === 'wss'

/** `192.0.2.1:5060`, `[2001:db8::1]:5060`. */
export const written = ({ address, port }: End): string => hostPortText(address, port)

/** IPv4 that came by an IPv6 socket as IPv4: one peer has one address. Without the zone of a link-local one. */
export function plain(address: string | undefined): string {
  if (address === undefined) return ''
  if (address.startsWith('::ffff:') && address.includes('.')) return address.slice(7)
  const zone = address.indexOf('%')
  return zone === -1 ? address : address.slice(0, zone)
}

/** Bound to every address of the machine. */
export const isAny = (address: string): boolean => address === '0.0.0.0' || address === '::'
