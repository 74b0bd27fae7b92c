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
  body: Buffer
}

export interface SipResponse {
  kind: 'response'
  status: number
  reason: string
  headers: Headers
  body: Buffer
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
