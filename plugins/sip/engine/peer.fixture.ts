// Peers of an engine under test: sockets that send what a test writes and hold what came. They know
// SIP only by the codec, and answer nothing of themselves. And what an engine is asked to say to them.
import { createSocket } from 'node:dgram'
import { connect as connectTcp } from 'node:net'
import { createFramer, defaultReadLimits, readMessage, type ReadMessage, type ReadResponse, type ReadRequest } from '../codec/index.ts'
import type { End, OutRequest } from './engine.ts'

export interface Peer {
  readonly local: End
  send(text: string | Buffer): void
  /** The next message that was not given out yet; rejects after a while. */
  next(limitMs?: number): Promise<ReadMessage>
  response(): Promise<ReadResponse>
  request(): Promise<ReadRequest>
  /** Messages that came and were not given out. */
  waiting(): number
  close(): Promise<void>
}

export interface StreamPeer extends Peer {
  /** Everything that came, as it came. */
  raw(): Buffer
  closed: Promise<void>
}

const patienceMs = 60_000

function inbox(): { put(message: ReadMessage): void; next(limitMs?: number): Promise<ReadMessage>; size(): number } {
  const messages: ReadMessage[] = []
  let wanted: ((message: ReadMessage) => void) | undefined
  return {
    put(message) {
      if (wanted) wanted(message)
      else messages.push(message)
    },
    size: () => messages.length,
    next(limitMs = patienceMs) {
      const there = messages.shift()
      if (there) return Promise.resolve(there)
      return new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          wanted = undefined
          reject(new Error(`nothing came within ${limitMs} ms`))
        }, limitMs)
        wanted = (message) => {
          clearTimeout(late)
          wanted = undefined
          resolve(message)
        }
      })
    },
  }
}

function asked(next: () => Promise<ReadMessage>): Pick<Peer, 'response' | 'request'> {
  return {
    async response() {
      const message = await next()
      if (message.kind !== 'response') throw new Error(`expected a response, got ${message.method}`)
      return message
    },
    async request() {
      const message = await next()
      if (message.kind !== 'request') throw new Error(`expected a request, got ${message.status}`)
      return message
    },
  }
}

/** Sends to `to`; takes from anyone. */
export async function udpPeer(to: End): Promise<Peer & { sendTo(text: string | Buffer, end: End): void }> {
  const box = inbox()
  const v6 = to.address.includes(':')
  const socket = createSocket(v6 ? 'udp6' : 'udp4')
  await new Promise<void>((resolve) => socket.bind(0, v6 ? '::1' : '127.0.0.1', resolve))
  socket.on('message', (octets) => {
    const message = readMessage(octets)
    if (message.kind === 'bad') throw new Error(`the engine sent what is malformed: ${message.why}\n${octets.toString('latin1')}`)
    box.put(message)
  })
  const { address, port } = socket.address()
  return {
    local: { address, port },
    send: (text) => socket.send(text, to.port, to.address),
    sendTo: (text, end) => socket.send(text, end.port, end.address),
    next: box.next,
    ...asked(() => box.next()),
    waiting: box.size,
    close: () => new Promise((resolve) => socket.close(resolve)),
  }
}

export async function tcpPeer(to: End): Promise<StreamPeer> {
  const box = inbox()
  const socket = connectTcp(to.port, to.address)
  const chunks: Buffer[] = []
  const framer = createFramer(defaultReadLimits, {
    message: (message) => box.put(message),
    // An answer that repeats what was malformed: in raw().
    bad: () => {},
    pings: () => {},
  })
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    framer.push(chunk)
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  socket.on('error', () => {})
  return {
    local: { address: socket.localAddress!, port: socket.localPort! },
    send: (text) => void socket.write(text),
    next: box.next,
    ...asked(() => box.next()),
    waiting: box.size,
    raw: () => Buffer.concat(chunks),
    closed,
    async close() {
      socket.destroy()
      await closed
    },
  }
}

let numbered = 0

export interface Said {
  method?: string
  uri?: string
  transport?: string
  branch?: string
  via?: string
  from?: string
  to?: string
  callId?: string
  cseq?: string
  maxForwards?: string
  headers?: readonly string[]
  body?: string | Buffer
  length?: string
}

/** A request of a peer at `local`, each with a branch and a Call-ID of its own unless they are said. */
export function requestText(local: End, said: Said = {}): Buffer {
  const n = ++numbered
  const method = said.method ?? 'MESSAGE'
  const host = local.address.includes(':') ? `[${local.address}]` : local.address
  const body = Buffer.from(said.body ?? 'Hello')
  const head = [
    `${method} ${said.uri ?? 'sip:+4915112345678@gateway.example'} SIP/2.0`,
    said.via ?? `Via: SIP/2.0/${said.transport ?? 'UDP'} ${host}:${local.port};branch=${said.branch ?? `z9hG4bKpeer${n}`};rport`,
    `Max-Forwards: ${said.maxForwards ?? '70'}`,
    `From: ${said.from ?? `<sip:alice@gateway.example>;tag=a${n}`}`,
    `To: ${said.to ?? '<sip:+4915112345678@gateway.example>'}`,
    `Call-ID: ${said.callId ?? `peer-${n}@${local.port}`}`,
    `CSeq: ${said.cseq ?? `1 ${method}`}`,
    ...(said.headers ?? ['Content-Type: text/plain']),
    `Content-Length: ${said.length ?? body.length}`,
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
}

/** A final response to what a peer was sent. */
export function responseText(request: ReadRequest, status: number, more: readonly string[] = []): string {
  const lines = request.headers.all('via').map((via) => `Via: ${via}`)
  const to = request.headers.get('to')!
  lines.push(`From: ${request.headers.get('from')}`, `To: ${to.includes('tag=') ? to : `${to};tag=peer`}`)
  lines.push(`Call-ID: ${request.headers.get('call-id')}`, `CSeq: ${request.headers.get('cseq')}`, ...more, 'Content-Length: 0')
  return `SIP/2.0 ${status} Said\r\n${lines.join('\r\n')}\r\n\r\n`
}

/** What we say: a MESSAGE to a carrier. */
export const messageTo = (via: OutRequest['via'], more: Partial<OutRequest> = {}): OutRequest => ({
  method: 'MESSAGE',
  uri: 'sip:+4915112345678@carrier.example',
  via,
  from: '<sip:+4930123@gateway.example>',
  to: '<sip:+4915112345678@carrier.example>',
  headers: ['Content-Type', 'text/plain'],
  body: Buffer.from('Hello'),
  ...more,
})
