// The embedded engine: our own stack for requests without dialogs, on every transport of a profile.
// It keeps RFC 3261's transactions and nothing of what messages mean. Whatever comes is answered,
// swallowed or dropped as the RFCs have it; nobody is sent to who was not configured or has not come
// to us; a peer that floods, drips, lies or falls silent harms its own connection only.
import type { Clock, Logger } from '../../../../src/plugin.ts'
import { type Bad, isKeepAlive, readMessage, type ReadMessage, writeRequest, writeResponse } from '../../codec/index.ts'
import type { Profile } from '../../profile/types.ts'
import type { Capabilities, EngineCounts, Flow, SipEngine, Take, Transport } from '../engine.ts'
import { refusal } from './admit.ts'
import { createClients } from './client.ts'
import { composeRefusal } from './compose.ts'
import { type Listening, openListeners } from './listen.ts'
import { createPlaces } from './places.ts'
import { createPool } from './pool.ts'
import { createRandom } from './random.ts'
import { createSender } from './send.ts'
import { createSentBy, responsePort } from './sent-by.ts'
import { createServers } from './server.ts'
import { carryStream, type ConnectionEnds, type ConnectionLimits } from './stream.ts'
import { type Connection, isWay, plain, type Way } from './way.ts'
import { createDoor, type Door, refuse } from './websocket.ts'
import { createWheel } from './wheel.ts'

export interface EmbeddedParts {
  profile: Profile
  log: Logger
  clock: Clock
  /** Addresses that are let in for nothing, silently: banned, or not on the list. Asked for each datagram and connection. */
  refuses?(address: string): boolean
  /** Option tags that a request may require. */
  supported?: readonly string[]
  /** Authorities of TLS peers besides the system's, PEM. */
  ca?: string
}

const partialMs = 10_000
const connectMs = 5_000
const drainMs = 3_000
const pathOfDoor = '/sip'

