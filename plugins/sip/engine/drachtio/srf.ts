// What is used of drachtio-srf, with the types that it has in truth: its own say less and partly
// something else. Public: Srf, use, connect, request, req, res. The agent and its wire protocol are
// internals that link.ts needs for its guards; each use says why.
import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import Srf from 'drachtio-srf'

/** A request from the network. Its headers are not read here: their names keep the sender's case, repeated ones are joined by commas. */
export interface SrfRequest extends EventEmitter {
  method: string
  /** The SIP text as the server sent it, decoded as UTF-8. */
  raw: string
  protocol: string
  source_address: string
  source_port: number
  /** `address:port` of the server's listener. */
  receivedOn?: string
  stackTxnId: string
  socket: Socket
  agent: SrfAgent
  get(name: string): string | undefined
}

export interface SrfResponse {
  status: number
  reason: string
  raw: string
}

/** One that we sent: emits `response` for each response, provisional ones too. */
export interface SrfSent extends EventEmitter {
  raw: string
  stackTxnId: string
  get(name: string): string | undefined
}

export interface SrfOutgoing {
  method: string
  headers: Record<string, string>
  body: string
  /** Where it is sent instead of where the Request-URI leads. */
  proxy: string
}

export interface SrfAgent {
  wp: SrfWire
  /** What waits for the server, by connection. */
  mapServer: Map<Socket, { pendingSipRequests: Map<string, unknown>; pendingNetworkInvites: Map<string, unknown> }>
  /** A string passes as it is, so a reply has our own header lines. No answer of the server is waited for. */
  sendMessage(socket: Socket, text: string, options: { stackTxnId: string }): string
}

/** The framing: emits `msg` (socket, text) for each frame, `connect` (socket). */
export interface SrfWire extends EventEmitter {
  mapIncomingMsg: Map<Socket, { incomingMsg: Buffer }>
  send(socket: Socket, text: string): string
  closing?: boolean
}

export interface SrfConnect {
  host: string
  port: number
  secret: string
  tls?: { servername?: string; ca?: string }
  reconnect: { maxAttempts: number; retryMaxDelay: null }
}

export interface SrfClient extends EventEmitter {
  app: { client: SrfAgent }
  use(method: string, take: (request: SrfRequest) => void): void
  connect(options: SrfConnect): void
  request(uri: string, options: SrfOutgoing, call: (error: Error | null, sent?: SrfSent) => void): void
}

/** Good for one connection: see link.ts. */
export const newSrf = (): SrfClient => new Srf() as unknown as SrfClient
