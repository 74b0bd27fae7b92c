// A request as drachtio-srf has it, into the engine's words. Read by our own codec from the text that
// the server sent: srf joins repeated fields and keeps the sender's case in their names.
import { type Bad, readMessage, type ReadLimits, type ReadRequest } from '../../codec/index.ts'
import type { Incoming, Transport } from '../engine.ts'
import { type Flows, isTransport, readEnd } from './flows.ts'
import type { SrfRequest } from './srf.ts'

export interface Arrived extends Incoming {
  read: ReadRequest['read']
}

/** Why it is not taken, and with which answer. */
export interface Refused {
  status: number
  why: string
}

/** The server has checked the message itself, so what is refused here is rare. */
export function arrived(request: SrfRequest, profile: string, flows: Flows, limits: ReadLimits): Arrived | Refused {
  const octets = Buffer.from(request.raw, 'utf8')
  const message: ReturnType<typeof readMessage> = readMessage(octets, limits)
  if (message.kind === 'bad') return wordOf(message)
  if (message.kind === 'response') return { status: 400, why: 'a response where a request was expected' }
  // Octets that are no UTF-8 have become U+FFFD on the way, three octets each: the body is longer than it was.
  if (bodyGrew(octets, message)) return { status: 415, why: 'only UTF-8 bodies are carried' }
  const remote = readEnd(`${request.source_address}:${request.source_port}`)
  if (remote === undefined) return { status: 400, why: 'no source address' }
  const local = readEnd(request.receivedOn ?? '') ?? { address: '0.0.0.0', port: 0 }
  const flow = flows.of(transportOf(request.protocol, message.read.via.transport), remote, local)
  return Object.assign(message, { profile, flow, callId: message.read.callId })
}

const wordOf = ({ status, why }: Bad): Refused => ({ status, why })

function bodyGrew(octets: Buffer, { headers }: ReadRequest): boolean {
  const announced = Number(headers.get('content-length') ?? Number.NaN)
  const blank = octets.indexOf('\r\n\r\n')
  return announced < octets.length - blank - 4
}

/** The server says udp, tcp or tls, of WebSocket what lies below it; the Via says which. */
function transportOf(protocol: string, via: string): Transport {
  const said = protocol.toLowerCase()
  const written = via.toLowerCase()
  if (written === 'ws' || written === 'wss') return said === 'udp' ? 'udp' : said === 'tls' || said === 'wss' ? 'wss' : written
  return isTransport(said) ? said : isTransport(written) ? written : 'tcp'
}

/** What a retransmission has in common with the first (RFC 3261 §17.2.3); of a branch without the cookie, as in RFC 2543. */
export function transactionOf({ method, uri, read }: Arrived): string {
  const { via } = read
  const sentBy = `${via.host}:${via.port ?? ''}`
  if (via.branch?.startsWith('z9hG4bK')) return `${via.branch} ${sentBy} ${method}`
  return `${read.callId} ${read.cseq} ${read.fromTag} ${sentBy} ${method} ${uri} ${via.value}`
}
