// What a SIP message is once read: its start line, its header fields as they came, its body.

/** Names in every form (compact, any case) are found by their full name in lower case: `call-id`, `content-type`. */
export interface Headers {
  /** The first field of this name, unfolded and trimmed. */
  get(name: string): string | undefined
  /** Every field of this name in the order of the wire, each as it came: lists are not split (codec/list.ts does). */
  all(name: string): readonly string[]
  /** Name as written and value, in the order of the wire. */
  entries(): Iterable<readonly [string, string]>
}

/** Names and values in turn, as they shall be written: the form in which headers are handed out. */
export type HeaderLines = readonly string[]

export interface SipRequest {
  kind: 'request'
  method: string
  /** The Request-URI as written. */
  uri: string
  headers: Headers
  /** By a stream a view of the octets that came: who keeps it for long copies it. */
  body: Buffer
  /** What the reader took apart already. Absent where another engine read it. */
  read?: Essentials
}

export interface SipResponse {
  kind: 'response'
  status: number
  reason: string
  headers: Headers
  body: Buffer
  read?: Essentials
}

/** What transactions are known by. Everything here was well formed. */
export interface Essentials {
  via: Via
  /** There is more than the topmost: such a response is not for us (RFC 3261 §8.1.3.3). */
  moreVias: boolean
  callId: string
  cseq: number
  cseqMethod: string
  /** '' where there is none. */
  fromTag: string
  toTag: string
}

/** The topmost Via. `host` in lower case, IPv6 without brackets; `transport` in upper case. */
export interface Via {
  transport: string
  host: string
  port?: number
  branch?: string
  /** 0: asked for, without a value (RFC 3581). */
  rport?: number
  received?: string
  maddr?: string
  /** The whole field, and where its first member ends: stampedVia() writes it anew. */
  value: string
  end: number
  rportFrom: number
  rportTo: number
}

/** What could not be read, and how that is said. */
export interface Bad {
  kind: 'bad'
  status: 400 | 413 | 505 | 513
  /** For the Warning of the answer and for the log. */
  why: string
  /** Undefined: nothing can or may be answered (a response, an ACK, no Via, no SIP at all). */
  answerable: Answerable | undefined
  /** By a stream: where the next message begins is not known, so the connection closes after the answer. */
  closes: boolean
}

/** The fields that an answer repeats, as far as they could be read: each fit to be written. */
export interface Answerable {
  method: string
  /** As on the wire: lists are not split. At least one. */
  vias: readonly string[]
  from?: string
  to?: string
  callId?: string
  cseq?: string
}

/** RFC 3261 §19.1 and RFC 3966; `user` unescaped, `host` in lower case, IPv6 without brackets. Of `tel:`, `user` is the number and `host` is empty. */
export interface SipUri {
  scheme: 'sip' | 'sips' | 'tel'
  user?: string
  password?: string
  host: string
  port?: number
  /** Names in lower case; a flag has the value ''. */
  params: ReadonlyMap<string, string>
  headers?: string
}

/** What From, To, Contact, Route and Path hold. */
export interface NameAddr {
  display?: string
  /** As written, without the angle brackets. */
  uri: string
  params: ReadonlyMap<string, string>
}
