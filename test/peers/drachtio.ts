// A drachtio server for tests: its wire protocol as captured from the real one and read in its source,
// over a little SIP side of its own by UDP and TCP. Like the real one it hands a retransmission on as
// long as nothing was answered, writes Via and tags itself, leaves out every Route, refuses NULs, and
// answers for a peer that says nothing.
import { randomUUID } from 'node:crypto'
import { createSocket, type Socket as DatagramSocket } from 'node:dgram'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import {
  createFramer,
  defaultReadLimits,
  type HeaderLines,
  readMessage,
  type ReadMessage,
  type ReadRequest,
  type ReadResponse,
  readUri,
  stampedVia,
  writeRequest,
  writeResponse,
} from '../../plugins/sip/codec/index.ts'
import { createFrames, type Frame } from './drachtio-frames.ts'

export interface DrachtioPeer {
  /** Where apps connect. */
  port: number
  /** Where SIP is spoken, by UDP and TCP. */
  sipPort: number
  /** Apps that gave the secret. */
  links(): number
  /** Messages of apps, in order, as they came. */
  frames: readonly Frame[]
  /** Ends every link, or writes these octets to each. */
  cut(): void
  write(octets: Buffer): void
  /** From now on nothing is answered to apps. */
  mute(): void
  /** Takes no new connection; those that are there end. */
  away(): Promise<void>
  back(): Promise<void>
  close(): Promise<void>
}

export interface DrachtioPeerSettings {
  secret: string
  tls?: { key: string; cert: string }
  t1Ms?: number
  version?: string
}

interface Way {
  transport: 'udp' | 'tcp'
  address: string
  port: number
  write(octets: Buffer): void
}

interface Received {
  request: ReadRequest
  way: Way
  transaction: string
  answer?: Buffer
}

interface Awaited {
  transaction: string
  link: Socket
  stop(): void
}

const localhost = '127.0.0.1'
/** client.cpp: boost::circular_buffer<char>(12228). */
const ringOctets = 12_228
/** drachtio.cpp, m_setImmutableHdrs, and what the transaction layer writes. */
const dropped = new Set(['via', 'route', 'rseq', 'record-route', 'content-length', 'max-forwards'])

