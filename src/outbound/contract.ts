// HTTP requests to addresses which others chose, in words: guarded against private addresses,
// capped in size and time, redirects under the same rule, and a closed list of ways to fail.

export interface OutboundRequest {
  method: 'GET' | 'POST'
  url: string
  /**
   * By name; or, where requests are many, as the lines they are sent as, each with its CRLF, and none of those that whoever sends them
   * writes himself (Host, Content-Length and what else says how the message is carried).
   */
  headers?: Record<string, string> | string
  body?: string
  connectTimeoutMs: number
  readTimeoutMs: number
  /** Over everything, redirects included. */
  totalTimeoutMs: number
  /** Loopback, private and the like are refused unless true, link-local always; checked on the address connected to, after DNS. */
  allowPrivate: boolean
  /** A longer answer is an error, */
  maxBytes: number
  /** or, where nobody reads it, one whose rest is left unread, and the connection with it. */
  cut?: boolean
  /** 0 = a redirect is an answer like any other. */
  redirects: number
  /**
   * The peer tells a repeat by a token in the request, so that a POST may be sent again when the
   * kept-alive connection it was put on turns out to be dead (RFC 9110 §9.2.2). A GET always may.
   */
  repeatable?: boolean
  /** Looked at some twenty times a second. */
  signal?: { readonly aborted: boolean }
}

export interface OutboundResponse {
  status: number
  /** Lower-case names. */
  headers: Record<string, string | string[] | undefined>
  body: Buffer
  /** After redirects. */
  url: string
}

/** connect: refused, unreachable, DNS. refused: the guard said no. protocol: not HTTP. */
export type OutboundErrorKind =
  | 'connect'
  | 'connect-timeout'
  | 'read-timeout'
  | 'total-timeout'
  | 'refused'
  | 'tls'
  | 'protocol'
  | 'too-large'
  | 'too-many-redirects'
  | 'aborted'
  | 'bad-url'

export class OutboundError extends Error {
  readonly kind: OutboundErrorKind
  /** Some of the request may have been written: the peer may have acted on it. */
  readonly written: boolean
  constructor(kind: OutboundErrorKind, message: string, cause?: unknown, written = false) {
    super(message, { cause })
    this.name = 'OutboundError'
    this.kind = kind
    this.written = written
  }
}

/** Who asks, for requests by the thousand: one of the two is called, once, and throws nothing. */
export interface Asker {
  /** Not changed until one of the two was called. */
  readonly request: OutboundRequest
  answered(response: OutboundResponse): void
  failed(error: OutboundError): void
}

export interface Outbound {
  ask(asker: Asker): void
  /** Rejects with OutboundError only. */
  request(request: OutboundRequest): Promise<OutboundResponse>
  close(): Promise<void>
}

export function promised(ask: Outbound['ask'], request: OutboundRequest): Promise<OutboundResponse> {
  return new Promise((answered, failed) => ask({ request, answered, failed }))
}
