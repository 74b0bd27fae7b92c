// What our Via names as the place where responses find us (RFC 3261 §18.1.1): the external address
// of the profile, else the one we listen on; where that is every address of the machine, the one
// that the peer's answer would reach.
import { networkInterfaces } from 'node:os'
import { BlockList, isIPv6 } from 'node:net'
import type { Listen } from '../../profile/types.ts'
import type { End, Listened, Transport } from '../engine.ts'
import { writeHost } from '../../codec/index.ts'
import { isAny, type Way } from './way.ts'

export type SentBy = (way: Way) => string

const mostKnown = 10_000

export function createSentBy(external: Listen['external'], listened: readonly Listened[]): SentBy {
  const ports = new Map<Transport, number>(listened.map(({ transport, port }) => [transport, port]))
  /** By the peer's address. */
  const locals = new Map<string, string>()

  function towards(peer: string): string {
    const known = locals.get(peer)
    if (known !== undefined) return known
    if (locals.size >= mostKnown) locals.clear()
    const found = localTowards(peer)
    locals.set(peer, found)
    return found
  }

  return ({ transport, local, remote }) => {
    const port = ports.get(transport) ?? local.port
    if (external) return `${writeHost(external.host)}:${external.port ?? port}`
    return `${writeHost(isAny(local.address) ? towards(remote.address) : local.address)}:${port}`
  }
}

/** The address of the interface in whose network the peer is; else of the first that is no loopback. */
function localTowards(peer: string): string {
  const family = isIPv6(peer) ? 'IPv6' : 'IPv4'
  let first: string | undefined
  for (const addresses of Object.values(networkInterfaces())) {
    for (const each of addresses ?? []) {
      if (each.family !== family) continue
      const network = new BlockList()
      network.addSubnet(
        each.address,
        Number(each.cidr?.split('/')[1] ?? (family === 'IPv4' ? 32 : 128)),
        family === 'IPv4' ? 'ipv4' : 'ipv6',
      )
      if (network.check(peer, family === 'IPv4' ? 'ipv4' : 'ipv6')) return each.address
      if (!each.internal) first ??= each.address
    }
  }
  return first ?? (family === 'IPv6' ? '::1' : '127.0.0.1')
}

/** Where a response to a datagram goes (§18.2.2, RFC 3581 §4). */
export function responsePort(via: { host: string; port?: number; rport?: number }, remote: End): number {
  if (via.rport !== undefined) return remote.port
  // It named another address than it has: a NAT is between, where only the port that it came from leads back.
  if (via.host !== remote.address) return remote.port
  return via.port ?? 5060
}
