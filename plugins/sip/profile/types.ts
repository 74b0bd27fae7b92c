// What a profile says: one file of sip-profiles/, one listener. Read and checked by profile/read.ts.
import type { AccountId } from '../../../src/plugin.ts'
import type { End, Transport } from '../engine/engine.ts'

export type Dialect = 'standard' | 'restcomm' | 'opensips-hex' | '3gpp'
export type ReceiptStyle = 'imdn' | 'x-header' | 'text' | 'none'
export type Algorithm = 'MD5' | 'SHA-256'

export interface Profile {
  /** = the file's name. */
  name: string
  /** A server's address may be a name. */
  engine: 'embedded' | { drachtio: End; secret: string; tls: boolean }
  listen: Listen
  /** Domain in lower case, or an address, to the account whose users register there. */
  domains: Readonly<Record<string, AccountId>>
  auth: Auth
  registrar: RegistrarSettings
  safety: Safety
  timers: Timers
  messages: MessageSettings
}

export interface Listen {
  udp?: End
  tcp?: End
  tls?: End
  ws?: End
  wss?: End
  /** Also at /sip of the gateway's own HTTP port. */
  httpPath: boolean
  /** What Via and Contact of ours name instead of the bound address: behind NAT. */
  external?: { host: string; port?: number }
  /** PEM texts; wanted by tls and wss. */
  certificate?: string
  key?: string
  /** Origins of WebSocket clients that are let in; empty: any. */
  origins: readonly string[]
}

export interface Auth {
  /** digest: challenged. trust: whoever the ACL lets in may register as anyone; for closed networks. */
  register: 'digest' | 'trust'
  /** digest: each MESSAGE challenged (407). flow: taken from a registered flow, challenged otherwise. */
  message: 'digest' | 'flow'
  nonceSeconds: number
  /** One is offered, the first; clients may use any. Two headers break baresip 1.0. */
  algorithms: readonly Algorithm[]
}

export interface RegistrarSettings {
  minExpiresSeconds: number
  maxExpiresSeconds: number
  defaultExpiresSeconds: number
  contactsPerAor: number
  /** OPTIONS to each binding so often; 0: never. A binding that does not answer is gone. */
  pingSeconds: number
  /** Which contacts of an AOR a message goes to: all of them (one delivery is enough), or the newest, then the next. */
  contacts: 'all' | 'first'
}

export interface Safety {
  /** Ranges (192.0.2.0/24) that are let in; empty: all. `deny` goes first. */
  allow: readonly string[]
  deny: readonly string[]
  requestsPerSecondPerAddress: number
  messagesPerSecondPerAor: number
  ban: { failures: number; withinSeconds: number; forSeconds: number }
  connections: number
  connectionsPerAddress: number
  headerBytes: number
  headerCount: number
  bodyBytes: number
  idleSeconds: number
  transactions: number
}

/** RFC 3261 §17, in ms. */
export interface Timers {
  t1: number
  t2: number
  t4: number
  /** Timer F and J, 64 × T1 when absent. */
  f?: number
}

export interface MessageSettings {
  dialect: Dialect
  /** X-SMS-CODING where a request has none: 0 GSM 7-bit, 1 8-bit, 2 UCS-2. */
  defaultCoding: 0 | 1 | 2
  /** Content types taken, in lower case. */
  accept: readonly string[]
  /** The success answer to a MESSAGE. */
  answer: 200 | 202
  receipts: ReceiptStyle
  /** The same text between the same ends in so many seconds is one message, whatever its Call-ID; 0: never. */
  repeatsWithinSeconds: number
  /** X- headers that pass both ways beside our own, as extras `sip.x-name`. */
  passHeaders?: readonly string[]
  /** SMS over IMS, where something is said of it. */
  ims?: ImsSettings
}

/** Of application/vnd.3gpp.sms, both ways (TS 24.341). */
export interface ImsSettings {
  /** The service centre that phones are shown, `+447785016005`: RP-Originator Address. Absent: none is. */
  serviceCentre?: string
  /** Our own URI, as the core knows us: From and P-Asserted-Identity of what we send. */
  identity?: string
  /** So long a phone has for its RP-ACK. */
  answerMs: number
  /** Quarters of an hour east of UTC, in which phones are told the time. */
  quarters: number
  /** Whose national numbers phones dial, `GB`. Absent: these are routed as dialled. */
  country?: string
}

/** A peer that needs not register: a PBX, a proxy, an IMS core. A file of sip-profiles/<profile>/, or the settings of a bind. */
export interface Trunk extends Pick<MessageSettings, 'dialect' | 'defaultCoding' | 'receipts' | 'answer' | 'passHeaders' | 'ims'> {
  /** The profile whose listener it uses. */
  profile: string
  /** `sip:host:port;transport=tcp`, tried in order (RFC 3263); the next one on 503, no connection or no answer. */
  nextHops: readonly string[]
  /** Route headers in front: outbound proxies, `sip:proxy;lr`. */
  route: readonly string[]
  /** How its challenges are answered. */
  username?: string
  password?: string
  /** Addresses and ranges its requests come from: taken without a challenge. */
  addresses: readonly string[]
  /** User part and host of From. `*` is the sender; a leading + is kept where `plus`. */
  from: { user: string; domain?: string }
  to: { scheme: 'sip' | 'tel'; domain?: string; plus: boolean; userPhone: boolean }
  transport?: Transport
  /** Time for one hop's answer. */
  attemptMs: number
  /** OPTIONS so often; 0: never. No hop answers: the bind is down, and others take over. */
  pingSeconds: number
}