export async function startDrachtioPeer(settings: DrachtioPeerSettings): Promise<DrachtioPeer> {
  const { secret, t1Ms = 500, version = 'v0.9.5' } = settings
  const links = new Set<Socket>()
  const connected = new Set<Socket>()
  const received = new Map<string, Received>()
  const keys = new Map<string, Received>()
  const awaited = new Map<string, Awaited>()
  const seen: Frame[] = []
  const sipConnections = new Map<string, Socket>()
  let muted = false

  const streams = createServer((socket) => listenTo(socket))
  const { datagrams, sipPort } = await bindBoth(streams)

  const say = (link: Socket, text: string): void => {
    const frame = `${randomUUID()}|${text}`
    if (!muted && link.writable) link.write(`${Buffer.byteLength(frame)}#${frame}`)
  }
  const time = (): string => `${new Date().toISOString().slice(11, 23)}000`
  const meta = (way: Way, size: number): string => `network|${size}|${way.transport}|${way.address}|${way.port}|${time()}`

  /** From the network. */
  const arrive = (octets: Buffer, message: ReadMessage, way: Way): void => {
    if (message.kind === 'response') return answered(message, octets, way)
    const key = `${message.read.via.branch} ${message.method}`
    const there = keys.get(key)
    if (there?.answer !== undefined) return there.way.write(there.answer)
    const [link] = links
    const transaction = randomUUID()
    const one: Received = { request: message, way, transaction }
    if (link === undefined) return respond(one, 'SIP/2.0 503 Service Unavailable', [], '')
    if (message.body.includes(0)) return respond(one, 'SIP/2.0 400 Bad Request', [], '')
    received.set(transaction, one)
    if (there === undefined) keys.set(key, one)
    say(link, `sip|${meta(way, octets.length)}|${transaction}||${localhost}|${sipPort}|\r\n${octets.toString('utf8')}`)
  }

  const answered = (message: ReadResponse, octets: Buffer, way: Way): void => {
    const wait = awaited.get(message.read.via.branch ?? '')
    if (wait === undefined) return
    if (message.status >= 200) {
      wait.stop()
      awaited.delete(message.read.via.branch ?? '')
    }
    say(wait.link, `sip|${meta(way, octets.length)}|${wait.transaction}||${localhost}|${sipPort}|\r\n${octets.toString('utf8')}`)
  }

  const respond = (one: Received, startLine: string, lines: HeaderLines, body: string): void => {
    const { request, way } = one
    const [, status, ...reason] = startLine.split(' ')
    const [first, ...others] = request.headers.all('via')
    const vias = [stampedVia(request.read.via, way.address, way.port), ...others]
    const to = request.headers.get('to') ?? ''
    const all = [...(first === undefined ? [] : vias).flatMap((via) => ['Via', via]), 'From', request.headers.get('from') ?? '']
    all.push('To', request.read.toTag === '' ? `${to};tag=${randomUUID().slice(0, 8)}` : to)
    all.push('Call-ID', request.read.callId, 'CSeq', request.headers.get('cseq') ?? '', ...lines)
    one.answer = writeResponse(Number(status), reason.join(' '), all, Buffer.from(body))
    const known = keys.get(`${request.read.via.branch} ${request.method}`)
    if (known !== undefined) known.answer = one.answer
    way.write(one.answer)
  }

  /** From an app. */
  const take = (link: Socket, frame: Frame): void => {
    seen.push(frame)
    const [id = '', verb, third = '', , route] = frame.leader
    const no = (why: string): void => {
      say(link, `response|${id}|NO|${why}`)
      links.delete(link)
      link.end()
    }
    if (verb === 'ping') return say(link, `response|${id}|OK|pong`)
    if (verb === 'authenticate') {
      if (third !== secret) return no('incorrect secret')
      links.add(link)
      const hostports = `udp/${localhost}:${sipPort},tcp/${localhost}:${sipPort}`
      return say(link, `response|${id}|OK|${hostports}|${version}|${hostports}`)
    }
    if (!links.has(link)) return no('not authenticated')
    if (verb === 'route') return say(link, `response|${id}|OK`)
    if (verb !== 'sip') return no('Unknown message type')
    if (frame.startLine.startsWith('SIP/')) {
      const one = received.get(third)
      if (one === undefined) return say(link, `response|${id}|NOK|unknown transaction`)
      respond(one, frame.startLine, kept(frame.lines, ['from', 'to', 'call-id', 'cseq']), frame.body)
      return say(link, `response|${id}|OK`)
    }
    request(link, id, frame, route ?? '')
  }

  const request = (link: Socket, id: string, frame: Frame, route: string): void => {
    const nok = (why: string): void => say(link, `response|${id}|NOK|${why}`)
    const [method = '', uri = ''] = frame.startLine.split(' ')
    const hop = readUri(route === '' ? uri : route)
    const asked = readUri(uri)
    if (hop === undefined || asked === undefined) return nok(`invalid request-uri: ${frame.startLine}`)
    if (asked.host === localhost && asked.port === sipPort) return nok('can not send request to myself')
    const own = (name: string): string | undefined =>
      frame.lines[frame.lines.findIndex((each, i) => i % 2 === 0 && each.toLowerCase() === name) + 1]
    const has = (name: string): boolean => frame.lines.some((each, i) => i % 2 === 0 && each.toLowerCase() === name)
    if (frame.body !== '' && !has('content-type')) return nok('missing content-type')
    const transport = hop.params.get('transport') === 'tcp' ? 'tcp' : 'udp'
    const branch = `z9hG4bK${randomUUID().slice(0, 13)}`
    const lines = ['Via', `SIP/2.0/${transport.toUpperCase()} ${localhost}:${sipPort};rport;branch=${branch}`, 'Max-Forwards', '70']
    lines.push('From', `${own('from') ?? `<sip:${localhost}:${sipPort}>`};tag=${randomUUID().slice(0, 8)}`)
    lines.push('To', has('to') ? own('to')! : `<${uri}>`, 'Call-ID', has('call-id') ? own('call-id')! : randomUUID())
    lines.push('CSeq', has('cseq') ? own('cseq')! : `1 ${method}`, ...kept(frame.lines, ['from', 'to', 'call-id', 'cseq']))
    const octets = writeRequest(method, uri, lines, Buffer.from(frame.body))
    const transaction = randomUUID()
    const way = transport === 'udp' ? datagramWay(datagrams, hop.host, hop.port ?? 5060) : streamWay(hop.host, hop.port ?? 5060)
    const stop = transmit(way, octets, t1Ms, () => {
      awaited.delete(branch)
      // What the transaction layer makes up has no Via.
      const fields = lines.slice(4, 12).map((each, i) => (i % 2 === 0 ? `${each}: ` : `${each}\r\n`))
      say(link, `sip|${meta(way, 0)}|${transaction}||${localhost}|${sipPort}|\r\nSIP/2.0 408 Request Timeout\r\n${fields.join('')}\r\n`)
    })
    awaited.set(branch, { transaction, link, stop })
    say(
      link,
      `response|${id}|OK|application|${octets.length}|${transport}|${way.address}|${way.port}|${time()}|${transaction}|Msg sent:|\r\n${octets.toString('utf8')}`,
    )
  }

  const streamWay = (address: string, port: number): Way => {
    let socket = sipConnections.get(`${address}:${port}`)
    if (socket === undefined) {
      socket = connect(port, address)
      socket.on('connect', () => undefined)
      listenTo(socket, address, port)
    }
    return wayOf(socket, address, port)
  }

  const listenTo = (socket: Socket, address = socket.remoteAddress ?? '', port = socket.remotePort ?? 0): void => {
    connected.add(socket)
    sipConnections.set(`${address}:${port}`, socket)
    const framer = createFramer(defaultReadLimits, {
      message: (message) => arrive(wireOf(message), message, wayOf(socket, address, port)),
      pings: () => void socket.write('\r\n'),
      bad: () => socket.destroy(),
    })
    socket.on('data', (chunk) => framer.push(chunk))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      connected.delete(socket)
      sipConnections.delete(`${address}:${port}`)
    })
  }

  datagrams.on('message', (octets, from) => {
    const message = readMessage(octets)
    if (message.kind !== 'bad') arrive(octets, message, datagramWay(datagrams, from.address, from.port))
  })

  const apps = appServer(
    settings,
    connected,
    (link, frame) => take(link, frame),
    (link) => links.delete(link),
  )
  await listen(apps, 0)
  const { port } = apps.address() as AddressInfo

  return {
    port,
    sipPort,
    links: () => links.size,
    frames: seen,
    cut() {
      for (const link of links) link.destroy()
    },
    write(octets) {
      for (const link of links) link.write(octets)
    },
    mute() {
      muted = true
    },
    async away() {
      const closed = new Promise<void>((resolve) => apps.close(() => resolve()))
      for (const link of links) link.destroy()
      await closed
    },
    back: () => listen(apps, port),
    async close() {
      for (const { stop } of awaited.values()) stop()
      const closed = new Promise<void>((resolve) => apps.close(() => resolve()))
      streams.close()
      for (const socket of connected) socket.destroy()
      datagrams.close()
      await closed
    },
  }
}

