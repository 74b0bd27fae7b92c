// What carries SIP: one engine a profile, either our own stack (embedded/) or a drachtio server
// (drachtio/). Registrar, digest, tenancy and everything that a message means lie above it and are
// written once. One contract suite (engine/contract.ts) holds for both.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { HeaderLines, Headers, SipRequest } from '../codec/types.ts'

export const transports = ['udp', 'tcp', 'tls', 'ws', 'wss'] as const
export type Transport = (typeof transports)[number]

export interface End {
  /** IPv4 or IPv6 without brackets. */
  address: string
  port: number
}

/**
 * The way back to who sent a request: its address by UDP, its connection otherwise (RFC 5626). The
 * same object for all that comes by one connection; by UDP a new one may be made each time.
 */
export interface Flow {
  /** Stable while it lives; of UDP also over a restart: `udp 192.0.2.1:5060 127.0.0.1:5060`. */
  readonly id: string
  readonly transport: Transport
  readonly remote: End
  readonly local: End
  /** False once its connection is gone; always true by UDP. */
  readonly open: boolean
  /** Calls back once when it goes; never by UDP. Answers how to stop waiting. */
  onClose(call: () => void): () => void
}

export interface Incoming extends SipRequest {
  profile: string
  flow: Flow
  callId: string
}

/** From, To (with a tag of ours), Call-ID, CSeq and Via are the engine's; everything else is said here. */
export interface Reply {
  status: number
  /** The RFC's phrase when absent. */
  reason?: string
  headers?: HeaderLines
  body?: Buffer
  /**
   * Said to whoever is a stranger still, and changed nothing: not kept for repeats, which are taken anew. So strangers,
   * whatever addresses they write on their datagrams, use up no transactions (RFC 3261 §26.3.2.4).
   */
  fleeting?: boolean
}

/**
 * Takes a request that was no retransmission; answers it once, soon or late. Requests are taken
 * concurrently. What is never answered is answered 500 before its sender gives up (Timer F).
 */
export type Take = (request: Incoming, answer: (reply: Reply) => void) => void

/** An address that a hop's name stood for (engine/resolve.ts). */
export interface Target extends End {
  transport: Transport
  /** The name as configured: the Via of TLS peers is checked against it. */
  name: string
}

export interface OutRequest {
  method: 'MESSAGE' | 'OPTIONS'
  /** The Request-URI. */
  uri: string
  via: Flow | Target
  /** name-addr without a tag; the engine adds one. */
  from: string
  to: string
  /** Route set, Content-Type and everything else. CR and LF in a value: refused, `unsent`. */
  headers: HeaderLines
  body: Buffer
  /** Kept over the attempts of one message, so that a peer knows a repeat. The engine's own when absent. */
  callId?: string
  cseq?: number
  /** RFC 3261 §20.22; 70 when absent. A drachtio server writes its own. */
  maxForwards?: number
  /** No final response for so long: `timeout`. Timer F (64 × T1) when absent. */
  limitMs?: number
}

/**
 * answered: a final response. unsent: nothing has left (no connection, flow gone, bad header).
 * refused: nothing has left and never will, for what it is (a body that a drachtio server cannot carry).
 * timeout: it has left, no final response came. lost: it has left by a connection that broke.
 */
export type Sent =
  | { kind: 'answered'; status: number; reason: string; headers: Headers; body: Buffer; wire?: string[] }
  | { kind: 'unsent' | 'refused' | 'timeout' | 'lost'; why: string; wire?: string[] }

export interface Capabilities {
  /** Bodies with octets 0x00 and 0x80–0xFF pass both ways. */
  binaryBody: boolean
  /** Replies and requests can go back by the connection that a peer opened. */
  flows: boolean
  transports: readonly Transport[]
}

export interface Listened extends End {
  transport: Transport
}

export interface SipEngine {
  readonly capabilities: Capabilities
  /** Resolves when it listens (drachtio: when the server is connected), to the addresses; rejects with a reason fit for the operator. */
  start(take: Take): Promise<readonly Listened[]>
  /** Never rejects. Digest challenges come back as answers: access/digest-client.ts answers them. */
  send(request: OutRequest, signal: AbortSignal): Promise<Sent>
  /** The flow that a binding of before a restart named, where it can still be used: of UDP. */
  revive(flowId: string): Flow | undefined
  /** Takes nothing new, answers what is open with 503 after a while, closes. */
  stop(): Promise<void>
  /** Counts since the start, for metrics. */
  counts(): EngineCounts
  /** A request to upgrade at the gateway's own HTTP port: true where it was this engine's to answer. */
  upgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): boolean
  /** Set by whoever traces: each message as it came or leaves, before anything is made of it. */
  onMessage?: ((direction: 'in' | 'out', octets: Buffer, flow: Flow) => void) | undefined
}

export interface EngineCounts {
  requests: number
  responses: number
  retransmissionsIn: number
  retransmissionsOut: number
  refused: number
  transactions: number
  connections: number
}