export function createEmbedded(parts: EmbeddedParts): SipEngine {
  const { profile, log } = parts
  // Transactions and connections measure how long something takes, never what time it is.
  const clock = parts.clock.steady
  const { listen, safety, timers } = profile
  const lifeMs = timers.f ?? 64 * timers.t1
  const refuses = parts.refuses ?? (() => false)
  const limits: ConnectionLimits = {
    headerBytes: safety.headerBytes,
    headerCount: safety.headerCount,
    bodyBytes: safety.bodyBytes,
    idleMs: safety.idleSeconds * 1000,
    partialMs,
  }
  const wheel = createWheel(clock)
  const random = createRandom()
  const places = createPlaces(safety, refuses)
  const connections = new Set<Connection>()
  const supported = new Set((parts.supported ?? ['path', 'outbound']).map((tag) => tag.toLowerCase()))
  const counts = { requests: 0, responses: 0, refused: 0 }
  let listening: Listening | undefined
  let take: Take = (_request, answer) => answer({ status: 503 })
  let stopping: Promise<void> | undefined

  const servers = createServers({
    profile: profile.name,
    wheel,
    clock,
    random,
    t1: timers.t1,
    t2: timers.t2,
    lifeMs,
    most: safety.transactions,
    take: (request, answer) => take(request, answer),
    refusal: (request, way) => refusal(request, way, supported, random),
    udp: () => listening?.udp,
    send: (octets, way) => void write(octets, way),
    failed: (error, { method }) => log.error({ err: error, method }, 'an answer cannot be written: 500 is sent'),
  })
  const clients = createClients({ wheel, clock, t1: timers.t1, t2: timers.t2, send: write })
  const ends: ConnectionEnds = {
    message: heard,
    bad: spoiled,
    closed(connection, why) {
      connections.delete(connection)
      log.debug({ flow: connection.id, why }, 'a connection is gone')
    },
  }
  const carrying = { wheel, clock, limits, ends }
  const pool = createPool({
    wheel,
    connectMs: Math.min(connectMs, lifeMs),
    ...(parts.ca === undefined ? {} : { ca: parts.ca }),
    carry: (socket, transport) => opened(carryStream(socket, transport, carrying)),
  })
  const door: Door = createDoor({ ...carrying, origins: listen.origins, enter: places.enter, opened })

  function opened(connection: Connection): Connection {
    connections.add(connection)
    log.debug({ flow: connection.id }, 'a connection is open')
    if (stopping) connection.end('the profile stops')
    return connection
  }

  function write(octets: Buffer, way: Way, failed?: (why: string) => void): string | undefined {
    if (engine.onMessage) engine.onMessage('out', octets, way)
    return way.write(octets, failed)
  }

  function datagram(octets: Buffer, way: Way): void {
    if (refuses(way.remote.address)) {
      counts.refused++
      return
    }
    // What only keeps a NAT open is not answered by UDP.
    if (octets.length < 16 && isKeepAlive(octets)) return
    if (engine.onMessage) engine.onMessage('in', octets, way)
    const message = readMessage(octets, limits)
    if (message.kind === 'bad') answerBad(message, way)
    else dispatch(message, way)
  }

  /** By a connection. Bans reach those that are open already. */
  function heard(message: ReadMessage, way: Way): void {
    if (refuses(way.remote.address)) {
      counts.refused++
      return (way as Connection).cut('refused')
    }
    if (engine.onMessage) engine.onMessage('in', octetsOf(message), way)
    dispatch(message, way)
  }

  function dispatch(message: ReadMessage, way: Way): void {
    if (message.kind === 'request') {
      counts.requests++
      servers.take(message, way)
    } else {
      counts.responses++
      clients.response(message, way)
    }
  }

  function spoiled(bad: Bad, way: Way): void {
    if (refuses(way.remote.address)) return (way as Connection).cut('refused')
    answerBad(bad, way)
  }

  /** One answer, without a transaction; none to what names no way back. */
  function answerBad({ answerable, status, why }: Bad, way: Way): void {
    log.debug({ peer: way.remote.address, transport: way.transport, why }, 'malformed')
    if (answerable === undefined) return
    counts.requests++
    const refused = composeRefusal(answerable, way.remote, status, why, random.tag())
    if (!refused) return
    const port = way.reliable ? way.remote.port : responsePort(refused.via, way.remote)
    write(refused.octets, port === way.remote.port ? way : (listening?.udp?.way({ address: way.remote.address, port }) ?? way))
  }

  const sender = createSender({
    clients,
    pool,
    random,
    udp: () => listening?.udp,
    sentBy: (way) => sentBy(way),
    clock,
    lifeMs,
    stopping: () => stopping !== undefined,
  })
  let sentBy = createSentBy(listen.external, [])

  async function close(): Promise<void> {
    servers.refuse()
    listening?.close()
    if (servers.trying() > 0) {
      const until = clock.now() + drainMs
      while (servers.trying() > 0 && clock.now() < until) await new Promise<void>((resolve) => clock.after(50, resolve))
    }
    servers.giveUp()
    clients.giveUp('the profile stops')
    pool.close('the profile stops')
    for (const connection of connections) connection.end('the profile stops')
    wheel.stop()
    await listening?.udp?.close()
  }

  const engine: SipEngine = {
    capabilities: capabilitiesOf(profile),
    onMessage: undefined,
    async start(taking) {
      take = taking
      listening = await openListeners({
        listen,
        places,
        udp: { datagram, failed: (error) => log.warn({ err: error }, 'the UDP socket has failed') },
        connected: (socket, transport) => void opened(carryStream(socket, transport, carrying)),
        door,
        failed: (transport, address, why) => log.debug({ transport, peer: address, why }, 'no connection came of it'),
      })
      sentBy = createSentBy(listen.external, listening.addresses)
      return listening.addresses
    },
    send: sender.send,
    revive: (flowId) => revived(flowId, listening),
    upgrade(request, socket, head) {
      const path = request.url?.split('?', 1)[0]
      if (!listen.httpPath || path !== pathOfDoor) return false
      if (stopping || refuses(plain(request.socket.remoteAddress))) refuse(socket, 503, 'Service Unavailable', 'closed')
      else door(request, socket, head, 'encrypted' in request.socket ? 'wss' : 'ws')
      return true
    },
    stop: () => (stopping ??= close()),
    counts: (): EngineCounts => ({
      requests: counts.requests,
      responses: counts.responses,
      retransmissionsIn: servers.counts.repeats,
      retransmissionsOut: clients.counts.repeats,
      refused: counts.refused + servers.counts.overflows,
      transactions: servers.size() + clients.size(),
      connections: connections.size,
    }),
  }
  return engine
}

function capabilitiesOf({ listen }: Profile): Capabilities {
  const has: Transport[] = []
  if (listen.udp) has.push('udp')
  has.push('tcp', 'tls')
  if (listen.ws || listen.httpPath) has.push('ws')
  if (listen.wss) has.push('wss')
  return { binaryBody: true, flows: true, transports: has }
}

const udpFlow = /^udp (\S+):(\d{1,5}) (\S+)$/

/** Only a flow of the UDP socket that there is now. */
function revived(flowId: string, listening: Listening | undefined): Flow | undefined {
  const found = udpFlow.exec(flowId)
  if (!found || !listening?.udp) return undefined
  const address = found[1]!.replace(/^\[(.*)\]$/, '$1')
  const port = Number(found[2])
  if (port < 1 || port > 65_535 || listening.udp.cannotReach(address) !== undefined) return undefined
  const way = listening.udp.way({ address, port })
  return way.id === flowId && isWay(way) ? way : undefined
}

/** As it was written, about: for whoever watches, of a message that came in a stream. */
function octetsOf(message: ReadMessage): Buffer {
  const lines: string[] = []
  for (const [name, value] of message.headers.entries()) if (!/^(?:content-length|l)$/i.test(name)) lines.push(name, value)
  return message.kind === 'request'
    ? writeRequest(message.method, message.uri, lines, message.body)
    : writeResponse(message.status, message.reason, lines, message.body)
}