function appServer(
  { tls }: DrachtioPeerSettings,
  connected: Set<Socket>,
  take: (link: Socket, frame: Frame) => void,
  gone: (link: Socket) => void,
): Server {
  const accept = (link: Socket): void => {
    connected.add(link)
    link.setNoDelay(true)
    const frames = createFrames(ringOctets)
    link.on('data', (chunk) => {
      for (const frame of frames.push(chunk)) take(link, frame)
      if (frames.broken()) link.destroy()
    })
    link.on('error', () => undefined)
    link.on('close', () => {
      connected.delete(link)
      gone(link)
    })
  }
  return tls === undefined ? createServer(accept) : createTlsServer(tls, accept)
}

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, localhost, () => {
      server.off('error', reject)
      resolve()
    })
  })

/** The same port by UDP and TCP: another one where one of them is taken. */
async function bindBoth(streams: Server): Promise<{ datagrams: DatagramSocket; sipPort: number }> {
  for (let tries = 0; ; tries++) {
    await listen(streams, 0)
    const { port } = streams.address() as AddressInfo
    const datagrams = createSocket('udp4')
    const fault = await new Promise<Error | undefined>((resolve) => {
      datagrams.once('error', resolve)
      datagrams.bind(port, localhost, () => resolve(undefined))
    })
    if (fault === undefined) return { datagrams, sipPort: port }
    datagrams.close()
    await new Promise<void>((resolve) => streams.close(() => resolve()))
    if (tries === 20) throw fault
  }
}

const datagramWay = (socket: DatagramSocket, address: string, port: number): Way => ({
  transport: 'udp',
  address,
  port,
  write: (octets) => socket.send(octets, port, address),
})

const wayOf = (socket: Socket, address: string, port: number): Way => ({
  transport: 'tcp',
  address,
  port,
  write: (octets) => void socket.write(octets),
})

/** By UDP again and again (RFC 3261 §17.1.2.2), until it is stopped or Timer F fires. */
function transmit(way: Way, octets: Buffer, t1Ms: number, giveUp: () => void): () => void {
  let waitMs = t1Ms
  let again: NodeJS.Timeout | undefined
  way.write(octets)
  const repeat = (): void => {
    way.write(octets)
    waitMs = Math.min(waitMs * 2, 8 * t1Ms)
    again = setTimeout(repeat, waitMs)
  }
  if (way.transport === 'udp') again = setTimeout(repeat, waitMs)
  const stop = (): void => {
    clearTimeout(again)
    clearTimeout(end)
  }
  const end = setTimeout(() => {
    stop()
    giveUp()
  }, 64 * t1Ms)
  return stop
}

function kept(lines: HeaderLines, without: readonly string[]): string[] {
  const all: string[] = []
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const name = lines[i]!.toLowerCase()
    if (!dropped.has(name) && !without.includes(name)) all.push(lines[i]!, lines[i + 1]!)
  }
  return all
}

/** A message that came by a stream, as text again. */
function wireOf(message: ReadMessage): Buffer {
  const lines: string[] = []
  for (const [name, value] of message.headers.entries())
    if (name.toLowerCase() !== 'content-length' && name !== 'l') lines.push(name, value)
  if (message.kind === 'request') return writeRequest(message.method, message.uri, lines, message.body)
  return writeResponse(message.status, message.reason, lines, message.body)
}
