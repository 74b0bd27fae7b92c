// Who a request is from, asked in this order: a trunk, by the address it came from; a user who
// registered by this very flow, where the profile takes that for enough; whoever knows the password.
import { plainAddress, type Host } from '../../../src/plugin.ts'
import { readUri } from '../codec/index.ts'
import type { Incoming } from '../engine/engine.ts'
import type { Profile } from '../profile/types.ts'
import type { Guard } from './guard.ts'
import type { Access, Known, Peer, Registrar } from './peer.ts'
import { refusedStranger, tooMany, tooManyFrom } from './refusals.ts'
import { type Aor, admitted, readAor, type Users } from './users.ts'

/** A trunk as its requests are known. */
export interface TrunkAt {
  peer: Peer
  /** Hosts by which its From or the Request-URI tell it from others of its address, in lower case. */
  domains: readonly string[]
}

/** Trunks of a profile whose requests come from this address (plain: no IPv6 form of IPv4), oldest first. */
export type TrunksAt = (address: string, profile: string) => readonly TrunkAt[]

export interface AccessParts {
  host: Host
  profile: Profile
  users: Users
  guard: Guard
  registrar: Pick<Registrar, 'isRegisteredBy'>
  trunksAt: TrunksAt
}

export function createAccess({ host, profile, users, guard, registrar, trunksAt }: AccessParts): Access {
  function user(request: Incoming, from: Aor): Known {
    if (profile.auth.message === 'flow' && registrar.isRegisteredBy(from.name, request.flow)) {
      const found = users.find(from)
      if (found) return admitted(host, found)
    }
    return users.authenticate(request, from)
  }

  return {
    identify(request) {
      const address = plainAddress(request.flow.remote.address)
      const trunks = trunksAt(address, profile.name)
      if (trunks.length > 0) return admitted(host, meant(trunks, request).peer)
      if (!guard.request(address)) return { reply: tooManyFrom }
      const from = senderOf(request)
      if (!from) return { reply: refusedStranger(400, 'From: expected a URI with a host') }
      const known = user(request, from)
      if ('peer' in known && !guard.message(known.peer.name)) return { reply: tooMany }
      return known
    },
  }
}

/** A number in From (`tel:`) has no domain: it is the one that the request is for. */
function senderOf(request: Incoming): Aor | undefined {
  const field = request.headers.get('from')
  const from = readAor(field)
  if (from || !field?.includes('tel:')) return from
  const domain = readUri(request.uri)?.host
  return domain ? { user: '', domain, name: `@${domain}` } : undefined
}

/** By the domain that it names, else by a number that its account owns, else the oldest. */
function meant(trunks: readonly TrunkAt[], request: Incoming): TrunkAt {
  const [oldest] = trunks
  if (trunks.length === 1) return oldest!
  const from = readAor(request.headers.get('from'))
  const to = readAor(request.headers.get('to'))
  const uri = readUri(request.uri)
  for (const domain of [from?.domain, uri?.host, to?.domain]) {
    const named = domain ? trunks.filter((trunk) => trunk.domains.includes(domain)) : []
    if (named.length === 1) return named[0]!
  }
  for (const user of [uri?.user, from?.user]) {
    const owner = user ? trunks.find(({ peer }) => owns(peer, user)) : undefined
    if (owner) return owner
  }
  return oldest!
}

function owns({ gateway }: Peer, user: string): boolean {
  return (gateway.number(user) ?? (/^\d/.test(user) ? gateway.number(`+${user}`) : undefined)) !== undefined
}
