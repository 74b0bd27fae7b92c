// Which binds are trunks just now, and which of them a request comes from. Dialling a bind makes it
// known here, whether its hops answer or not; stopping it makes it unknown.
import { rangesOf, type BindId } from '../../src/plugin.ts'
import type { Peer, TrunkAt, TrunksAt } from './access/index.ts'
import { readUri } from './codec/index.ts'
import type { Trunk } from './profile/types.ts'

export interface Trunks {
  /** Again for the same bind: in place of what was said before. */
  know(peer: Peer, trunk: Trunk): void
  forget(bind: BindId): void
  at: TrunksAt
}

/** Addresses whose trunks are remembered. */
const mostRemembered = 10_000

export function createTrunks(): Trunks {
  const known = new Map<BindId, TrunkAt & { profile: string; has(address: string): boolean; since: number }>()
  let remembered = new Map<string, readonly TrunkAt[]>()
  return {
    know(peer, trunk) {
      const { id, createdAt } = peer.gateway.bind
      const ranges = rangesOf(trunk.addresses)
      known.set(id, { peer, domains: domainsOf(trunk), profile: trunk.profile, has: (address) => ranges.has(address), since: createdAt })
      remembered = new Map()
    },
    forget(bind) {
      if (known.delete(bind)) remembered = new Map()
    },
    at(address, profile) {
      const key = `${profile} ${address}`
      let found = remembered.get(key)
      if (!found) {
        const all = [...known.values()].filter((each) => each.profile === profile && each.has(address))
        found = all.toSorted((a, b) => a.since - b.since)
        if (remembered.size >= mostRemembered) remembered = new Map()
        remembered.set(key, found)
      }
      return found
    },
  }
}

function domainsOf({ from, to, nextHops }: Trunk): string[] {
  const hosts = [from.domain, to.domain, ...nextHops.map((hop) => readUri(hop)?.host)]
  return [...new Set(hosts.flatMap((host) => host?.toLowerCase() ?? []))]
}
