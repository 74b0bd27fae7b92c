// Which addresses, by which transport and in which order, a next hop stands for (RFC 3263 §4, RFC 2782).
// Each call draws anew among hops of equal priority, so that load is shared as the records say. Peers
// are reached by UDP, TCP and TLS only: WebSocket peers come to us.
import { isIP } from 'node:net'
import { readUri } from '../codec/index.ts'
import { createNames, type Dns, type NaptrRecord, NamesUnknown, type SrvRecord } from './dns.ts'
import type { Target } from './engine.ts'
import type { Clock } from '../../../src/plugin.ts'

export type { Dns } from './dns.ts'

/** `sip:host:port;transport=tcp`, `sips:host`. Rejects with Unresolvable, fit for the operator. */
export type Resolve = (hop: string) => Promise<readonly Target[]>

/** `temporary`: no name server answered. Otherwise the hop is wrong, or its name has no address. */
export class Unresolvable extends Error {
  override readonly name = 'Unresolvable'
  readonly temporary: boolean
  constructor(message: string, temporary: boolean) {
    super(message)
    this.temporary = temporary
  }
}

type Dialled = 'udp' | 'tcp' | 'tls'

export interface ResolveParts {
  clock: Clock
  dns?: Dns
  /** From 0 up to 1. */
  random?: () => number
}

/** RFC 3261 §19.1.2. */
const defaultPorts = { udp: 5060, tcp: 5060, tls: 5061 } as const
/** RFC 3263 §4.1, in the order in which they are asked where nothing says which is preferred. */
const services = [
  { transport: 'udp', naptr: 'SIP+D2U', srv: '_sip._udp' },
  { transport: 'tcp', naptr: 'SIP+D2T', srv: '_sip._tcp' },
  { transport: 'tls', naptr: 'SIPS+D2T', srv: '_sips._tcp' },
] as const
/** More than these are no help, and an attacker's DNS could name thousands. */
const mostTargets = 32

export function createResolve({ clock, dns, random = Math.random }: ResolveParts): Resolve {
  const names = createNames(clock, dns)

  async function bySrv(name: string, transport: Dialled, tlsName: string): Promise<Target[]> {
    const records = await names.srv(name)
    // RFC 2782: a single dot says that the service is decidedly not there.
    if (records.length === 1 && (records[0]!.name === '' || records[0]!.name === '.'))
      throw new Unresolvable(`${name}: the domain says that it has no such service`, false)
    const targets: Target[] = []
    for (const { name: host, port } of drawn(records, random)) {
      if (port > 0) targets.push(...(await byAddress(host, port, transport, tlsName)))
    }
    return targets
  }

  async function byAddress(host: string, port: number, transport: Dialled, tlsName: string): Promise<Target[]> {
    return (await names.addresses(host)).map((address) => ({ transport, address, port, name: tlsName }))
  }

  /** §4.1: what the domain prefers; else whichever services it has. */
  async function byServices(host: string, secure: boolean): Promise<Target[]> {
    const spoken = secure ? services.filter(({ transport }) => transport === 'tls') : services
    const targets: Target[] = []
    for (const { service, replacement } of inOrder(await names.naptr(host))) {
      const known = spoken.find(({ naptr }) => naptr === service.toUpperCase())
      if (known) targets.push(...(await bySrv(replacement, known.transport, host)))
    }
    if (targets.length > 0) return targets
    // TLS only where it is asked for, or NAPTR says so: a peer's certificate is seldom for its domain.
    const plain = secure ? spoken : spoken.filter(({ transport }) => transport !== 'tls')
    const denied: unknown[] = []
    for (const { srv, transport } of plain) {
      try {
        targets.push(...(await bySrv(`${srv}.${host}`, transport, host)))
      } catch (error) {
        if (!(error instanceof Unresolvable)) throw error
        denied.push(error)
      }
    }
    if (targets.length === 0 && denied.length > 0) throw denied[0]
    return targets
  }

  async function targetsOf(hop: string): Promise<Target[]> {
    const uri = readUri(hop)
    if (!uri || uri.scheme === 'tel' || uri.host === '')
      throw new Unresolvable(`next hop '${hop}': expected sip:host:port;transport=tcp`, false)
    const { host, port } = uri
    const secure = uri.scheme === 'sips'
    const said = uri.params.get('transport')?.toLowerCase()
    const wanted = transportOf(said, secure)
    if (wanted === undefined) throw new Unresolvable(`next hop '${hop}': expected transport udp, tcp or tls, got '${said}'`, false)
    const usual: Dialled = wanted ?? (secure ? 'tls' : 'udp')
    if (isIP(host) !== 0) return [{ transport: usual, address: host, port: port ?? defaultPorts[usual], name: host }]
    // An explicit port: its addresses and nothing else (§4.2).
    if (port !== undefined) return byAddress(host, port, usual, host)
    const found = wanted === null ? await byServices(host, secure) : await bySrv(`${srvOf(wanted)}.${host}`, wanted, host)
    return found.length > 0 ? found : byAddress(host, defaultPorts[usual], usual, host)
  }

  return async (hop) => {
    let targets: Target[]
    try {
      targets = await targetsOf(hop)
    } catch (error) {
      if (error instanceof NamesUnknown) throw new Unresolvable(error.message, true)
      throw error
    }
    if (targets.length === 0) throw new Unresolvable(`next hop '${hop}': its name has no address`, false)
    return once(targets).slice(0, mostTargets)
  }
}

/** null: not said. undefined: one that we do not dial, or that contradicts the scheme. */
function transportOf(said: string | undefined, secure: boolean): Dialled | null | undefined {
  if (said === undefined) return null
  // §4.1: sips with transport=tcp is TLS over TCP.
  if (secure) return said === 'tcp' || said === 'tls' ? 'tls' : undefined
  return said === 'udp' || said === 'tcp' || said === 'tls' ? said : undefined
}

const srvOf = (transport: Dialled): string => services.find((each) => each.transport === transport)!.srv

/** Lowest order first, then preference. Only those that lead to SRV. */
const inOrder = (records: readonly NaptrRecord[]): NaptrRecord[] =>
  records.filter(({ flags }) => flags.toLowerCase() === 's').sort((a, b) => a.order - b.order || a.preference - b.preference)

/** RFC 2782: rising priority; inside one, drawn by weight, those without weight seldom first. */
function drawn(records: readonly SrvRecord[], random: () => number): SrvRecord[] {
  const left = [...records].sort((a, b) => a.priority - b.priority || a.weight - b.weight)
  const order: SrvRecord[] = []
  while (left.length > 0) {
    const { priority } = left[0]!
    const equals = left.findLastIndex((each) => each.priority === priority) + 1
    let sum = 0
    for (let i = 0; i < equals; i++) sum += left[i]!.weight
    // A whole number from 0 to the sum, both included.
    const mark = Math.floor(random() * (sum + 1))
    let at = 0
    for (let running = left[0]!.weight; running < mark && at < equals - 1; running += left[at]!.weight) at++
    order.push(...left.splice(at, 1))
  }
  return order
}

/** Each transport, address and port the first time only. */
function once(targets: readonly Target[]): Target[] {
  const seen = new Set<string>()
  return targets.filter(({ transport, address, port }) => {
    const key = `${transport} ${address} ${port}`
    return !seen.has(key) && seen.add(key)
  })
}
