// A request on its way out: to the flow that a peer came by, or to a target that was configured. Large
// ones leave by TCP where the target takes that (RFC 3261 §18.1.1). Never rejects.
import type { Clock } from '../../../../src/plugin.ts'
import { Unwritable } from '../../codec/index.ts'
import type { Flow, OutRequest, Sent, SipEngine, Target } from '../engine.ts'
import type { Clients } from './client.ts'
import { composeRequest } from './compose.ts'
import type { Pool } from './pool.ts'
import type { Random } from './random.ts'
import type { SentBy } from './sent-by.ts'
import type { Udp } from './udp.ts'
import { isWay, type Way, written } from './way.ts'

export interface SenderParts {
  clients: Clients
  pool: Pool
  random: Random
  udp(): Udp | undefined
  sentBy: SentBy
  clock: Clock
  /** Timer F. */
  lifeMs: number
  stopping(): boolean
}

/** RFC 3261 §18.1.1: within 200 octets of a path MTU that is not known. */
const largestDatagram = 1300
/** A target that takes no TCP is not asked again for so long. */
const refusalMs = 300_000
const mostRefusals = 1000
const firstCSeq = 1

export function createSender(parts: SenderParts): Pick<SipEngine, 'send'> {
  const { clients, pool, random, clock, lifeMs } = parts
  /** Targets without TCP, until when. */
  const withoutTcp = new Map<string, number>()

  function start(request: OutRequest, way: Way, names: Names, signal: AbortSignal, done: (sent: Sent) => void): Buffer | undefined {
    if (signal.aborted || !way.open) {
      done(unsent(signal.aborted ? 'given up' : 'the connection is gone'))
      return undefined
    }
    const { method, uri } = request
    const branch = random.branch(uri)
    let octets: Buffer
    try {
      octets = composeRequest(request, {
        transport: way.transport,
        sentBy: parts.sentBy(way),
        branch,
        tag: names.tag,
        callId: names.callId,
        cseq: request.cseq ?? firstCSeq,
      })
    } catch (error) {
      if (!(error instanceof Unwritable)) throw error
      done(unsent(error.message))
      return undefined
    }
    if (names.small && octets.length > largestDatagram) return octets
    clients.start({ branch, method, uri, callId: names.callId, octets, way, limitMs: request.limitMs ?? lifeMs, signal }, done)
    return undefined
  }

  function toTarget(request: OutRequest, target: Target, signal: AbortSignal, done: (sent: Sent) => void): void {
    const names: Names = { tag: random.tag(), callId: request.callId ?? random.callId(), small: false }
    switch (target.transport) {
      case 'udp':
        return byUdp(request, target, names, signal, done)
      case 'tcp':
      case 'tls':
        return pool.want(target, (way, why) =>
          way ? void start(request, way, names, signal, done) : done(unsent(`${target.transport} ${written(target)}: ${why}`)),
        )
      default:
        return done(unsent('WebSocket peers come to us: none is dialled'))
    }
  }

  function byUdp(request: OutRequest, target: Target, names: Names, signal: AbortSignal, done: (sent: Sent) => void): void {
    const udp = parts.udp()
    const why = udp ? udp.cannotReach(target.address) : 'the profile has no UDP address'
    if (!udp || why !== undefined) return done(unsent(why ?? ''))
    const way = udp.way(target)
    const key = written(target)
    names.small = !((withoutTcp.get(key) ?? 0) > clock.now())
    if (start(request, way, names, signal, done) === undefined) return
    names.small = false
    pool.want({ address: target.address, port: target.port, name: target.name, transport: 'tcp' }, (connection) => {
      if (connection) return void start(request, connection, names, signal, done)
      if (withoutTcp.size >= mostRefusals) withoutTcp.clear()
      withoutTcp.set(key, clock.now() + refusalMs)
      start(request, way, names, signal, done)
    })
  }

  return {
    send: (request, signal) =>
      new Promise((resolve) => {
        if (parts.stopping()) return resolve(unsent('the profile stops'))
        if (signal.aborted) return resolve(unsent('given up'))
        const { via } = request
        if (!isFlow(via)) return toTarget(request, via, signal, resolve)
        // What comes from outside may be the flow of another engine.
        if (!isWay(via)) return resolve(unsent('the flow is not of this engine'))
        start(request, via, { tag: random.tag(), callId: request.callId ?? random.callId(), small: false }, signal, resolve)
      }),
  }
}

interface Names {
  tag: string
  callId: string
  /** One that is too large for a datagram is given back. */
  small: boolean
}

const isFlow = (via: Flow | Target): via is Flow => 'remote' in via
const unsent = (why: string): Sent => ({ kind: 'unsent', why })
