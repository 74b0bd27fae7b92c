// Which traced binds a message on the wire belongs to: the users that its From, To and credentials
// name, and the trunks of the address that it passes from or to. Only asked while somebody traces.
import { plainAddress, type Gateway, type Host, type TracedConnection } from '../../../src/plugin.ts'
import type { TrunksAt } from '../access/index.ts'
import { defaultReadLimits, readMessage, readNameAddr, readUri, type Headers } from '../codec/index.ts'
import type { Flow } from '../engine/engine.ts'
import type { Profile } from '../profile/types.ts'

export type Tap = (direction: 'in' | 'out', octets: Buffer, flow: Flow) => void

const connector = 'sip'
/** Connections whose entries are told apart; by UDP, ends. */
const mostConnections = 10_000

export function createTap({ host, profile, trunksAt }: { host: Host; profile: Profile; trunksAt: TrunksAt }): Tap {
  let connections = new Map<string, TracedConnection>()

  /** The same object each time, as a trace wants it. */
  function connectionOf({ id, local, remote }: Flow): TracedConnection {
    let it = connections.get(id)
    if (!it) {
      if (connections.size >= mostConnections) connections = new Map()
      connections.set(id, (it = { local, remote }))
    }
    return it
  }

  return (direction, octets, flow) => {
    const message = readMessage(octets, defaultReadLimits)
    const concerned = new Set<Gateway>()
    for (const { peer } of trunksAt(plainAddress(flow.remote.address), profile.name)) concerned.add(peer.gateway)
    if (message.kind !== 'bad') for (const gateway of usersOf(host, profile, message.headers)) concerned.add(gateway)
    for (const { trace } of concerned) if (trace?.on) trace.record(direction, octets, connectionOf(flow))
  }
}

function* usersOf(host: Host, profile: Profile, headers: Headers): Generator<Gateway> {
  for (const { user, domain } of namesOf(headers)) {
    const account = Object.hasOwn(profile.domains, domain) ? profile.domains[domain] : undefined
    if (account === undefined) continue
    for (const claim of [`${user}@${domain}`, `${user}@`])
      for (const gateway of host.claimed(connector, claim)) if (gateway.bind.account === account) yield gateway
  }
}

function* namesOf(headers: Headers): Generator<{ user: string; domain: string }> {
  for (const name of ['from', 'to']) {
    const uri = readUri(readNameAddr(headers.get(name) ?? '')?.uri ?? '')
    if (uri?.user !== undefined) yield { user: uri.user.toLowerCase(), domain: uri.host }
  }
  for (const name of ['authorization', 'proxy-authorization']) {
    const field = headers.get(name)
    if (field === undefined) continue
    const user = /\busername\s*=\s*"([^"]{1,300})"/i.exec(field)?.[1]?.toLowerCase()
    const realm = /\brealm\s*=\s*"([^"]{1,300})"/i.exec(field)?.[1]?.toLowerCase()
    if (user !== undefined && realm !== undefined) yield { user: user.split('@')[0]!, domain: realm }
  }
}
